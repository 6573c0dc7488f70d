package blink

import (
	_ "embed" // For the weights.
	"fmt"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/lab"
)

// shippedWeights are the weights of [Lids], trained only on blinks that moelab draws, seed 1, in an hour on two cores:
//
//	moelab train blink --preset lids --run runs/first        # stopped after 3,707 steps
//	moelab train blink --preset lids --set from=runs/first --set learning_rate=0.0005 --run runs/second    # 1,498 steps
//	moelab train blink --preset lids --set from=runs/second --set learning_rate=0.0005 --run runs/shipped  # 1,314 steps
//	go test ./blink -run ShippedNetwork -ship "$PWD/runs/shipped"
//
// The first had no locks and brows laid over the pictures (see the option Clutter of [dataset.EyeOptions]), the second
// none in the colours of the eyes.
//
//go:embed shipped.safetensors
var shippedWeights []byte

// OpenShipped opens the network that comes with moelab.
func OpenShipped(backend compute.Backend) (*Blinker, error) {
	config, err := Experiment.Preset("lids")
	if err != nil {
		return nil, err
	}
	weights, _, err := lab.ReadShipped(shippedWeights)
	if err != nil {
		return nil, err
	}
	b, err := newBlinker(backend, config, weights)
	if err != nil {
		return nil, fmt.Errorf("the network that moelab ships: %w", err)
	}
	b.Step = config.Steps
	return b, nil
}

// OpenOrShipped opens a run, or without a dir the network that comes with moelab.
func OpenOrShipped(backend compute.Backend, dir string) (*Blinker, error) {
	if dir == "" {
		return OpenShipped(backend)
	}
	return Open(backend, dir)
}

// Ship writes the generator of a run's newest checkpoint to a file, as [OpenShipped] reads it.
func Ship(dir, path string) error {
	run, config, err := Experiment.OpenRun(dir)
	if err != nil {
		return err
	}
	return run.Ship(path, lab.DrawnScope(config.AverageDecay), map[string]string{"config": config.String()})
}
