package gan

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/moelab/moelab/nn"
)

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
		Of: func(critic func(x *Node) *Node, real, _, uniform *Node) *Node {
			return nn.DRAGAN(critic, real, uniform)
		},
		Formula: "E[(‖∇D‖ − 1)²]",
	},
	penaltyWGANGP: {
		Of: func(critic func(x *Node) *Node, real, fake, uniform *Node) *Node {
			epsilon := Slice(uniform, AxisRange(), AxisElem(0), AxisElem(0), AxisElem(0)) // A picture's first number.
			return nn.WGANGP(critic, real, fake, epsilon)
		},
		Formula: "E[(‖∇D‖ − 1)²]",
	},
	penaltyR1: {
		Of:      func(critic func(x *Node) *Node, real, _, _ *Node) *Node { return nn.R1(critic, real) },
		Formula: "½·E[‖∇D‖²]",
	},
	PenaltyNone: {},
}
