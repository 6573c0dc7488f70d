package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// convolution is a convolution of pictures with stride 1 by a square kernel. Times a third tensor, v, and summed,
//
//	Σ x[b, r+i−top, s+j−left, c] · kernel[i, j, c, o] · v[b, r, s, o]
//
// it is linear in each of x, kernel and v. What stands beside v in this sum is the convolution itself, [convolution.of]; beside x and kernel stand their
// gradients, [convolution.pictureGradient] and [convolution.kernelGradient], where v is the gradient with respect to the result. The gradients of each
// of these three are the other two: so they can be differentiated as often as one likes.
type convolution struct {
	size    int
	padding [2][2]int // Lines of zeros: above and below the picture, and left and right of it.
}

// same is the convolution that keeps the size of a picture. Where the kernel's is even, the side after the picture gets the odd line.
func same(size int) convolution {
	lines := [2]int{(size - 1) / 2, size / 2}
	return convolution{size, [2][2]int{lines, lines}}
}

// of convolves.
//
//	x: [batch, height, width, inputs], kernel: [size, size, inputs, outputs] → [batch, height', width', outputs]
func (c convolution) of(x, kernel *Node) *Node {
	x, c = c.padFirst(x)
	return withFast(c.fast(x, kernel.Shape().Dim(3)), c.plain(x, kernel), func(by algorithm) *Node { return by.convolve(x, kernel) })
}

// plain is of, by XLA's convolution.
func (c convolution) plain(x, kernel *Node) *Node {
	y := Convolve(x, kernel).AxesConfig(overPictures).PaddingPerDim(c.padding[:]).Done()
	return withGradient(y, func(v *Node) []*Node {
		return []*Node{c.pictureGradient(v, kernel), c.kernelGradient(x, v)}
	})
}

// pictureGradient is the gradient with respect to the picture: each pixel collects v from where it was seen.
//
//	v: [batch, height', width', outputs], kernel: [size, size, inputs, outputs] → [batch, height, width, inputs]
func (c convolution) pictureGradient(v, kernel *Node) *Node {
	plain := c.plainPictureGradient(v, kernel)
	return withFast(c.fast(v, kernel.Shape().Dim(2)), plain, func(by algorithm) *Node { return by.pictureGradient(v, kernel) })
}

// plainPictureGradient is pictureGradient, by XLA's convolution: with the reversed kernel, and zeros where the other had none.
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

// reverse turns a kernel around.
//
//	kernel: [size, size, inputs, outputs] → [size, size, outputs, inputs]
func reverse(kernel *Node) *Node { return TransposeAllAxes(Reverse(kernel, 0, 1), 0, 1, 3, 2) }

// kernelGradient is the gradient with respect to the kernel: that of a tap is the product of v with the pixels that the tap saw, summed over the
// pictures.
//
//	x: [batch, height, width, inputs], v: [batch, height', width', outputs] → [size, size, inputs, outputs]
func (c convolution) kernelGradient(x, v *Node) *Node {
	plain := c.plainKernelGradient(x, v)
	return withFast(c.fast(x, v.Shape().Dim(3)), plain, func(by algorithm) *Node { return by.kernelGradient(x, v) })
}

// plainKernelGradient is kernelGradient, by XLA's convolution. On a processor that lays side by side what each tap sees of the picture, for all of its
// channels, and takes the product with v: where v has fewer channels it takes the picture's place, up to seven times faster (9×9 pixels, 64 channels to 3).
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

// ofPictures are the axes of a convolution with a batch v of pictures as its kernel: the batch takes the place of the channels.
var ofPictures = ConvolveAxesConfig{
	InputBatch: 3, InputSpatial: []int{1, 2}, InputChannels: 0,
	KernelSpatial: []int{1, 2}, KernelInputChannels: 0, KernelOutputChannels: 3,
	OutputBatch: 2, OutputSpatial: []int{0, 1}, OutputChannels: 3,
}

// padFirst puts the zeros around x itself, where the kernel is 2×2, and returns the convolution that is left to do. Where such
// a convolution pads by itself, the gradient of its gradient takes XLA's CPU six times as long; for other kernels it is the
// other way round.
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

// gradient returns the gradients with respect to the inputs of a node, nil for those that have none, where v is the one with respect to the node.
type gradient func(v *Node) []*Node

// gradientsKey is the key of a graph's [gradients].
type gradientsKey struct{}

// gradients returns the gradients of the nodes of convolutions that this package built in a graph. The copies that GoMLX makes of nodes after
// [Node.Checkpoint] are not among them.
func gradients(g *Graph) map[*Node]gradient {
	known, ok := g.State(gradientsKey{}).(map[*Node]gradient)
	if !ok {
		known = make(map[*Node]gradient)
		g.AttachState(gradientsKey{}, known)
	}
	return known
}

// withGradient notes the gradient of a convolution.
func withGradient(node *Node, back gradient) *Node {
	gradients(node.Graph())[node] = back
	return node
}

// GoMLX v0.28 lacks two gradients that this package needs. Both are registered here, for the whole program; convolutions
// that others build keep GoMLX's.
func init() {
	// Reverse has none, and the gradient of a convolution reverses its kernel. Reversing is linear and its own transpose:
	// the gradient is the same operation applied to the adjoint.
	VJPRegistration[NodeTypeReverse] = func(node *Node, adjoints []*Node, _ shapes.Shape) []*Node {
		return []*Node{node.CloneWithInputs(adjoints[0])}
	}

	// A convolution has one that is wrong by a pixel where the kernel's size is even, and that panics or is wrong where the
	// axes of the result are not those of the picture, as in a gradient with respect to a kernel.
	preferOurs(NodeTypeConvGeneral)
	preferOurs(NodeTypeWhere) // See withFast and linear.
	preferOurs(NodeTypeSlice)
	preferOurs(NodeTypeBroadcastInDim)
}

// linear applies a linear function, whose gradient is its transpose: what GoMLX would derive is a sum of padded slices, and slow. The result is as much smaller
// or as many times larger than x as it likes.
func linear(x *Node, apply, transpose func(*Node) *Node) *Node {
	y := apply(x)
	// GoMLX takes gradients of its own nodes only. This one is never worked out: it has x's numbers for y's, and y's gradient for x's.
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

// preferOurs makes the gradients of [withGradient] those of the nodes that have one, where they are of a type.
func preferOurs(of NodeType) {
	registered := VJPRegistration[of]
	VJPRegistration[of] = func(node *Node, adjoints []*Node, shape shapes.Shape) []*Node {
		if back, ok := gradients(node.Graph())[node]; ok {
			return back(adjoints[0])
		}
		return registered(node, adjoints, shape)
	}
}
