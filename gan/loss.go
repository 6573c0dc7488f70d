package gan

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// DiscriminatorHinge is the hinge loss of D: E[max(0, 1 − D(x))] + E[max(0, 1 + D(G(z)))] (Lim & Ye 2017; Miyato et al.
// 2018, equation 16). It is 2 where D knows nothing and 0 where it tells every picture with margin.
//
//	real, fake: D's scores, [batch] → scalar
func DiscriminatorHinge(real, fake *Node) *Node {
	return Add(ReduceAllMean(positive(OneMinus(real))), ReduceAllMean(positive(AddScalar(fake, 1))))
}

// GeneratorHinge is the loss of G: −E[D(G(z))].
//
//	fake: D's scores, [batch] → scalar
func GeneratorHinge(fake *Node) *Node { return Neg(ReduceAllMean(fake)) }

// positive returns max(x, 0).
func positive(x *Node) *Node { return MaxScalar(x, 0) }

// DRAGAN is the gradient penalty of Kodali et al. 2017, E[(‖∇D(x̂)‖₂ − 1)²], at real pictures moved by noise:
//
//	x̂ = x + 0.5·std(x)·U,  U uniform on [0, 1) in the shape of x,  std over the whole batch
//
// critic gives D's scores of pictures; real: [batch, height, width, 3]; uniform: U; the result is a scalar. It differentiates
// D, so that its own gradient is one of the second order.
func DRAGAN(critic func(x *Node) *Node, real, uniform *Node) *Node {
	deviation := Sqrt(ReduceAllMean(Square(Sub(real, ReduceAllMean(real)))))
	moved := Add(real, Mul(MulScalar(deviation, 0.5), uniform))
	gradient := Gradient(ReduceAllSum(critic(moved)), moved)[0]
	norm := Sqrt(AddScalar(ReduceSum(Square(gradient), 1, 2, 3), 1e-12)) // [batch]
	return ReduceAllMean(Square(AddScalar(norm, -1)))
}
