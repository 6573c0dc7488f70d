package border

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
)

// Experiment describes the experiments of this package.
var Experiment = &lab.Kind[Config]{
	Name:  "border",
	Title: "the network that hides the borders of pasted eyes",
	Usual: "shipped",
	Presets: map[string]Config{
		"shipped": shipped,
		"smoke": with(shipped, func(c *Config) { // Seconds: for tests.
			c.Size, c.Channels, c.Drawn, c.DrawnSize, c.Batch, c.Steps = 16, 2, 2, 64, 2, 2
		}),
	},
	Curves: func(Config) []lab.Curve {
		return []lab.Curve{{
			Name: "error", Title: "Error near the border", Y: "mean absolute error", Log: true,
			Metrics: []string{metricError, metricSpoiled},
		}}
	},
}

func init() { // Here, since these functions themselves use the kind.
	Experiment.Train, Experiment.Evaluate = Train, lab.Evaluates(Evaluate)
}

// with returns a changed copy.
func with(config Config, change func(*Config)) Config {
	change(&config)
	return config
}

// HeldOutSeed is the seed of the drawn blinks that networks are measured on: no training uses it.
const HeldOutSeed = 20_260_103

// Scores measure how well borders are hidden, on patches that were spoiled as in a training.
type Scores struct {
	// Patches is their number.
	Patches int `json:"patches"`
	// Error is the mean absolute error of colours in [0, 1] near the border, Spoiled that without a correction.
	Error   float64 `json:"error"`
	Spoiled float64 `json:"spoiled"`
}

// Evaluate measures a run, or without a dir the network that comes with moelab, on Number drawn blinks, 12 by default.
func Evaluate(
	ctx context.Context, backend compute.Backend, dir string, options lab.EvaluateOptions,
) (s Scores, err error) {
	if options.Data != "" {
		return s, errors.New("borders are measured on drawn blinks only: leave --data out")
	}
	const usual, size = 12, 256
	seed, n := cmp.Or(options.Seed, HeldOutSeed), cmp.Or(options.Number, usual)
	open := func() (*Corrector, error) { return Open(backend, dir) }
	if dir == "" {
		open = func() (*Corrector, error) { return OpenShipped(backend) }
	}
	c, err := open()
	if err != nil {
		return s, err
	}
	defer c.Close()
	config := c.config
	config.Seed, config.Batch = seed, n
	source, err := config.open(dataset.VariedBlinks(seed, n, size), 0, options.Warn)
	if err != nil {
		return s, err
	}
	defer source.Close()
	inputs, err := source.Next(ctx)
	if err != nil {
		return s, err
	}
	before, truth, pasted, err := c.paste(backend, seed, inputs[0])
	if err != nil {
		return s, err
	}
	made := make([]*image.RGBA, len(pasted))
	for i, picture := range pasted {
		made[i] = imaging.CopyPart(picture, picture.Rect)
		if err := c.Correct(made[i], before[i], patchOf(picture.Rect)); err != nil {
			return s, err
		}
	}
	s.Patches, s.Error, s.Spoiled = len(pasted), meanError(made, truth), meanError(pasted, truth)
	return s, nil
}

// paste returns what pastedOf makes of videos.
func (c *Corrector) paste(
	backend compute.Backend, seed uint64, videos *tensors.Tensor,
) (before, truth, pasted []*image.RGBA, err error) {
	store, size := model.NewStore(), c.config.Size
	if err := store.SetRNGStateFromSeed(int64(seed)); err != nil {
		return nil, nil, nil, err
	}
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, videos *Node) []*Node {
		before, truth, pasted := pastedOf(scope, videos)
		return []*Node{before, truth, pasted}
	})
	if err != nil {
		return nil, nil, nil, err
	}
	defer exec.Finalize()
	outputs, err := exec.Call(videos)
	if err != nil {
		return nil, nil, nil, err
	}
	for i, to := range []*[]*image.RGBA{&before, &truth, &pasted} {
		values, err := tensors.CopyFlatData[float32](outputs[i])
		if err != nil {
			return nil, nil, nil, err
		}
		for ; len(values) > 0; values = values[size*size*3:] {
			*to = append(*to, imaging.FromValues(values, size, size))
		}
	}
	return before, truth, pasted, nil
}

// patchOf returns the patch in the middle of what the network sees.
func patchOf(seen image.Rectangle) image.Rectangle {
	return seen.Inset(int(float64(seen.Dx()) * (1 - patchShare) / 2))
}

// meanError is the mean absolute error of colours in [0, 1] in the patch, as far from its border as it may change.
func meanError(pictures, truth []*image.RGBA) float64 {
	sum, weights := 0.0, 0.0
	for i, picture := range pictures {
		patch := patchOf(picture.Rect)
		for y := patch.Min.Y; y < patch.Max.Y; y++ {
			for x := patch.Min.X; x < patch.Max.X; x++ {
				pixels := min(x-patch.Min.X, patch.Max.X-1-x, y-patch.Min.Y, patch.Max.Y-1-y)
				weight, at := nearness((float64(pixels)+0.5)/float64(patch.Dx())), picture.PixOffset(x, y)
				for c := range 3 {
					difference := float64(picture.Pix[at+c]) - float64(truth[i].Pix[at+c])
					sum, weights = sum+weight*max(difference, -difference)/255, weights+weight
				}
			}
		}
	}
	return sum / max(weights, 1e-9)
}

// Measures implements [lab.Evaluation].
func (s Scores) Measures() map[string]float64 {
	return map[string]float64{"error": s.Error, "error / spoiled": s.Error / max(s.Spoiled, 1e-9)}
}

// String sums the scores up.
func (s Scores) String() string {
	return fmt.Sprintf("%d patches: error near the border %.4f, without a correction %.4f", s.Patches, s.Error, s.Spoiled)
}
