package onnxfile

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// These operations move elements.

// Reshape implements [compute.StandardOps].
func (f *function) Reshape(v compute.Value, dims ...int) (compute.Value, error) {
	x := v.(*value)
	shape, err := shapeinference.Reshape(x.shape, dims)
	if err != nil {
		return nil, err
	}
	lengths := f.lengths(shape.Dimensions)
	if x.data != nil {
		return f.constant(f.unique(x.name), shape, x.data), nil
	}
	return f.shaped("Reshape", shape, nil, []string{f.name(x), f.vector(lengths)})
}

// Transpose implements [compute.StandardOps].
func (f *function) Transpose(v compute.Value, axes ...int) (compute.Value, error) {
	x := v.(*value)
	shape, err := shapeinference.Transpose(x.shape, axes)
	if err != nil {
		return nil, err
	}
	if x.data != nil {
		return f.constant(f.unique(x.name), shape, transposed(x, axes)), nil
	}
	if x.source != nil { // Two in a row are one, or none.
		order := make([]int, len(axes))
		for i, axis := range axes {
			order[i] = x.axes[axis]
		}
		x, axes = x.source, order
	}
	if slices.IsSorted(axes) {
		return x, nil
	}
	name := f.node("Transpose", []string{f.name(x)}, attribute("perm", axes))
	return &value{shape: shape, name: name, source: x, axes: axes}, nil
}

// transposed returns the elements of a transposed constant.
func transposed(x *value, axes []int) []byte {
	size, rank := x.shape.DType.Size(), x.shape.Rank()
	strides := make([]int, rank)
	for axis, stride := rank-1, size; axis >= 0; axis-- {
		strides[axis] = stride
		stride *= x.shape.Dim(axis)
	}
	data := make([]byte, 0, len(x.data))
	var visit func(axis, from int)
	visit = func(axis, from int) {
		if axis == rank {
			data = append(data, x.data[from:from+size]...)
			return
		}
		for i := range x.shape.Dim(axes[axis]) {
			visit(axis+1, from+i*strides[axes[axis]])
		}
	}
	visit(0, 0)
	return data
}

// BroadcastInDim implements [compute.StandardOps].
func (f *function) BroadcastInDim(v compute.Value, shape shapes.Shape, axes []int) (compute.Value, error) {
	x := v.(*value)
	if err := shapeinference.BroadcastInDim(x.shape, shape, axes, nil); err != nil {
		return nil, err
	}
	dims := slices.Repeat([]int{1}, shape.Rank())
	for i, axis := range axes {
		dims[axis] = x.shape.Dim(i)
	}
	narrow := compute.Value(x)
	if first := slices.IndexFunc(dims, func(dim int) bool { return dim != 1 }); first >= 0 &&
		!slices.Equal(dims[first:], trimmed(x.shape.Dimensions)) {
		var err error
		if narrow, err = f.Reshape(x, dims...); err != nil {
			return nil, err
		}
	}
	return &value{shape: shape, narrow: narrow.(*value), lengths: f.lengths(shape.Dimensions)}, nil
}

// trimmed returns dimensions without leading ones, which numpy's rules add by themselves.
func trimmed(dims []int) []int {
	for len(dims) > 0 && dims[0] == 1 {
		dims = dims[1:]
	}
	return dims
}

// Concatenate implements [compute.StandardOps].
func (f *function) Concatenate(axis int, operands ...compute.Value) (compute.Value, error) {
	var parts []shapes.Shape
	var names []string
	for _, operand := range operands {
		parts, names = append(parts, operand.(*value).shape), append(names, f.name(operand))
	}
	shape, err := shapeinference.Concatenate(parts, axis)
	return f.shaped("Concat", shape, err, names, attribute("axis", axis))
}

// Slice implements [compute.StandardOps].
func (f *function) Slice(x compute.Value, starts, limits, strides []int) (compute.Value, error) {
	if len(strides) == 0 {
		strides = slices.Repeat([]int{1}, len(starts))
	}
	shape, err := shapeinference.Slice(x.(*value).shape, starts, limits, strides)
	if err != nil {
		return nil, err
	}
	from, to := f.vector(f.lengths(starts)), f.vector(f.lengths(limits))
	axes := f.ints(numbered(len(starts))...)
	return f.shaped("Slice", shape, nil, []string{f.name(x), from, to, axes, f.ints(strides...)})
}

// Pad implements [compute.StandardOps].
func (f *function) Pad(x, fill compute.Value, axes ...compute.PadAxis) (compute.Value, error) {
	shape, err := shapeinference.Pad(x.(*value).shape, axes...)
	if err != nil {
		return nil, err
	}
	numbers := make([]int, 2*shape.Rank())
	for i, axis := range axes {
		if axis.Interior != 0 {
			return nil, f.ErrFn(compute.OpTypePad)
		}
		numbers[i], numbers[shape.Rank()+i] = axis.Start, axis.End
	}
	return f.shaped("Pad", shape, nil, []string{f.name(x), f.vector(f.lengths(numbers)), f.name(fill)})
}

// Iota implements [compute.StandardOps] for axes of a fixed length.
func (f *function) Iota(shape shapes.Shape, axis int) (compute.Value, error) {
	dims := slices.Repeat([]int{1}, shape.Rank())
	dims[axis] = shape.Dim(axis)
	if length := f.ledger.length(dims[axis]); length.err != nil || length.over != 0 {
		return nil, fmt.Errorf("%w: it counts along it", ErrLength)
	}
	count := f.node("Cast", []string{f.ints(numbered(dims[axis])...)}, attribute("to", elementTypes[shape.DType]))
	count = f.node("Reshape", []string{count, f.ints(dims...)})
	narrow := &value{shape: shapes.Make(shape.DType, dims...), name: count}
	return &value{shape: shape, narrow: narrow, lengths: f.lengths(shape.Dimensions)}, nil
}

// Identity implements [compute.StandardOps].
func (f *function) Identity(x compute.Value) (compute.Value, error) { return x, nil }

// OptimizationBarrier implements [compute.StandardOps].
func (f *function) OptimizationBarrier(operands ...compute.Value) ([]compute.Value, error) {
	return operands, nil
}

// numbered returns the numbers from 0 to n−1.
func numbered(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}
