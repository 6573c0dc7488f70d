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
	run, config, err := Experiment.OpenRun(dir) // Not OpenModel: a pretraining's settings are not a valid experiment.
	if err != nil {
		return nil, err
	}
	weights, state, err := run.Weights(nil)
	if errors.Is(err, lab.ErrNoCheckpoint) && filepath.Base(dir) != pretrainDir {
		if pretrained, pretrainErr := Open(backend, filepath.Join(dir, pretrainDir)); pretrainErr == nil {
			return pretrained, nil
		}
	}
	if err != nil {
		return nil, err
	}
	network, err := config.network()
	if err != nil {
		return nil, err
	}
	scope := lab.DrawnScope(config.AverageDecay)
	name := fmt.Sprintf("%s of step %d", dir, state.Step)
	upscaler, err := NewUpscaler(backend, name, Scale, func(root *model.Scope, x *Node) *Node {
		return network.Generator(root.At("%s", scope), config, x)
	}, weights.Below(scope).At(scope))
	if err == nil && network.Sight != nil {
		upscaler.Overlap = network.Sight(config)
	}
	return upscaler, err
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
