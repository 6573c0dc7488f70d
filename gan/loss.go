package gan

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/train/loss"
)

// The losses of the article and of the papers around it.
const (
	lossHinge         = "hinge" // The article's.
	lossNonSaturating = "non-saturating"
	lossWasserstein   = "wgan"
	lossRelativistic  = "relativistic"
)

// Loss is a pair of objectives for D and G. Both are functions of D's scores, [batch] → scalar.
type Loss struct {
	// Discriminator is D's loss on real and generated pictures.
	Discriminator func(real, fake *Node) *Node
	// Generator is G's loss. real is nil unless NeedsReal is set.
	Generator func(real, fake *Node) *Node
	// NeedsReal is set if G's loss takes the scores of real pictures too.
	NeedsReal bool
	// Unbounded is set if D's loss falls for ever unless something bounds D's slope.
	Unbounded bool
}

// Losses are the losses that a [Config] can name. Add one of your own here; see docs/EXTENDING.md.
var Losses = map[string]Loss{
	lossHinge:         {Discriminator: DiscriminatorHinge, Generator: ofFake(GeneratorLinear)},
	lossNonSaturating: {Discriminator: DiscriminatorNonSaturating, Generator: ofFake(GeneratorNonSaturating)},
	lossWasserstein:   {Discriminator: DiscriminatorWasserstein, Generator: ofFake(GeneratorLinear), Unbounded: true},
	lossRelativistic:  {Discriminator: DiscriminatorRelativistic, Generator: GeneratorRelativistic, NeedsReal: true},
}

// ofFake is a loss of G that does not depend on the scores of real pictures.
func ofFake(loss func(fake *Node) *Node) func(real, fake *Node) *Node {
	return func(_, fake *Node) *Node { return loss(fake) }
}

// DiscriminatorHinge is the hinge loss of D: E[max(0, 1 − D(x))] + E[max(0, 1 + D(G(z)))] (Lim & Ye 2017; Miyato et al.
// 2018, equation 16). It is 2 for a D that knows nothing and 0 for one that is right by a margin on every picture.
//
//	real, fake: D's scores, [batch] → scalar
func DiscriminatorHinge(real, fake *Node) *Node {
	return Add(ReduceAllMean(positive(OneMinus(real))), ReduceAllMean(positive(AddScalar(fake, 1))))
}

// GeneratorLinear is the loss of G that goes with D's hinge and Wasserstein losses: −E[D(G(z))].
//
//	fake: D's scores, [batch] → scalar
func GeneratorLinear(fake *Node) *Node { return Neg(ReduceAllMean(fake)) }

// DiscriminatorNonSaturating is the cross-entropy of D, whose scores are logits: −E[log σ(D(x))] − E[log(1 −
// σ(D(G(z))))] (Goodfellow et al. 2014, equation 1). It is 2·log 2 for a D that knows nothing.
//
//	real, fake: D's scores, [batch] → scalar
func DiscriminatorNonSaturating(real, fake *Node) *Node {
	return Add(crossEntropy(real, 1), crossEntropy(fake, 0))
}

// GeneratorNonSaturating is the loss of G that does not fade when D wins: −E[log σ(D(G(z)))] (section 3).
//
//	fake: D's scores, [batch] → scalar
func GeneratorNonSaturating(fake *Node) *Node { return crossEntropy(fake, 1) }

// DiscriminatorWasserstein is the loss of WGAN's critic: −(E[D(x)] − E[D(G(z))]) (Arjovsky et al. 2017, equation 2).
// For a 1-Lipschitz D its negative is a lower bound of the distance between real and generated pictures.
//
//	real, fake: D's scores, [batch] → scalar
func DiscriminatorWasserstein(real, fake *Node) *Node {
	return Sub(ReduceAllMean(fake), ReduceAllMean(real))
}

// DiscriminatorRelativistic is the relativistic average loss of D (Jolicoeur-Martineau 2018, equations 8 and 9): is a
// real picture more real than generated ones are on average, and a generated one less than real ones? It is 2·log 2 for
// a D that knows nothing.
//
//	−E[log σ(D(x) − E D(G(z)))] − E[log(1 − σ(D(G(z)) − E D(x)))]
//
//	real, fake: D's scores, [batch] → scalar
func DiscriminatorRelativistic(real, fake *Node) *Node {
	return Add(
		crossEntropy(Sub(real, ReduceAllMean(fake)), 1),
		crossEntropy(Sub(fake, ReduceAllMean(real)), 0))
}

// GeneratorRelativistic is G's side of [DiscriminatorRelativistic]: the same with real and fake swapped.
//
//	real, fake: D's scores, [batch] → scalar
func GeneratorRelativistic(real, fake *Node) *Node { return DiscriminatorRelativistic(fake, real) }

// crossEntropy is the mean binary cross-entropy of logits and one label for all of them.
func crossEntropy(logits *Node, label float64) *Node {
	labels := AddScalar(ZerosLike(logits), label)
	return ReduceAllMean(loss.BinaryCrossentropyLogits([]*Node{labels}, []*Node{logits}))
}

// Classification is the loss of AC-GAN's second head: the mean cross-entropy −E[log P(y|x)] (Odena et al. 2017,
// equation 3).
//
//	logits, oneHot: [batch, classes] → scalar
func Classification(logits, oneHot *Node) *Node {
	return Neg(ReduceAllMean(ReduceSum(Mul(oneHot, LogSoftmax(logits)), -1)))
}

// classification is the sum of the [Classification] losses of the hair colour and of the attributes. An unknown
// attribute adds nothing.
//
//	logits, oneHot: [batch, classes of all] → scalar
func (c Config) classification(logits, oneHot *Node) (total *Node) {
	begin := 0
	for _, attribute := range c.labels() {
		classes := len(attribute.Classes)
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
