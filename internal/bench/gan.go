package bench

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
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
			// The peers do not watch the training either.
			return gan.Iteration(scope, config, network, GANInputs(x))[:len(config.Losses())]
		},
	}
	var err error
	if c.inputs, err = drawGANInputs(backend, config); err != nil {
		return c, fmt.Errorf("draw the inputs: %w", err)
	}
	return c, nil
}

// ganInputs are the names of an iteration's inputs. The last one is there if D has noise.
var ganInputs = []string{"pictures", "labels", "noise", "fake_labels", "uniform", "disturbance"}

// GANInputNames are the names of an iteration's inputs, in their order.
func GANInputNames(config gan.Config) []string {
	if config.DiscriminatorNoise > 0 {
		return ganInputs
	}
	return ganInputs[:len(ganInputs)-1]
}

// GANInputs are an iteration's inputs, from nodes in the order of [GANInputNames].
func GANInputs(x []*graph.Node) gan.Inputs {
	matrix := func(labels *graph.Node) *graph.Node { // The peers, without attributes, have one label for each picture.
		if labels.Rank() == 2 {
			return graph.InsertAxes(labels, -1)
		}
		return labels
	}
	inputs := gan.Inputs{
		Pictures: x[0], Labels: matrix(x[1]), Noise: x[2], FakeLabels: matrix(x[3]), Uniform: x[4],
	}
	if len(x) == len(ganInputs) {
		inputs.Disturbance = x[5]
	}
	return inputs
}

// drawGANInputs draws the inputs of one iteration: portraits, and random numbers.
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
	if len(config.Attributes) > 0 {
		if real[1], err = withUnknown(real[1]); err != nil {
			return nil, err
		}
	}
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(int64(config.Seed) + 1); err != nil {
		return nil, err
	}
	random, err := model.CallOnceN(backend, store, func(scope *model.Scope, pictures, labels *graph.Node) []*graph.Node {
		in := gan.DrawInputs(scope, config, pictures, labels)
		nodes := []*graph.Node{in.Noise, in.FakeLabels, in.Uniform}
		if in.Disturbance != nil {
			nodes = append(nodes, in.Disturbance)
		}
		return nodes
	}, real[0], real[1])
	if err != nil {
		return nil, err
	}
	var inputs []input
	for i, value := range append(real, random...) {
		name := ganInputs[i]
		if isLabels := name == "labels" || name == "fake_labels"; isLabels && len(config.Attributes) == 0 {
			if value, err = graph.CallOnce(backend, func(labels *graph.Node) *graph.Node {
				return graph.Squeeze(labels, -1)
			}, value); err != nil {
				return nil, err
			}
		}
		inputs = append(inputs, input{name, value})
	}
	return inputs, nil
}

// withUnknown returns labels, [steps of D, batch, 1 + attributes], with the last attribute of each step's first picture
// unknown, as it may be in a folder.
func withUnknown(labels *tensors.Tensor) (*tensors.Tensor, error) {
	flat, err := tensors.CopyFlatData[int32](labels)
	if err != nil {
		return nil, err
	}
	batch, parts := labels.Shape().Dim(1), labels.Shape().Dim(2)
	for i := parts - 1; i < len(flat); i += batch * parts {
		flat[i] = -1
	}
	return tensors.FromFlatDataAndDimensions(flat, labels.Shape().Dimensions...), nil
}
