package bench

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/gan"
)

// GAN is an iteration of the portraits' GAN: D's steps, with the penalty, and G's. Its losses are D, G, penalty.
func GAN(backend compute.Backend, config gan.Config) (Case, error) {
	network := gan.Networks[config.Network]
	c := Case{
		config: config, seed: config.Seed, networks: []string{"generator", "discriminator"}, peers: peersOf("gan"),
		iteration: func(scope *model.Scope, x []*graph.Node) []*graph.Node {
			inputs := gan.Inputs{Pictures: x[0], Labels: x[1], Noise: x[2], FakeLabels: x[3], Uniform: x[4]}
			return gan.Iteration(scope, config, network, inputs)[:len(config.Losses())] // The peers do not watch either.
		},
	}
	var err error
	if c.inputs, err = drawGANInputs(backend, config); err != nil {
		return c, fmt.Errorf("draw the inputs: %w", err)
	}
	return c, nil
}

// drawGANInputs draws the inputs of one iteration: portraits, and what is random.
func drawGANInputs(backend compute.Backend, config gan.Config) ([]input, error) {
	source, err := config.Batches(dataset.Drawn(config.Seed, 1000), 0, nil)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	real, err := source.Next(context.Background())
	if err != nil {
		return nil, err
	}
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(int64(config.Seed) + 1); err != nil {
		return nil, err
	}
	random, err := model.CallOnceN(backend, store, func(scope *model.Scope, pictures, labels *graph.Node) []*graph.Node {
		in := gan.DrawInputs(scope, config, pictures, labels)
		return []*graph.Node{in.Noise, in.FakeLabels, in.Uniform}
	}, real[0], real[1])
	if err != nil {
		return nil, err
	}
	return []input{
		{"pictures", real[0]}, {"labels", real[1]}, {"noise", random[0]}, {"fake_labels", random[1]}, {"uniform", random[2]},
	}, nil
}
