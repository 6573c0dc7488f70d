package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// convolution is a convolution of pictures with stride 1 by a square kernel. Times a third tensor, v, and summed,
//
//	Σ x[b, r+i−top, s+j−left, c] · kernel[i, j, c, o] · v[b, r, s, o]
//
// it is linear in each of x, kernel and v. The coefficient of v in this sum is the convolution itself,
// [convolution.of]. With v as the gradient with respect to the result, the coefficients of x and kernel are their
// gradients, [convolution.pictureGradient] and [convolution.kernelGradient]. The gradients of each of these three are
// the other two, so they can be differentiated any number of times.
type convolution struct {
	size    int
	padding [2][2]int // Lines of zeros: top and bottom, left and right.
}

// same is the convolution that keeps the size of a picture. If the kernel's size is even, the extra line of padding
// goes to the bottom and the right.
func same(size int) convolution {
	lines := [2]int{(size - 1) / 2, size / 2}
	return convolution{size, [2][2]int{lines, lines}}
}

// of convolves.
//
//	x: [batch, height, width, inputs], kernel: [size, size, inputs, outputs] → [batch, height', width', outputs]
func (c convolution) of(x, kernel *Node) *Node {
	x, c = c.padFirst(x)
	return withFast(
		c.fast(x, kernel.Shape().Dim(3)), c.plain(x, kernel), func(by algorithm) *Node { return by.convolve(x, kernel) },
	)
}

// plain computes of with XLA's convolution.
func (c convolution) plain(x, kernel *Node) *Node {
	y := Convolve(x, kernel).AxesConfig(overPictures).PaddingPerDim(c.padding[:]).Done()
	return withGradient(y, func(v *Node) []*Node {
		return []*Node{c.pictureGradient(v, kernel), c.kernelGradient(x, v)}
	})
}

// pictureGradient is the gradient with respect to the picture: each pixel collects v from the results that saw it.
//
//	v: [batch, height', width', outputs], kernel: [size, size, inputs, outputs] → [batch, height, width, inputs]
func (c convolution) pictureGradient(v, kernel *Node) *Node {
	plain := c.plainPictureGradient(v, kernel)
	return withFast(
		c.fast(v, kernel.Shape().Dim(2)), plain, func(by algorithm) *Node { return by.pictureGradient(v, kernel) },
	)
}

// plainPictureGradient computes pictureGradient with XLA's convolution, the reversed kernel, and the complementary
// padding.
func (c convolution) plainPictureGradient(v, kernel *Node) *Node {
	v, back := c.back().padFirst(v)
	return back.plain(v, reverse(kernel))
}

// back is the convolution from the results to the picture, with the reversed kernel.
func (c convolution) back() convolution {
	back := convolution{size: c.size}
	for i, lines := range c.padding {
		back.padding[i] = [2]int{c.size - 1 - lines[0], c.size - 1 - lines[1]}
	}
	return back
}

// reverse flips both spatial axes of a kernel and swaps inputs and outputs.
//
//	kernel: [size, size, inputs, outputs] → [size, size, outputs, inputs]
func reverse(kernel *Node) *Node { return TransposeAllAxes(Reverse(kernel, 0, 1), 0, 1, 3, 2) }

// kernelGradient is the gradient with respect to the kernel: for each tap, the product of v with the pixels that the
// tap saw, summed over the pictures.
//
//	x: [batch, height, width, inputs], v: [batch, height', width', outputs] → [size, size, inputs, outputs]
func (c convolution) kernelGradient(x, v *Node) *Node {
	plain := c.plainKernelGradient(x, v)
	return withFast(c.fast(x, v.Shape().Dim(3)), plain, func(by algorithm) *Node { return by.kernelGradient(x, v) })
}

// plainKernelGradient computes kernelGradient with XLA's convolution. On a CPU, XLA copies the pixels that each tap
// sees, for all channels of the picture, and multiplies them by v. If v has fewer channels, v and the picture change
// places, which is up to seven times faster (9×9 pixels, 64 channels to 3).
func (c convolution) plainKernelGradient(x, v *Node) *Node {
	if v.Shape().Dim(3) < x.Shape().Dim(3) && onCPU(x.Graph()) {
		v, back := c.back().padFirst(v)
		return reverse(back.plainKernelGradient(v, x))
	}
	gradient := Convolve(x, v).AxesConfig(ofPictures).PaddingPerDim(c.padding[:]).Done()
	return withGradient(gradient, func(kernel *Node) []*Node {
		return []*Node{c.pictureGradient(v, kernel), c.of(x, kernel)}
	})
}

// overPictures are the axes of a convolution of pictures.
var overPictures = ConvolveAxesConfig{
	InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3,
	KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
	OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
}

// ofPictures are the axes of a convolution whose kernel is a batch v of pictures: the batch axis takes the place of the
// channels.
var ofPictures = ConvolveAxesConfig{
	InputBatch: 3, InputSpatial: []int{1, 2}, InputChannels: 0,
	KernelSpatial: []int{1, 2}, KernelInputChannels: 0, KernelOutputChannels: 3,
	OutputBatch: 2, OutputSpatial: []int{0, 1}, OutputChannels: 3,
}

// padFirst pads x itself if the kernel is 2×2, and returns the remaining convolution. If XLA pads such a convolution,
// the gradient of its gradient takes six times as long on the CPU; for other kernels it is the other way round.
func (c convolution) padFirst(x *Node) (*Node, convolution) {
	if c.size != 2 {
		return x, c
	}
	for i, lines := range c.padding {
		x = padAxis(x, i+1, lines[0], lines[1])
	}
	return x, convolution{size: c.size}
}

// padAxis puts lines of zeros before and after x. GoMLX's Pad has no gradient, Concatenate has.
func padAxis(x *Node, axis, before, after int) *Node {
	zeros := func(lines int) *Node {
		shape := x.Shape().Clone()
		shape.Dimensions[axis] = lines
		return Zeros(x.Graph(), shape)
	}
	parts := []*Node{x}
	if before > 0 {
		parts = append([]*Node{zeros(before)}, parts...)
	}
	if after > 0 {
		parts = append(parts, zeros(after))
	}
	return Concatenate(parts, axis)
}

// Part is a part of x along an axis, from one place up to another, which is left out. Unlike GoMLX's Slice it can be
// differentiated more than once, as a critic with a gradient penalty must be.
func Part(x *Node, axis, from, to int) *Node {
	length := x.Shape().Dim(axis)
	if from == 0 && to == length {
		return x
	}
	return withGradient(SliceAxis(x, axis, AxisRange(from, to)), func(v *Node) []*Node {
		return []*Node{padAxis(v, axis, from, length-to)}
	})
}

// gradient returns the gradients with respect to the inputs of a node, nil for those that have none. v is the gradient
// with respect to the node.
type gradient func(v *Node) []*Node

// gradientsKey is the key of a graph's [gradients].
type gradientsKey struct{}

// gradients returns the gradients of the nodes of convolutions that this package built in a graph. The copies that
// GoMLX makes of nodes after [Node.Checkpoint] are not among them.
func gradients(g *Graph) map[*Node]gradient {
	known, ok := g.State(gradientsKey{}).(map[*Node]gradient)
	if !ok {
		known = make(map[*Node]gradient)
		g.AttachState(gradientsKey{}, known)
	}
	return known
}

// withGradient records the gradient of a node.
func withGradient(node *Node, back gradient) *Node {
	gradients(node.Graph())[node] = back
	return node
}

// GoMLX v0.28 lacks two gradients that this package needs. Both are registered here, for the whole program;
// convolutions built elsewhere keep GoMLX's.
func init() {
	// Reverse has none, and the gradient of a convolution reverses its kernel. Reversing is linear and its own transpose:
	// the gradient is the same operation applied to the adjoint.
	VJPRegistration[NodeTypeReverse] = func(node *Node, adjoints []*Node, _ shapes.Shape) []*Node {
		return []*Node{node.CloneWithInputs(adjoints[0])}
	}

	// GoMLX's gradient of a convolution is off by a pixel if the kernel's size is even. It panics or is wrong if the axes
	// of the result are not those of the picture, as in a gradient with respect to a kernel.
	preferOurs(NodeTypeConvGeneral)
	preferOurs(NodeTypeWhere) // See withFast and linear.
	preferOurs(NodeTypeSlice)
	preferOurs(NodeTypeBroadcastInDim)
}

// linear applies a linear function whose gradient is its transpose. GoMLX's own gradient would be a slow sum of padded
// slices. The size of the result must be at most that of x, or a multiple of it.
func linear(x *Node, apply, transpose func(*Node) *Node) *Node {
	y := apply(x)
	// GoMLX takes gradients of its own nodes only. This node is never evaluated: it stands for y with x's values, and
	// turns y's gradient into x's.
	hook := Reshape(x, 1, -1)
	if n := y.Shape().Size() / x.Shape().Size(); n > 1 {
		hook = BroadcastToDims(hook, n, x.Shape().Size())
	} else {
		hook = SliceAxis(hook, 1, AxisRange(0, y.Shape().Size()))
	}
	withGradient(hook, func(v *Node) []*Node {
		return []*Node{Reshape(transpose(Reshape(v, y.Shape().Dimensions...)), 1, -1)}
	})
	never := Reshape(hook, y.Shape().Dimensions...)
	return withGradient(Where(Const(x.Graph(), true), y, never), func(v *Node) []*Node { return []*Node{nil, nil, v} })
}

// preferOurs makes nodes of a type use the gradient given by [withGradient], if any.
func preferOurs(of NodeType) {
	registered := VJPRegistration[of]
	VJPRegistration[of] = func(node *Node, adjoints []*Node, shape shapes.Shape) []*Node {
		if back, ok := gradients(node.Graph())[node]; ok {
			return back(adjoints[0])
		}
		return registered(node, adjoints, shape)
	}
}
