package gan_test

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/bench"
	"github.com/moelab/moelab/internal/golden"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// update makes the golden file anew: go test ./gan -run PyTorch -update. It needs PyTorch, which it installs in an environment
// of its own.
var update = flag.Bool("update", false, "make testdata/iteration.safetensors anew with PyTorch")

const goldenPath = "testdata/iteration.safetensors"

// goldenIterations is the number of iterations in the golden file.
const goldenIterations = 3

// goldenConfig is the article's GAN, but tiny. The learning rate is large, so that an error in a weight's change is seen in the
// losses that follow.
func goldenConfig(t *testing.T) gan.Config {
	t.Helper()
	config, err := gan.Preset("article")
	require.NoError(t, err)
	config.Size, config.Noise, config.Batch = 16, 4, 3
	config.GeneratorChannels, config.DiscriminatorChannels = 2, 3
	config.LearningRate = 0.01
	return config
}

func TestIterationMatchesPyTorch(t *testing.T) {
	config := goldenConfig(t)
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	if *update {
		iteration, err := bench.GAN(backend, config)
		require.NoError(t, err)
		require.NoError(t, bench.WriteGolden(context.Background(), backend, iteration, goldenIterations, goldenPath, os.Stderr))
	}
	golden.Check(t, backend, goldenPath, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
		inputs := gan.Inputs{Pictures: x[0], Labels: x[1], Noise: x[2], FakeLabels: x[3], Uniform: x[4]}
		return gan.Iteration(scope, config, gan.Networks[config.Network], inputs)
	}, []string{"pictures", "labels", "noise", "fake_labels", "uniform"}, []string{gan.LossD, gan.LossG, gan.Penalty}, func(path string) bool {
		return strings.HasPrefix(path, "generator/up") && strings.HasSuffix(path, "/bias") // Batch normalisation follows.
	})
}
