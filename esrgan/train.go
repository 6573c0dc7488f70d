package esrgan

import (
	"context"
	"fmt"
	"path/filepath"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/moelab/moelab/nn"
)

// The metrics of an iteration, in the order in which [Iteration] returns them. The parts of G's loss are unweighted.
const (
	// metricD is D's adversarial loss: log 2 for a D that knows nothing.
	metricD = "D"
	// metricG is G's adversarial loss.
	metricG = "G"
	// metricPixel is the pixel loss, L1 or L2.
	metricPixel = "pixel"
	// metricPerceptual is the distance of VGG16's features.
	metricPerceptual = "perceptual"
	// metricRanking is the share of pairs of a real and a restored picture that D ranks correctly ([nn.Ranking]).
	metricRanking = "ranking"
)

// vggScope is the scope of VGG16's variables in the model. They are not saved.
const vggScope = "vgg"

// Iteration builds one iteration of adversarial training: a step of D and a step of G, as one program. It returns the
// metrics D, G, pixel and perceptual, of which those with weight 0 are 0, and ranking.
//
//	low: [batch, crop/4, crop/4, 3], high: [batch, crop, crop, 3], both in [0, 1]
func Iteration(scope *model.Scope, config Config, network Network, vgg *vgg.Network, low, high *Node) []*Node {
	g := low.Graph()
	scope.Store().SetTraining(g, true)
	scopeG, scopeD := scope.At(lab.GeneratorScope), scope.At(lab.DiscriminatorScope)
	fake := network.Generator(scopeG, config, low)

	// Real and fake pictures go separately, since batch normalisation looks across the batch.
	discriminate := func(x *Node) *Node { return network.Discriminator(scopeD, config, x) }
	loss := config.loss()
	real, rejected := discriminate(high), discriminate(StopGradient(fake))
	lossD := loss.Discriminator(real, rejected)
	config.Adam(lab.DiscriminatorScope).UpdateGraph(scopeD, g, lossD)

	nn.Freeze(scopeD, g)
	lossG := loss.Generator(StopGradient(discriminate(high)), discriminate(fake))
	pixel, perceptual := config.distances(scope, config.Weights, vgg, fake, high)
	total := config.Weights.total(lossG, pixel, perceptual)
	config.updateGenerator(scope, g, total)
	return []*Node{lossD, lossG, pixel, perceptual, nn.Ranking(real, rejected)}
}

// watch watches whether D wins.
func (c Config) watch() func(step int64, values map[string]float64) error {
	return lab.NewWatch([]string{metricRanking}, func(w *lab.Watch) []lab.Trouble {
		return []lab.Trouble{w.DWins(metricRanking,
			fmt.Sprintf("learning_rate=%.2g", c.LearningRate/4),
			fmt.Sprintf("discriminator_channels=%d", max(c.DiscriminatorChannels/2, 1)))}
	}).Step
}

// PretrainIteration builds one iteration of the pretraining: a step of G alone. It returns the metrics pixel and
// perceptual.
func PretrainIteration(scope *model.Scope, config Config, network Network, vgg *vgg.Network, low, high *Node) []*Node {
	g := low.Graph()
	scope.Store().SetTraining(g, true)
	fake := network.Generator(scope.At(lab.GeneratorScope), config, low)
	pixel, perceptual := config.distances(scope, config.Pretrain, vgg, fake, high)
	config.updateGenerator(scope, g, config.Pretrain.total(ScalarZero(g, low.DType()), pixel, perceptual))
	return []*Node{pixel, perceptual}
}

// distances returns the distances of the fake pictures from the true ones in pixels and in features, 0 for those of
// weight 0.
func (c Config) distances(
	scope *model.Scope, weights Losses, vgg *vgg.Network, fake, high *Node,
) (pixel, perceptual *Node) {
	pixel, perceptual = ScalarZero(fake.Graph(), fake.DType()), ScalarZero(fake.Graph(), fake.DType())
	if weights.Pixel > 0 {
		pixel = PixelLosses[c.Pixel](fake, high)
	}
	if weights.Perceptual > 0 {
		features := func(x *Node) []*Node {
			return vgg.Features(scope.At(vggScope), x, len(c.LayerWeights), c.BeforeReLU)
		}
		perceptual = Perceptual(features(fake), features(StopGradient(high)), c.LayerWeights)
	}
	return pixel, perceptual
}

// total returns the weighted sum of the parts of G's loss.
func (l Losses) total(adversarial, pixel, perceptual *Node) *Node {
	return Add(Add(MulScalar(adversarial, l.Adversarial), MulScalar(pixel, l.Pixel)), MulScalar(perceptual, l.Perceptual))
}

// updateGenerator takes a step of G down its loss, and updates the average of its weights.
func (c Config) updateGenerator(scope *model.Scope, g *Graph, loss *Node) {
	scopeG := scope.At(lab.GeneratorScope)
	c.Adam(lab.GeneratorScope).UpdateGraph(scopeG, g, loss)
	if c.AverageDecay > 0 {
		nn.Average(scopeG, scope.At(lab.AverageScope), g, c.AverageDecay)
	}
}

// Train trains G alone in the run's folder "pretrain", which is a run of its own, and then G and D from there; or it
// resumes an earlier training. The summary is of the second part.
func Train(ctx context.Context, dir string, config Config, options lab.TrainOptions) (summary lab.Summary, err error) {
	if err := config.Validate(); err != nil {
		return summary, fmt.Errorf("configuration: %w", err)
	}
	network, err := config.network()
	if err != nil {
		return summary, err
	}
	vgg, err := config.OpenVGG()
	if err != nil {
		return summary, err
	}
	found := config
	if found.Data, err = lab.FindData(dir, config.Data); err != nil {
		return summary, err
	}
	run, err := Experiment.Create(dir, config)
	if err != nil {
		return summary, err
	}
	defer run.Close()
	pictures, err := found.OpenData(ctx, options.Warn)
	if err != nil {
		return summary, err
	}
	t := trainer{
		config:   config,
		network:  network,
		vgg:      vgg,
		pictures: dataset.CachedPictures(pictures, cacheBytes),
		options:  options,
	}
	initial, err := t.pretrain(ctx, filepath.Join(dir, pretrainDir))
	if err != nil {
		return summary, err
	}
	training := t.training(config.PretrainSteps)
	training.Steps = config.Steps
	losses := []string{metricD, metricG, metricPixel, metricPerceptual}
	training.Metrics, training.Shown = append(losses, metricRanking), losses
	training.Watch = config.watch()
	training.Iteration = func(scope *model.Scope, inputs []*Node) []*Node {
		return Iteration(scope, config, network, vgg, inputs[0], inputs[1])
	}
	training.Initial = initial
	if config.Weights.Perceptual > 0 {
		training.Fixed = vgg.Variables(vggScope, len(config.LayerWeights))
	}
	return t.train(ctx, run, dir, training)
}

// trainer is the shared part of the two trainings of a run.
type trainer struct {
	config   Config
	network  Network
	vgg      *vgg.Network
	pictures dataset.Pictures
	options  lab.TrainOptions
}

// training returns the settings that both have in common. It reads the crops from the first on.
func (t trainer) training(first int64) lab.Training {
	return lab.Training{
		Backend: t.options.Backend, SaveEvery: t.options.SaveEvery,
		Progress: t.options.Progress, Warn: t.options.Warn, TensorBoard: t.options.TensorBoard,
		Open: func(position int64) (lab.Source, error) {
			return t.config.Batches(t.pictures, first+position, t.options.Warn)
		},
	}
}

// train trains a run, and records crops of it with SampleEvery.
func (t trainer) train(ctx context.Context, run *lab.Run, dir string, training lab.Training) (lab.Summary, error) {
	recorder := recorder{trainer: t, dir: dir}
	defer recorder.close()
	training.Show, training.ShowEvery = recorder.record, t.options.SampleEvery
	return lab.Train(ctx, run, training)
}

// pretrain trains G alone in a run of its own, unless that is done, and returns its weights, with which the second
// training starts.
func (t trainer) pretrain(ctx context.Context, dir string) (lab.Weights, error) {
	config := t.config
	if config.PretrainSteps == 0 {
		return nil, nil
	}
	run, err := Experiment.CreateStage(dir, pretrainName, config.pretraining())
	if err != nil {
		return nil, err
	}
	defer run.Close()
	training := t.training(0)
	training.Steps = config.PretrainSteps
	training.Metrics = []string{metricPixel, metricPerceptual}
	training.Iteration = func(scope *model.Scope, inputs []*Node) []*Node {
		return PretrainIteration(scope, config, t.network, t.vgg, inputs[0], inputs[1])
	}
	if config.Pretrain.Perceptual > 0 {
		training.Fixed = t.vgg.Variables(vggScope, len(config.LayerWeights))
	}
	if _, err := t.train(ctx, run, dir, training); err != nil {
		return nil, fmt.Errorf("pretraining of G: %w", err)
	}
	weights, _, err := run.Weights(nil)
	if err != nil {
		return nil, err
	}
	return weights.Below(lab.GeneratorScope).At(lab.GeneratorScope), nil
}

// pretraining returns the part of a configuration that determines the pretraining's numbers. The rest is set to zero,
// so that other adversarial trainings can reuse the same pretraining.
func (c Config) pretraining() Config {
	c.Steps = c.PretrainSteps
	c.Weights, c.Relativistic, c.DiscriminatorChannels = Losses{}, false, 0
	return c
}
