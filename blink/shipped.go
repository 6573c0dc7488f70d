package blink

import (
	_ "embed" // For the weights.
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
)

// shippedWeights are those of a generator that was trained on nothing but blinks that moelab draws, seed 1, in three trainings:
//
//	moelab train blink --preset shipped-first --run runs/first
//	moelab train blink --preset shipped --set from=runs/first --steps 2500 --run runs/second
//	moelab train blink --preset shipped --set from=runs/second --run runs/shipped
//	go test ./blink -run ShippedNetwork -ship runs/shipped
//
// The blinks of the first two were slower than the ones that are drawn today.
//
//go:embed shipped.safetensors
var shippedWeights []byte

// OpenShipped opens the network that comes with moelab.
func OpenShipped(backend compute.Backend) (*Blinker, error) {
	config, err := Preset("shipped")
	if err != nil {
		return nil, err
	}
	weights, _, err := lab.ReadShipped(shippedWeights)
	if err != nil {
		return nil, err
	}
	store := model.NewStore()
	weights.Into(store)
	b, err := newBlinker(backend, config, store)
	if err != nil {
		return nil, fmt.Errorf("the network that moelab ships: %w", err)
	}
	b.Step = config.Steps
	return b, nil
}

// Ship writes the generator of a run's newest checkpoint to a file, as [OpenShipped] reads it.
func Ship(dir, path string) error {
	var config Config
	run, err := lab.OpenExperiment(dir, &config, experimentName)
	if err != nil {
		return err
	}
	return run.Ship(path, config.trainedScope(), map[string]string{"config": config.String()})
}

// trainedScope is where the weights of the generator lie that pictures are made with.
func (c Config) trainedScope() string {
	if c.AverageDecay > 0 {
		return averageScope
	}
	return generatorScope
}
