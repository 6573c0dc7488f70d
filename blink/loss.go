package blink

import . "github.com/gomlx/gomlx/core/graph"

// MeanAbsoluteError is the article's content loss, mean |x − y|, of colours in [0, 1].
//
//	x, y: of one shape, in [-1, 1] → scalar
func MeanAbsoluteError(x, y *Node) *Node { return MulScalar(ReduceAllMean(Abs(Sub(x, y))), 0.5) }

// The losses of D and G are those of Goodfellow et al. 2014, with G's as it is used, −log D, or where D's weights are clipped those of Arjovsky et al. 2017.
//
//	real, fake: D's scores, [batch] → scalar

// DiscriminatorLoss is ½·E[−log σ(real)] + ½·E[−log(1 − σ(fake))]: log 2 where D knows nothing.
func DiscriminatorLoss(real, fake *Node) *Node {
	return MulScalar(Add(ReduceAllMean(Softplus(Neg(real))), ReduceAllMean(Softplus(fake))), 0.5)
}

// GeneratorLoss is E[−log σ(fake)].
func GeneratorLoss(fake *Node) *Node { return ReduceAllMean(Softplus(Neg(fake))) }

// CriticLoss is E[fake] − E[real], WGAN's loss of D (equation 2, as something to make small).
func CriticLoss(real, fake *Node) *Node { return Sub(ReduceAllMean(fake), ReduceAllMean(real)) }

// CriticGeneratorLoss is −E[fake], WGAN's loss of G.
func CriticGeneratorLoss(fake *Node) *Node { return Neg(ReduceAllMean(fake)) }
