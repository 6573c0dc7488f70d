package gan

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/train/loss"
)

// What D and G play for.
const (
	// LossHinge is the article's: see [DiscriminatorHinge].
	LossHinge = "hinge"
	// LossNonSaturating is the first GAN's: see [DiscriminatorNonSaturating].
	LossNonSaturating = "non-saturating"
	// LossWasserstein is WGAN's: see [DiscriminatorWasserstein].
	LossWasserstein = "wgan"
)

// game is a pair of losses: D's of its scores of real and generated pictures, and G's of the latter, [batch] → scalar.
type game struct {
	discriminator func(real, fake *Node) *Node
	generator     func(fake *Node) *Node
}

// games are the losses by their names.
var games = map[string]game{
	LossHinge:         {DiscriminatorHinge, GeneratorLinear},
	LossNonSaturating: {DiscriminatorNonSaturating, GeneratorNonSaturating},
	LossWasserstein:   {DiscriminatorWasserstein, GeneratorLinear},
}

// DiscriminatorHinge is the hinge loss of D: E[max(0, 1 − D(x))] + E[max(0, 1 + D(G(z)))] (Lim & Ye 2017; Miyato et al.
// 2018, equation 16). It is 2 where D knows nothing and 0 where it tells every picture with margin.
//
//	real, fake: D's scores, [batch] → scalar
func DiscriminatorHinge(real, fake *Node) *Node {
	return Add(ReduceAllMean(positive(OneMinus(real))), ReduceAllMean(positive(AddScalar(fake, 1))))
}

// GeneratorLinear is the loss of G beside D's hinge and Wasserstein losses: −E[D(G(z))].
//
//	fake: D's scores, [batch] → scalar
func GeneratorLinear(fake *Node) *Node { return Neg(ReduceAllMean(fake)) }

// DiscriminatorNonSaturating is the cross-entropy of D, whose scores are logits: −E[log σ(D(x))] − E[log(1 − σ(D(G(z))))] (Goodfellow et al. 2014, equation 1).
// It is 2·log 2 where D knows nothing.
//
//	real, fake: D's scores, [batch] → scalar
func DiscriminatorNonSaturating(real, fake *Node) *Node {
	return Add(crossEntropy(real, 1), crossEntropy(fake, 0))
}

// GeneratorNonSaturating is the loss of G that does not fade where D wins: −E[log σ(D(G(z)))] (section 3).
//
//	fake: D's scores, [batch] → scalar
func GeneratorNonSaturating(fake *Node) *Node { return crossEntropy(fake, 1) }

// crossEntropy is the mean binary cross-entropy of logits and one label for all of them.
func crossEntropy(logits *Node, label float64) *Node {
	labels := AddScalar(ZerosLike(logits), label)
	return ReduceAllMean(loss.BinaryCrossentropyLogits([]*Node{labels}, []*Node{logits}))
}

// DiscriminatorWasserstein is the loss of WGAN's critic: −(E[D(x)] − E[D(G(z))]) (Arjovsky et al. 2017, equation 2). Where D is 1-Lipschitz, minus this is a lower
// bound of the distance between real and generated pictures.
//
//	real, fake: D's scores, [batch] → scalar
func DiscriminatorWasserstein(real, fake *Node) *Node {
	return Sub(ReduceAllMean(fake), ReduceAllMean(real))
}

// Classification is the loss of AC-GAN's second head: the mean cross-entropy −E[log P(y|x)] (Odena et al. 2017, equation 3).
//
//	logits, oneHot: [batch, classes] → scalar
func Classification(logits, oneHot *Node) *Node {
	return Neg(ReduceAllMean(ReduceSum(Mul(oneHot, LogSoftmax(logits)), -1)))
}

// classification is the [Classification] of the hair colour and of each attribute, added up. One that is not known has no part in it.
//
//	logits, oneHot: [batch, classes of all] → scalar
func (c Config) classification(logits, oneHot *Node) (total *Node) {
	begin := 0
	for _, classes := range c.conditions() {
		part := func(x *Node) *Node { return Slice(x, AxisRange(), AxisRange(begin, begin+classes)) }
		if loss := Classification(part(logits), part(oneHot)); total == nil {
			total = loss
		} else {
			total = Add(total, loss)
		}
		begin += classes
	}
	return total
}

// positive returns max(x, 0).
func positive(x *Node) *Node { return MaxScalar(x, 0) }
