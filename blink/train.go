package blink

import (
	"context"
	"fmt"

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

// MetricError is the name of the metric of an iteration: [MeanAbsoluteError].
const MetricError = "MAE"

// Where the variables of a run lie in its checkpoints.
const (
	generatorScope = "generator"
	averageScope   = "average" // The moving average of the generator's.
)

// Iteration builds one iteration: a step of G that draws a video from its own first frame and its own flow. It returns [MetricError].
//
//	videos: [batch, frames, size, size, 3] in [-1, 1]
func Iteration(scope *model.Scope, config Config, videos *Node) []*Node {
	g := videos.Graph()
	scope.Store().SetTraining(g, true)
	scopeG := scope.At("%s", generatorScope)
	loss := MeanAbsoluteError(Generator(scopeG, config, firstFrame(videos), Motion(videos)), videos)
	if config.Frozen {
		for weights := range scopeG.At("video").IterVariables() {
			weights.SetTrainable(false)
		}
	}
	nn.Adam("generator", config.LearningRate, config.Beta1, config.Beta2).UpdateGraph(scopeG, g, loss)
	if config.AverageDecay > 0 {
		nn.Average(scopeG, scope.At("%s", averageScope), g, config.AverageDecay)
	}
	return []*Node{loss}
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
	clips = dataset.KeptEyes(clips, cacheBytes)
	return lab.Train(ctx, run, lab.Training{
		Backend: options.Backend, Steps: config.Steps, SaveEvery: options.SaveEvery, Progress: options.Progress, Warn: options.Warn,
		Metrics:   []string{MetricError},
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node { return Iteration(scope, config, inputs[0]) },
		Open:      func(position int64) (lab.Source, error) { return config.Batches(clips, position, options.Warn) },
	})
}

// cacheBytes is how much memory the eyes may take.
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
		Size: c.Size, Batch: c.Batch, Seed: c.Seed, Flip: c.Flip, Vary: c.Vary, Start: position, OnBad: warn,
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
