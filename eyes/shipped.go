package eyes

import (
	_ "embed" // For the weights.
	"fmt"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/lab"
)

// shippedWeights are the weights of a training with the preset "shipped": see weights/README.md.
//
//go:embed weights/eyes.safetensors
var shippedWeights []byte

// OpenShipped makes a finder with the weights that moelab ships.
func OpenShipped(backend compute.Backend) (*Finder, error) {
	weights, _, err := lab.ReadShipped(shippedWeights)
	if err != nil {
		return nil, fmt.Errorf("prepare the network that finds eyes: %w", err)
	}
	return newFinder(backend, shipped, weights, shipped.Steps)
}

// Ship writes the weights of a run's newest checkpoint, the averages alone, to a file in the form in which moelab ships
// them.
func Ship(dir, path string) error {
	config, weights, state, err := Experiment.OpenModel(dir)
	if err != nil {
		return err
	}
	metadata := map[string]string{"config": config.String(), "step": fmt.Sprint(state.Step)}
	return lab.WriteShipped(path, weights.Below(lab.AverageScope), metadata)
}
