package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// kernelOf returns the kernel of a convolution, [size, size, inputs, outputs].
func kernelOf(scope *model.Scope, x *Node, channels, size int, options []Option) *Node {
	return weights(scope, x.Graph(), shapes.Make(x.DType(), size, size, x.Shape().Dim(-1), channels), options)
}

// Conv convolves with a size×size kernel, stride 1, and pads with zeros so that height and width stay.
//
//	x: [batch, height, width, inputs] → [batch, height, width, channels]
func Conv(scope *model.Scope, x *Node, channels, size int, options ...Option) *Node {
	kernel := kernelOf(scope, x, channels, size, options)
	return addBias(scope, convolve(x, kernel), options)
}

// convolve is a plain 2D convolution, stride 1, same size. One of 1×1 is a product of matrices, which XLA runs faster.
func convolve(x, kernel *Node) *Node {
	if kernel.Shape().Dim(0) == 1 {
		return Dot(x, Reshape(kernel, kernel.Shape().Dim(2), kernel.Shape().Dim(3))).General([]int{3}, nil, []int{0}, nil)
	}
	return Convolve(x, kernel).PadSame().Done()
}

// ConvPool is Downsample(Conv(x)) with a 3×3 kernel, in less than half of the work: the mean of four neighbouring 3×3
// windows is one 4×4 window with stride 2, and that is a 2×2 convolution after [SpaceToDepth], 16 products per input
// and output channel instead of 36.
//
//	x: [batch, height, width, inputs] → [batch, height/2, width/2, channels]
func ConvPool(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernelOf(scope, x, channels, 3, options)
	g, inputs := x.Graph(), x.Shape().Dim(-1)

	// The 4×4 kernel is the mean of the 3×3 kernel shifted to its four places.
	wide := func(k *Node, axis int) *Node { // The sum of k shifted by 0 and by 1 along axis: 3 → 4.
		border := k.Shape().Clone()
		border.Dimensions[axis] = 1
		zeros := Zeros(g, border)
		return Add(Concatenate([]*Node{k, zeros}, axis), Concatenate([]*Node{zeros, k}, axis))
	}
	kernel = MulScalar(wide(wide(kernel, 0), 1), 0.25) // [4, 4, inputs, channels]

	// Blocks of 2×2 become channels, in the order in which SpaceToDepth lays them out.
	kernel = Reshape(kernel, 2, 2, 2, 2, inputs, channels)
	kernel = TransposeAllAxes(kernel, 0, 2, 1, 3, 4, 5)
	kernel = Reshape(kernel, 2, 2, 4*inputs, channels)
	x = SpaceToDepth(padByOne(x)) // [batch, height/2+1, width/2+1, 4·inputs]
	return addBias(scope, convolve2x2(x, kernel), options)
}

// padByOne surrounds pictures with a line of zeros. GoMLX's Pad has no gradient, Concatenate has.
func padByOne(x *Node) *Node {
	for _, axis := range []int{1, 2} {
		line := x.Shape().Clone()
		line.Dimensions[axis] = 1
		zeros := Zeros(x.Graph(), line)
		x = Concatenate([]*Node{zeros, x, zeros}, axis)
	}
	return x
}

// padSide puts a line of zeros before the pictures' first row or column, or, where side is 1, after the last.
func padSide(x *Node, axis, side int) *Node {
	line := x.Shape().Clone()
	line.Dimensions[axis] = 1
	parts := []*Node{Zeros(x.Graph(), line), x}
	if side == 1 {
		parts[0], parts[1] = parts[1], parts[0]
	}
	return Concatenate(parts, axis)
}

// UpConv is Conv(Upsample(x)) with a 3×3 kernel, in less than half of the work: each of the four pixels that a pixel
// becomes sees only 2×2 pixels of x, so that four 2×2 convolutions at the low resolution give the same, 16 products
// instead of 36.
//
//	x: [batch, height, width, inputs] → [batch, 2·height, 2·width, channels]
func UpConv(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernelOf(scope, x, channels, 3, options)
	batch, height, width := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)

	// Along one axis the upper of two pixels sees [w0, w1+w2] and the lower one [w0+w1, w2].
	phase := func(k *Node, axis, which int) *Node {
		w := Split(k, axis, 3)
		if which == 0 {
			return Concatenate([]*Node{w[0], Add(w[1], w[2])}, axis)
		}
		return Concatenate([]*Node{Add(w[0], w[1]), w[2]}, axis)
	}
	rows := make([]*Node, 2)
	for row := range rows {
		columns := make([]*Node, 2)
		for column := range columns {
			k := phase(phase(kernel, 0, row), 1, column) // [2, 2, inputs, channels]
			columns[column] = convolve2x2(padSide(padSide(x, 1, row), 2, column), k)
		}
		rows[row] = Stack(columns, 3) // [batch, height, width, 2, channels]
	}
	out := Reshape(Stack(rows, 2), batch, 2*height, 2*width, channels)
	return addBias(scope, out, options)
}
