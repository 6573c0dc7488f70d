package nn

import (
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// convolution is a convolution of pictures with stride 1: all that its gradients must know and that a node does not tell.
type convolution struct {
	axes    ConvolveAxesConfig
	padding [][2]int // Lines of zeros before and after the picture: those of the height, those of the width.
}

// overPictures are the axes of a convolution of pictures.
//
//	x: [batch, height, width, inputs], kernel: [height, width, inputs, outputs] → [batch, height, width, outputs]
var overPictures = ConvolveAxesConfig{
	InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3,
	KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
	OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
}

// of builds the node, and notes what it is for its gradient.
func (c convolution) of(x, kernel *Node) *Node {
	x, c = c.padFirst(x, kernel)
	node := Convolve(x, kernel).AxesConfig(c.axes).PaddingPerDim(c.padding).Done()
	convolutions(node.Graph())[node] = c
	return node
}

// padFirst puts the zeros around x itself, where the kernel is 2×2, and returns the convolution that is left to do. Where such
// a convolution pads by itself, the gradient of its gradient takes XLA's CPU six times as long; for other kernels it is the
// other way round.
func (c convolution) padFirst(x, kernel *Node) (*Node, convolution) {
	padding := slices.Clone(c.padding)
	for i, axis := range c.axes.InputSpatial {
		if kernel.Shape().Dim(c.axes.KernelSpatial[i]) == 2 && padding[i] != [2]int{} {
			x = padAxis(x, axis, padding[i][0], padding[i][1])
			padding[i] = [2]int{}
		}
	}
	return x, convolution{axes: c.axes, padding: padding}
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

// vjp returns the gradients with respect to the picture and to the kernel, where v is the one with respect to the result.
// Both are convolutions of the same sort, so that they can be differentiated in their turn, as often as one likes.
func (c convolution) vjp(node, v *Node) []*Node {
	x, kernel := node.Inputs()[0], node.Inputs()[1]
	return []*Node{
		c.backToPicture(kernel).of(v, Reverse(kernel, c.axes.KernelSpatial...)),
		c.backToKernel().of(x, v),
	}
}

// backToPicture is the convolution of v with the reversed kernel that gives the gradient of the picture: each pixel
// collects v from where it was seen.
func (c convolution) backToPicture(kernel *Node) convolution {
	a := c.axes
	back := convolution{axes: ConvolveAxesConfig{
		InputBatch: a.OutputBatch, InputSpatial: a.OutputSpatial, InputChannels: a.OutputChannels,
		KernelSpatial: a.KernelSpatial, KernelInputChannels: a.KernelOutputChannels, KernelOutputChannels: a.KernelInputChannels,
		OutputBatch: a.InputBatch, OutputSpatial: a.InputSpatial, OutputChannels: a.InputChannels,
	}}
	for i, padding := range c.padding {
		reach := kernel.Shape().Dim(a.KernelSpatial[i]) - 1
		back.padding = append(back.padding, [2]int{reach - padding[0], reach - padding[1]})
	}
	return back
}

// backToKernel is the convolution of x with v that gives the gradient of the kernel: the one of a tap is the product of v
// with the pixels that the tap saw, summed over the batch, which takes the place of the channels.
func (c convolution) backToKernel() convolution {
	a := c.axes
	return convolution{padding: c.padding, axes: ConvolveAxesConfig{
		InputBatch: a.InputChannels, InputSpatial: a.InputSpatial, InputChannels: a.InputBatch,
		KernelSpatial: a.OutputSpatial, KernelInputChannels: a.OutputBatch, KernelOutputChannels: a.OutputChannels,
		OutputBatch: a.KernelInputChannels, OutputSpatial: a.KernelSpatial, OutputChannels: a.KernelOutputChannels,
	}}
}

// convolutionsKey is the key of a graph's [convolutions].
type convolutionsKey struct{}

// convolutions returns the convolutions that this package built in a graph. The copies that GoMLX makes of nodes after
// [Node.Checkpoint] are not among them.
func convolutions(g *Graph) map[*Node]convolution {
	known, ok := g.State(convolutionsKey{}).(map[*Node]convolution)
	if !ok {
		known = make(map[*Node]convolution)
		g.AttachState(convolutionsKey{}, known)
	}
	return known
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
	registered := VJPRegistration[NodeTypeConvGeneral]
	VJPRegistration[NodeTypeConvGeneral] = func(node *Node, adjoints []*Node, shape shapes.Shape) []*Node {
		if c, ok := convolutions(node.Graph())[node]; ok {
			return c.vjp(node, adjoints[0])
		}
		return registered(node, adjoints, shape)
	}
}
