package blink

import (
	"context"
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

// recorder draws the same blink again and again during a training.
type recorder struct {
	backend compute.Backend
	config  Config
	clips   dataset.Clips
	dir     string
	exec    *model.Exec     // Made on first use,
	videos  *tensors.Tensor // like the blinks.
}

// record saves the frames of the first blink side by side.
func (r *recorder) record(ctx context.Context, store *model.Store, step int64) error {
	if err := r.prepare(ctx, store); err != nil {
		return err
	}
	output, err := r.exec.Call1(r.videos)
	if err != nil {
		return fmt.Errorf("draw a blink: %w", err)
	}
	values, err := tensors.CopyFlatData[float32](output)
	if err != nil {
		return err
	}
	size := r.config.Size
	pictures := make([]*image.RGBA, Frames)
	for k := range pictures {
		pictures[k] = imaging.FromValues(values[k*size*size*3:], size, size)
	}
	return lab.SaveStrip(r.dir, step, pictures)
}

// prepare compiles the program and reads blinks, which differ from the first of the training.
func (r *recorder) prepare(ctx context.Context, store *model.Store) error {
	if r.exec != nil {
		return nil
	}
	other := r.config
	other.Seed++
	other.Few = 0 // The strip shows all frames.
	source, err := other.Batches(r.clips, 0, nil)
	if err != nil {
		return err
	}
	defer source.Close()
	blinks, err := source.Next(ctx)
	if err != nil {
		return err
	}
	r.videos = blinks[0]
	network, scope := r.config.network(), lab.DrawnScope(r.config.AverageDecay)
	r.exec, err = model.NewExec(r.backend, store, func(root *model.Scope, videos *Node) *Node {
		var noise *Node
		if n := r.config.noise(); n > 0 {
			noise = Const(videos.Graph(), drawNoise(r.config.Seed, n))
			noise = BroadcastToDims(Reshape(noise, 1, n), videos.Shape().Dim(0), n)
		}
		given := r.config.given(firstFrame(videos), noise)
		given.Reference = videos
		if network.Reference {
			given.Motion = Motion(videos)
		}
		return network.video(root.At("%s", scope), r.config, given)
	})
	return err
}

// close frees the compiled program.
func (r *recorder) close() {
	if r.exec != nil {
		r.exec.Finalize()
	}
}
