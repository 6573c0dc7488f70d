package gan

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"os"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure"
	"github.com/moelab/moelab/nn"
	"gonum.org/v1/gonum/mat"
)

// JudgeConfig is the training of a [Judge].
type JudgeConfig struct {
	Size         int      `json:"size"`
	Classes      []string `json:"classes"`
	Data         string   `json:"data"`
	Drawn        int      `json:"drawn"`
	Batch        int      `json:"batch"`
	LearningRate float64  `json:"learning_rate"`
	lab.Schedule
}

// JudgeExperiment describes the trainings of judges.
var JudgeExperiment = &lab.Kind[JudgeConfig]{
	Name:  "hair colour judge",
	Title: "the judge of hair colours and attributes",
	Curves: func(JudgeConfig) []lab.Curve {
		return []lab.Curve{{Name: "losses", Title: "Loss", Y: crossEntropyMetric, Metrics: []string{crossEntropyMetric}}}
	},
}

// crossEntropyMetric is the name of the judge's loss.
const crossEntropyMetric = "cross-entropy"

// Validate implements [lab.Configuration].
func (c JudgeConfig) Validate() error {
	var checks lab.Checks
	lab.Between(&checks, "size", c.Size, 1, 512)
	checks.That(len(c.Classes) >= 2, "classes are %d: there must be at least two", len(c.Classes))
	lab.Between(&checks, "batch", c.Batch, 1, 4096)
	checks.That(c.LearningRate > 0, "learning_rate is %g: it must be positive", c.LearningRate)
	c.Schedule.Check(&checks)
	return checks.Err()
}

// heldOut: one picture in this many measures the judge instead of training it.
const heldOut = 10

// Judge classifies portraits by hair colour, or by an attribute. It is a small classifier trained on real pictures
// only, never on a GAN's, so it measures how often the requested colour is the one seen.
type Judge struct {
	config JudgeConfig
	exec   *model.Exec
}

// judgeConfig returns the judge that fits the pictures of a GAN.
func (c Config) judgeConfig() JudgeConfig {
	return JudgeConfig{
		Size: c.Size, Classes: c.Classes, Data: c.Data, Drawn: c.Drawn,
		Batch: 32, LearningRate: 2e-3, Schedule: lab.Schedule{Steps: 300, Seed: c.Seed},
	}
}

// attributeSteps is the number of steps for a judge of an attribute, which looks at smaller parts of the picture than
// the hair, such as the eyes.
const attributeSteps = 1200

// features is the judge's network without its last layer: four convolutions, each halving the size, and the mean over
// the remaining pixels.
//
//	pictures: [batch, size, size, 3] in [-1, 1] → [batch, 64]
func (c JudgeConfig) features(scope *model.Scope, pictures *Node) *Node {
	x := pictures
	for i, channels := range []int{16, 32, 32, 64} {
		if x.Shape().Dim(1) >= 2 { // Small pictures have fewer layers.
			x = nn.LeakyReLU(nn.BatchNorm(scope.At("norm%d", i), nn.ConvPool(scope.At("conv%d", i), x, channels)), 0.2)
		}
	}
	return ReduceMean(x, 1, 2)
}

// logits is the judge's network; see [JudgeConfig.features].
//
//	pictures: [batch, size, size, 3] in [-1, 1] → logits [batch, classes], features [batch, 64]
func (c JudgeConfig) logits(scope *model.Scope, pictures *Node) (logits, features *Node) {
	scope = scope.At("judge").WithInitializer(nn.Glorot(scope.Store(), 1))
	features = c.features(scope, pictures)
	return nn.Dense(scope.At("classes"), features, len(c.Classes)), features
}

// TrainJudge trains a judge in a run directory of its own, unless it exists already, and opens it. The set is the whole
// data; one picture in ten is held out. A judge that is damaged is trained again.
func TrainJudge(
	ctx context.Context, backend compute.Backend, dir string, config JudgeConfig, set dataset.Set, progress lab.Progress,
) (*Judge, error) {
	judge, err := trainJudge(ctx, backend, dir, config, set, progress)
	if !errors.Is(err, lab.ErrDamaged) {
		return judge, err
	}
	slog.Warn(fmt.Sprintf("%v; the judge is trained again", err))
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	return trainJudge(ctx, backend, dir, config, set, progress)
}

// trainJudge is [TrainJudge] for a directory that is not damaged.
func trainJudge(
	ctx context.Context, backend compute.Backend, dir string, config JudgeConfig, set dataset.Set, progress lab.Progress,
) (*Judge, error) {
	training, _ := dataset.Split(set, heldOut)
	run, err := JudgeExperiment.Create(dir, config)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	_, err = lab.Train(ctx, run, lab.Training{
		Backend:  backend,
		Steps:    config.Steps,
		Keep:     1,
		Progress: progress,
		Metrics:  []string{crossEntropyMetric},
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node {
			g := inputs[0].Graph()
			scope.Store().SetTraining(g, true)
			logits, _ := config.logits(scope, row(inputs[0], 0))
			labels := row(inputs[1], 0)
			crossEntropy := ReduceAllMean(loss.SparseCategoricalCrossEntropyLogits([]*Node{labels}, []*Node{logits}))
			optimizer.Adam().LearningRate(config.LearningRate).Done().UpdateGraph(scope, g, crossEntropy)
			return []*Node{crossEntropy}
		},
		Open: func(position int64) (lab.Source, error) {
			loader, err := dataset.NewLoader(training, dataset.LoaderOptions{
				Size: config.Size, Batch: config.Batch, Seed: config.Seed, Flip: true, Start: position,
			})
			return batches{loader, 1}, err
		},
	})
	if err != nil {
		return nil, fmt.Errorf("train the judge of %s: %w", strings.Join(config.Classes, ", "), err)
	}
	weights, _, err := run.Weights(nil)
	if err != nil {
		return nil, err
	}
	exec, err := lab.Compile(backend, weights, func(scope *model.Scope, pictures *Node) (classes, features *Node) {
		logits, features := config.logits(scope, pictures)
		return ArgMax(logits, -1), features
	}, shapes.Make(dtypes.Float32, sampleBatch, config.Size, config.Size, 3))
	if err != nil {
		return nil, fmt.Errorf("compile the judge: %w", err)
	}
	return &Judge{config: config, exec: exec}, nil
}

// Close frees the compiled program.
func (j *Judge) Close() { j.exec.Finalize() }

// Classify returns the class that the judge sees in each picture.
func (j *Judge) Classify(ctx context.Context, pictures []*image.RGBA) ([]int, error) {
	var labels []int
	return labels, j.see(ctx, pictures, func(n int, classes, _ *tensors.Tensor) error {
		values, err := tensors.CopyFlatData[int32](classes)
		if err != nil {
			return err
		}
		for _, class := range values[:n] {
			labels = append(labels, int(class))
		}
		return nil
	})
}

// Features are the inputs of the judge's last layer.
func (j *Judge) Features() measure.Features {
	return measure.Features{
		Name: "the judge's",
		Of: func(ctx context.Context, pictures []*image.RGBA) (*mat.Dense, error) {
			var rows []float64
			err := j.see(ctx, pictures, func(n int, _, features *tensors.Tensor) error {
				values, err := tensors.CopyFlatData[float32](features)
				if err != nil {
					return err
				}
				for _, v := range values[:n*features.Shape().Dim(1)] {
					rows = append(rows, float64(v))
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
			return mat.NewDense(len(pictures), len(rows)/len(pictures), rows), nil
		},
	}
}

// see runs the judge on pictures in batches and passes the outputs to f; the first n rows are those of pictures.
func (j *Judge) see(
	ctx context.Context, pictures []*image.RGBA, f func(n int, classes, features *tensors.Tensor) error,
) error {
	for start := 0; start < len(pictures); start += sampleBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch := pictures[start:min(start+sampleBatch, len(pictures))]
		each := j.config.Size * j.config.Size * 3
		values := make([]float32, sampleBatch*each) // The rest of a short batch stays grey, and is ignored.
		for i, picture := range batch {
			if side := picture.Rect.Dx(); side != j.config.Size || picture.Rect.Dy() != side {
				return fmt.Errorf("the judge sees pictures of %d×%[1]d pixels, not of %v", j.config.Size, picture.Rect.Size())
			}
			imaging.Symmetric.Put(values[i*each:(i+1)*each], picture, false)
		}
		output, err := j.exec.Call(tensors.FromFlatDataAndDimensions(values, sampleBatch, j.config.Size, j.config.Size, 3))
		if err == nil {
			err = f(len(batch), output[0], output[1])
		}
		if err != nil {
			return fmt.Errorf("judge pictures: %w", err)
		}
	}
	return nil
}

// confusion counts the classes that the judge sees in pictures with the given labels.
func (j *Judge) confusion(ctx context.Context, pictures []*image.RGBA, labels []int) (Confusion, error) {
	seen, err := j.Classify(ctx, pictures)
	return countConfusion(len(j.config.Classes), labels, seen), err
}

// Confusion counts pictures: [class requested][class seen].
type Confusion [][]int

// countConfusion counts pairs of classes.
func countConfusion(classes int, asked, seen []int) Confusion {
	counts := make(Confusion, classes)
	for i := range counts {
		counts[i] = make([]int, classes)
	}
	for i := range seen {
		counts[asked[i]][seen[i]]++
	}
	return counts
}

// Accuracy is the share of pictures in which the requested class was seen.
func (c Confusion) Accuracy() float64 {
	right, all := 0, 0
	for asked, row := range c {
		for seen, n := range row {
			all += n
			if asked == seen {
				right += n
			}
		}
	}
	if all == 0 {
		return 0
	}
	return float64(right) / float64(all)
}
