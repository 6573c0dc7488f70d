package bench

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/measure/vgg"
)

// SR is an iteration of the super-resolution GAN: a step of D and one of G, through an untrained VGG16. Its losses are
// D, G, pixel, perceptual.
func SR(config esrgan.Config) (Case, error) {
	networks, features := esrgan.Networks[config.Network], &vgg.Network{Style: vgg.Random}
	c := Case{
		config: config, seed: config.Seed, networks: []string{"generator", "discriminator", "vgg"}, peers: peersOf("sr"),
		iteration: func(scope *model.Scope, x []*graph.Node) []*graph.Node {
			return esrgan.Iteration(scope, config, networks, features, x[0], x[1])[:4] // Losses; the peers do not watch.
		},
	}
	for _, in := range []struct {
		name string
		size int
	}{{"low", config.Crop / esrgan.Scale}, {"high", config.Crop}} {
		value, err := drawPictures(config.Seed, config.Batch, in.size)
		if err != nil {
			return c, fmt.Errorf("draw the inputs: %w", err)
		}
		c.inputs = append(c.inputs, input{in.name, value})
	}
	return c, nil
}

// drawPictures draws n portraits of a size, [n, size, size, 3] in [0, 1], with noise so that no area is flat.
func drawPictures(seed uint64, n, size int) (*tensors.Tensor, error) {
	values := make([]float32, 0, n*size*size*3)
	set := dataset.Drawn(seed, n)
	rng := rand.New(rand.NewPCG(seed, uint64(size)))
	for i := range n {
		picture, err := set.Picture(context.Background(), i, size)
		if err != nil {
			return nil, err
		}
		for p := 0; p < len(picture.Pix); p += 4 {
			for c := range 3 {
				values = append(values, 0.8*float32(picture.Pix[p+c])/255+0.2*rng.Float32())
			}
		}
	}
	return tensors.FromFlatDataAndDimensions(values, n, size, size, 3), nil
}
