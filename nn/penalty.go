package nn

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// The gradient penalties bound the slope of a critic, a D whose scores, [batch], are differentiated with respect to
// what it sees, [batch, ...]. Their own gradients are of the second order.

// DRAGAN is the gradient penalty of Kodali et al. 2017, E[(‖∇D(x̂)‖₂ − 1)²], at real pictures perturbed by noise:
//
//	x̂ = x + 0.5·std(x)·U,  U uniform on [0, 1) in the shape of x,  std over the whole batch
//
//	real: [batch, ...], uniform: the same → scalar
func DRAGAN(critic func(x *Node) *Node, real, uniform *Node) *Node {
	deviation := Sqrt(ReduceAllMean(Square(Sub(real, ReduceAllMean(real)))))
	moved := Add(real, Mul(MulScalar(deviation, 0.5), uniform))
	return ReduceAllMean(Square(AddScalar(slopes(critic, moved), -1)))
}

// WGANGP is the gradient penalty of Gulrajani et al. 2017, E[(‖∇D(x̂)‖₂ − 1)²], between real and generated pictures:
//
//	x̂ = ε·x + (1 − ε)·G(z),  ε uniform on [0, 1), one for each pair
//
//	real, fake: [batch, ...], epsilon: [batch] → scalar
func WGANGP(critic func(x *Node) *Node, real, fake, epsilon *Node) *Node {
	epsilon = Reshape(epsilon, append([]int{-1}, slices.Repeat([]int{1}, real.Rank()-1)...)...)
	between := Add(fake, Mul(epsilon, Sub(real, fake)))
	return ReduceAllMean(Square(AddScalar(slopes(critic, between), -1)))
}

// R1 is the gradient penalty of Mescheder et al. 2018, equation 9: ½·E[‖∇D(x)‖²] at the real pictures themselves. Its
// weight is their γ.
//
//	real: [batch, ...] → scalar
func R1(critic func(x *Node) *Node, real *Node) *Node {
	return MulScalar(ReduceAllMean(squaredSlopes(critic, real)), 0.5)
}

// slopes are ‖∇D(x)‖₂, [batch].
func slopes(critic func(x *Node) *Node, x *Node) *Node {
	return Sqrt(AddScalar(squaredSlopes(critic, x), 1e-12)) // The root has no slope at 0.
}

// squaredSlopes are ‖∇D(x)‖², [batch].
func squaredSlopes(critic func(x *Node) *Node, x *Node) *Node {
	gradient := Gradient(ReduceAllSum(critic(x)), x)[0]
	return ReduceSum(Square(Reshape(gradient, x.Shape().Dim(0), -1)), 1)
}
