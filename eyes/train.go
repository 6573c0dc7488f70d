package eyes

import (
	"context"
	"fmt"
	"math/rand/v2"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
	"golang.org/x/sync/errgroup"
)

// The metrics of an iteration, in the order in which [Iteration] returns them.
const (
	// metricHeat is the [FocalLoss] of the eyes' centres.
	metricHeat = "heat"
	// metricBox is the [MeanError] of places and sizes of boxes, in cells and logarithms, metricMiddle that of the middles
	// of faces, in widths of eyes.
	metricBox    = "box"
	metricMiddle = "middle"
	// metricOpen is the [OpenLoss].
	metricOpen = "open"
)

// networkScope is the scope of the weights in the checkpoints of a run. Eyes are found with their average.
const networkScope = "network"

// Weights of the losses.
const (
	boxWeight    = 1
	middleWeight = 0.5
	openWeight   = 0.5
)

// Iteration builds one iteration: a step of Adam. It returns the metrics heat, box, middle and
// open.
//
//	pictures: [batch, size, size, 3] in [-1, 1], truth: [batch, size/4, size/4, targets]
func Iteration(scope *model.Scope, config Config, pictures, truth *Node) []*Node {
	g := pictures.Graph()
	scope.Store().SetTraining(g, true)
	weights := scope.At(networkScope)
	said := Network(weights, config, pictures)

	channels := func(x *Node, first, n int) *Node { return SliceAxis(x, -1, AxisRange(first, first+n)) }
	weight := channels(truth, weightChannel, 1)
	heat := FocalLoss(channels(said, heatChannel, 1), channels(truth, heatChannel, 1))
	box := MeanError(channels(said, xChannel, 4), channels(truth, xChannel, 4), weight)
	middle := MeanError(channels(said, middleXChannel, 2), channels(truth, middleXChannel, 2), weight)
	open := OpenLoss(channels(said, openChannel, 1), channels(truth, openChannel, 1), weight)
	total := Add(heat, MulScalar(box, boxWeight))
	total = Add(total, Add(MulScalar(middle, middleWeight), MulScalar(open, openWeight)))
	config.Adam(networkScope).UpdateGraph(weights, g, total)
	nn.Average(weights, scope.At(lab.AverageScope), g, config.AverageDecay)
	return []*Node{heat, box, middle, open}
}

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
	drawn, err := newStudio(ctx, config)
	if err != nil {
		return summary, err
	}
	return lab.Train(ctx, run, lab.Training{
		Backend: options.Backend, Steps: config.Steps, SaveEvery: options.SaveEvery,
		Progress: options.Progress, Warn: options.Warn, TensorBoard: options.TensorBoard,
		Metrics: []string{metricHeat, metricBox, metricMiddle, metricOpen},
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node {
			return Iteration(scope, config, inputs[0], inputs[1])
		},
		Open: func(position int64) (lab.Source, error) { return &batches{drawn, position}, nil },
	})
}

// batches draws the windows of each iteration.
type batches struct {
	*studio
	position int64
}

// Next returns pictures and their targets, in the shapes of [Iteration].
func (b *batches) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	config := b.config
	values, truth := config.Size*config.Size*3, config.cells()*config.cells()*targets
	allValues, allTruth := make([]float32, config.Batch*values), make([]float32, config.Batch*truth)
	group, ctx := errgroup.WithContext(ctx)
	for i := range config.Batch {
		group.Go(func() error {
			rng := rand.New(rand.NewPCG(config.Seed^windowDomain, uint64(b.position)*uint64(config.Batch)+uint64(i)))
			picture, eyes := b.window(rng)
			imaging.Symmetric.Put(allValues[i*values:][:values], picture, false)
			config.target(allTruth[i*truth:][:truth], eyes)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	b.position++
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(allValues, config.Batch, config.Size, config.Size, 3),
		tensors.FromFlatDataAndDimensions(allTruth, config.Batch, config.cells(), config.cells(), targets),
	}, nil
}

// Close does nothing: nothing is read ahead.
func (b *batches) Close() {}
