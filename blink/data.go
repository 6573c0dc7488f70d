package blink

import (
	"context"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
)

// cacheBytes is the memory for the clips.
const cacheBytes = 2 << 30

// OpenData opens the blinks that a configuration names; warn gets each broken one.
func (c Config) OpenData(ctx context.Context, warn func(error)) (dataset.Clips, error) {
	switch {
	case c.Data == "" && c.Artists:
		return dataset.VariedBlinks(c.Seed, c.Drawn, c.DrawnSize), nil
	case c.Data == "":
		return dataset.DrawnBlinks(c.Seed, c.Drawn, c.DrawnSize), nil
	}
	clips, bad, err := dataset.OpenBlinks(ctx, c.Data)
	warnOf(warn, bad)
	return clips, err
}

// warnOf warns of broken clips, if anybody listens.
func warnOf(warn func(error), bad []dataset.Bad) {
	if warn != nil {
		for _, b := range bad {
			warn(b)
		}
	}
}

// batches turns the batches of a loader into inputs of [Iteration].
type batches struct{ *dataset.EyeLoader }

// Batches reads eyes from a position on. warn gets the clips that became unreadable.
func (c Config) Batches(clips dataset.Clips, position int64, warn func(error)) (lab.Source, error) {
	painted := Networks[c.Network].Painted
	shake, sway := 1.0, 0.0
	if painted { // Nothing but the eye moves in its square, wherever it is: boxes of any finder will do.
		shake, sway = 2, 0.1
	}
	loader, err := dataset.NewEyeLoader(clips, dataset.EyeOptions{
		Size: c.Size, Batch: c.Batch, Seed: c.Seed, Flip: c.Flip, Vary: c.Vary, Shake: shake, Sway: sway, Hues: c.Hues,
		Whole: c.part().Whole, Truth: painted, Clutter: painted, Few: c.Few, Start: position, OnBad: warn,
	})
	return batches{loader}, err
}

// Next returns the videos, and the truth if the loader has it.
func (b batches) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	batch, err := b.EyeLoader.Next(ctx)
	if err != nil {
		return nil, err
	}
	defer batch.Release() // FromFlatData copies.
	videos := func(values []float32) *tensors.Tensor {
		frames := len(values) / (batch.N * batch.Size * batch.Size * 3)
		return tensors.FromFlatDataAndDimensions(values, batch.N, frames, batch.Size, batch.Size, 3)
	}
	inputs := []*tensors.Tensor{videos(batch.Frames)}
	if batch.Still != nil {
		openings := tensors.FromFlatDataAndDimensions(batch.Openings, batch.N, len(batch.Openings)/batch.N)
		inputs = append(inputs, videos(batch.Still), openings)
	}
	return inputs, nil
}
