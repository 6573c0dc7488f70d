package nn

import (
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/mat"
)

// The layers for videos are those for pictures with one axis more, [batch, frames, height, width, channels]. They are products of matrices with a row for
// what each voxel of the result sees: XLA has no fast convolution of three axes on a processor. They can be differentiated once.

// Conv3D convolves with a size×size×size kernel of odd size, stride 1, and pads with zeros so that the size stays.
//
//	x: [batch, frames, height, width, inputs] → [batch, frames, height, width, channels]
func Conv3D(scope *model.Scope, x *Node, channels, size int, options ...Option) *Node {
	if size%2 == 0 {
		exceptions.Panicf("nn.Conv3D at %s: the kernel is %d wide, it must be odd", scope.Scope(), size)
	}
	kernel := kernel3D("Conv3D", scope, x, channels, size, options)
	padding := [2]int{size / 2, size / 2}
	if plainly(x.Graph()) {
		return addBias(scope, plain3D(x, kernel, 1, size/2), options)
	}
	if channels < x.Shape().Dim(4) {
		return addBias(scope, spread(x, kernel, func(axis int, taps []*Node) []*Node {
			var sum *Node
			for i, tap := range taps {
				if tap = shifted(tap, axis, size/2-i); sum == nil {
					sum = tap
				} else {
					sum = Add(sum, tap)
				}
			}
			return []*Node{sum}
		}), options)
	}
	return addBias(scope, multiply(seen(x, size, 1, padding, padding, padding), kernel), options)
}

// StridedConv3D convolves with a 4×4×4 kernel and stride 2, padded with one voxel of zeros as in PyTorch.
//
//	x: [batch, frames, height, width, inputs] → [batch, frames/2, height/2, width/2, channels]
func StridedConv3D(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernel3D("StridedConv3D", scope, x, channels, 4, options)
	for axis := 1; axis <= 3; axis++ {
		if x.Shape().Dim(axis)%2 != 0 {
			exceptions.Panicf("nn.StridedConv3D at %s: frames, height and width must be even, got %s", scope.Scope(), x.Shape())
		}
	}
	if plainly(x.Graph()) {
		return addBias(scope, plain3D(x, kernel, 2, 1), options)
	}
	for axis := 1; axis <= 3; axis++ {
		x = padAxis(x, axis, 1, 1)
	}
	none := [2]int{}
	return addBias(scope, multiply(seen(x, 4, 2, none, none, none), kernel), options)
}

// plain3D is XLA's own convolution, for what was built by [Plainly].
func plain3D(x, kernel *Node, stride, padding int) *Node {
	p := [2]int{padding, padding}
	y := Convolve(x, kernel).Strides(stride).PaddingPerDim([][2]int{p, p, p}).Done()
	return withGradient(y, func(*Node) []*Node {
		exceptions.Panicf("nn: a convolution of videos that was built Plainly has no gradient")
		return nil
	})
}

// Deconv3D is the transpose of a convolution with a 4×4×4 kernel and stride 2, as PyTorch's ConvTranspose3d with padding 1.
//
//	x: [batch, frames, height, width, inputs] → [batch, 2·frames, 2·height, 2·width, channels]
func Deconv3D(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernel3D("Deconv3D", scope, x, channels, 4, options)
	return addBias(scope, spread(x, kernel, func(axis int, taps []*Node) []*Node {
		return []*Node{Add(taps[1], shifted(taps[3], axis, 1)), Add(taps[2], shifted(taps[0], axis, -1))}
	}), options)
}

// UpConv3D is a convolution with a 3×3×3 kernel of x, doubled by nearest neighbour, as [UpConv].
//
//	x: [batch, frames, height, width, inputs] → [batch, 2·frames, 2·height, 2·width, channels]
func UpConv3D(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernel3D("UpConv3D", scope, x, channels, 3, options)
	// Along an axis a voxel v between u and w becomes two, whose sums are k₀u + (k₁+k₂)v and (k₀+k₁)v + k₂w. With s = k₀+k₁+k₂ that is k₀(u−v) + sv and
	// sv + k₂(w−v): three products for two voxels instead of four.
	three := mat.NewDense(3, 3, []float64{1, 0, 0, 1, 1, 1, 0, 0, 1})
	var two, all mat.Dense // For two axes, and for all.
	two.Kronecker(three, three)
	all.Kronecker(three, &two)
	matrix := Reshape(ConstAsDType(kernel.Graph(), kernel.DType(), all.RawMatrix().Data), 27, 27)
	kernel = Reshape(Dot(matrix, Reshape(kernel, 27, -1)).Product(), kernel.Shape().Dimensions...)
	return addBias(scope, spread(x, kernel, func(axis int, taps []*Node) []*Node {
		outer := func(i, by int) *Node { return Sub(shifted(taps[i], axis, by), taps[i]) }
		return []*Node{Add(outer(0, 1), taps[1]), Add(taps[1], outer(2, -1))}
	}), options)
}

// spread multiplies each voxel by all taps of a kernel, and lays what that makes over each other one axis at a time: lay makes a voxel's share along an axis,
// or those of the two that it becomes, of its taps'. That is much less than what [seen] lays out where a kernel has more inputs than outputs.
//
//	x: [batch, frames, height, width, inputs], kernel: [size, size, size, inputs, channels] → [batch, frames', height', width', channels]
func spread(x, kernel *Node, lay func(axis int, taps []*Node) []*Node) *Node {
	size, inputs, channels := kernel.Shape().Dim(0), kernel.Shape().Dim(3), kernel.Shape().Dim(4)
	kernel = Reshape(TransposeAllAxes(kernel, 3, 0, 1, 2, 4), inputs, -1)
	added := Dot(x, kernel).General([]int{4}, nil, []int{0}, nil) // [batch, frames, height, width, size·size·size·channels]
	for axis := 1; axis <= 3; axis++ {
		// The taps of this axis are the first of those that are left: [..., size, taps].
		d := slices.Clone(added.Shape().Dimensions)
		added = Reshape(added, append(slices.Clone(d[:4]), size, d[4]/size)...)
		var taps []*Node
		for i := range size {
			taps = append(taps, Squeeze(SliceAxis(added, 4, AxisElem(i)), 4))
		}
		voxels := lay(axis, taps)
		d[axis], d[4] = len(voxels)*d[axis], d[4]/size
		added = Reshape(Stack(voxels, axis+1), d...)
	}
	return Reshape(added, append(slices.Clone(added.Shape().Dimensions[:4]), channels)...)
}

// shifted moves the voxels of an axis on by so many places. Zeros come in.
func shifted(x *Node, axis, by int) *Node {
	n := x.Shape().Dim(axis)
	before, after := min(max(by, 0), n), min(max(-by, 0), n)
	return SliceAxis(padAxis(x, axis, before, after), axis, AxisRange(after, after+n))
}

// kernel3D returns the kernel of a layer that convolves videos, [size, size, size, inputs, outputs].
func kernel3D(layer string, scope *model.Scope, x *Node, channels, size int, options []Option) *Node {
	if x.Rank() != 5 || channels < 1 || size < 1 {
		exceptions.Panicf("nn.%s at %s: cannot make %d channels with a kernel of size %d of %s, which must be [batch, frames, height, width, channels]",
			layer, scope.Scope(), channels, size, x.Shape())
	}
	return weights(scope, x.Graph(), shapes.Make(x.DType(), size, size, size, x.Shape().Dim(4), channels), options)
}

// seen lays what a kernel sees, at each stride-th place, side by side, in the order of the kernel's axes.
//
//	x: [batch, frames, height, width, channels] → [batch, frames', height', width', size·size·size·channels]
func seen(x *Node, size, stride int, frames, rows, columns [2]int) *Node {
	for i, lines := range [][2]int{frames, rows, columns} {
		x = padAxis(x, i+1, lines[0], lines[1])
	}
	for axis := 1; axis <= 3; axis++ {
		var taps []*Node
		for i := range size {
			taps = append(taps, SliceAxis(x, axis, AxisRange(i, x.Shape().Dim(axis)-size+1+i).Stride(stride)))
		}
		x = Stack(taps, 4+axis-1)
	}
	d := x.Shape().Dimensions
	return Reshape(x, d[0], d[1], d[2], d[3], -1)
}

// multiply multiplies the rows of seen by a kernel, [..., outputs].
func multiply(rows, kernel *Node) *Node {
	outputs := kernel.Shape().Dim(-1)
	return Dot(rows, Reshape(kernel, -1, outputs)).General([]int{4}, nil, []int{0}, nil)
}
