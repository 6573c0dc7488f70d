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

// The lengths of an axis in the traces, in multiples of the number that its length is a multiple of. None is 1, since
// that would be broadcast.
const short, long, longest = 2, 3, 5

// encode traces the network with one axis long at a time, with all of them at their longest, and last with all short.
func (n Network) encode() ([]byte, error) {
	var l ledger
	axes := n.anyLength()
	lengths := multiples(axes, short)
	for _, axis := range axes {
		lengths[axis.name] = long * axis.size
		if _, err := n.trace(&l, lengths); err != nil {
			return nil, err
		}
		lengths[axis.name] = short * axis.size
		l.next()
	}
	if _, err := n.trace(&l, multiples(axes, longest)); err != nil {
		return nil, err
	}
	l.next()
	l.axes = axes
	f, err := n.trace(&l, lengths)
	if err != nil {
		return nil, err
	}
	return f.model(n)
}

// anyLength lists the axes without a fixed length, each name once.
func (n Network) anyLength() (axes []Axis) {
	for _, input := range n.Inputs {
		for _, axis := range input.Axes {
			known := slices.ContainsFunc(axes, func(other Axis) bool { return other.name == axis.name })
			if axis.name != "" && !known {
				axes = append(axes, axis)
			}
		}
	}
	return axes
}

// multiples returns lengths of axes by name.
func multiples(axes []Axis, times int) map[string]int {
	lengths := map[string]int{}
	for _, axis := range axes {
		lengths[axis.name] = times * axis.size
	}
	return lengths
}

// trace builds the network for some lengths of its axes.
func (n Network) trace(l *ledger, lengths map[string]int) (*function, error) {
	f := newFunction(n, l)
	g := NewGraph(&backend{function: f}, n.Name)
	defer g.Finalize()
	var compileErr error
	err := exceptions.TryCatch[error](func() {
		var inputs []*Node
		for _, input := range n.Inputs {
			inputs = append(inputs, Parameter(g, input.Name, input.shape(lengths)))
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

// shape returns the input's shape for some lengths of its axes.
func (i Input) shape(lengths map[string]int) shapes.Shape {
	dims := make([]int, len(i.Axes))
	for at, axis := range i.Axes {
		if dims[at] = axis.size; axis.name != "" {
			dims[at] = lengths[axis.name]
		}
	}
	return shapes.Make(dtypes.Float32, dims...)
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
