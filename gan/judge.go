package gan

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// JudgeConfig is the training of a [Judge].
type JudgeConfig struct {
	Size         int      `json:"size"`
	Classes      []string `json:"classes"`
	Data         string   `json:"data"`
	Drawn        int      `json:"drawn"`
	Batch        int      `json:"batch"`
	LearningRate float64  `json:"learning_rate"`
	Steps        int64    `json:"steps"`
	Seed         uint64   `json:"seed"`
}

// judgeExperiment is what config.json says a judge's run is of.
const judgeExperiment = "hair colour judge"

// heldOut says that one picture in so many is for measuring the judge, not for training it.
const heldOut = 10

// Judge reads the hair colour of a portrait. It is a small classifier that has seen real pictures only, never a GAN's, and
// so tells how often the asked-for colour is the one seen.
type Judge struct {
	config JudgeConfig
	exec   *model.Exec
}

// judgeConfig returns the judge that fits the pictures of a GAN.
func (c Config) judgeConfig() JudgeConfig {
	return JudgeConfig{
		Size: c.Size, Classes: c.Classes, Data: c.Data, Drawn: c.Drawn,
		Batch: 32, LearningRate: 2e-3, Steps: 300, Seed: c.Seed,
	}
}

// logits is the judge's network: four convolutions, each halving the size, and the mean over what remains.
//
//	pictures: [batch, size, size, 3] in [-1, 1] → [batch, classes]
func (c JudgeConfig) logits(scope *model.Scope, pictures *Node) *Node {
	scope = scope.At("judge").WithInitializer(nn.Glorot(scope.Store(), 1))
	x := pictures
	for i, channels := range []int{16, 32, 32, 64} {
		if x.Shape().Dim(1) >= 2 { // Small pictures have fewer layers.
			x = nn.LeakyReLU(nn.BatchNorm(scope.At("norm%d", i), nn.ConvPool(scope.At("conv%d", i), x, channels)), 0.2)
		}
	}
	return nn.Dense(scope.At("classes"), ReduceMean(x, 1, 2), len(c.Classes))
}

// TrainJudge trains a judge in a run directory of its own, unless it is there already, and opens it. The set is the whole
// data; one picture in ten is held out, see [Judge.Accuracy].
func TrainJudge(ctx context.Context, backend compute.Backend, dir string, config JudgeConfig, set dataset.Set, progress lab.Progress) (*Judge, error) {
	training, _ := dataset.Split(set, heldOut)
	run, err := lab.Create(dir, lab.Experiment{Name: judgeExperiment, Config: config, Seed: config.Seed})
	if err != nil {
		return nil, err
	}
	defer run.Close()
	_, err = lab.Train(ctx, run, lab.Training{
		Backend:  backend,
		Steps:    config.Steps,
		Keep:     1,
		Progress: progress,
		Metrics:  []string{"cross-entropy"},
		Iteration: func(scope *model.Scope, inputs []*Node) []*Node {
			g := inputs[0].Graph()
			scope.Store().SetTraining(g, true)
			logits := config.logits(scope, row(inputs[0], 0))
			labels := InsertAxes(row(inputs[1], 0), -1)
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
		return nil, fmt.Errorf("train the judge of hair colours: %w", err)
	}
	store := model.NewStore()
	if _, err := run.LoadCheckpoint(store, nil); err != nil {
		return nil, err
	}
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, pictures *Node) *Node {
		return ArgMax(config.logits(scope, pictures), -1)
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the judge: %w", err)
	}
	return &Judge{config: config, exec: exec}, nil
}

// Close frees the compiled program.
func (j *Judge) Close() { j.exec.Finalize() }

// Classify returns the class that the judge sees in each picture.
func (j *Judge) Classify(ctx context.Context, pictures []*image.RGBA) ([]int, error) {
	var labels []int
	for start := 0; start < len(pictures); start += sampleBatch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := pictures[start:min(start+sampleBatch, len(pictures))]
		each := j.config.Size * j.config.Size * 3
		values := make([]float32, sampleBatch*each) // Where there are fewer the rest is grey, and its classes are not looked at.
		for i, picture := range batch {
			if side := picture.Rect.Dx(); side != j.config.Size || picture.Rect.Dy() != side {
				return nil, fmt.Errorf("the judge sees pictures of %d×%[1]d pixels, not of %v", j.config.Size, picture.Rect.Size())
			}
			dataset.WriteValues(values[i*each:(i+1)*each], picture)
		}
		output, err := j.exec.Call(tensors.FromFlatDataAndDimensions(values, sampleBatch, j.config.Size, j.config.Size, 3))
		if err != nil {
			return nil, fmt.Errorf("judge pictures: %w", err)
		}
		classes, err := tensors.CopyFlatData[int32](output[0])
		if err != nil {
			return nil, fmt.Errorf("judge pictures: %w", err)
		}
		for i := range batch {
			labels = append(labels, int(classes[i]))
		}
	}
	return labels, nil
}

// Confusion counts what the judge sees, [class that is right][class that is seen], in up to n of the pictures of a set that
// were held out from its training.
func (j *Judge) Confusion(ctx context.Context, set dataset.Set, n int) (Confusion, error) {
	_, test := dataset.Split(set, heldOut)
	var pictures []*image.RGBA
	var labels []int
	for i := range min(n, test.Len()) {
		picture, err := test.Picture(ctx, i, j.config.Size)
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			continue // A broken picture does not count; the training has named it.
		}
		pictures, labels = append(pictures, picture), append(labels, test.Label(i))
	}
	if len(pictures) == 0 {
		return nil, errors.New("no picture is held out to measure the judge on: the set is too small")
	}
	seen, err := j.Classify(ctx, pictures)
	return countConfusion(len(j.config.Classes), labels, seen), err
}

// Confusion counts pictures: [class asked for][class seen].
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

// Accuracy is the share of pictures whose class is the one asked for.
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
