package esrgan

import (
	"context"
	"errors"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure/vgg"
)

// cacheBytes is the memory for the pictures, so that they are decoded or drawn once.
const cacheBytes = 2 << 30

// OpenData opens the pictures that a configuration names; warn gets each broken one.
func (c Config) OpenData(ctx context.Context, warn func(error)) (dataset.Pictures, error) {
	if c.Data == "" {
		return dataset.Illustrations(c.Seed, c.Drawn), nil
	}
	pictures, report, err := dataset.OpenPictures(ctx, c.Data, dataset.PicturesOptions{})
	if warn != nil {
		for _, bad := range report.Bad {
			warn(bad)
		}
	}
	return pictures, err
}

// batches turns the batches of a loader into inputs of [Iteration].
type batches struct{ *dataset.CropLoader }

// Batches reads crops of pictures from a position on. warn gets the pictures that became unreadable.
func (c Config) Batches(pictures dataset.Pictures, position int64, warn func(error)) (lab.Source, error) {
	loader, err := dataset.NewCropLoader(pictures, dataset.CropOptions{
		Crop: c.Crop, Batch: c.Batch, Seed: c.Seed, Flip: c.Flip, Degrade: c.Degrade, Start: position, OnBad: warn,
	})
	return batches{loader}, err
}

// Next returns the small and the large pictures.
func (b batches) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	batch, err := b.CropLoader.Next(ctx)
	if err != nil {
		return nil, err
	}
	defer batch.Release() // FromFlatData copies.
	small := batch.Crop / Scale
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(batch.Low, batch.N, small, small, 3),
		tensors.FromFlatDataAndDimensions(batch.High, batch.N, batch.Crop, batch.Crop, 3),
	}, nil
}

// OpenVGG opens the network of the perceptual loss; nil if there is no such loss.
func (c Config) OpenVGG() (*vgg.Network, error) {
	if c.Pretrain.Perceptual == 0 && c.Weights.Perceptual == 0 {
		return nil, nil
	}
	switch c.VGG {
	case "random":
		return &vgg.Network{Style: vgg.Random}, nil
	case "installed":
		network, err := vgg.ReadInstalled()
		if errors.Is(err, vgg.ErrNotInstalled) {
			return nil, errors.New(
				"the perceptual loss needs a trained VGG16, and none is installed: run moelab setup --vgg, " +
					"or go on with --perceptual random or none",
			)
		}
		return network, err
	default:
		return vgg.Read(c.VGG)
	}
}
