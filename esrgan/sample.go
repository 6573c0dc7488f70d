package esrgan

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
)

// Open opens the generator of a run's newest checkpoint: the average of its weights, if any. If only the pretraining
// has been trained yet, it opens that; RUN/pretrain is a run too.
func Open(backend compute.Backend, dir string) (*Upscaler, error) {
	t, err := readTrained(dir)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s of step %d", t.dir, t.step)
	upscaler, err := NewUpscaler(backend, name, Scale, t.build, t.weights)
	if err == nil && t.network.Sight != nil {
		upscaler.Overlap = t.network.Sight(t.config)
	}
	return upscaler, err
}

// trained is the generator of a run.
type trained struct {
	dir     string // The run's, or its pretraining's.
	config  Config
	network Network
	scope   string      // Of the weights below.
	weights lab.Weights // Of the generator alone.
	step    int64
}

// readTrained reads the generator that [Open] opens.
func readTrained(dir string) (t trained, err error) {
	run, config, err := Experiment.OpenRun(dir) // Not OpenModel: a pretraining's settings are not a valid experiment.
	if err != nil {
		return t, err
	}
	weights, state, err := run.Weights(nil)
	if errors.Is(err, lab.ErrNothingTrained) && filepath.Base(dir) != pretrainDir {
		if pretrained, pretrainErr := readTrained(filepath.Join(dir, pretrainDir)); pretrainErr == nil {
			return pretrained, nil
		}
	}
	if err != nil {
		return t, err
	}
	network, err := config.network()
	scope := lab.DrawnScope(config.AverageDecay)
	return trained{dir, config, network, scope, weights.Below(scope).At(scope), state.Step}, err
}

// build is the generator; see [Network].
func (t trained) build(root *model.Scope, x *Node) *Node {
	return t.network.Generator(root.At("%s", t.scope), t.config, x)
}

// Draw implements [lab.Model]: crops of drawn illustrations, shrunk to a quarter and restored.
func (u *Upscaler) Draw(ctx context.Context, seed uint64, n int) (pictures []image.Image, err error) {
	illustrations := dataset.Illustrations(seed, n)
	for i := range n {
		comparison, err := ComparePicture(ctx, illustrations, i, u.Restorer(TileOptions{}))
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, comparison.Restored[0])
	}
	return pictures, nil
}
