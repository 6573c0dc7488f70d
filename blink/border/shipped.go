package border

import (
	_ "embed" // For the weights.
	"fmt"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/lab"
)

// shippedWeights are the weights of a training with the preset "shipped", 6.5 minutes on two cores. On patches of
// held-out drawn portraits the error near the border is 0.0155, and 0.0682 without a correction.
//
//	moelab train border --run runs/border
//	go test ./blink/border -run ShippedNetwork -ship "$PWD/runs/border"
//
//go:embed shipped.safetensors
var shippedWeights []byte

// OpenShipped opens the network that comes with moelab.
func OpenShipped(backend compute.Backend) (*Corrector, error) {
	weights, _, err := lab.ReadShipped(shippedWeights)
	if err != nil {
		return nil, fmt.Errorf("the network that hides borders: %w", err)
	}
	return newCorrector(backend, shipped, weights)
}

// Ship writes the weights of a run's newest checkpoint, the averages alone, to a file, as [OpenShipped] reads it.
func Ship(dir, path string) error {
	config, weights, state, err := Experiment.OpenModel(dir)
	if err != nil {
		return err
	}
	metadata := map[string]string{"config": config.String(), "step": fmt.Sprint(state.Step)}
	return lab.WriteShipped(path, weights.Below(lab.AverageScope), metadata)
}
