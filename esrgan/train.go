package esrgan

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
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
	config.adam("discriminator").UpdateGraph(scopeD, g, lossD)

	nn.Freeze(scopeD, g)
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
	c.adam("generator").UpdateGraph(scopeG, g, loss)
	if c.AverageDecay > 0 {
		nn.Average(scopeG, scope.At("%s", averageScope), g, c.AverageDecay)
	}
}

// adam returns the optimiser of a network.
func (c Config) adam(network string) optimizer.Interface {
	return nn.Adam(network, c.LearningRate, c.Beta1, c.Beta2)
}

// TrainOptions say how a run is trained, apart from what decides its numbers, which is all in its [Config].
type TrainOptions struct {
	Backend compute.Backend
	// SaveEvery is the number of steps between checkpoints, SampleEvery between pictures of the same details in
	// figures/progress; 0: at the end only, and none.
	SaveEvery, SampleEvery int64
	// Progress and Warn are told how it goes; see [lab.Training]. Progress is told of both trainings in turn.
	Progress lab.Progress
	Warn     func(error)
}

// Train trains G alone in the run's folder "pretrain", which is a run of its own, and then G and D from there; or it goes on with what is
// there. The summary is of the second part.
func Train(ctx context.Context, dir string, config Config, options TrainOptions) (summary lab.Summary, err error) {
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
	run, err := lab.Create(dir, lab.Experiment{Name: experimentName, Config: config, Seed: config.Seed})
	if err != nil {
		return summary, err
	}
	defer run.Close()
	pictures, err := config.OpenData(ctx, options.Warn)
	if err != nil {
		return summary, err
	}
	t := trainer{config: config, network: network, vgg: vgg, pictures: dataset.CachedPictures(pictures, cacheBytes), options: options}
	initial, err := t.pretrain(ctx, filepath.Join(dir, pretrainDir))
	if err != nil {
		return summary, err
	}
	training := t.training(config.PretrainSteps)
	training.Steps = config.Steps
	training.Metrics = []string{LossD, LossG, LossPixel, LossPerceptual}
	training.Iteration = func(scope *model.Scope, inputs []*Node) []*Node {
		return Iteration(scope, config, network, vgg, inputs[0], inputs[1])
	}
	training.Initial = initial
	if config.Weights.Perceptual > 0 {
		training.Fixed = vgg.variables(len(config.LayerWeights))
	}
	return t.train(ctx, run, dir, training)
}

// trainer is what the two trainings of a run share.
type trainer struct {
	config   Config
	network  Network
	vgg      *VGG
	pictures dataset.Pictures
	options  TrainOptions
}

// training is what both have in common. It reads the crops from the first on.
func (t trainer) training(first int64) lab.Training {
	return lab.Training{
		Backend: t.options.Backend, SaveEvery: t.options.SaveEvery, Progress: t.options.Progress, Warn: t.options.Warn,
		Open: func(position int64) (lab.Source, error) {
			return t.config.Batches(t.pictures, first+position, t.options.Warn)
		},
	}
}

// train trains a run, and records crops of it if that is asked for.
func (t trainer) train(ctx context.Context, run *lab.Run, dir string, training lab.Training) (lab.Summary, error) {
	recorder := recorder{trainer: t, dir: dir}
	defer recorder.close()
	training.Show, training.ShowEvery = recorder.record, t.options.SampleEvery
	return lab.Train(ctx, run, training)
}

// pretrain trains G alone in a run of its own, unless that is done, and returns its weights: those that the second training begins with.
func (t trainer) pretrain(ctx context.Context, dir string) (lab.Weights, error) {
	config := t.config
	if config.PretrainSteps == 0 {
		return nil, nil
	}
	run, err := lab.Create(dir, lab.Experiment{Name: pretrainName, Config: config.pretraining(), Seed: config.Seed})
	if err != nil {
		return nil, err
	}
	defer run.Close()
	training := t.training(0)
	training.Steps = config.PretrainSteps
	training.Metrics = []string{LossPixel, LossPerceptual}
	training.Iteration = func(scope *model.Scope, inputs []*Node) []*Node {
		return PretrainIteration(scope, config, t.network, t.vgg, inputs[0], inputs[1])
	}
	if config.Pretrain.Perceptual > 0 {
		training.Fixed = t.vgg.variables(len(config.LayerWeights))
	}
	if _, err := t.train(ctx, run, dir, training); err != nil {
		return nil, fmt.Errorf("pretraining of G: %w", err)
	}
	weights, _, err := run.Weights(nil)
	if err != nil {
		return nil, err
	}
	return onlyBelow(weights, generatorScope), nil
}

// onlyBelow keeps what a network of another training can use: the weights below a scope.
func onlyBelow(weights lab.Weights, scope string) lab.Weights {
	kept := lab.Weights{}
	for path, value := range weights {
		below, ok := strings.CutPrefix(path, scope+"/")
		if ok && nn.IsWeight(below) {
			kept[path] = value
		}
	}
	return kept
}

// pretraining is the part of a configuration that decides the pretraining's numbers: the rest is set to zero, so that
// another adversarial training can begin with the same.
func (c Config) pretraining() Config {
	c.Steps = c.PretrainSteps
	c.Weights, c.Relativistic, c.DiscriminatorChannels = Losses{}, false, 0
	return c
}

// cacheBytes is how much memory the pictures may take, so that they are decoded or drawn once.
const cacheBytes = 2 << 30

// OpenData opens the pictures that a configuration names; warn is told of each that is broken.
func (c Config) OpenData(ctx context.Context, warn func(error)) (dataset.Pictures, error) {
	if c.Data == "" {
		return dataset.Illustrations(c.Seed, c.Drawn), nil
	}
	pictures, report, err := dataset.OpenPictures(ctx, c.Data, dataset.PicturesOptions{})
	if warn != nil {
		for _, bad := range report.Bad {
			warn(bad)
		}
	}
	return pictures, err
}

// batches gives the batches of a loader the form that [Iteration] takes.
type batches struct{ *dataset.CropLoader }

// Batches reads crops of pictures from a position on. warn is told of pictures that became unreadable.
func (c Config) Batches(pictures dataset.Pictures, position int64, warn func(error)) (lab.Source, error) {
	loader, err := dataset.NewCropLoader(pictures, dataset.CropOptions{
		Crop: c.Crop, Batch: c.Batch, Seed: c.Seed, Flip: c.Flip, Degrade: c.Degrade, Start: position, OnBad: warn,
	})
	return batches{loader}, err
}

// Next returns the small and the large pictures.
func (b batches) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	batch, err := b.CropLoader.Next(ctx)
	if err != nil {
		return nil, err
	}
	defer batch.Release() // FromFlatData copies.
	small := batch.Crop / Scale
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(batch.Low, batch.N, small, small, 3),
		tensors.FromFlatDataAndDimensions(batch.High, batch.N, batch.Crop, batch.Crop, 3),
	}, nil
}

// OpenVGG opens the network that the perceptual loss looks through; nil where there is no such loss.
func (c Config) OpenVGG() (*VGG, error) {
	if c.Pretrain.Perceptual == 0 && c.Weights.Perceptual == 0 {
		return nil, nil
	}
	switch c.VGG {
	case "random":
		return &VGG{Style: Random}, nil
	case "installed":
		path := InstalledVGG()
		if path == "" {
			return nil, fmt.Errorf("the perceptual loss needs a trained VGG16, and none is installed: run moelab setup --vgg, or go on with --perceptual random or none")
		}
		return ReadVGG(path)
	default:
		return ReadVGG(c.VGG)
	}
}
