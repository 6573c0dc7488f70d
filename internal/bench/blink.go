package bench

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/blink"
)

// Blink is an iteration of the networks that make portraits blink. The optical flow of the videos is an input, since
// the peers have none, and so is the noise. Its losses are the configuration's metrics.
func Blink(backend compute.Backend, config blink.Config) (Case, error) {
	c := Case{
		config: config, seed: config.Seed, networks: []string{"generator"}, peers: peersOf("blink")[:2],
		iteration: func(scope *model.Scope, x []*graph.Node) []*graph.Node {
			return blink.Step(scope, config, x[0], BlinkGiven(x))
		},
	}
	network := blink.Networks[config.Network]
	if config.Adversarial > 0 {
		for _, discriminator := range network.Discriminators {
			c.networks = append(c.networks, discriminator.Scope)
		}
	}
	clips, err := config.OpenData(context.Background(), nil)
	if err != nil {
		return c, err
	}
	source, err := config.Batches(clips, 0, nil)
	if err != nil {
		return c, err
	}
	defer source.Close()
	videos, err := source.Next(context.Background())
	if err != nil {
		return c, fmt.Errorf("draw the inputs: %w", err)
	}
	motion, err := graph.CallOnce(backend, blink.Motion, videos[0])
	if err != nil {
		return c, fmt.Errorf("estimate the flow of the inputs: %w", err)
	}
	rng := rand.New(rand.NewPCG(config.Seed, 0))
	noise := make([]float32, config.Batch*max(network.Noise, 1))
	for i := range noise {
		noise[i] = float32(rng.NormFloat64())
	}
	uniform := make([]float32, config.Batch*blink.Frames)
	for i := range uniform {
		uniform[i] = rng.Float32()
	}
	c.inputs = []input{
		{"videos", videos[0]}, {"motion", motion},
		{"noise", tensors.FromFlatDataAndDimensions(noise, config.Batch, len(noise)/config.Batch)},
		{"uniform", tensors.FromFlatDataAndDimensions(uniform, config.Batch, blink.Frames)},
	}
	return c, nil
}

// BlinkGiven are the generator's inputs in an iteration of [Blink], whose own are x.
func BlinkGiven(x []*graph.Node) blink.Given {
	first := graph.Squeeze(graph.SliceAxis(x[0], 1, graph.AxisElem(0)), 1)
	return blink.Given{Picture: first, Motion: x[1], Reference: x[0], Noise: x[2], Uniform: x[3]}
}
