package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/moelab/moelab/nn"
)

// MeanAbsoluteError is the article's content loss, mean |x − y|, of colours in [0, 1].
//
//	x, y: of one shape, in [-1, 1] → scalar
func MeanAbsoluteError(x, y *Node) *Node { return MulScalar(ReduceAllMean(Abs(Sub(x, y))), 0.5) }

// Loss is an adversarial loss: the objectives of D and G. Both are functions of D's scores, [batch] → scalar.
type Loss struct {
	Discriminator func(real, fake *Node) *Node
	Generator     func(fake *Node) *Node
}

// Losses are the adversarial losses: "standard", or "wgan" for a D whose slope is bounded.
var Losses = map[string]Loss{
	"standard": {DiscriminatorLoss, GeneratorLoss},
	"wgan":     {CriticLoss, CriticGeneratorLoss},
}

// penaltyWGANGP is the gradient penalty that goes with WGAN's loss.
const penaltyWGANGP = "wgan-gp"

// Penalties are the gradient penalties of D.
//
//	critic: D's scores, [batch], of what it sees; real, fake: [batch, ...]; uniform: [videos, frames] in [0, 1) → scalar
var Penalties = map[string]func(critic func(seen *Node) *Node, real, fake, uniform *Node) *Node{
	penaltyWGANGP: func(critic func(seen *Node) *Node, real, fake, uniform *Node) *Node {
		epsilon := SliceAxis(Reshape(uniform, -1), 0, AxisRange(0, real.Shape().Dim(0)))
		return nn.WGANGP(critic, real, fake, epsilon)
	},
	"r1": func(critic func(seen *Node) *Node, real, _, _ *Node) *Node { return nn.R1(critic, real) },
}

// loss returns the adversarial loss of a configuration.
func (c Config) loss() Loss {
	if c.Clip > 0 || c.SingularValues > 0 || c.Penalty == penaltyWGANGP {
		return Losses["wgan"]
	}
	return Losses["standard"]
}

// DiscriminatorLoss is ½·E[−log σ(real)] + ½·E[−log(1 − σ(fake))] (Goodfellow et al. 2014, equation 1): log 2 for a D
// that knows nothing.
//
//	real, fake: D's scores, [batch] → scalar
func DiscriminatorLoss(real, fake *Node) *Node {
	return MulScalar(Add(ReduceAllMean(Softplus(Neg(real))), ReduceAllMean(Softplus(fake))), 0.5)
}

// GeneratorLoss is E[−log σ(fake)] (Goodfellow et al. 2014, section 3).
//
//	fake: D's scores, [batch] → scalar
func GeneratorLoss(fake *Node) *Node { return ReduceAllMean(Softplus(Neg(fake))) }

// CriticLoss is E[fake] − E[real], WGAN's loss of D (Arjovsky et al. 2017, equation 2, as something to minimise).
//
//	real, fake: D's scores, [batch] → scalar
func CriticLoss(real, fake *Node) *Node { return Sub(ReduceAllMean(fake), ReduceAllMean(real)) }

// CriticGeneratorLoss is −E[fake], WGAN's loss of G.
//
//	fake: D's scores, [batch] → scalar
func CriticGeneratorLoss(fake *Node) *Node { return Neg(ReduceAllMean(fake)) }
