package bench

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/blink"
)

// Blink is an iteration of the networks that make portraits blink. The optical flow of the videos is an input: the
// peers have none. Its losses are the configuration's metrics.
func Blink(backend compute.Backend, config blink.Config) (Case, error) {
	c := Case{
		config: config, seed: config.Seed, networks: []string{"generator"}, peers: peersOf("blink")[:2],
		iteration: func(scope *model.Scope, x []*graph.Node) []*graph.Node {
			return blink.Step(scope, config, x[0], blink.Given{Motion: x[1]})
		},
	}
	if config.Adversarial > 0 {
		c.networks = append(c.networks, "discriminator")
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
	c.inputs = []input{{"videos", videos[0]}, {"motion", motion}}
	return c, nil
}
