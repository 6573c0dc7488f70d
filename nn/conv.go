package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// kernelOf returns the kernel of a convolutional layer, [size, size, inputs, outputs].
func kernelOf(layer string, scope *model.Scope, x *Node, channels, size int, options []Option) *Node {
	_, _, _, inputs := dims4(layer, x)
	if channels < 1 || size < 1 {
		exceptions.Panicf(
			"nn.%s at %s: cannot make %d channels with a kernel of %d×%d", layer, scope.Scope(), channels, size, size,
		)
	}
	return weights(scope, x.Graph(), shapes.Make(x.DType(), size, size, inputs, channels), options)
}

// Conv convolves with a size×size kernel, stride 1, and pads with zeros to keep height and width. If size is even, the
// extra line of padding goes to the bottom and the right.
//
//	x: [batch, height, width, inputs] → [batch, height, width, channels]
func Conv(scope *model.Scope, x *Node, channels, size int, options ...Option) *Node {
	kernel := kernelOf("Conv", scope, x, channels, size, options)
	return addBias(scope, convolve(x, kernel), options)
}

// convolve is a plain 2D convolution, stride 1, same size. A 1×1 convolution is computed as a matrix product, which XLA
// runs faster.
func convolve(x, kernel *Node) *Node {
	size := kernel.Shape().Dim(0)
	if size == 1 {
		return Dot(x, Reshape(kernel, kernel.Shape().Dim(2), kernel.Shape().Dim(3))).General([]int{3}, nil, []int{0}, nil)
	}
	return same(size).of(x, kernel)
}

// ConvPool is Downsample(Conv(x)) with a 3×3 kernel, with less than half the work: the mean of four neighbouring 3×3
// windows is one 4×4 window with stride 2, and that is a 2×2 convolution after [SpaceToDepth], 16 products per input
// and output channel instead of 36.
//
//	x: [batch, height, width, inputs] → [batch, height/2, width/2, channels]
func ConvPool(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernelOf("ConvPool", scope, x, channels, 3, options)
	mustHalve("ConvPool", x)
	return addBias(scope, convolveByBlocks(x, poolingKernel(kernel)), options)
}

// poolingKernel turns the kernel of a convolution into that of [ConvPool].
//
//	kernel: [3, 3, inputs, channels] → [4, 4, inputs, channels]
func poolingKernel(kernel *Node) *Node {
	// The mean of the 3×3 kernel shifted to its four positions.
	return MulScalar(addShifted(addShifted(kernel, 0), 1), 0.25)
}

// blockKernel turns blocks of 2×2 taps into channels, in the order in which [SpaceToDepth] arranges a picture's blocks.
//
//	kernel: [4, 4, inputs, channels] → [2, 2, 4·inputs, channels]
func blockKernel(kernel *Node) *Node {
	inputs, channels := kernel.Shape().Dim(2), kernel.Shape().Dim(3)
	kernel = Reshape(kernel, 2, 2, 2, 2, inputs, channels)
	kernel = TransposeAllAxes(kernel, 0, 2, 1, 3, 4, 5)
	return Reshape(kernel, 2, 2, 4*inputs, channels)
}

// StridedConv convolves with a 3×3 or 4×4 kernel and stride 2, padded with one line of zeros as in PyTorch. A kernel of
// size 4 sees a block of 2×2 pixels and the pixels around it; size 3 lacks the last row and column of those. GoMLX
// cannot differentiate a strided convolution twice; here it is a 2×2 convolution after [SpaceToDepth].
//
//	x: [batch, height, width, inputs] → [batch, height/2, width/2, channels]
func StridedConv(scope *model.Scope, x *Node, channels, size int, options ...Option) *Node {
	if size != 3 && size != 4 {
		exceptions.Panicf("nn.StridedConv at %s: the kernel is %d×%[2]d, it must be 3×3 or 4×4", scope.Scope(), size)
	}
	kernel := kernelOf("StridedConv", scope, x, channels, size, options)
	mustHalve("StridedConv", x)
	kernel = padAxis(padAxis(kernel, 0, 0, 4-size), 1, 0, 4-size)
	return addBias(scope, convolveByBlocks(x, kernel), options)
}

// convolveByBlocks is a convolution with stride 2 and a line of zeros around the picture, as a 2×2 convolution after
// [SpaceToDepth].
//
//	x: [batch, height, width, inputs], kernel: [4, 4, inputs, channels] → [batch, height/2, width/2, channels]
func convolveByBlocks(x, kernel *Node) *Node {
	x = SpaceToDepth(padAxis(padAxis(x, 1, 1, 1), 2, 1, 1)) // [batch, height/2+1, width/2+1, 4·inputs]
	return convolution{size: 2}.of(x, blockKernel(kernel))
}

// addShifted adds x and x shifted by one along an axis, which grows by one.
func addShifted(x *Node, axis int) *Node {
	return Add(padAxis(x, axis, 0, 1), padAxis(x, axis, 1, 0))
}

// UpConv is Conv(Upsample(x)) with a 3×3 kernel, with less than half the work: each of the four pixels that a pixel
// becomes sees only 2×2 pixels of x. Four 2×2 convolutions at the low resolution give the same result with 16 products
// instead of 36.
//
//	x: [batch, height, width, inputs] → [batch, 2·height, 2·width, channels]
func UpConv(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernelOf("UpConv", scope, x, channels, 3, options)
	y := withFast(
		fastUp(x, channels), upConvolve(x, kernel, doubling), func(by algorithm) *Node { return by.convolve(x, kernel) },
	)
	return addBias(scope, y, options)
}

// Deconv is the transpose of a convolution with a 4×4 kernel and stride 2, as PyTorch's ConvTranspose2d with padding 1.
//
//	x: [batch, height, width, inputs] → [batch, 2·height, 2·width, channels]
func Deconv(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernelOf("Deconv", scope, x, channels, 4, options)
	return addBias(scope, upConvolve(x, kernel, transposing), options)
}

// upConvolve is the four convolutions of [UpConv] or [Deconv].
func upConvolve(x, kernel *Node, phases phases) *Node {
	batch, height, width, _ := dims4("UpConv", x)
	rows := make([]*Node, 2)
	for row := range rows {
		columns := make([]*Node, 2)
		for column := range columns {
			// The upper of two pixels sees the one above it, the lower one that below it; left and right likewise.
			padding := [2][2]int{{1 - row, row}, {1 - column, column}}
			columns[column] = convolution{2, padding}.of(x, phases.kernel(kernel, row, column))
		}
		rows[row] = Stack(columns, 3) // [batch, height, width, 2, channels]
	}
	return Reshape(Stack(rows, 2), batch, 2*height, 2*width, -1)
}

// phases are the kernels along an axis of the two pixels that a pixel becomes, made of the taps of the whole kernel.
type phases [2][][]float64

var (
	// doubling is [UpConv]'s: the first pixel's two taps are [w0, w1+w2], the second's [w0+w1, w2].
	doubling = phases{
		{{1, 0, 0}, {0, 1, 1}},
		{{1, 1, 0}, {0, 0, 1}},
	}
	// transposing is [Deconv]'s: [w3, w1] and [w2, w0].
	transposing = phases{
		{{0, 0, 0, 1}, {0, 1, 0, 0}},
		{{0, 0, 1, 0}, {1, 0, 0, 0}},
	}
)

// kernel returns the kernel for one of the four pixels that a pixel becomes, at a row and a column of 0 or 1. It is
// computed by matrix products, since GoMLX cannot differentiate slices of a kernel twice.
//
//	kernel: [size, size, inputs, channels] → [2, 2, inputs, channels]
func (p phases) kernel(kernel *Node, row, column int) *Node {
	matrix := func(phase int) *Node { return ConstAsDType(kernel.Graph(), kernel.DType(), p[phase]) }
	kernel = Einsum("ah,hwio->awio", matrix(row), kernel)
	return Einsum("bw,awio->abio", matrix(column), kernel)
}
