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
		"smoke", "smoke-adversarial", "smoke-convlstm", "smoke-dynamics", "smoke-forecast", "smoke-mocogan",
		"smoke-tgan", "smoke-tganv2",
	} {
		t.Run(preset, func(t *testing.T) {
			config, err := blink.Experiment.Preset(preset)
			require.NoError(t, err)
			config.LearningRate = 0.001 // So that an error in a weight's update shows in the losses that follow.
			config.Batch = 3            // Batch normalisation reduces two values to their signs.
			if preset == "smoke-forecast" || preset == "smoke-tganv2" {
				config.Channels, config.DiscriminatorChannels = 1, 1 // For a smaller file.
			}
			path := "testdata/" + preset + ".safetensors"
			backend := backend
			if slices.ContainsFunc(blink.Surveyed, func(s blink.Failure) bool { return preset == "smoke-"+s.Name }) {
				backend, err = onnxfiletest.Backend() // XLA compiles them for minutes.
				require.NoError(t, err)
			}
			if *update {
				iteration, err := bench.Blink(backend, config)
				require.NoError(t, err)
				require.NoError(t, bench.WriteGolden(t.Context(), backend, iteration, 3, path, os.Stderr))
			}
			golden.Check(t, backend, path, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
				return blink.Step(scope, config, x[0], bench.BlinkGiven(x))
			}, []string{"videos", "motion", "noise", "uniform"}, config.Metrics(), func(path string) bool {
				switch preset {
				case "smoke-forecast":
					return forecastsBias(path)
				case "smoke-tganv2":
					return pyramidsBias(path)
				case "smoke-mocogan":
					return normalisedBias(path) || path == "generator/content/bias"
				}
				return normalisedBias(path)
			})
		})
	}
}

// forecastsBias is like normalisedBias, of Zhao et al.'s networks: only some of its layers are normalised.
func forecastsBias(path string) bool {
	if video, isVideo := strings.CutPrefix(path, "generator/video/"); isVideo {
		return normalisedBias("generator/" + video)
	}
	up, isUp := strings.CutPrefix(path, "generator/decoder/up")
	return isUp && (strings.HasSuffix(up, "/conv1/bias") || up == "1/conv2/bias" || up == "1/shortcut/bias") ||
		path == "generator/motion/code/bias" // The analogy is a difference of two of them.
}

// pyramidsBias is the same of TGANv2: what its blocks add to a channel is removed where it is rendered.
func pyramidsBias(path string) bool {
	return strings.HasPrefix(path, "generator/block") && strings.HasSuffix(path, "/bias") ||
		strings.HasPrefix(path, "generator/encoder") && normalisedBias(path)
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
