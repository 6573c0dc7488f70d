package nn

import (
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/mat"
)

// The layers for videos are those for pictures with one more axis, [batch, frames, height, width, channels]. XLA has no
// fast convolution of three axes on a CPU, so they are computed as matrix products, with the voxels that a kernel sees
// gathered before the product or its results scattered and summed after it. They can be differentiated once.

// Conv3D convolves with a size×size×size kernel of odd size, stride 1, and pads with zeros to keep the size.
//
//	x: [batch, frames, height, width, inputs] → [batch, frames, height, width, channels]
func Conv3D(scope *model.Scope, x *Node, channels, size int, options ...Option) *Node {
	if size%2 == 0 {
		exceptions.Panicf("nn.Conv3D at %s: the kernel is %d wide, it must be odd", scope.Scope(), size)
	}
	kernel := kernel3D("Conv3D", scope, x, channels, size, options)
	if plainly(x.Graph()) {
		return addBias(scope, plain3D(x, kernel, 1, size/2), options)
	}
	return addBias(scope, spread(x, kernel, stride1(size)), options)
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
	seen := linear(x, stride2.seeAll, stride2.layAll)
	return addBias(scope, Dot(seen, Reshape(kernel, -1, channels)).General([]int{4}, nil, []int{0}, nil), options)
}

// plain3D is XLA's own convolution, for graphs built after [Plainly].
func plain3D(x, kernel *Node, stride, padding int) *Node {
	p := [2]int{padding, padding}
	y := Convolve(x, kernel).Strides(stride).PaddingPerDim([][2]int{p, p, p}).Done()
	return withGradient(y, func(*Node) []*Node {
		exceptions.Panicf("nn: a convolution of videos built after Plainly has no gradient")
		return nil
	})
}

// Deconv3D is the transpose of a convolution with a 4×4×4 kernel and stride 2, as PyTorch's ConvTranspose3d with
// padding 1.
//
//	x: [batch, frames, height, width, inputs] → [batch, 2·frames, 2·height, 2·width, channels]
func Deconv3D(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernel3D("Deconv3D", scope, x, channels, 4, options)
	return addBias(scope, spread(x, kernel, stride2), options)
}

// UpConv3D is a convolution of x, doubled by nearest neighbour, with a 3×3×3 kernel, as in [UpConv].
//
//	x: [batch, frames, height, width, inputs] → [batch, 2·frames, 2·height, 2·width, channels]
func UpConv3D(scope *model.Scope, x *Node, channels int, options ...Option) *Node {
	kernel := kernel3D("UpConv3D", scope, x, channels, 3, options)
	matrix := Reshape(ConstAsDType(kernel.Graph(), kernel.DType(), doubledTaps().RawMatrix().Data), 27, 27)
	kernel = Reshape(Dot(matrix, Reshape(kernel, 27, -1)).Product(), kernel.Shape().Dimensions...)
	return addBias(scope, spread(x, kernel, doubled), options)
}

// kernel3D returns the kernel of a layer that convolves videos, [size, size, size, inputs, outputs].
func kernel3D(layer string, scope *model.Scope, x *Node, channels, size int, options []Option) *Node {
	if x.Rank() != 5 || channels < 1 || size < 1 {
		exceptions.Panicf(
			"nn.%s at %s: cannot make %d channels with a kernel of size %d of %s, "+
				"which must be [batch, frames, height, width, channels]",
			layer, scope.Scope(), channels, size, x.Shape(),
		)
	}
	return weights(scope, x.Graph(), shapes.Make(x.DType(), size, size, size, x.Shape().Dim(4), channels), options)
}

// taps maps the taps of a kernel to voxels along an axis. Its two functions are each other's transpose.
type taps struct {
	// voxels is the number of voxels for each position of the kernel.
	size, voxels int
	// see returns the voxel that each tap sees; lay returns the sum of the taps at each voxel.
	see func(axis int, voxels []*Node) (taps []*Node)
	lay func(axis int, taps []*Node) (voxels []*Node)
}

// stride1 returns the taps of a transposed convolution: a voxel receives the first tap of the voxel before it.
func stride1(size int) taps {
	return taps{size, 1,
		func(axis int, voxels []*Node) (taps []*Node) {
			for i := range size {
				taps = append(taps, shifted(voxels[0], axis, i-size/2))
			}
			return taps
		},
		func(axis int, taps []*Node) []*Node {
			sum := shifted(taps[0], axis, size/2)
			for i, tap := range taps[1:] {
				sum = Add(sum, shifted(tap, axis, size/2-1-i))
			}
			return []*Node{sum}
		},
	}
}

// stride2 are the taps of a convolution with a kernel of size 4 and stride 2: at every second voxel the kernel sees
// that voxel and the next, and one on either side of them.
var stride2 = taps{4, 2,
	func(axis int, v []*Node) []*Node {
		return []*Node{shifted(v[1], axis, 1), v[0], v[1], shifted(v[0], axis, -1)}
	},
	func(axis int, t []*Node) []*Node {
		return []*Node{Add(t[1], shifted(t[3], axis, 1)), Add(t[2], shifted(t[0], axis, -1))}
	},
}

// doubled are the taps of [UpConv3D]. Along an axis a voxel v between u and w becomes two, whose sums are k₀u +
// (k₁+k₂)v and (k₀+k₁)v + k₂w. With s = k₀+k₁+k₂ that is k₀(u−v) + sv and sv + k₂(w−v): three products, of
// [doubledTaps], for two voxels instead of four.
var doubled = taps{3, 2,
	func(axis int, v []*Node) []*Node {
		return []*Node{Sub(shifted(v[0], axis, -1), v[0]), Add(v[0], v[1]), Sub(shifted(v[1], axis, 1), v[1])}
	},
	func(axis int, t []*Node) []*Node {
		return []*Node{Add(Sub(shifted(t[0], axis, 1), t[0]), t[1]), Add(t[1], Sub(shifted(t[2], axis, -1), t[2]))}
	},
}

// doubledTaps returns the matrix, [27, 27], that turns the taps k₀, k₁ and k₂ of all three axes into k₀, k₀+k₁+k₂ and
// k₂.
func doubledTaps() *mat.Dense {
	axis := mat.NewDense(3, 3, []float64{1, 0, 0, 1, 1, 1, 0, 0, 1})
	var two, three mat.Dense
	two.Kronecker(axis, axis)
	three.Kronecker(axis, &two)
	return &three
}

// spread multiplies each voxel by all taps of a kernel and adds up the results.
//
//	x: [batch, frames, height, width, inputs], kernel: [size, size, size, inputs, channels]
//	→ [batch, voxels·frames, voxels·height, voxels·width, channels]
func spread(x, kernel *Node, t taps) *Node {
	rows := Reshape(TransposeAllAxes(kernel, 3, 0, 1, 2, 4), kernel.Shape().Dim(3), -1)
	return linear(Dot(x, rows).General([]int{4}, nil, []int{0}, nil), t.layAll, t.seeAll)
}

// layAll applies lay along the three axes, one after the other.
//
//	x: [batch, frames, height, width, size·size·size·channels]
//	→ [batch, voxels·frames, voxels·height, voxels·width, channels]
func (t taps) layAll(x *Node) *Node {
	for axis := 1; axis <= 3; axis++ {
		d := slices.Clone(x.Shape().Dimensions)
		x = Reshape(x, d[0], d[1], d[2], d[3], t.size, d[4]/t.size)
		d[axis], d[4] = t.voxels*d[axis], d[4]/t.size
		x = Reshape(Stack(t.lay(axis, unstack(x, 4)), axis+1), d...)
	}
	return x
}

// seeAll is the transpose of layAll: the voxels that each tap sees, in the order of the kernel's axes.
func (t taps) seeAll(x *Node) *Node {
	for axis := 3; axis >= 1; axis-- {
		d := slices.Clone(x.Shape().Dimensions)
		x = Reshape(x, slices.Concat(d[:axis], []int{d[axis] / t.voxels, t.voxels}, d[axis+1:])...)
		d[axis], d[4] = d[axis]/t.voxels, t.size*d[4]
		x = Reshape(Stack(t.see(axis, unstack(x, axis+1)), 4), d...)
	}
	return x
}

// unstack splits an axis into its elements.
func unstack(x *Node, axis int) (parts []*Node) {
	for i := range x.Shape().Dim(axis) {
		parts = append(parts, Squeeze(SliceAxis(x, axis, AxisElem(i)), axis))
	}
	return parts
}

// shifted shifts the voxels along an axis and fills up with zeros.
func shifted(x *Node, axis, by int) *Node {
	n := x.Shape().Dim(axis)
	before, after := min(max(by, 0), n), min(max(-by, 0), n)
	return SliceAxis(padAxis(x, axis, before, after), axis, AxisRange(after, after+n))
}
