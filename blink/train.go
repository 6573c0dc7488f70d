package blink

import (
	"context"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// The metrics of an iteration.
const (
	// metricError is G's [MeanAbsoluteError].
	metricError = "MAE"
	// metricD and metricG are the adversarial losses, and metricRanking is D's [nn.Ranking]. Without a D there are none.
	metricD       = "D"
	metricG       = "G"
	metricRanking = "ranking"
	// metricPenalty is the gradient penalty, before its weight, and metricMask the mean of the mask.
	metricPenalty = "penalty"
	metricMask    = "mask"
	// metricOpenings is the mean absolute error of [Openings].
	metricOpenings = "openings"
)

// Metrics are the names of the metrics that an iteration returns.
func (c Config) Metrics() (names []string) {
	if Networks[c.Network].Painted {
		return []string{metricError, metricOpenings}
	}
	if !c.Unconditional {
		names = append(names, metricError)
	}
	if c.Adversarial > 0 {
		names = append(names, metricD, metricG, metricRanking)
	}
	if c.Penalty != "" {
		names = append(names, metricPenalty)
	}
	if c.Mask > 0 {
		names = append(names, metricMask)
	}
	return names
}

// Iteration builds one iteration: [Step] with the videos' own motion. A network that is Painted also gets what
// [dataset.EyeBatch] calls Still and Openings.
//
//	videos: [batch, frames, size, size, 3] in [-1, 1]
func Iteration(scope *model.Scope, config Config, videos *Node, truth ...*Node) []*Node {
	network := Networks[config.Network]
	if network.Painted {
		return paintStep(scope, config, videos, truth[0], truth[1])
	}
	var noise *Node
	if n := config.noise(); n > 0 {
		noise = scope.RandomNormal(videos.Graph(), shapes.Make(dtypes.Float32, videos.Shape().Dim(0), n))
	}
	given := config.given(firstFrame(videos), noise)
	if network.Reference {
		given.Motion = Motion(videos)
	}
	if network.Footage {
		given.Reference = videos
	}
	if config.Penalty != "" || network.Pyramid != nil {
		shape := shapes.Make(dtypes.Float32, videos.Shape().Dim(0), videos.Shape().Dim(1))
		given.Uniform = scope.RandomUniform(videos.Graph(), shape)
	}
	return Step(scope, config, videos, given)
}

// Step builds a step of D, if any, and one of G, which draws videos from its inputs: from the videos' own first frames.
// It returns the [Config.Metrics].
//
//	videos: [batch, frames, size, size, 3] in [-1, 1]
func Step(scope *model.Scope, config Config, videos *Node, given Given) []*Node {
	g, network := videos.Graph(), config.network()
	scope.Store().SetTraining(g, true)
	scopeG := scope.At(lab.GeneratorScope)
	fake, mask, real := config.draw(scopeG, network, given, videos)
	var metrics []*Node
	total := ScalarZero(g, videos.DType())
	if !config.Unconditional {
		content := MeanAbsoluteError(fake, real)
		metrics, total = append(metrics, content), MulScalar(content, config.Content)
	}
	if config.Adversarial > 0 {
		losses, adversarial := config.discriminate(scope, network.Discriminators, real, fake, given)
		metrics = append(metrics, losses...)
		total = Add(total, MulScalar(adversarial, config.Adversarial))
	}
	if config.Mask > 0 {
		drawn := ReduceAllMean(mask)
		metrics, total = append(metrics, drawn), Add(total, MulScalar(drawn, config.Mask))
	}
	if config.Frozen {
		for weights := range scopeG.At("video").IterVariables() {
			weights.SetTrainable(false)
		}
	}
	config.Adam(lab.GeneratorScope).UpdateGraph(scopeG, g, total)
	if config.AverageDecay > 0 {
		nn.Average(scopeG, scope.At(lab.AverageScope), g, config.AverageDecay)
	}
	return metrics
}

// draw draws videos for a step, their mask, if any, and returns the real ones to compare them with.
func (c Config) draw(scope *model.Scope, network Network, given Given, videos *Node) (fake, mask, real *Node) {
	if network.Pyramid != nil {
		fake, real = network.Pyramid(scope, c, given, videos)
		return fake, nil, real
	}
	fake, mask = network.Generator(scope, c, given)
	return fake, mask, videos
}

// discriminate takes a step of each D, and returns the losses of D and G, D's ranking and its penalty, if any, and once
// more G's loss: for several discriminators the sums, and the mean ranking. Real and fake videos go through D
// separately, since batch normalisation looks across the batch.
func (c Config) discriminate(
	root *model.Scope, discriminators []NamedDiscriminator, videos, fake *Node, given Given,
) (metrics []*Node, lossG *Node) {
	loss := c.loss()
	var lossD, ranking, penalty *Node
	for _, d := range discriminators {
		scope := root.At("%s", d.Scope)
		score := func(seen *Node) *Node { return d.Score(scope, c, seen) }
		realSeen, fakeSeen := d.sees(videos, given), d.sees(fake, given)
		constant := StopGradient(fakeSeen)
		real, rejected := score(realSeen), score(constant)
		ofD, rank := loss.Discriminator(real, rejected), nn.Ranking(real, rejected)
		total := ofD
		if of := Penalties[c.Penalty]; of != nil {
			slope := of(score, realSeen, constant, given.Uniform)
			penalty, total = sum(penalty, slope), Add(total, MulScalar(slope, c.PenaltyWeight))
		}
		c.Adam(d.Scope).UpdateGraph(scope, videos.Graph(), total)
		if c.Clip > 0 {
			nn.ClipWeights(scope, videos.Graph(), c.Clip)
		}
		nn.Freeze(scope, videos.Graph())
		lossD, ranking, lossG = sum(lossD, ofD), sum(ranking, rank), sum(lossG, loss.Generator(score(fakeSeen)))
	}
	if n := len(discriminators); n > 1 {
		ranking = DivScalar(ranking, float64(n))
	}
	metrics = []*Node{lossD, lossG, ranking}
	if penalty != nil {
		metrics = append(metrics, penalty)
	}
	return metrics, lossG
}

// sum adds a term to a sum, which is nil at first.
func sum(so, term *Node) *Node {
	if so == nil {
		return term
	}
	return Add(so, term)
}

// firstFrame is the first frame of videos.
//
//	[batch, frames, size, size, 3] → [batch, size, size, 3]
func firstFrame(videos *Node) *Node { return Squeeze(SliceAxis(videos, 1, AxisElem(0)), 1) }

// Train trains a run, or resumes it.
func Train(ctx context.Context, dir string, config Config, options lab.TrainOptions) (summary lab.Summary, err error) {
	if err := config.Validate(); err != nil {
		return summary, fmt.Errorf("configuration: %w", err)
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
	clips, err := found.OpenData(ctx, options.Warn)
	if err != nil {
		return summary, err
	}
	clips = config.part().Kept(clips, cacheBytes)
	initial, err := config.initial()
	if err != nil {
		return summary, err
	}
	recorder := recorder{backend: options.Backend, config: config, clips: clips, dir: dir}
	defer recorder.close()
	return lab.Train(ctx, run, lab.Training{
		Initial: initial, Backend: options.Backend, Steps: config.Steps, SaveEvery: options.SaveEvery,
		Show: recorder.record, ShowEvery: options.SampleEvery, Progress: options.Progress, Warn: options.Warn,
		TensorBoard: options.TensorBoard,

		Metrics: config.Metrics(),
		Watch:   config.watch(),
		After:   config.bound(),
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node {
			return Iteration(scope, config, inputs[0], inputs[1:]...)
		},
		Open: func(position int64) (lab.Source, error) { return config.Batches(clips, position, options.Warn) },
	})
}

// watch watches a training with a D.
func (c Config) watch() func(step int64, values map[string]float64) error {
	if c.Adversarial == 0 {
		return nil
	}
	tries := []string{fmt.Sprintf("learning_rate=%.2g", c.LearningRate/4)}
	if c.Clip == 0 && c.SingularValues == 0 && c.Penalty == "" {
		tries = append(tries, "clip=0.01")
	}
	return lab.NewWatch([]string{metricRanking}, func(w *lab.Watch) []lab.Trouble {
		return []lab.Trouble{w.DWins(metricRanking, tries...)}
	}).Step
}

// initial returns the initial weights of the generator, if the configuration names a run: the weights that draw that
// run's pictures.
func (c Config) initial() (map[string]*tensors.Tensor, error) {
	if c.From == "" {
		return nil, nil
	}
	run, config, err := Experiment.OpenRun(c.From)
	if err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	weights, _, err := run.Weights(nil)
	if err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	return weights.Below(lab.DrawnScope(config.AverageDecay)).At(lab.GeneratorScope), nil
}
