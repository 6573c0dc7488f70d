package esrgan_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/bench"
	"github.com/moelab/moelab/internal/golden"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// update regenerates the golden files: go test ./esrgan -run PyTorch -update. It needs PyTorch, which it installs in an
// environment of its own.
var update = flag.Bool("update", false, "make testdata/*.safetensors anew with PyTorch")

func TestIterationMatchesPyTorch(t *testing.T) {
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	for _, preset := range []string{"smoke", "smoke-srgan"} {
		t.Run(preset, func(t *testing.T) {
			config, err := esrgan.Experiment.Preset(preset)
			require.NoError(t, err)
			config.LearningRate = 0.001 // So that an error in a weight's update shows in the losses that follow.
			config.Crop, config.Batch = 64, 3
			config.LayerWeights = []float64{0.5, 1}
			if config.Network == "srgan" {
				config.LayerWeights = []float64{0.5} // Half the size of the file; max pooling is in the other.
			}
			path := "testdata/" + config.Network + ".safetensors"
			if *update {
				iteration, err := bench.SR(config)
				require.NoError(t, err)
				require.NoError(t, bench.WriteGolden(t.Context(), backend, iteration, 3, path, os.Stderr))
			}
			losses := []string{"D", "G", "pixel", "perceptual"}
			golden.Check(t, backend, path, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
				network := &vgg.Network{Style: vgg.Random}
				return esrgan.Iteration(scope, config, esrgan.Networks[config.Network], network, x[0], x[1])[:4]
			}, []string{"low", "high"}, losses, withoutInfluence(config.Network))
		})
	}
}

// withoutInfluence returns a function that reports whether a weight is a bias that batch normalisation removes again,
// or the bias of logits of which only differences count.
func withoutInfluence(networks string) func(path string) bool {
	return func(path string) bool {
		network, below, _ := strings.Cut(path, "/")
		switch {
		case !strings.HasSuffix(below, "/bias"):
			return false
		case network == "discriminator":
			return strings.HasPrefix(below, "conv") && below != "conv1/bias" || networks == "esrgan" && below == "dense2/bias"
		default:
			return networks == "srgan" && (strings.HasPrefix(below, "block") || below == "trunk/bias")
		}
	}
}
