package gan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// The metrics of an iteration.
const (
	// metricD is D's adversarial loss in its last step. The hinge loss is 2 for a D that knows nothing, 0 for one that is
	// right on every picture.
	metricD = "D"
	// metricG is G's adversarial loss.
	metricG = "G"
	// metricPenalty is the gradient penalty, before its weight.
	metricPenalty = "penalty"
	// metricClassD and metricClassG are AC-GAN's classification losses on real and on generated pictures.
	metricClassD, metricClassG = "class_D", "class_G"
	// metricRanking is D's ranking in its last step: how often it scores a real picture above a generated one
	// ([nn.Ranking]).
	metricRanking = "ranking"
	// metricGradientD and metricGradientG are the lengths of the gradients of D's last step and of G's, before clipping.
	metricGradientD, metricGradientG = "gradient_D", "gradient_G"
	// metricVariety is the variety of the generated pictures of a batch, as a share of that of the real ones
	// ([nn.Variety]).
	metricVariety = "variety"
)

// Metrics are the names of the metrics that [Iteration] returns, in its order.
func (c Config) Metrics() []string {
	return append(c.Losses(), metricRanking, metricGradientD, metricGradientG, metricVariety)
}

// Losses are the first of the [Config.Metrics], which are losses.
func (c Config) Losses() []string {
	names := []string{metricD, metricG}
	if c.Penalty != PenaltyNone {
		names = append(names, metricPenalty)
	}
	if c.Conditioning == ConditionACGAN {
		names = append(names, metricClassD, metricClassG)
	}
	return names
}

// Inputs are the inputs of one iteration. All but the pictures and their labels are random; see [DrawInputs].
type Inputs struct {
	// Pictures are real ones, [steps of D, batch, size, size, 3] in [-1, 1], and Labels their classes,
	// [steps of D, batch, 1 + attributes] int32: of the hair colour and of each attribute, -1 for one that is unknown.
	Pictures, Labels *Node
	// Noise, [steps of D + 1, batch, noise], and FakeLabels, [steps of D + 1, batch, 1 + attributes], are G's inputs.
	Noise, FakeLabels *Node
	// Uniform perturbs the pictures for the penalty: shaped like Pictures, in [0, 1).
	Uniform *Node
	// Disturbance is the noise on all of D's inputs, N(0, 1): real pictures, generated ones and the penalty's, [steps of D
	// + 1, 3, batch, size, size, 3]. Nil without a [Config.DiscriminatorNoise].
	Disturbance *Node
}

// Indices of the kinds of picture in [Inputs.Disturbance].
const (
	disturbedReal = iota
	disturbedFake
	disturbedMoved
	disturbances
)

// DrawInputs completes a batch of pictures with random inputs: the noise, a hair colour for each portrait, all equally
// likely, and the penalty's U.
func DrawInputs(scope *model.Scope, config Config, pictures, labels *Node) Inputs {
	g, draws := pictures.Graph(), config.DiscriminatorSteps+1
	inputs := Inputs{
		Pictures: pictures, Labels: labels,
		Noise:      scope.RandomNormal(g, shapes.Make(dtypes.Float32, draws, config.Batch, config.Noise)),
		FakeLabels: drawLabels(scope, config, g),
		Uniform:    scope.RandomUniform(g, pictures.Shape()),
	}
	if config.DiscriminatorNoise > 0 {
		shape := shapes.Make(dtypes.Float32, draws, disturbances, config.Batch, config.Size, config.Size, 3)
		inputs.Disturbance = scope.RandomNormal(g, shape)
	}
	return inputs
}

// drawLabels draws a hair colour for each portrait, and a class of each attribute.
func drawLabels(scope *model.Scope, config Config, g *Graph) *Node {
	var drawn []*Node
	for _, label := range config.labels() {
		shape := shapes.Make(dtypes.Int32, config.DiscriminatorSteps+1, config.Batch)
		drawn = append(drawn, scope.RandomIntN(g, int32(len(label.Classes)), shape))
	}
	return Stack(drawn, -1)
}

// Iteration builds one iteration of training: steps of D, two in the article, and then one of G, as one program. It
// returns the [Config.Metrics]; D's are those of its last step.
func Iteration(scope *model.Scope, config Config, network Network, inputs Inputs) []*Node {
	g := inputs.Pictures.Graph()
	scope.Store().SetTraining(g, true)
	t := training{
		config: config, network: network, loss: Losses[config.Loss], inputs: inputs, metrics: map[string]*Node{},
		scopeG: scope.At(lab.GeneratorScope), scopeD: scope.At(lab.DiscriminatorScope),
	}
	for step := range config.DiscriminatorSteps {
		t.stepD(step)
	}
	nn.Freeze(t.scopeD, g)
	t.stepG()
	if config.AverageDecay > 0 {
		nn.Average(t.scopeG, scope.At(lab.AverageScope), g, config.AverageDecay)
	}
	var metrics []*Node
	for _, name := range config.Metrics() {
		metrics = append(metrics, t.metrics[name])
	}
	return metrics
}

// training is an iteration under construction.
type training struct {
	config         Config
	network        Network
	loss           Loss
	scopeG, scopeD *model.Scope
	inputs         Inputs
	metrics        map[string]*Node
}

// generate draws portraits from the noise of a step.
func (t training) generate(step int) (pictures, oneHot *Node) {
	oneHot = t.config.oneHot(row(t.inputs.FakeLabels, step), t.inputs.Noise.DType())
	return t.network.Generator(t.scopeG, t.config, row(t.inputs.Noise, step), oneHot), oneHot
}

// condition returns D's conditions for the generated portraits of a step: the labels that they were drawn from, except
// for attributes that are unknown for the real pictures in the same places. Otherwise D could recognise real pictures
// by their unknown attributes.
func (t training) condition(step int) *Node {
	labels := row(t.inputs.FakeLabels, step)
	if len(t.config.Attributes) > 0 {
		real := row(t.inputs.Labels, min(step, t.config.DiscriminatorSteps-1))
		labels = Where(IsNegative(real), real, labels)
	}
	return t.config.oneHot(labels, t.inputs.Noise.DType())
}

// disturbed returns a step's pictures of a kind with noise added, as D sees them.
func (t training) disturbed(step, kind int, pictures *Node) *Node {
	if t.inputs.Disturbance == nil {
		return pictures
	}
	return Add(pictures, MulScalar(row(row(t.inputs.Disturbance, step), kind), t.config.DiscriminatorNoise))
}

// stepD is a step of D: its loss on real and generated pictures, the penalty, and AC-GAN's classification of the real
// ones.
func (t training) stepD(step int) {
	c := t.config
	real, realY := row(t.inputs.Pictures, step), c.oneHot(row(t.inputs.Labels, step), t.inputs.Pictures.DType())
	fake, _ := t.generate(step)
	fake = StopGradient(fake)

	// Both halves in one pass: nothing in D looks across the batch.
	both := Concatenate([]*Node{t.disturbed(step, disturbedReal, real), t.disturbed(step, disturbedFake, fake)}, 0)
	bothY := Concatenate([]*Node{realY, t.condition(step)}, 0)
	ofReal, ofFake := t.network.Discriminator(t.scopeD, c, both, bothY).halves()
	total := t.loss.Discriminator(ofReal.Score, ofFake.Score)
	t.metrics[metricD] = total
	if penalty := Penalties[c.Penalty].Of; penalty != nil {
		critic := func(x *Node) *Node {
			return t.network.Discriminator(t.scopeD, c, t.disturbed(step, disturbedMoved, x), realY).Score
		}
		t.metrics[metricPenalty] = penalty(critic, real, fake, row(t.inputs.Uniform, step))
		total = Add(total, MulScalar(t.metrics[metricPenalty], c.PenaltyWeight))
	}
	if ofReal.Classes != nil {
		t.metrics[metricClassD] = c.classification(ofReal.Classes, realY)
		total = Add(total, t.metrics[metricClassD])
	}

	t.metrics[metricRanking], t.metrics[metricVariety] = nn.Ranking(ofReal.Score, ofFake.Score), nn.Variety(fake, real)

	optimiser := c.Adam(lab.DiscriminatorScope)
	if c.Clip == clipGradients {
		optimiser = nn.ClipGradients(optimiser, c.ClipLimit)
	}
	optimiser = nn.ObserveGradient(optimiser, func(length *Node) { t.metrics[metricGradientD] = length })
	optimiser.UpdateGraph(t.scopeD, total.Graph(), total)
	if c.Clip == clipWeights {
		nn.ClipWeights(t.scopeD, total.Graph(), c.ClipLimit)
	}
}

// stepG is the step of G. D must be frozen.
func (t training) stepG() {
	c, step := t.config, t.config.DiscriminatorSteps
	fake, fakeY := t.generate(step)
	verdict := t.network.Discriminator(t.scopeD, c, t.disturbed(step, disturbedFake, fake), t.condition(step))
	var real *Node
	if t.loss.NeedsReal {
		real = t.realScore()
	}
	total := t.loss.Generator(real, verdict.Score)
	t.metrics[metricG] = total
	if verdict.Classes != nil {
		t.metrics[metricClassG] = c.classification(verdict.Classes, fakeY)
		total = Add(total, t.metrics[metricClassG])
	}
	optimiser := nn.ObserveGradient(c.Adam(lab.GeneratorScope), func(length *Node) { t.metrics[metricGradientG] = length })
	optimiser.UpdateGraph(t.scopeG, total.Graph(), total)
}

// realScore is D's score for the real pictures of its last step, for the step of G.
func (t training) realScore() *Node {
	last := t.config.DiscriminatorSteps - 1
	real := t.disturbed(last+1, disturbedReal, row(t.inputs.Pictures, last))
	realY := t.config.oneHot(row(t.inputs.Labels, last), real.DType())
	return t.network.Discriminator(t.scopeD, t.config, real, realY).Score
}

// row returns element i along the first axis.
func row(x *Node, i int) *Node { return Squeeze(Slice(x, AxisElem(i)), 0) }

// Train trains the GAN of a configuration in a run directory, or resumes the training there. Hair colours without
// pictures in a folder are left out of a new run, since G would never see them; Warn names them.
func Train(ctx context.Context, dir string, config Config, options lab.TrainOptions) (summary lab.Summary, err error) {
	if err := config.Validate(); err != nil {
		return summary, fmt.Errorf("configuration: %w", err)
	}
	if own, err := Experiment.Read(dir); err == nil { // Said before its pictures are opened, with warnings about them.
		but := config
		but.Classes = own.Classes // Without those that had no pictures: it is known later whether they are the same.
		if err := Experiment.Suits(dir, but); err != nil {
			return summary, err
		}
	}
	config, set, err := config.open(ctx, dir, options.Warn)
	if err != nil {
		return summary, err
	}
	if err := config.Validate(); err != nil { // Some classes may have been dropped.
		return summary, fmt.Errorf("configuration: %w", err)
	}
	network, err := config.network()
	if err != nil {
		return summary, err
	}
	if err := config.checkClasses(set); err != nil {
		return summary, err
	}
	set = dataset.Cached(set, cacheBytes)
	run, err := Experiment.Create(dir, config)
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
		Watch:     newWatch(config).Step,
		Progress:  options.Progress,
		Warn:      options.Warn,

		TensorBoard: options.TensorBoard,
	})
	if errors.Is(err, lab.ErrNotFinite) {
		err = fmt.Errorf("%w; in a new run try %s", err, strings.Join(config.calmer(), ", or "))
	}
	return summary, err
}

// cacheBytes is the memory for the pictures of a folder, so that they are decoded once.
const cacheBytes = 1 << 30
