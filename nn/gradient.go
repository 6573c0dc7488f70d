package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// GoMLX v0.28 lacks two gradients that this package needs. Both are registered here, for the whole program.
func init() {
	// Reverse has none, and the gradient of a convolution reverses its kernel. Reversing is linear and its own transpose:
	// the gradient is the same operation applied to the adjoint.
	VJPRegistration[NodeTypeReverse] = func(node *Node, adjoints []*Node, _ shapes.Shape) []*Node {
		return []*Node{node.CloneWithInputs(adjoints[0])}
	}

	// A convolution with a kernel of even size has one that is shifted by a pixel, or panics.
	registered := VJPRegistration[NodeTypeConvGeneral]
	VJPRegistration[NodeTypeConvGeneral] = func(node *Node, adjoints []*Node, shape shapes.Shape) []*Node {
		if !isValid2x2(node) {
			return registered(node, adjoints, shape)
		}
		return vjpOfValid2x2(node, adjoints[0])
	}
}

// convolve2x2 convolves without padding and with a kernel of 2×2.
//
//	x: [batch, height, width, inputs], kernel: [2, 2, inputs, outputs] → [batch, height−1, width−1, outputs]
func convolve2x2(x, kernel *Node) *Node { return Convolve(x, kernel).NoPadding().Done() }

// isValid2x2 says whether a node is what [convolve2x2] makes, as far as its shapes tell.
func isValid2x2(node *Node) bool {
	if node.Rank() != 4 {
		return false
	}
	x, k, out := node.Inputs()[0].Shape(), node.Inputs()[1].Shape(), node.Shape()
	return k.Dim(0) == 2 && k.Dim(1) == 2 && k.Dim(2) == x.Dim(3) && k.Dim(3) == out.Dim(3) &&
		out.Dim(0) == x.Dim(0) && out.Dim(1) == x.Dim(1)-1 && out.Dim(2) == x.Dim(2)-1
}

// vjpOfValid2x2 returns the gradients with respect to the picture and the kernel. The first is a [convolve2x2] again, so
// that it can be differentiated in its turn.
func vjpOfValid2x2(node, v *Node) []*Node {
	x, kernel := node.Inputs()[0], node.Inputs()[1]
	turned := TransposeAllAxes(Reverse(kernel, 0, 1), 0, 1, 3, 2)
	vjpX := convolve2x2(padByOne(v), turned)

	// The gradient of tap (i, j) is the product of v with the pixels of x that the tap saw: a convolution whose batch is
	// the input channels, and whose kernel is v.
	axes := ConvolveAxesConfig{
		InputBatch: 3, InputChannels: 0, InputSpatial: []int{1, 2},
		KernelInputChannels: 0, KernelOutputChannels: 3, KernelSpatial: []int{1, 2},
		OutputBatch: 2, OutputChannels: 3, OutputSpatial: []int{0, 1},
	}
	vjpKernel := Convolve(x, v).AxesConfig(axes).NoPadding().Done()
	return []*Node{vjpX, vjpKernel}
}
