package border

import (
	"context"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

const (
	// metricError is the mean absolute error of colours in [0, 1] where a patch may change, metricSpoiled that without a
	// correction.
	metricError   = "error"
	metricSpoiled = "spoiled"
)

// networkScope is the scope of the weights in the checkpoints of a run. Patches are corrected with their average.
const networkScope = "network"

// Iteration builds one iteration: a step of Adam. It returns the metrics error and spoiled.
//
//	videos: [batch, 2, size, size, 3] in [-1, 1]: the picture, and what is pasted
func Iteration(scope *model.Scope, config Config, videos *Node) []*Node {
	g := videos.Graph()
	scope.Store().SetTraining(g, true)
	weights := scope.At(networkScope)
	before, truth, pasted := pastedOf(scope, videos)
	share, colour := Correction(weights, config, pasted, before)
	loss := errorOf(corrected(pasted, before, share, colour), truth)
	config.Adam(networkScope).UpdateGraph(weights, g, loss)
	nn.Average(weights, scope.At(lab.AverageScope), g, config.AverageDecay)
	return []*Node{loss, errorOf(pasted, truth)}
}

// pastedOf pastes a spoiled patch of the second frame of each video into the first, whose head is held still.
//
//	videos: [batch, 2, size, size, 3] → three of [batch, size, size, 3]
func pastedOf(scope *model.Scope, videos *Node) (before, truth, pasted *Node) {
	frame := func(k int) *Node { return Squeeze(SliceAxis(videos, 1, AxisElem(k)), 1) }
	before, truth = frame(0), frame(1)
	inside := BroadcastToShape(plane(truth, isInside), truth.Shape())
	truth = Add(before, Mul(inside, Sub(truth, before))) // Around it there is the picture.
	return before, truth, Spoiled(scope, truth)
}

// errorOf is the mean absolute error of colours in [0, 1] in the patch, near its border.
//
//	pictures, truth: [batch, size, size, 3] in [-1, 1] → scalar
func errorOf(pictures, truth *Node) *Node {
	share := BroadcastToShape(Mul(plane(truth, nearness), plane(truth, isInside)), truth.Shape())
	return MulScalar(Div(ReduceAllSum(Mul(share, Abs(Sub(pictures, truth)))), ReduceAllSum(share)), 0.5)
}

// cacheBytes is the memory for the data.
const cacheBytes = 1 << 30

// Train trains the network of a configuration in a run directory, or resumes the training there.
func Train(ctx context.Context, dir string, config Config, options lab.TrainOptions) (summary lab.Summary, err error) {
	if err := config.Validate(); err != nil {
		return summary, fmt.Errorf("configuration: %w", err)
	}
	run, err := Experiment.Create(dir, config)
	if err != nil {
		return summary, err
	}
	defer run.Close()
	clips := dataset.KeptEyes(dataset.VariedBlinks(config.Seed, config.Drawn, config.DrawnSize), cacheBytes)
	return lab.Train(ctx, run, lab.Training{
		Backend: options.Backend, Steps: config.Steps, SaveEvery: options.SaveEvery,
		Progress: options.Progress, Warn: options.Warn, TensorBoard: options.TensorBoard,
		Metrics: []string{metricError, metricSpoiled},
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node {
			return Iteration(scope, config, inputs[0])
		},
		Open: func(position int64) (lab.Source, error) { return config.open(clips, position, options.Warn) },
	})
}

// open reads eyes from a position on.
func (c Config) open(clips dataset.Clips, position int64, warn func(error)) (lab.Source, error) {
	loader, err := dataset.NewEyeLoader(clips, dataset.EyeOptions{
		Size: c.Size, Batch: c.Batch, Seed: c.Seed, Flip: true, Vary: true, Few: 2, Truth: true, Start: position, OnBad: warn,
	})
	return batches{loader}, err
}

// batches turns the batches of a loader into inputs of [Iteration].
type batches struct{ *dataset.EyeLoader }

// Next returns the videos, with the head held still.
func (b batches) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	batch, err := b.EyeLoader.Next(ctx)
	if err != nil {
		return nil, err
	}
	defer batch.Release() // FromFlatData copies.
	videos := tensors.FromFlatDataAndDimensions(batch.Still, batch.N, 2, batch.Size, batch.Size, 3)
	return []*tensors.Tensor{videos}, nil
}
