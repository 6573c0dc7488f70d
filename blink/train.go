package blink

import (
	"context"
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// experimentName is what config.json says a run of this package is of.
const experimentName = "blink"

// The metrics of an iteration.
const (
	// MetricError is G's [MeanAbsoluteError].
	MetricError = "MAE"
	// LossD and LossG are the adversarial losses, and MetricRanking is D's [nn.Ranking]. They are there where there is a D.
	LossD         = "D"
	LossG         = "G"
	MetricRanking = "ranking"
)

// Metrics are the names of what an iteration returns.
func (c Config) Metrics() []string {
	if c.Adversarial == 0 {
		return []string{MetricError}
	}
	return []string{MetricError, LossD, LossG, MetricRanking}
}

// Where the variables of a run lie in its checkpoints.
const (
	generatorScope     = "generator"
	discriminatorScope = "discriminator"
	averageScope       = "average" // The moving average of the generator's.
)

// Iteration builds one iteration: [Step] with the videos' own motion.
//
//	videos: [batch, frames, size, size, 3] in [-1, 1]
func Iteration(scope *model.Scope, config Config, videos *Node) []*Node {
	var motion *Node
	if config.Network == "unet" {
		motion = Motion(videos)
	}
	return Step(scope, config, videos, motion)
}

// Step builds a step of D, if there is one, and one of G, which draws videos from their own first frames and a motion. It returns the [Config.Metrics].
//
//	videos: [batch, frames, size, size, 3] in [-1, 1], motion: [batch, frames, size, size, 2] in pixels; VideoGAN needs none
func Step(scope *model.Scope, config Config, videos, motion *Node) []*Node {
	g := videos.Graph()
	scope.Store().SetTraining(g, true)
	scopeG := scope.At("%s", generatorScope)
	fake := config.generate(scopeG, firstFrame(videos), motion)
	content := MeanAbsoluteError(fake, videos)
	metrics, total := []*Node{content}, MulScalar(content, config.Content)
	if config.Adversarial > 0 {
		losses, adversarial := config.discriminate(scope.At("%s", discriminatorScope), videos, fake)
		metrics = append(metrics, losses...)
		total = Add(total, MulScalar(adversarial, config.Adversarial))
	}
	if config.Frozen {
		for weights := range scopeG.At("video").IterVariables() {
			weights.SetTrainable(false)
		}
	}
	nn.Adam("generator", config.LearningRate, config.Beta1, config.Beta2).UpdateGraph(scopeG, g, total)
	if config.AverageDecay > 0 {
		nn.Average(scopeG, scope.At("%s", averageScope), g, config.AverageDecay)
	}
	return metrics
}

// discriminate takes a step of D, and returns the losses of D and G, D's ranking, and once more G's loss. Real and fake videos go through D apart: batch normalisation
// looks across the batch.
func (c Config) discriminate(scope *model.Scope, videos, fake *Node) (metrics []*Node, lossG *Node) {
	real, rejected := Discriminator(scope, c, videos), Discriminator(scope, c, StopGradient(fake))
	loss, deceive := DiscriminatorLoss, GeneratorLoss
	if c.Clip > 0 {
		loss, deceive = CriticLoss, CriticGeneratorLoss
	}
	lossD, ranking := loss(real, rejected), nn.Ranking(real, rejected)
	nn.Adam("discriminator", c.LearningRate, c.Beta1, c.Beta2).UpdateGraph(scope, videos.Graph(), lossD)
	if c.Clip > 0 {
		nn.ClipWeights(scope, videos.Graph(), c.Clip)
	}
	nn.Freeze(scope, videos.Graph())
	lossG = deceive(Discriminator(scope, c, fake))
	return []*Node{lossD, lossG, ranking}, lossG
}

// firstFrame is the first frame of videos.
//
//	[batch, frames, size, size, 3] → [batch, size, size, 3]
func firstFrame(videos *Node) *Node { return Squeeze(SliceAxis(videos, 1, AxisElem(0)), 1) }

// TrainOptions say how a run is trained, apart from what decides its numbers, which is all in its [Config].
type TrainOptions struct {
	Backend compute.Backend
	// SaveEvery is the number of steps between checkpoints; 0: at the end only.
	SaveEvery int64
	// Progress and Warn are told how it goes; see [lab.Training].
	Progress lab.Progress
	Warn     func(error)
}

// Train trains a run, or goes on with what is there.
func Train(ctx context.Context, dir string, config Config, options TrainOptions) (summary lab.Summary, err error) {
	if err := config.Validate(); err != nil {
		return summary, fmt.Errorf("configuration: %w", err)
	}
	run, err := lab.Create(dir, lab.Experiment{Name: experimentName, Config: config, Seed: config.Seed})
	if err != nil {
		return summary, err
	}
	defer run.Close()
	clips, err := config.OpenData(ctx, options.Warn)
	if err != nil {
		return summary, err
	}
	if config.Part == "eyes" {
		clips = dataset.KeptEyes(clips, cacheBytes)
	} else {
		clips = dataset.KeptClips(clips, cacheBytes)
	}
	initial, err := config.initial()
	if err != nil {
		return summary, err
	}
	return lab.Train(ctx, run, lab.Training{
		Initial: initial,
		Backend: options.Backend, Steps: config.Steps, SaveEvery: options.SaveEvery, Progress: options.Progress, Warn: options.Warn,
		Metrics:   config.Metrics(),
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node { return Iteration(scope, config, inputs[0]) },
		Open:      func(position int64) (lab.Source, error) { return config.Batches(clips, position, options.Warn) },
	})
}

// initial are the weights of the generator that a run begins with, where the configuration names a run: those that it makes pictures with.
func (c Config) initial() (map[string]*tensors.Tensor, error) {
	if c.From == "" {
		return nil, nil
	}
	var config Config
	run, err := lab.OpenExperiment(c.From, &config, experimentName)
	if err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	weights, _, err := run.Weights(nil)
	if err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	initial := map[string]*tensors.Tensor{}
	for name, value := range weights {
		below, ok := strings.CutPrefix(name, config.trainedScope()+"/")
		if !ok || !nn.IsWeight(below) {
			continue
		}
		initial[generatorScope+"/"+below] = value
	}
	return initial, nil
}

// cacheBytes is how much memory the clips may take.
const cacheBytes = 2 << 30

// OpenData opens the blinks that a configuration names; warn is told of each that is broken.
func (c Config) OpenData(ctx context.Context, warn func(error)) (dataset.Clips, error) {
	if c.Data == "" {
		return dataset.DrawnBlinks(c.Seed, c.Drawn, c.DrawnSize), nil
	}
	clips, bad, err := dataset.OpenBlinks(ctx, c.Data)
	if warn != nil {
		for _, b := range bad {
			warn(b)
		}
	}
	return clips, err
}

// batches gives the batches of a loader the form that [Iteration] takes.
type batches struct{ *dataset.EyeLoader }

// Batches reads eyes from a position on. warn is told of clips that became unreadable.
func (c Config) Batches(clips dataset.Clips, position int64, warn func(error)) (lab.Source, error) {
	loader, err := dataset.NewEyeLoader(clips, dataset.EyeOptions{
		Size: c.Size, Batch: c.Batch, Seed: c.Seed, Flip: c.Flip, Vary: c.Vary, Hues: c.Hues, Start: position, OnBad: warn,
		Whole: c.Part == "face",
	})
	return batches{loader}, err
}

// Next returns the videos.
func (b batches) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	batch, err := b.EyeLoader.Next(ctx)
	if err != nil {
		return nil, err
	}
	defer batch.Release() // FromFlatData copies.
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(batch.Frames, batch.N, Frames, batch.Size, batch.Size, 3)}, nil
}
