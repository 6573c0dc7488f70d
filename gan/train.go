package gan

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// Iteration builds one iteration of training: the article's two steps of D and then one of G, in one program. It
// returns the losses of the last step of D, of G, and the penalty.
//
//	pictures: [steps of D, batch, size, size, 3] in [-1, 1]; labels: [steps of D, batch] int32
func Iteration(scope *model.Scope, config Config, pictures, labels *Node) []*Node {
	g := pictures.Graph()
	scope.Store().SetTraining(g, true)
	scopeG, scopeD := scope.At("generator"), scope.At("discriminator")
	adam := func(name string) optimizer.Interface {
		return optimizer.Adam().Scope(name).LearningRate(config.LearningRate).Betas(config.Beta1, config.Beta2).Done()
	}
	adamG, adamD := adam("adam_generator"), adam("adam_discriminator")

	var lossD, penalty *Node
	for step := range config.DiscriminatorSteps {
		real := Squeeze(Slice(pictures, AxisElem(step)), 0)
		y := OneHot(Squeeze(Slice(labels, AxisElem(step)), 0), len(config.Classes), dtypes.Float32)
		fake, fakeY := generate(scopeG, config, g)

		scores := Discriminator(scopeD, config, Concatenate([]*Node{real, StopGradient(fake)}, 0), Concatenate([]*Node{y, fakeY}, 0))
		half := Split(scores, 0, 2)
		lossD = DiscriminatorHinge(half[0], half[1])
		penalty = DRAGAN(func(x *Node) *Node { return Discriminator(scopeD, config, x, y) }, real, scope.RandomUniform(g, real.Shape()))
		adamD.UpdateGraph(scopeD, g, Add(lossD, MulScalar(penalty, config.PenaltyWeight)))
	}

	freeze(scopeD, g)
	fake, fakeY := generate(scopeG, config, g)
	lossG := GeneratorHinge(Discriminator(scopeD, config, fake, fakeY))
	adamG.UpdateGraph(scopeG, g, lossG)
	return []*Node{lossD, lossG, penalty}
}

// generate draws noise and colours, each colour as likely as another, and lets G draw portraits of them.
func generate(scope *model.Scope, config Config, g *Graph) (pictures, oneHot *Node) {
	noise := scope.RandomNormal(g, shapes.Make(dtypes.Float32, config.Batch, config.Noise))
	labels := scope.RandomIntN(g, int32(len(config.Classes)), shapes.Make(dtypes.Int32, config.Batch))
	oneHot = OneHot(labels, len(config.Classes), dtypes.Float32)
	return Generator(scope, config, noise, oneHot), oneHot
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
