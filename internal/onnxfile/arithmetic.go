package onnxfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
)

// These operations compute. All are those of [compute.StandardOps].

func (f *function) unary(of compute.OpType, operation string, x compute.Value) (compute.Value, error) {
	shape, err := shapeinference.UnaryOp(of, x.(*value).shape)
	return f.elementwise(operation, shape, err, x)
}

func (f *function) Abs(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeAbs, "Abs", x)
}
func (f *function) Ceil(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeCeil, "Ceil", x)
}
func (f *function) Cos(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeCos, "Cos", x)
}
func (f *function) Erf(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeErf, "Erf", x)
}
func (f *function) Exp(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeExp, "Exp", x)
}
func (f *function) Floor(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeFloor, "Floor", x)
}
func (f *function) Log(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeLog, "Log", x)
}
func (f *function) LogicalNot(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeLogicalNot, "Not", x)
}
func (f *function) Logistic(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeLogistic, "Sigmoid", x)
}
func (f *function) Neg(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeNeg, "Neg", x)
}
func (f *function) Sign(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeSign, "Sign", x)
}
func (f *function) Sin(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeSin, "Sin", x)
}
func (f *function) Sqrt(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeSqrt, "Sqrt", x)
}
func (f *function) Tanh(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeTanh, "Tanh", x)
}

func (f *function) Rsqrt(x compute.Value) (compute.Value, error) {
	root, err := f.Sqrt(x)
	if err != nil {
		return nil, err
	}
	return f.elementwise("Reciprocal", root.(*value).shape, nil, root)
}

func (f *function) binary(of compute.OpType, operation string, a, b compute.Value) (compute.Value, error) {
	shape, err := shapeinference.BinaryOp(of, a.(*value).shape, b.(*value).shape)
	return f.elementwise(operation, shape, err, a, b)
}

func (f *function) Add(a, b compute.Value) (compute.Value, error) {
	return f.binary(compute.OpTypeAdd, "Add", a, b)
}
func (f *function) Div(a, b compute.Value) (compute.Value, error) {
	return f.binary(compute.OpTypeDiv, "Div", a, b)
}
func (f *function) LogicalAnd(a, b compute.Value) (compute.Value, error) {
	return f.binary(compute.OpTypeLogicalAnd, "And", a, b)
}
func (f *function) LogicalOr(a, b compute.Value) (compute.Value, error) {
	return f.binary(compute.OpTypeLogicalOr, "Or", a, b)
}
func (f *function) Max(a, b compute.Value) (compute.Value, error) {
	return f.binary(compute.OpTypeMax, "Max", a, b)
}
func (f *function) Min(a, b compute.Value) (compute.Value, error) {
	return f.binary(compute.OpTypeMin, "Min", a, b)
}
func (f *function) Mul(a, b compute.Value) (compute.Value, error) {
	return f.binary(compute.OpTypeMul, "Mul", a, b)
}
func (f *function) Pow(a, b compute.Value) (compute.Value, error) {
	return f.binary(compute.OpTypePow, "Pow", a, b)
}
func (f *function) Sub(a, b compute.Value) (compute.Value, error) {
	return f.binary(compute.OpTypeSub, "Sub", a, b)
}

func (f *function) comparison(of compute.OpType, operation string, a, b compute.Value) (compute.Value, error) {
	shape, err := shapeinference.ComparisonOp(of, a.(*value).shape, b.(*value).shape)
	return f.elementwise(operation, shape, err, a, b)
}

func (f *function) Equal(a, b compute.Value) (compute.Value, error) {
	return f.comparison(compute.OpTypeEqual, "Equal", a, b)
}
func (f *function) GreaterOrEqual(a, b compute.Value) (compute.Value, error) {
	return f.comparison(compute.OpTypeGreaterOrEqual, "GreaterOrEqual", a, b)
}
func (f *function) GreaterThan(a, b compute.Value) (compute.Value, error) {
	return f.comparison(compute.OpTypeGreaterThan, "Greater", a, b)
}
func (f *function) LessOrEqual(a, b compute.Value) (compute.Value, error) {
	return f.comparison(compute.OpTypeLessOrEqual, "LessOrEqual", a, b)
}
func (f *function) LessThan(a, b compute.Value) (compute.Value, error) {
	return f.comparison(compute.OpTypeLessThan, "Less", a, b)
}

func (f *function) Clamp(least, x, most compute.Value) (compute.Value, error) {
	x, err := f.Max(x, least)
	if err != nil {
		return nil, err
	}
	return f.Min(x, most)
}

func (f *function) Where(condition, yes, no compute.Value) (compute.Value, error) {
	c := condition.(*value)
	shape, err := shapeinference.Where(c.shape, yes.(*value).shape, no.(*value).shape)
	if err == nil && c.shape.IsScalar() && c.data != nil { // Layers that have a gradient of their own have such.
		if c.data[0] == 0 {
			return no, nil
		}
		return yes, nil
	}
	return f.elementwise("Where", shape, err, condition, yes, no)
}

func (f *function) ConvertDType(x compute.Value, dtype dtypes.DType) (compute.Value, error) {
	shape := x.(*value).shape.Clone()
	shape.DType = dtype
	return f.shaped("Cast", shape, nil, []string{f.name(x)}, attribute("to", elementTypes[dtype]))
}

// reduce is a reduction along axes, or along all if none is given. ONNX 17 has the axes of a sum in an input, and all
// others in an attribute.
func (f *function) reduce(operation string, x compute.Value, axes []int) (compute.Value, error) {
	if len(axes) == 0 {
		axes = numbered(x.(*value).shape.Rank())
	}
	shape, err := shapeinference.Reduce(x.(*value).shape, axes)
	inputs, attributes := []string{f.name(x)}, []message{attribute("keepdims", 0)}
	if operation == "ReduceSum" {
		inputs = append(inputs, f.ints(axes...))
	} else {
		attributes = append(attributes, attribute("axes", axes))
	}
	return f.shaped(operation, shape, err, inputs, attributes...)
}

func (f *function) ReduceMax(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce("ReduceMax", x, axes)
}
func (f *function) ReduceMin(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce("ReduceMin", x, axes)
}
func (f *function) ReduceProduct(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce("ReduceProd", x, axes)
}
func (f *function) ReduceSum(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce("ReduceSum", x, axes)
}

func (f *function) DotGeneral(
	a compute.Value, aContracting, aBatch []int, b compute.Value, bContracting, bBatch []int,
	config compute.DotGeneralConfig,
) (compute.Value, error) {
	x, y := a.(*value).shape, b.(*value).shape
	shape, err := shapeinference.DotGeneral(x, aContracting, aBatch, y, bContracting, bBatch, config)
	if err == nil && shape.DType != x.DType {
		err = f.ErrFn(compute.OpTypeDotGeneral)
	}
	inputs := []string{f.name(a), f.name(b)}
	if len(aBatch) == 0 && slices.Equal(aContracting, []int{x.Rank() - 1}) && slices.Equal(bContracting, []int{0}) &&
		y.Rank() == 2 {
		return f.shaped("MatMul", shape, err, inputs)
	}
	equation := einsum(x.Rank(), aContracting, aBatch, y.Rank(), bContracting, bBatch)
	return f.shaped("Einsum", shape, err, inputs, attribute("equation", equation))
}

// einsum writes a product as an equation: "abc,cd->abd".
func einsum(aRank int, aContracting, aBatch []int, bRank int, bContracting, bBatch []int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	left := strings.Split(letters[:aRank], "")
	right := strings.Split(letters[aRank:aRank+bRank], "")
	for i, axis := range bContracting {
		right[axis] = left[aContracting[i]]
	}
	var result strings.Builder
	for i, axis := range bBatch {
		right[axis] = left[aBatch[i]]
		result.WriteString(right[axis])
	}
	for axis, letter := range left {
		if !slices.Contains(aContracting, axis) && !slices.Contains(aBatch, axis) {
			result.WriteString(letter)
		}
	}
	for axis, letter := range right {
		if !slices.Contains(bContracting, axis) && !slices.Contains(bBatch, axis) {
			result.WriteString(letter)
		}
	}
	return fmt.Sprintf("%s,%s->%s", strings.Join(left, ""), strings.Join(right, ""), result.String())
}

// ConvGeneral is laid out as ONNX has it, with the channels before the pixels: onnxruntime moves the transpositions
// through the other operations until most of them cancel.
func (f *function) ConvGeneral(
	x, kernel compute.Value, axes compute.ConvolveAxesConfig, strides []int, paddings [][2]int,
	xDilations, kernelDilations []int, channelGroups, batchGroups int,
) (compute.Value, error) {
	shape, err := shapeinference.ConvGeneral(x.(*value).shape, kernel.(*value).shape, axes, strides, paddings,
		xDilations, kernelDilations, channelGroups, batchGroups)
	if err != nil {
		return nil, err
	}
	if batchGroups > 1 || slices.ContainsFunc(xDilations, func(d int) bool { return d != 1 }) {
		return nil, f.ErrFn(compute.OpTypeConvGeneral)
	}
	x, err = f.Transpose(x, append([]int{axes.InputBatch, axes.InputChannels}, axes.InputSpatial...)...)
	if err != nil {
		return nil, err
	}
	kernel, err = f.Transpose(kernel,
		append([]int{axes.KernelOutputChannels, axes.KernelInputChannels}, axes.KernelSpatial...)...)
	if err != nil {
		return nil, err
	}
	back := append([]int{axes.OutputBatch, axes.OutputChannels}, axes.OutputSpatial...)
	dims := make([]int, len(back))
	order := make([]int, len(back)) // Inverse of back.
	for i, axis := range back {
		dims[i], order[axis] = shape.Dim(axis), i
	}
	first := shape.Clone()
	first.Dimensions = dims
	y, err := f.shaped("Conv", first, nil, []string{f.name(x), f.name(kernel)},
		convolution(strides, paddings, kernelDilations, channelGroups)...)
	if err != nil {
		return nil, err
	}
	return f.Transpose(y, order...)
}

// convolution returns the attributes of a convolution. Its defaults are ONNX's.
func convolution(strides []int, paddings [][2]int, dilations []int, groups int) (attributes []message) {
	if len(strides) > 0 {
		attributes = append(attributes, attribute("strides", strides))
	}
	if len(dilations) > 0 {
		attributes = append(attributes, attribute("dilations", dilations))
	}
	if groups > 1 {
		attributes = append(attributes, attribute("group", groups))
	}
	if len(paddings) > 0 {
		var before, after []int
		for _, padding := range paddings {
			before, after = append(before, padding[0]), append(after, padding[1])
		}
		attributes = append(attributes, attribute("pads", append(before, after...)))
	}
	return attributes
}
