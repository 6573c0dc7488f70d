package onnxfile

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// function is a network that is being built. Its operations are in arithmetic.go and layout.go.
type function struct {
	notimplemented.Function
	inputs  []Input
	weights map[string]*tensors.Tensor
	ledger  *ledger

	nodes     []node
	constants []*value
	counts    map[string]int    // Of the names made of each kind.
	made      map[string]string // The names of small constants and of lengths, by what they are.
	outputs   []output
	// impossible are the reasons why some values, by name, cannot be written. The outputs must not need them.
	impossible map[string]error
}

// output is a result of the network, and the lengths of its axes.
type output struct {
	*value
	lengths []length
}

// node is an operation.
type node struct {
	output, operation string
	inputs            []string
	attributes        []message
}

func (n node) message() (m message) {
	for _, input := range n.inputs {
		m.text(nodeInput, input)
	}
	m.text(nodeOutput, n.output)
	m.text(nodeName, n.output)
	m.text(nodeOperation, n.operation)
	for _, attribute := range n.attributes {
		m.bytes(nodeAttribute, attribute)
	}
	return m
}

// value is a value in the network.
type value struct {
	shape shapes.Shape
	// name is that in the file. It is empty as long as nobody needs all elements of a broadcast value: most operations of
	// ONNX broadcast by themselves.
	name string
	// data are the elements of a constant, little-endian.
	data []byte
	// narrow is what becomes this value if it is broadcast by numpy's rules to lengths. Nil: it is not broadcast.
	narrow  *value
	lengths []length
	// source is what a transposition has made this value of, in the order of axes. Nil: it was no transposition.
	source *value
	axes   []int
}

func newFunction(n Network, l *ledger) *function {
	f := &function{
		inputs: n.Inputs, weights: n.Weights, ledger: l,
		counts: map[string]int{}, made: map[string]string{}, impossible: map[string]error{},
	}
	f.ErrFn = func(operation compute.OpType) error { return fmt.Errorf("%w: %s", ErrOperation, operation) }
	return f
}

// Shape implements [compute.Function].
func (f *function) Shape(v compute.Value) (shapes.Shape, error) { return v.(*value).shape, nil }

// Parameter implements [compute.Function]: an input, or a variable.
func (f *function) Parameter(name string, shape shapes.Shape, _ *compute.ShardingSpec) (compute.Value, error) {
	path, isVariable := strings.CutPrefix(name, model.RootScopePath)
	if !isVariable {
		return &value{shape: shape, name: name}, nil
	}
	weights := f.weights[path]
	if weights == nil {
		return nil, fmt.Errorf("%w: there are none for its variable %q", ErrWeights, name)
	}
	if !weights.Shape().Equal(shape) {
		return nil, fmt.Errorf("%w: variable %q is %s in the network, the weights are %s", ErrWeights, name, shape,
			weights.Shape())
	}
	var data []byte
	err := weights.ConstBytes(func(bytes []byte) { data = slices.Clone(bytes) })
	return f.constant(path, shape, data), err
}

// Constant implements [compute.Function].
func (f *function) Constant(flat any, dims ...int) (compute.Value, error) {
	data, err := binary.Append(nil, binary.LittleEndian, flat)
	if err != nil {
		return nil, err
	}
	shape := shapes.Make(dtypes.FromGoType(reflect.TypeOf(flat).Elem()), dims...)
	constant := f.constant(f.unique("constant"), shape, data)
	if err := f.ledger.constant(data); err != nil {
		constant.data, f.impossible[constant.name] = nil, err
	}
	return constant, nil
}

// Return implements [compute.Function].
func (f *function) Return(outputs []compute.Value, _ []*compute.ShardingSpec) error {
	for _, v := range outputs {
		f.outputs = append(f.outputs, output{v.(*value), f.lengths(v.(*value).shape.Dimensions)})
	}
	return nil
}

// constant returns a constant.
func (f *function) constant(name string, shape shapes.Shape, data []byte) *value {
	v := &value{name: name, shape: shape, data: data}
	f.constants = append(f.constants, v)
	return v
}

// tensor returns a constant as it is stored.
func (v *value) tensor() (t message) {
	for _, dim := range v.shape.Dimensions {
		t.number(tensorDims, dim)
	}
	t.number(tensorType, elementTypes[v.shape.DType])
	t.text(tensorName, v.name)
	t.bytes(tensorRaw, v.data)
	return t
}

// unique returns a new name of a kind: "Conv_3".
func (f *function) unique(kind string) string {
	f.counts[kind]++
	return fmt.Sprintf("%s_%d", kind, f.counts[kind])
}

// node adds a node and returns the name of its output.
func (f *function) node(operation string, inputs []string, attributes ...message) string {
	name := f.unique(operation)
	f.named(name, operation, inputs, attributes...)
	return name
}

// named adds a node whose output has a given name.
func (f *function) named(output, operation string, inputs []string, attributes ...message) {
	f.nodes = append(f.nodes, node{output, operation, inputs, attributes})
}

// name returns the name of a value with all of its elements.
func (f *function) name(v compute.Value) string {
	whole := v.(*value)
	if whole.name == "" {
		whole.name = f.node("Expand", []string{f.name(whole.narrow), f.vector(whole.lengths)})
	}
	return whole.name
}

// shaped adds a node for a value of a shape, or returns the error about the shape.
func (f *function) shaped(
	operation string, shape shapes.Shape, err error, inputs []string, attributes ...message,
) (compute.Value, error) {
	if err != nil {
		return nil, err
	}
	if elementTypes[shape.DType] == 0 {
		return nil, fmt.Errorf("%w: %s of %s", ErrOperation, operation, shape.DType)
	}
	return &value{shape: shape, name: f.node(operation, inputs, attributes...)}, nil
}

// elementwise adds a node that broadcasts its operands. Those that were broadcast before are only needed as they were,
// unless all were.
func (f *function) elementwise(
	operation string, shape shapes.Shape, err error, operands ...compute.Value,
) (compute.Value, error) {
	if err != nil {
		return nil, err
	}
	var narrow []string
	var dims []int
	for _, operand := range operands {
		v := operand.(*value)
		if v.narrow != nil {
			v = v.narrow
		}
		narrow, dims = append(narrow, f.name(v)), broadcast(dims, v.shape.Dimensions)
	}
	if slices.Equal(dims, shape.Dimensions) {
		return f.shaped(operation, shape, nil, narrow)
	}
	var whole []string
	for _, operand := range operands {
		whole = append(whole, f.name(operand))
	}
	return f.shaped(operation, shape, nil, whole)
}

// broadcast returns the shape of two broadcast values by numpy's rules.
func broadcast(a, b []int) []int {
	if len(a) < len(b) {
		a, b = b, a
	}
	dims := slices.Clone(a)
	for i, dim := range b {
		at := len(a) - len(b) + i
		dims[at] = max(dims[at], dim)
	}
	return dims
}

// lengths returns what numbers follow.
func (f *function) lengths(numbers []int) (lengths []length) {
	for _, number := range numbers {
		lengths = append(lengths, f.ledger.length(number))
	}
	return lengths
}

// vector returns the name of a vector of lengths, which is a constant if none follows an input's.
func (f *function) vector(lengths []length) string {
	var parts []string
	var constants []int
	flush := func() {
		if len(constants) > 0 {
			parts, constants = append(parts, f.ints(constants...)), nil
		}
	}
	for _, l := range lengths {
		if l.err != nil {
			name := f.unique("impossible")
			f.impossible[name] = l.err
			return name
		}
		if l.over == 0 {
			constants = append(constants, l.plus)
			continue
		}
		flush()
		parts = append(parts, f.following(l))
	}
	if flush(); len(parts) == 0 {
		return f.ints()
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return f.once(strings.Join(parts, " "), func() string {
		return f.node("Concat", parts, attribute("axis", 0))
	})
}

// following returns the name of a length that follows an input's, [1].
func (f *function) following(l length) string {
	return f.once(fmt.Sprint(l), func() string {
		name := f.axis(f.ledger.axes[l.axis].name)
		if l.times != 1 {
			name = f.node("Mul", []string{name, f.ints(l.times)})
		}
		if l.over != 1 {
			name = f.node("Div", []string{name, f.ints(l.over)})
		}
		if l.plus != 0 {
			name = f.node("Add", []string{name, f.ints(l.plus)})
		}
		return name
	})
}

// axis returns the name of the length of an axis, [1], of the first input that has it.
func (f *function) axis(name string) string {
	return f.once(name, func() string {
		for _, input := range f.inputs {
			for i, axis := range input.Axes {
				if axis.name == name {
					return f.node("Gather", []string{f.node("Shape", []string{input.Name}), f.ints(i)})
				}
			}
		}
		return ""
	})
}

// ints returns the name of a constant vector.
func (f *function) ints(values ...int) string {
	return f.once(fmt.Sprint(values), func() string {
		var data []byte
		for _, v := range values {
			data = binary.LittleEndian.AppendUint64(data, uint64(v))
		}
		return f.constant(f.unique("ints"), shapes.Make(dtypes.Int64, len(values)), data).name
	})
}

// once makes something once.
func (f *function) once(what string, make func() string) string {
	if f.made[what] == "" {
		f.made[what] = make()
	}
	return f.made[what]
}
