package gan

import (
	"context"
	"errors"
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

// The metrics of an iteration.
const (
	// LossD is D's adversarial loss in its last step. The hinge loss is 2 where D knows nothing, 0 where it tells all pictures.
	LossD = "D"
	// LossG is G's adversarial loss.
	LossG = "G"
	// Penalty is the gradient penalty, before its weight.
	Penalty = "penalty"
	// LossClassD and LossClassG are AC-GAN's: how well D tells the classes of real pictures, and of generated ones.
	LossClassD, LossClassG = "class_D", "class_G"
)

// What shows how a training goes; see [watch].
const (
	// Ranking is D's, in its last step: how often it finds a real picture more real than a generated one ([nn.Ranking]).
	Ranking = "ranking"
	// GradientD and GradientG are the lengths of the gradients of D's last step and of G's, before they are clipped.
	GradientD, GradientG = "gradient_D", "gradient_G"
	// Variety is how much the generated pictures of a batch differ from each other, beside the real ones ([nn.Variety]).
	Variety = "variety"
)

// Metrics are the names of what [Iteration] returns, in its order.
func (c Config) Metrics() []string {
	return append(c.Losses(), Ranking, GradientD, GradientG, Variety)
}

// Losses are those of the [Config.Metrics] that are losses, the first of them.
func (c Config) Losses() []string {
	names := []string{LossD, LossG}
	if c.Penalty != PenaltyNone {
		names = append(names, Penalty)
	}
	if c.Conditioning == ConditionACGAN {
		names = append(names, LossClassD, LossClassG)
	}
	return names
}

// Where the variables of a run lie in its checkpoints.
const (
	generatorScope     = "generator"
	discriminatorScope = "discriminator"
	averageScope       = "average" // The moving average of the generator's.
)

// Inputs are what one iteration works on. All but the pictures and their labels is random; see [DrawInputs].
type Inputs struct {
	// Pictures are real ones, [steps of D, batch, size, size, 3] in [-1, 1], and Labels their classes, [steps of D, batch] int32, or
	// [steps of D, batch, 1 + attributes], -1 where an attribute is not known.
	Pictures, Labels *Node
	// Noise, [steps of D + 1, batch, noise], and FakeLabels, like Labels, are what G draws from.
	Noise, FakeLabels *Node
	// Uniform moves the pictures for the penalty: like Pictures, in [0, 1).
	Uniform *Node
	// Disturbance is what is laid on all that D sees, N(0, 1), where there is a [Config.DiscriminatorNoise], else nil: on real pictures, generated ones and the
	// penalty's, [steps of D + 1, 3, batch, size, size, 3].
	Disturbance *Node
}

// What is disturbed, by its place in [Inputs.Disturbance].
const (
	disturbedReal = iota
	disturbedFake
	disturbedMoved
	disturbances
)

// DrawInputs completes a batch of pictures with what is drawn at random: the noise, a hair colour for each portrait, each
// as likely as another, and the penalty's U.
func DrawInputs(scope *model.Scope, config Config, pictures, labels *Node) Inputs {
	g, draws := pictures.Graph(), config.DiscriminatorSteps+1
	inputs := Inputs{
		Pictures: pictures, Labels: labels,
		Noise:      scope.RandomNormal(g, shapes.Make(dtypes.Float32, draws, config.Batch, config.Noise)),
		FakeLabels: drawLabels(scope, config, g),
		Uniform:    scope.RandomUniform(g, pictures.Shape()),
	}
	if config.DiscriminatorNoise > 0 {
		inputs.Disturbance = scope.RandomNormal(g, shapes.Make(dtypes.Float32, draws, disturbances, config.Batch, config.Size, config.Size, 3))
	}
	return inputs
}

// drawLabels draws a class for each portrait, and one of each attribute.
func drawLabels(scope *model.Scope, config Config, g *Graph) *Node {
	var drawn []*Node
	for _, classes := range config.conditions() {
		drawn = append(drawn, scope.RandomIntN(g, int32(classes), shapes.Make(dtypes.Int32, config.DiscriminatorSteps+1, config.Batch)))
	}
	if len(drawn) == 1 {
		return drawn[0]
	}
	return Stack(drawn, -1)
}

// Iteration builds one iteration of training: steps of D, two in the article, and then one of G, as one program. It returns
// the [Config.Metrics], D's of its last step.
func Iteration(scope *model.Scope, config Config, network Network, inputs Inputs) []*Node {
	g := inputs.Pictures.Graph()
	scope.Store().SetTraining(g, true)
	t := training{config, network, scope.At("%s", generatorScope), scope.At("%s", discriminatorScope), inputs, map[string]*Node{}}
	for step := range config.DiscriminatorSteps {
		t.stepD(step)
	}
	nn.Freeze(t.scopeD, g)
	t.stepG()
	if config.AverageDecay > 0 {
		nn.Average(t.scopeG, scope.At("%s", averageScope), g, config.AverageDecay)
	}
	var metrics []*Node
	for _, name := range config.Metrics() {
		metrics = append(metrics, t.metrics[name])
	}
	return metrics
}

// training is an iteration that is being built.
type training struct {
	config         Config
	network        Network
	scopeG, scopeD *model.Scope
	inputs         Inputs
	metrics        map[string]*Node
}

// generate draws portraits from the noise of a step.
func (t training) generate(step int) (pictures, oneHot *Node) {
	oneHot = t.config.oneHot(row(t.inputs.FakeLabels, step), t.inputs.Noise.DType())
	return t.network.Generator(t.scopeG, t.config, row(t.inputs.Noise, step), oneHot), oneHot
}

// told is what D is told of the portraits of a step: what was asked for, but for attributes that are not known of the real pictures in the same places. Else what D is told would
// tell it which pictures are real.
func (t training) told(step int) *Node {
	labels := row(t.inputs.FakeLabels, step)
	if len(t.config.Attributes) > 0 {
		real := row(t.inputs.Labels, min(step, t.config.DiscriminatorSteps-1))
		labels = Where(IsNegative(real), real, labels)
	}
	return t.config.oneHot(labels, t.inputs.Noise.DType())
}

// disturbed is a step's pictures of a kind with noise on them, as D sees them.
func (t training) disturbed(step, kind int, pictures *Node) *Node {
	if t.inputs.Disturbance == nil {
		return pictures
	}
	return Add(pictures, MulScalar(row(row(t.inputs.Disturbance, step), kind), t.config.DiscriminatorNoise))
}

// stepD is a step of D: its loss of real and generated pictures, the penalty, and AC-GAN's classes of the real ones.
func (t training) stepD(step int) {
	c := t.config
	real, realY := row(t.inputs.Pictures, step), c.oneHot(row(t.inputs.Labels, step), t.inputs.Pictures.DType())
	fake, _ := t.generate(step)
	fake = StopGradient(fake)

	// Both halves in one pass: nothing in D looks across the batch.
	both := Concatenate([]*Node{t.disturbed(step, disturbedReal, real), t.disturbed(step, disturbedFake, fake)}, 0)
	bothY := Concatenate([]*Node{realY, t.told(step)}, 0)
	ofReal, ofFake := t.network.Discriminator(t.scopeD, c, both, bothY).halves()
	total := games[c.Loss].discriminator(ofReal.Score, ofFake.Score)
	t.metrics[LossD] = total
	if penalty := penalties[c.Penalty]; penalty != nil {
		critic := func(x *Node) *Node {
			return t.network.Discriminator(t.scopeD, c, t.disturbed(step, disturbedMoved, x), realY).Score
		}
		t.metrics[Penalty] = penalty(critic, real, fake, row(t.inputs.Uniform, step))
		total = Add(total, MulScalar(t.metrics[Penalty], c.PenaltyWeight))
	}
	if ofReal.Classes != nil {
		t.metrics[LossClassD] = c.classification(ofReal.Classes, realY)
		total = Add(total, t.metrics[LossClassD])
	}

	t.metrics[Ranking], t.metrics[Variety] = nn.Ranking(ofReal.Score, ofFake.Score), nn.Variety(fake, real)

	optimiser := c.adam("discriminator")
	if c.Clip == ClipGradients {
		optimiser = nn.ClipGradients(optimiser, c.ClipLimit)
	}
	optimiser = nn.TellGradient(optimiser, func(length *Node) { t.metrics[GradientD] = length })
	optimiser.UpdateGraph(t.scopeD, total.Graph(), total)
	if c.Clip == ClipWeights {
		nn.ClipWeights(t.scopeD, total.Graph(), c.ClipLimit)
	}
}

// stepG is the step of G. D must be frozen.
func (t training) stepG() {
	c := t.config
	fake, fakeY := t.generate(c.DiscriminatorSteps)
	verdict := t.network.Discriminator(t.scopeD, c, t.disturbed(c.DiscriminatorSteps, disturbedFake, fake), t.told(c.DiscriminatorSteps))
	total := games[c.Loss].generator(verdict.Score)
	t.metrics[LossG] = total
	if verdict.Classes != nil {
		t.metrics[LossClassG] = c.classification(verdict.Classes, fakeY)
		total = Add(total, t.metrics[LossClassG])
	}
	optimiser := nn.TellGradient(c.adam("generator"), func(length *Node) { t.metrics[GradientG] = length })
	optimiser.UpdateGraph(t.scopeG, total.Graph(), total)
}

// row returns element i of the first axis.
func row(x *Node, i int) *Node { return Squeeze(Slice(x, AxisElem(i)), 0) }

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
	summary, err = lab.Train(ctx, run, lab.Training{
		Backend: options.Backend,
		Steps:   config.Steps,
		Metrics: config.Metrics(),
		Shown:   config.Losses(),
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node {
			return Iteration(scope, config, network, DrawInputs(scope, config, inputs[0], inputs[1]))
		},
		Open:      func(position int64) (lab.Source, error) { return config.Batches(set, position, options.Warn) },
		SaveEvery: options.SaveEvery,
		Show:      recorder.record,
		ShowEvery: options.SampleEvery,
		Watch:     newWatch(config).step,
		Progress:  options.Progress,
		Warn:      options.Warn,
	})
	if errors.Is(err, lab.ErrNotFinite) {
		err = fmt.Errorf("%w; in a new run try %s", err, strings.Join(config.calmer(), ", or "))
	}
	return summary, err
}

// OpenData opens the pictures that a configuration names; warn is told of each that is broken, and of what the folder lacks.
func (c Config) OpenData(ctx context.Context, warn func(error)) (dataset.Set, error) {
	if c.Data == "" {
		set := dataset.Drawn(c.Seed, c.Drawn)
		return set, c.checkClasses(set)
	}
	set, report, err := dataset.OpenFolder(ctx, c.Data, dataset.FolderOptions{Classes: c.Classes, Attributes: c.Attributes})
	if warn == nil {
		return set, err
	}
	for _, bad := range report.Bad {
		warn(bad)
	}
	if err == nil {
		for _, lack := range report.Lacks() {
			warn(fmt.Errorf("%s: %s", c.Data, lack))
		}
	}
	return set, err
}

// FitClasses leaves the classes out of a configuration of which its data folder has no pictures: G would be asked for what it never sees. Where dir is a run already its classes are
// taken. It returns those that were left out.
func FitClasses(ctx context.Context, dir string, config Config) (fitted Config, left []string, err error) {
	if config.Data == "" {
		return config, nil, nil
	}
	if own, err := ReadConfig(dir); err == nil {
		config.Classes = own.Classes
		return config, nil, nil
	}
	_, report, err := dataset.OpenFolder(ctx, config.Data, dataset.FolderOptions{Classes: config.Classes, Attributes: config.Attributes})
	if err != nil {
		return config, nil, err
	}
	left = report.Empty()
	config.Classes = slices.DeleteFunc(slices.Clone(config.Classes), func(class string) bool { return slices.Contains(left, class) })
	return config, left, nil
}

// checkClasses returns an error unless the labels of a set mean what the configuration says.
func (c Config) checkClasses(set dataset.Set) error {
	if classes := set.Classes(); !slices.Equal(classes, c.Classes) {
		return fmt.Errorf("the pictures are of the classes %s, the configuration is of %s", strings.Join(classes, ", "), strings.Join(c.Classes, ", "))
	}
	for _, name := range c.Attributes {
		if !slices.ContainsFunc(set.Attributes(), func(a dataset.Attribute) bool { return a.Name == name }) {
			return fmt.Errorf("the pictures have no attribute %q, which the configuration asks for", name)
		}
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
		Attributes: c.Attributes,
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
	pictures := tensors.FromFlatDataAndDimensions(batch.Pictures, b.steps, n, batch.Size, batch.Size, 3)
	attributes := len(batch.Attributes) / batch.N
	if attributes == 0 {
		return []*tensors.Tensor{pictures, tensors.FromFlatDataAndDimensions(batch.Labels, b.steps, n)}, nil
	}
	var labels []int32
	for i, class := range batch.Labels {
		labels = append(append(labels, class), batch.Attributes[i*attributes:][:attributes]...)
	}
	return []*tensors.Tensor{pictures, tensors.FromFlatDataAndDimensions(labels, b.steps, n, 1+attributes)}, nil
}
