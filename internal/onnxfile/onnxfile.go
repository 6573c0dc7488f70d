// Package onnxfile writes networks of GoMLX's nodes as ONNX files, which onnxruntime, onnxruntime-web and many other
// programs run.
//
//	err := onnxfile.Write(w, onnxfile.Network{
//		Inputs:  []onnxfile.Input{{Name: "vector", Axes: []onnxfile.Axis{onnxfile.Any("batch"), onnxfile.Exactly(8)}}},
//		Outputs: []string{"picture"},
//		Build:   func(scope *model.Scope, inputs []*Node) []*Node { … },
//		Weights: weights,
//	})
//
// Whatever a network consists of, it reaches a backend of GoMLX as operations. This package is such a backend: each
// operation becomes a node of ONNX. So a new network needs nothing here, unless it uses an operation that no other
// does; the error then wraps [ErrOperation].
//
// GoMLX's networks are built for inputs of known lengths, those of ONNX take any. The network is therefore built
// several times: a number that follows an input's length is replaced by that length.
package onnxfile

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Network is a network with its weights.
type Network struct {
	// Name is the name of the graph.
	Name string
	// Inputs are the inputs, and Outputs the names of what Build returns, in order.
	Inputs  []Input
	Outputs []string
	// Build is the network. It panics on errors, as GoMLX's functions do.
	Build func(scope *model.Scope, inputs []*Node) []*Node
	// Weights are the values of the variables, by path without the leading slash.
	Weights map[string]*tensors.Tensor
	// Metadata is stored in the file.
	Metadata map[string]string
}

// Input is an input of 32-bit floats.
type Input struct {
	Name string
	Axes []Axis
	// About says in a few words what the values mean.
	About string
}

// Axis is an axis of an input.
type Axis struct {
	name string
	size int // The length, or what it is a multiple of if the axis has a name.
}

// Exactly is an axis of a fixed length.
func Exactly(length int) Axis { return Axis{size: length} }

// Any is an axis of any length. Axes with the same name are equally long.
func Any(name string) Axis { return Axis{name, 1} }

// MultipleOf is an axis of a length that is a multiple of a number.
func MultipleOf(name string, number int) Axis { return Axis{name, number} }

// Errors that [Write] wraps.
var (
	// ErrOperation is about an operation that this package does not know.
	ErrOperation = errors.New("the network has an operation that cannot be written as ONNX")
	// ErrLength is about a network whose arithmetic is different at another length of an input.
	ErrLength = errors.New("the network depends on the length of an input")
	// ErrWeights is about weights that are not the network's.
	ErrWeights = errors.New("the weights are not the network's")
)

// opset is the version of ONNX's operations: onnxruntime 1.12 and newer know it.
const opset = 17

// Write writes a network.
func Write(w io.Writer, network Network) error {
	data, err := network.encode()
	if err != nil {
		return fmt.Errorf("write the network %s as ONNX: %w", network.Name, err)
	}
	_, err = w.Write(data)
	return err
}

func (n Network) encode() ([]byte, error) {
	l := ledger{}
	names := n.anyLength()
	for _, longer := range append(single(names), names) {
		if _, err := n.trace(&l, longer); err != nil {
			return nil, err
		}
		l.traces, l.now = append(l.traces, l.now), nil
	}
	l.axes = names
	for _, name := range names {
		l.shortest = append(l.shortest, n.length(name, nil))
		l.longer = append(l.longer, n.length(name, names))
	}
	f, err := n.trace(&l, nil)
	if err != nil {
		return nil, err
	}
	return f.model(n)
}

// anyLength lists the names of the axes without a fixed length.
func (n Network) anyLength() (names []string) {
	for _, input := range n.Inputs {
		for _, axis := range input.Axes {
			if axis.name != "" && !slices.Contains(names, axis.name) {
				names = append(names, axis.name)
			}
		}
	}
	return names
}

// single returns lists of one name each.
func single(names []string) (lists [][]string) {
	for _, name := range names {
		lists = append(lists, []string{name})
	}
	return lists
}

// length returns the length of an axis in a trace in which some axes are longer than in others. It is never 1, since
// that is broadcast.
func (n Network) length(name string, longer []string) int {
	for _, input := range n.Inputs {
		for _, axis := range input.Axes {
			if axis.name == name {
				return axis.in(longer)
			}
		}
	}
	return 0
}

// in is [Network.length] of an axis.
func (a Axis) in(longer []string) int {
	const short, long = 2, 3
	switch {
	case a.name == "":
		return a.size
	case slices.Contains(longer, a.name):
		return long * a.size
	}
	return short * a.size
}

// trace builds the network with some axes longer.
func (n Network) trace(l *ledger, longer []string) (*function, error) {
	f := newFunction(n, l)
	g := NewGraph(&backend{function: f}, n.Name)
	defer g.Finalize()
	var compileErr error
	err := exceptions.TryCatch[error](func() {
		var inputs []*Node
		for _, input := range n.Inputs {
			dims := make([]int, len(input.Axes))
			for i, axis := range input.Axes {
				dims[i] = axis.in(longer)
			}
			inputs = append(inputs, Parameter(g, input.Name, shapes.Make(dtypes.Float32, dims...)))
		}
		compileErr = g.Compile(n.Build(model.NewStore().RootScope(), inputs)...)
	})
	return f, errors.Join(err, compileErr)
}

// model returns the file.
func (f *function) model(n Network) ([]byte, error) {
	const onnxIR = 8
	var model, set message
	model.number(modelIRVersion, onnxIR)
	model.text(modelProducer, "moelab")
	set.text(opsetDomain, "")
	set.number(opsetVersion, opset)
	graph, err := f.graph(n)
	if err != nil {
		return nil, err
	}
	model.bytes(modelGraph, graph)
	model.bytes(modelOpset, set)
	for _, key := range slices.Sorted(maps.Keys(n.Metadata)) {
		var property message
		property.text(propertyKey, key)
		property.text(propertyValue, n.Metadata[key])
		model.bytes(modelMetadata, property)
	}
	return model, nil
}

// graph returns the graph: the nodes and constants that the outputs need.
func (f *function) graph(n Network) (message, error) {
	var outputs []message
	for i, output := range f.outputs {
		f.named(n.Outputs[i], "Identity", []string{f.name(output.value)})
		outputs = append(outputs, valueInfo(n.Outputs[i], output.shape.DType, f.ledger.named(output.lengths)))
	}
	var graph message
	nodes, used := needed(f.nodes, n.Outputs)
	for name, err := range f.impossible {
		if used[name] {
			return nil, err
		}
	}
	for _, node := range nodes {
		graph.bytes(graphNode, node.message())
	}
	graph.text(graphName, n.Name)
	for _, constant := range f.constants {
		if used[constant.name] {
			graph.bytes(graphInitializer, constant.tensor())
		}
	}
	for _, input := range n.Inputs {
		info := valueInfo(input.Name, dtypes.Float32, input.dims())
		info.text(infoDoc, input.About)
		graph.bytes(graphInput, info)
	}
	for _, output := range outputs {
		graph.bytes(graphOutput, output)
	}
	return graph, nil
}

// needed returns the nodes that outputs depend on, and the names of all that these use.
func needed(nodes []node, outputs []string) (kept []node, used map[string]bool) {
	used = map[string]bool{}
	for _, output := range outputs {
		used[output] = true
	}
	for _, node := range slices.Backward(nodes) { // A node comes after those that it uses.
		if !used[node.output] {
			continue
		}
		kept = append(kept, node)
		for _, input := range node.inputs {
			used[input] = true
		}
	}
	slices.Reverse(kept)
	return kept, used
}

// dims describes the lengths of the input's axes.
func (i Input) dims() (dims []dim) {
	for _, axis := range i.Axes {
		if axis.name != "" {
			dims = append(dims, dim{name: axis.name})
		} else {
			dims = append(dims, dim{length: axis.size})
		}
	}
	return dims
}
