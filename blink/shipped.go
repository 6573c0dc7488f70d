package blink

import (
	_ "embed" // For the weights.
	"fmt"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/lab"
)

// shippedWeights are the weights of a generator trained only on blinks that moelab draws, seed 1, in three trainings:
//
//	moelab train blink --preset shipped-first --run runs/first
//	moelab train blink --preset shipped --set from=runs/first --steps 2500 --run runs/second
//	moelab train blink --preset shipped --set from=runs/second --run runs/shipped
//	go test ./blink -run ShippedNetwork -ship runs/shipped
//
// The blinks of the first two were slower than those drawn today.
//
//go:embed shipped.safetensors
var shippedWeights []byte

// OpenShipped opens the network that comes with moelab.
func OpenShipped(backend compute.Backend) (*Blinker, error) {
	config, err := Experiment.Preset("shipped")
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
