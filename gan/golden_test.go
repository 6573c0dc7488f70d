package gan_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/bench"
	"github.com/moelab/moelab/internal/golden"
	"github.com/moelab/moelab/nn"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// update makes the golden files anew: go test ./gan -run PyTorch -update. It needs PyTorch, which it installs in an environment
// of its own.
var update = flag.Bool("update", false, "make testdata/*.safetensors anew with PyTorch")

// goldenIterations is the number of iterations in a golden file.
const goldenIterations = 3

// goldenConfig is the article's GAN, but tiny. The learning rate is large, so that an error in a weight's change is seen in the
// losses that follow.
func goldenConfig(t *testing.T, preset string, settings ...string) gan.Config {
	t.Helper()
	config, err := gan.Preset(preset)
	require.NoError(t, err)
	config.Size, config.Noise, config.Batch = 16, 4, 3
	config.GeneratorChannels, config.DiscriminatorChannels = 2, 3
	config.GeneratorBlocks = min(config.GeneratorBlocks, 2)
	config.LearningRate = 0.01
	for _, setting := range settings {
		require.NoError(t, config.Set(setting))
	}
	require.NoError(t, config.Validate())
	return config
}

// Each network with each conditioning, each loss, each penalty and each clipping, and with each option of G.
func TestIterationMatchesPyTorch(t *testing.T) {
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	for _, test := range []struct {
		name, preset string
		settings     []string
	}{
		{"resblock", "article", nil},
		{"resblock-input", "article", []string{"conditioning=input", "loss=wgan", "penalty=wgan-gp", "generator_norm=plain"}},
		{"resblock-hidden", "article", []string{"conditioning=hidden", "loss=wgan", "penalty=none", "clip=gradients"}},
		{"resblock-ac-gan", "article", []string{"conditioning=ac-gan", "loss=non-saturating", "penalty=r1", "squeeze_excitation=true", "spectral_norm=false"}},
		{"srresnet", "article-srresnet", nil},
		{"srresnet-noise", "article-srresnet", []string{"discriminator_noise=0.1"}},
		{"srresnet-input", "article-srresnet", []string{"conditioning=input", "loss=non-saturating", "penalty=wgan-gp", "spectral_norm=true"}},
		{"srresnet-hidden", "article-srresnet", []string{"conditioning=hidden", "loss=wgan", "penalty=none", "clip=weights"}},
		{"srresnet-ac-gan", "article-srresnet", []string{"conditioning=ac-gan", "penalty=r1", "squeeze_excitation=true", "generator_norm=conditional"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			config, path := goldenConfig(t, test.preset, test.settings...), "testdata/"+test.name+".safetensors"
			if *update {
				iteration, err := bench.GAN(backend, config)
				require.NoError(t, err)
				require.NoError(t, bench.WriteGolden(context.Background(), backend, iteration, goldenIterations, path, os.Stderr))
			}
			golden.Check(t, backend, path, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
				nn.Plainly(x[0].Graph()) // Compiles sooner.
				return gan.Iteration(scope, config, gan.Networks[config.Network], bench.GANInputs(x))
			}, bench.GANInputNames(config), config.Losses(), func(path string) bool { return withoutInfluence(config, path) })
		})
	}
}

// withoutInfluence says whether a weight is a bias or an offset that batch normalisation takes out again, or one that moves all of D's scores where only their differences
// count: those of WGAN, and of the hinge inside of its margin, where the small SRResNet's are.
func withoutInfluence(config gan.Config, path string) bool {
	network, below, _ := strings.Cut(path, "/")
	switch {
	case network == "discriminator":
		return below == "score/bias" && (config.Loss == gan.LossWasserstein || config.Loss == gan.LossHinge && config.Network == gan.NetworkSRResNet)
	case below == fmt.Sprintf("block%d/norm2/offset", config.GeneratorBlocks):
		return !config.SqueezeExcitation
	case !strings.HasSuffix(below, "/bias") || strings.Contains(below, "/excite/"):
		return false
	case config.Network == gan.NetworkSRResNet:
		return below == "dense/bias" || strings.HasPrefix(below, "block")
	default: // What is excited is no longer moved as a whole.
		return strings.HasPrefix(below, "up") && !(config.SqueezeExcitation && strings.HasSuffix(below, "/conv2/bias"))
	}
}
