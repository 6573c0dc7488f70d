package eyes

import (
	_ "embed" // For the weights.
	"fmt"
	"strings"

	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// shippedWeights are those of a training with the preset "shipped": see weights/README.md.
//
//go:embed weights/eyes.safetensors
var shippedWeights []byte

// Ship writes the weights of a run's newest checkpoint, the averages alone, to a file in the form in which moelab ships them.
func Ship(dir, path string) error {
	config, weights, step, err := readRun(dir)
	if err != nil {
		return err
	}
	return lab.WriteShipped(path, weights, map[string]string{"config": config.String(), "step": fmt.Sprint(step)})
}

// readRun reads a run's configuration, and the averages of its newest checkpoint by their paths below their scope.
func readRun(dir string) (config Config, weights lab.Weights, step int64, err error) {
	run, err := lab.OpenExperiment(dir, &config, experimentName)
	if err != nil {
		return config, nil, 0, err
	}
	if err := config.Validate(); err != nil {
		return config, nil, 0, fmt.Errorf("configuration of %s: %w", dir, err)
	}
	all, state, err := run.Weights(nil)
	if err != nil {
		return config, nil, 0, err
	}
	weights = lab.Weights{}
	for path, value := range all {
		if name, ok := strings.CutPrefix(path, averageScope+"/"); ok && nn.IsWeight(name) {
			weights[name] = value
		}
	}
	return config, weights, state.Step, nil
}
