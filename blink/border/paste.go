package border

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// taps is the number of neighbours that a spoiled pixel is made of, in each direction.
const taps = 5

// Spoiled is pictures with a patch in their middle that is shifted, blurred and tinted at random, as the patches of a
// network are that draws eyes.
//
//	x: [batch, size, size, 3] in [-1, 1] → [batch, size, size, 3]
func Spoiled(scope *model.Scope, x *Node) *Node {
	g, batch, size := x.Graph(), x.Shape().Dim(0), x.Shape().Dim(1)
	normal := func(deviation float64, dimensions ...int) *Node {
		shape := x.Shape().Clone()
		shape.Dimensions = append([]int{batch}, dimensions...)
		return MulScalar(scope.RandomNormal(g, shape), deviation)
	}
	// Few of the weights of neighbours are large, so they shift as well as blur; mostly it is the pixel's own.
	own := Const(g, [][]float32{{0, 1, 3, 1, 0}})
	neighbours := func() *Node { return Softmax(Add(normal(2, taps), own), -1) }
	spoiled := mixed(mixed(x, 1, neighbours()), 2, neighbours())

	// The tint varies across the patch.
	across := make([]float32, size)
	for i := range across {
		across[i] = 2*float32(i)/float32(size-1) - 1
	}
	slope := func(axis int) *Node {
		shape := []int{1, 1, 1, 1}
		shape[axis] = size
		return BroadcastToShape(Reshape(Const(g, across), shape...), x.Shape())
	}
	each := func(x *Node, of *Node) *Node { return BroadcastToShape(ExpandAxes(x, 1, 2), of.Shape()) }
	const strong = 0.08
	tint := Add(Mul(each(normal(strong, 3), x), spoiled), each(normal(strong, 3), x))
	tint = Add(tint, Add(Mul(each(normal(strong/2, 3), x), slope(1)), Mul(each(normal(strong/2, 3), x), slope(2))))
	spoiled = ClipScalar(Add(spoiled, tint), -1, 1)

	inside := BroadcastToShape(plane(x, isInside), x.Shape())
	return Add(x, Mul(inside, Sub(spoiled, x)))
}

// mixed replaces each pixel by a mixture of its neighbours along an axis. Beyond the border there is the opposite side:
// patches do not reach it.
//
//	weights: [batch, taps]
func mixed(x *Node, axis int, weights *Node) *Node {
	size := x.Shape().Dim(axis)
	sum := ZerosLike(x)
	for i := range taps {
		by := (i - taps/2 + size) % size
		moved := x
		if by > 0 {
			moved = Concatenate([]*Node{SliceAxis(x, axis, AxisRange(size-by)), SliceAxis(x, axis, AxisRange(0, size-by))}, axis)
		}
		weight := Reshape(SliceAxis(weights, 1, AxisElem(i)), x.Shape().Dim(0), 1, 1, 1)
		sum = Add(sum, Mul(moved, BroadcastToShape(weight, x.Shape())))
	}
	return sum
}
