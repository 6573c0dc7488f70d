package gan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// experimentName is what config.json says a run of this package is of.
const experimentName = "gan"

// The metrics of an iteration, in the order in which [Iteration] returns them.
const (
	// LossD is D's hinge loss in its last step: 2 where it knows nothing, 0 where it tells all pictures.
	LossD = "D"
	// LossG is G's loss, −E[D(G(z))].
	LossG = "G"
	// Penalty is the DRAGAN penalty, before its weight.
	Penalty = "penalty"
)

// Where the variables of a run lie in its checkpoints.
const (
	generatorScope     = "generator"
	discriminatorScope = "discriminator"
	averageScope       = "average" // The moving average of the generator's.
)

// Inputs are what one iteration works on. All but the pictures and their labels is random; see [DrawInputs].
type Inputs struct {
	// Pictures are real ones, [steps of D, batch, size, size, 3] in [-1, 1], and Labels their classes, [steps of D, batch] int32.
	Pictures, Labels *Node
	// Noise, [steps of D + 1, batch, noise], and FakeLabels, [steps of D + 1, batch] int32, are what G draws from.
	Noise, FakeLabels *Node
	// Uniform moves the pictures for the penalty: like Pictures, in [0, 1).
	Uniform *Node
}

// DrawInputs completes a batch of pictures with what is drawn at random: the noise, a hair colour for each portrait, each
// as likely as another, and the penalty's U.
func DrawInputs(scope *model.Scope, config Config, pictures, labels *Node) Inputs {
	g, draws := pictures.Graph(), config.DiscriminatorSteps+1
	return Inputs{
		Pictures: pictures, Labels: labels,
		Noise:      scope.RandomNormal(g, shapes.Make(dtypes.Float32, draws, config.Batch, config.Noise)),
		FakeLabels: scope.RandomIntN(g, int32(len(config.Classes)), shapes.Make(dtypes.Int32, draws, config.Batch)),
		Uniform:    scope.RandomUniform(g, pictures.Shape()),
	}
}

// Iteration builds one iteration of training: steps of D, two in the article, and then one of G, as one program. It returns
// D's loss and the penalty of its last step, and G's loss, in the order of [LossD], [LossG], [Penalty].
func Iteration(scope *model.Scope, config Config, network Network, inputs Inputs) []*Node {
	g := inputs.Pictures.Graph()
	scope.Store().SetTraining(g, true)
	scopeG, scopeD := scope.At("%s", generatorScope), scope.At("%s", discriminatorScope)
	generate := func(step int) (pictures, oneHot *Node) {
		oneHot = config.oneHot(row(inputs.FakeLabels, step))
		return network.Generator(scopeG, config, row(inputs.Noise, step), oneHot), oneHot
	}

	var lossD, penalty *Node
	for step := range config.DiscriminatorSteps {
		real, realY := row(inputs.Pictures, step), config.oneHot(row(inputs.Labels, step))
		fake, fakeY := generate(step)

		// Both halves in one pass: nothing in D looks across the batch.
		both, bothY := Concatenate([]*Node{real, StopGradient(fake)}, 0), Concatenate([]*Node{realY, fakeY}, 0)
		scores := Split(network.Discriminator(scopeD, config, both, bothY), 0, 2)
		lossD = DiscriminatorHinge(scores[0], scores[1])

		critic := func(x *Node) *Node { return network.Discriminator(scopeD, config, x, realY) }
		penalty = DRAGAN(critic, real, row(inputs.Uniform, step))
		config.adam("discriminator").UpdateGraph(scopeD, g, Add(lossD, MulScalar(penalty, config.PenaltyWeight)))
	}

	nn.Freeze(scopeD, g)
	fake, fakeY := generate(config.DiscriminatorSteps)
	lossG := GeneratorHinge(network.Discriminator(scopeD, config, fake, fakeY))
	config.adam("generator").UpdateGraph(scopeG, g, lossG)
	if config.AverageDecay > 0 {
		nn.Average(scopeG, scope.At("%s", averageScope), g, config.AverageDecay)
	}
	return []*Node{lossD, lossG, penalty}
}

// row returns element i of the first axis.
func row(x *Node, i int) *Node { return Squeeze(Slice(x, AxisElem(i)), 0) }

// oneHot turns labels, [batch], into [batch, classes].
func (c Config) oneHot(labels *Node) *Node { return OneHot(labels, len(c.Classes), dtypes.Float32) }

// adam returns the optimiser of a network.
func (c Config) adam(network string) optimizer.Interface {
	return nn.Adam(network, c.LearningRate, c.Beta1, c.Beta2)
}

// TrainOptions say how a run is trained, apart from what decides its numbers, which is all in its [Config].
type TrainOptions struct {
	Backend compute.Backend
	// Set holds the pictures, of the configuration's classes. Nil: what the configuration names.
	Set dataset.Set
	// SaveEvery is the number of steps between checkpoints, SampleEvery between pictures of the same noise in
	// figures/progress; 0: at the end only, and none.
	SaveEvery, SampleEvery int64
	// Progress and Warn are told how it goes; see [lab.Training].
	Progress lab.Progress
	Warn     func(error)
}

// Train trains the GAN of a configuration in a run directory, or goes on with the training there.
func Train(ctx context.Context, dir string, config Config, options TrainOptions) (summary lab.Summary, err error) {
	if err := config.Validate(); err != nil {
		return summary, fmt.Errorf("configuration: %w", err)
	}
	network, err := config.network()
	if err != nil {
		return summary, err
	}
	set := options.Set
	if set == nil {
		if set, err = config.OpenData(ctx, options.Warn); err != nil {
			return summary, err
		}
	}
	if err := config.checkClasses(set); err != nil {
		return summary, err
	}
	set = dataset.Cached(set, cacheBytes)
	run, err := lab.Create(dir, lab.Experiment{Name: experimentName, Config: config, Seed: config.Seed})
	if err != nil {
		return summary, err
	}
	defer run.Close()
	recorder := recorder{backend: options.Backend, config: config, dir: dir}
	defer recorder.close()
	return lab.Train(ctx, run, lab.Training{
		Backend: options.Backend,
		Steps:   config.Steps,
		Metrics: []string{LossD, LossG, Penalty},
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node {
			return Iteration(scope, config, network, DrawInputs(scope, config, inputs[0], inputs[1]))
		},
		Open:      func(position int64) (lab.Source, error) { return config.Batches(set, position, options.Warn) },
		SaveEvery: options.SaveEvery,
		Show:      recorder.record,
		ShowEvery: options.SampleEvery,
		Progress:  options.Progress,
		Warn:      options.Warn,
	})
}

// OpenData opens the pictures that a configuration names; warn is told of each that is broken.
func (c Config) OpenData(ctx context.Context, warn func(error)) (dataset.Set, error) {
	if c.Data == "" {
		set := dataset.Drawn(c.Seed, c.Drawn)
		return set, c.checkClasses(set)
	}
	set, report, err := dataset.OpenFolder(ctx, c.Data, dataset.FolderOptions{Classes: c.Classes})
	for _, bad := range report.Bad {
		if warn != nil {
			warn(bad)
		}
	}
	return set, err
}

// checkClasses returns an error unless the labels of a set mean what the configuration says.
func (c Config) checkClasses(set dataset.Set) error {
	if classes := set.Classes(); !slices.Equal(classes, c.Classes) {
		return fmt.Errorf("the pictures are of the classes %s, the configuration is of %s", strings.Join(classes, ", "), strings.Join(c.Classes, ", "))
	}
	return nil
}

// batches gives the batches of a loader the form that [Iteration] takes.
type batches struct {
	*dataset.Loader
	steps int // Of D.
}

// Batches reads a set from a position on: an iteration takes a batch for each step of D. warn is told of pictures that
// became unreadable.
func (c Config) Batches(set dataset.Set, position int64, warn func(error)) (lab.Source, error) {
	loader, err := dataset.NewLoader(set, dataset.LoaderOptions{
		Size: c.Size, Batch: c.Batch * c.DiscriminatorSteps, Seed: c.Seed, Flip: c.Flip, Start: position, OnBad: warn,
	})
	return batches{loader, c.DiscriminatorSteps}, err
}

// Next returns pictures and labels.
func (b batches) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	batch, err := b.Loader.Next(ctx)
	if err != nil {
		return nil, err
	}
	defer batch.Release() // FromFlatData copies.
	n := batch.N / b.steps
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(batch.Pictures, b.steps, n, batch.Size, batch.Size, 3),
		tensors.FromFlatDataAndDimensions(batch.Labels, b.steps, n),
	}, nil
}
