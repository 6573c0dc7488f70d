package esrgan

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/train/loss"
)

// Loss is an adversarial loss: the objectives of D and G. Both are functions of D's logits, [batch] → scalar.
type Loss struct {
	Discriminator func(real, fake *Node) *Node
	Generator     func(real, fake *Node) *Node
}

// AdversarialLosses are the adversarial losses: "relativistic", ESRGAN's, and "standard", SRGAN's.
var AdversarialLosses = map[string]Loss{
	"standard": {
		Discriminator: StandardDiscriminator,
		Generator:     func(_, fake *Node) *Node { return StandardGenerator(fake) },
	},
	"relativistic": {RelativisticDiscriminator, RelativisticGenerator},
}

// loss returns the adversarial loss of a configuration.
func (c Config) loss() Loss {
	if c.Relativistic {
		return AdversarialLosses["relativistic"]
	}
	return AdversarialLosses["standard"]
}

// PixelLosses are the distances of pixels that a [Config] can name.
var PixelLosses = map[string]func(x, y *Node) *Node{"l1": L1, "l2": L2}

// StandardDiscriminator is the loss of SRGAN's D (Goodfellow et al. 2014): BCE(D(x_r), 1) + BCE(D(x_f), 0), halved as
// the relativistic one is, so that the two can be compared. It is log 2 for a D that knows nothing.
//
//	real, fake: D's logits, [batch] → scalar
func StandardDiscriminator(real, fake *Node) *Node {
	return MulScalar(Add(bce(real, 1), bce(fake, 0)), 0.5)
}

// StandardGenerator is the non-saturating loss of SRGAN's G: BCE(D(x_f), 1) (Ledig et al. 2017, equation 6).
//
//	fake: D's logits, [batch] → scalar
func StandardGenerator(fake *Node) *Node { return bce(fake, 1) }

// RelativisticDiscriminator is the loss of ESRGAN's D (Jolicoeur-Martineau 2018; Wang et al. 2018, equation 1): is a
// real picture more real than the average of the fakes, and a fake less than the average of the real ones?
//
//	½·[BCE(D(x_r) − E D(x_f), 1) + BCE(D(x_f) − E D(x_r), 0)]
//
//	real, fake: D's logits, [batch] → scalar
func RelativisticDiscriminator(real, fake *Node) *Node {
	return MulScalar(Add(
		bce(Sub(real, ReduceAllMean(fake)), 1),
		bce(Sub(fake, ReduceAllMean(real)), 0)), 0.5)
}

// RelativisticGenerator is the loss of ESRGAN's G (Wang et al. 2018, equation 2): the same with the labels swapped. It
// depends on the real pictures' logits, which G cannot change.
//
//	real, fake: D's logits, [batch] → scalar
func RelativisticGenerator(real, fake *Node) *Node {
	real = StopGradient(real)
	return MulScalar(Add(
		bce(Sub(real, ReduceAllMean(fake)), 0),
		bce(Sub(fake, ReduceAllMean(real)), 1)), 0.5)
}

// bce is the mean binary cross-entropy of logits and one label for all.
func bce(logits *Node, label float64) *Node {
	labels := Add(ZerosLike(logits), Scalar(logits.Graph(), logits.DType(), label))
	return ReduceAllMean(loss.BinaryCrossentropyLogits([]*Node{labels}, []*Node{logits}))
}

// L1 is the mean absolute error; see [L2] for the squared one.
//
//	x, y: the same shape → scalar
func L1(x, y *Node) *Node { return ReduceAllMean(Abs(Sub(x, y))) }

// L2 is the mean squared error; see [L1].
func L2(x, y *Node) *Node { return ReduceAllMean(Square(Sub(x, y))) }

// Perceptual is the distance of two pictures in a network's features: the sum over its layers of weight times mean
// absolute difference (Wang et al. 2018, section 3.3; the paper's code uses L1, SRGAN's the squared error).
//
//	x, y: per layer [batch, height, width, channels] → scalar
func Perceptual(x, y []*Node, weights []float64) *Node {
	var sum *Node
	for i, weight := range weights {
		if weight == 0 {
			continue
		}
		term := MulScalar(L1(x[i], y[i]), weight)
		if sum == nil {
			sum = term
		} else {
			sum = Add(sum, term)
		}
	}
	return sum
}
