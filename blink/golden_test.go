package blink_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/internal/bench"
	"github.com/moelab/moelab/internal/golden"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// update regenerates the golden files: go test ./blink -run PyTorch -update. It needs PyTorch, which it installs in an
// environment of its own.
var update = flag.Bool("update", false, "make testdata/*.safetensors anew with PyTorch")

func TestIterationMatchesPyTorch(t *testing.T) {
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	for _, preset := range []string{"smoke", "smoke-adversarial"} {
		t.Run(preset, func(t *testing.T) {
			config, err := blink.Experiment.Preset(preset)
			require.NoError(t, err)
			config.LearningRate = 0.001 // So that an error in a weight's update shows in the losses that follow.
			config.Batch = 3            // Batch normalisation reduces two values to their signs.
			path := "testdata/" + preset + ".safetensors"
			if *update {
				iteration, err := bench.Blink(backend, config)
				require.NoError(t, err)
				require.NoError(t, bench.WriteGolden(t.Context(), backend, iteration, 3, path, os.Stderr))
			}
			golden.Check(t, backend, path, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
				return blink.Step(scope, config, x[0], blink.Given{Motion: x[1]})
			}, []string{"videos", "motion"}, config.Metrics(), normalisedBias)
		})
	}
}

// normalisedBias reports whether a weight is a bias that batch normalisation removes again.
func normalisedBias(path string) bool {
	network, below, _ := strings.Cut(path, "/")
	layer, isBias := strings.CutSuffix(below, "/bias")
	switch {
	case !isBias:
		return false
	case network == "discriminator":
		return layer != "conv1" && layer != "score"
	default:
		return !strings.HasSuffix(layer, "rgb") && layer != "mask" && layer != "encoder1"
	}
}
