package blink_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/internal/bench"
	"github.com/moelab/moelab/internal/golden"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// update regenerates the golden files: go test ./blink -run PyTorch -update. It needs PyTorch, which it installs in an
// environment of its own.
var update = flag.Bool("update", false, "make testdata/*.safetensors anew with PyTorch")

func TestIterationMatchesPyTorch(t *testing.T) {
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	for _, preset := range []string{
		"smoke", "smoke-adversarial", "smoke-convlstm", "smoke-dynamics", "smoke-mocogan", "smoke-tgan",
	} {
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
			backend := backend
			if slices.ContainsFunc(blink.Surveyed, func(s blink.Failure) bool { return preset == "smoke-"+s.Name }) {
				backend, err = onnxfiletest.Backend() // XLA compiles them for minutes.
				require.NoError(t, err)
			}
			golden.Check(t, backend, path, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
				return blink.Step(scope, config, x[0], blink.Given{Motion: x[1], Reference: x[0], Noise: x[2]})
			}, []string{"videos", "motion", "noise"}, config.Metrics(), func(path string) bool {
				return normalisedBias(path) || preset == "smoke-mocogan" && path == "generator/content/bias"
			})
		})
	}
}

// withoutNorm are layers of the surveyed models that no batch normalisation follows.
var withoutNorm = []string{
	"content", "temporal/step5", "motion/input", "motion/state", "lstm/gates", "condition", "features/code",
	"features/encoder1",
}

// normalisedBias reports whether a weight is a bias that batch normalisation removes again.
func normalisedBias(path string) bool {
	network, below, _ := strings.Cut(path, "/")
	layer, isBias := strings.CutSuffix(below, "/bias")
	switch {
	case !isBias:
		return false
	case slices.Contains(withoutNorm, layer):
		return false
	case strings.HasSuffix(network, "discriminator"):
		return layer != "conv1" && layer != "score" && layer != "encoder1"
	default:
		return !strings.HasSuffix(layer, "rgb") && layer != "mask" && layer != "encoder1"
	}
}
