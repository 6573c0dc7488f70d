package esrgan

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/moelab/moelab/nn"
)

// What config.json says a run of this package is of: the whole, and the pretraining of G in the run's folder "pretrain".
const (
	experimentName = "esrgan"
	pretrainName   = "esrgan pretraining"
	pretrainDir    = "pretrain"
)

// The metrics of an iteration, in the order in which [Iteration] returns them. A part of G's loss is told before its weight.
const (
	// LossD is D's adversarial loss: log 2 where it knows nothing.
	LossD = "D"
	// LossG is G's adversarial loss.
	LossG = "G"
	// LossPixel is the distance of the pixels, L1 or L2.
	LossPixel = "pixel"
	// LossPerceptual is the distance of VGG16's features.
	LossPerceptual = "perceptual"
)

// Where the variables of a run lie in its checkpoints. VGG16's are not saved.
const (
	generatorScope     = "generator"
	discriminatorScope = "discriminator"
	averageScope       = "average" // The moving average of the generator's.
	vggScope           = "vgg"
)

// Iteration builds one iteration of adversarial training: a step of D and a step of G, as one program. It returns the metrics [LossD], [LossG],
// [LossPixel] and [LossPerceptual]; a part of weight 0 is 0.
//
//	low: [batch, crop/4, crop/4, 3], high: [batch, crop, crop, 3], both in [0, 1]
func Iteration(scope *model.Scope, config Config, network Network, vgg *VGG, low, high *Node) []*Node {
	g := low.Graph()
	scope.Store().SetTraining(g, true)
	scopeG, scopeD := scope.At("%s", generatorScope), scope.At("%s", discriminatorScope)
	fake := network.Generator(scopeG, config, low)

	// Real and fake pictures apart: batch normalisation looks across the batch.
	discriminate := func(x *Node) *Node { return network.Discriminator(scopeD, config, x) }
	lossD := config.discriminatorLoss(discriminate(high), discriminate(StopGradient(fake)))
	config.adam("adam_discriminator").UpdateGraph(scopeD, g, lossD)

	freeze(scopeD, g)
	lossG := config.generatorLoss(StopGradient(discriminate(high)), discriminate(fake))
	pixel, perceptual := config.distances(scope, config.Weights, vgg, fake, high)
	total := config.Weights.total(lossG, pixel, perceptual)
	config.updateGenerator(scope, g, total)
	return []*Node{lossD, lossG, pixel, perceptual}
}

// PretrainIteration builds one iteration of the pretraining: a step of G alone. It returns the metrics [LossPixel] and [LossPerceptual].
func PretrainIteration(scope *model.Scope, config Config, network Network, vgg *VGG, low, high *Node) []*Node {
	g := low.Graph()
	scope.Store().SetTraining(g, true)
	fake := network.Generator(scope.At("%s", generatorScope), config, low)
	pixel, perceptual := config.distances(scope, config.Pretrain, vgg, fake, high)
	config.updateGenerator(scope, g, config.Pretrain.total(ScalarZero(g, low.DType()), pixel, perceptual))
	return []*Node{pixel, perceptual}
}

// discriminatorLoss and generatorLoss are the adversarial losses that the configuration asks for.
func (c Config) discriminatorLoss(real, fake *Node) *Node {
	if c.Relativistic {
		return RelativisticDiscriminator(real, fake)
	}
	return StandardDiscriminator(real, fake)
}

func (c Config) generatorLoss(real, fake *Node) *Node {
	if c.Relativistic {
		return RelativisticGenerator(real, fake)
	}
	return StandardGenerator(fake)
}

// distances are those of the fake pictures from the true ones in pixels and in features, 0 where their weight is.
func (c Config) distances(scope *model.Scope, weights Losses, vgg *VGG, fake, high *Node) (pixel, perceptual *Node) {
	pixel, perceptual = ScalarZero(fake.Graph(), fake.DType()), ScalarZero(fake.Graph(), fake.DType())
	if weights.Pixel > 0 {
		distance := map[string]func(x, y *Node) *Node{"l1": L1, "l2": L2}[c.Pixel]
		pixel = distance(fake, high)
	}
	if weights.Perceptual > 0 {
		features := func(x *Node) []*Node {
			return vgg.Features(scope.At("%s", vggScope), x, len(c.LayerWeights), c.BeforeReLU)
		}
		perceptual = Perceptual(features(fake), features(StopGradient(high)), c.LayerWeights)
	}
	return pixel, perceptual
}

// total is the weighted sum of the parts of G's loss.
func (l Losses) total(adversarial, pixel, perceptual *Node) *Node {
	return Add(Add(MulScalar(adversarial, l.Adversarial), MulScalar(pixel, l.Pixel)), MulScalar(perceptual, l.Perceptual))
}

// updateGenerator takes a step of G down its loss, and moves the average of its weights.
func (c Config) updateGenerator(scope *model.Scope, g *Graph, loss *Node) {
	scopeG := scope.At("%s", generatorScope)
	c.adam("adam_generator").UpdateGraph(scopeG, g, loss)
	if c.AverageDecay > 0 {
		nn.Average(scopeG, scope.At("%s", averageScope), g, c.AverageDecay)
	}
}

// adam returns an optimiser that keeps its moments under a name of its own.
func (c Config) adam(name string) optimizer.Interface {
	return optimizer.Adam().Scope(name).LearningRate(c.LearningRate).Betas(c.Beta1, c.Beta2).Done()
}

// freeze hides the weights of a scope from the gradients that are taken afterwards. Without it the gradient of G's loss would
// be followed through D's own update, which is part of the same program.
func freeze(scope *model.Scope, g *Graph) {
	for v := range scope.IterVariables() {
		if v.InUseByGraph(g) {
			v.SetNodeValue(StopGradient(v.NodeValue(g)))
		}
	}
}
