package gan

import . "github.com/gomlx/gomlx/core/graph"

// Penalties bound D's slope, in addition to its loss.
const (
	penaltyDRAGAN = "dragan" // The article's.
	penaltyWGANGP = "wgan-gp"
	penaltyR1     = "r1"
	PenaltyNone   = "none"
)

// Kinds of clipping in D's steps. The article speaks of clipping gradients where WGAN clips weights: they are two
// things.
const (
	// clipWeights brings each weight of D into [−limit, limit] after a step, as WGAN does (Arjovsky et al. 2017, algorithm
	// 1).
	clipWeights = "weights"
	// clipGradients brings each element of Adam's input gradient into [−limit, limit]. It does not bound D's slope, only
	// its steps, and hardly even those with Adam, which divides by the gradient's size.
	clipGradients = "gradients"
	clipNone      = "none"
)

// Penalty is a gradient penalty of D.
type Penalty struct {
	// Of computes the penalty. It differentiates D, so that its own gradient is one of the second order.
	//
	//	critic: D's scores of pictures; real, fake: [batch, height, width, 3]; uniform: the same shape, in [0, 1) → scalar
	Of func(critic func(x *Node) *Node, real, fake, uniform *Node) *Node
	// Formula is a short formula.
	Formula string
}

// Penalties are the penalties that a [Config] can name.
var Penalties = map[string]Penalty{
	penaltyDRAGAN: {
		Of:      func(critic func(x *Node) *Node, real, _, uniform *Node) *Node { return DRAGAN(critic, real, uniform) },
		Formula: "E[(‖∇D‖ − 1)²]",
	},
	penaltyWGANGP: {Of: WGANGP, Formula: "E[(‖∇D‖ − 1)²]"},
	penaltyR1: {
		Of:      func(critic func(x *Node) *Node, real, _, _ *Node) *Node { return R1(critic, real) },
		Formula: "½·E[‖∇D‖²]",
	},
	PenaltyNone: {},
}

// DRAGAN is the gradient penalty of Kodali et al. 2017, E[(‖∇D(x̂)‖₂ − 1)²], at real pictures perturbed by noise:
//
//	x̂ = x + 0.5·std(x)·U,  U uniform on [0, 1) in the shape of x,  std over the whole batch
//
// critic gives D's scores of pictures; real: [batch, height, width, 3]; uniform: U; the result is a scalar.
func DRAGAN(critic func(x *Node) *Node, real, uniform *Node) *Node {
	deviation := Sqrt(ReduceAllMean(Square(Sub(real, ReduceAllMean(real)))))
	moved := Add(real, Mul(MulScalar(deviation, 0.5), uniform))
	return ReduceAllMean(Square(AddScalar(slopes(critic, moved), -1)))
}

// WGANGP is the gradient penalty of Gulrajani et al. 2017, E[(‖∇D(x̂)‖₂ − 1)²], between real and generated pictures:
//
//	x̂ = ε·x + (1 − ε)·G(z),  ε uniform on [0, 1), one for each pair
//
// ε is the first of a picture's numbers in uniform.
func WGANGP(critic func(x *Node) *Node, real, fake, uniform *Node) *Node {
	epsilon := Slice(uniform, AxisRange(), AxisElem(0), AxisElem(0), AxisElem(0)) // [batch, 1, 1, 1]
	between := Add(fake, Mul(epsilon, Sub(real, fake)))
	return ReduceAllMean(Square(AddScalar(slopes(critic, between), -1)))
}

// R1 is the gradient penalty of Mescheder et al. 2018, equation 9: ½·E[‖∇D(x)‖²] at the real pictures themselves. Its
// weight is their γ.
func R1(critic func(x *Node) *Node, real *Node) *Node {
	gradient := Gradient(ReduceAllSum(critic(real)), real)[0]
	return MulScalar(ReduceAllMean(ReduceSum(Square(gradient), 1, 2, 3)), 0.5)
}

// slopes are ‖∇D(x)‖₂, [batch].
func slopes(critic func(x *Node) *Node, x *Node) *Node {
	gradient := Gradient(ReduceAllSum(critic(x)), x)[0]
	return Sqrt(AddScalar(ReduceSum(Square(gradient), 1, 2, 3), 1e-12)) // The root has no slope at 0.
}
