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
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// update regenerates the golden files: go test ./gan -run PyTorch -update. It needs PyTorch, which it installs in an
// environment of its own.
var update = flag.Bool("update", false, "make testdata/*.safetensors anew with PyTorch")

// goldenIterations is the number of iterations in a golden file.
const goldenIterations = 3

// goldenConfig is a tiny version of the article's GAN. The learning rate is large, so that an error in a weight's
// update shows in the losses that follow.
func goldenConfig(t *testing.T, preset string, settings ...string) gan.Config {
	t.Helper()
	config, err := gan.Experiment.Preset(preset)
	require.NoError(t, err)
	config.Size, config.Noise, config.Batch = 16, 4, 3
	config.GeneratorChannels, config.DiscriminatorChannels = 2, 3
	config.GeneratorBlocks = min(config.GeneratorBlocks, 2)
	config.LearningRate = 0.01
	for _, setting := range settings {
		config, err = lab.Assign(config, setting)
		require.NoError(t, err)
	}
	require.NoError(t, config.Validate())
	return config
}

// Each network with each conditioning, each loss, each penalty and each clipping, and with each option of G.
//
// Each iteration's losses, weight updates and first moments of Adam are compared: for G, which takes one step,
// (1−β₁)·g, and for D, which takes two, (1−β₁)·(β₁·g₁ + g₂). D's g₁ is also compared on its own, as PyTorch has it
// before clipping, and so are the networks' outputs.
func TestIterationMatchesPyTorch(t *testing.T) {
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr, Quick: true})
	require.NoError(t, err)
	simple, err := xla.Open(
		t.Context(), xla.Options{Backend: "go:ops_sequential"},
	) // It does not compile: XLA takes a hundred times as long.
	require.NoError(t, err)
	for _, test := range []struct {
		name, preset string
		settings     []string
	}{
		{"resblock", "article", nil},
		{"resblock-input", "article", []string{"conditioning=input", "loss=wgan", "penalty=wgan-gp", "generator_norm=plain"}},
		{"resblock-hidden", "article", []string{"conditioning=hidden", "loss=wgan", "penalty=none", "clip=gradients"}},
		{"resblock-ac-gan", "article", []string{
			"conditioning=ac-gan", "loss=non-saturating", "penalty=r1", "squeeze_excitation=true", "spectral_norm=false",
		}},
		{"resblock-attributes", "article", []string{`attributes=["eyes","length"]`, "conditioning=ac-gan"}},
		{"resblock-attributes-projection", "article", []string{`attributes=["eyes","length"]`}},
		{"srresnet", "article-srresnet", nil},
		{"srresnet-noise", "article-srresnet", []string{"discriminator_noise=0.1"}},
		{"srresnet-input", "article-srresnet", []string{
			"conditioning=input", "loss=non-saturating", "penalty=wgan-gp", "spectral_norm=true",
		}},
		{"srresnet-hidden", "article-srresnet", []string{"conditioning=hidden", "loss=wgan", "penalty=none", "clip=weights"}},
		{"srresnet-ac-gan", "article-srresnet", []string{
			"conditioning=ac-gan", "penalty=r1", "squeeze_excitation=true", "generator_norm=conditional",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			config, path := goldenConfig(t, test.preset, test.settings...), "testdata/"+test.name+".safetensors"
			if *update {
				iteration, err := bench.GAN(backend, config)
				require.NoError(t, err)
				require.NoError(t, bench.WriteGolden(context.Background(), backend, iteration, goldenIterations, path, os.Stderr))
			}
			withoutInfluence := func(path string) bool { return withoutInfluence(config, path) }
			names := bench.GANInputNames(config)
			golden.Check(t, simple, path, iterationOf(config), names, config.Losses(), withoutInfluence)
			if test.settings == nil { // The article's.
				golden.Check(t, backend, path, iterationOf(config), names, config.Losses(), withoutInfluence)
			}

			outputs := []string{"generated", "scores"}
			if config.Conditioning == gan.ConditionACGAN {
				outputs = append(outputs, "classes")
			}
			golden.CheckOutputs(t, simple, path, forwardOf(config), names, outputs)

			first := config
			first.DiscriminatorSteps, first.Beta1, first.Clip = 1, 0, "none"
			golden.CheckGradients(t, simple, path, iterationOf(first), names, "discriminator", withoutInfluence)
		})
	}
}

// iterationOf builds one iteration of a configuration.
func iterationOf(config gan.Config) func(scope *model.Scope, x []*graph.Node) []*graph.Node {
	return func(scope *model.Scope, x []*graph.Node) []*graph.Node {
		nn.Plainly(x[0].Graph()) // Compiles sooner.
		return gan.Iteration(scope, config, gan.Networks[config.Network], bench.GANInputs(x))
	}
}

// forwardOf returns a function that draws portraits from the noise of the first step, and judges its real pictures, as
// the networks do during training.
func forwardOf(config gan.Config) func(scope *model.Scope, x []*graph.Node) []*graph.Node {
	network := gan.Networks[config.Network]
	return func(scope *model.Scope, x []*graph.Node) []*graph.Node {
		nn.Plainly(x[0].Graph())
		scope.Store().SetTraining(x[0].Graph(), true)
		first := func(x *graph.Node) *graph.Node { return graph.Squeeze(graph.Slice(x, graph.AxisElem(0)), 0) }
		in := bench.GANInputs(x)
		noise, pictures := first(in.Noise), first(in.Pictures)
		generated := network.Generator(
			scope.At("generator"), config, noise, config.OneHot(first(in.FakeLabels), noise.DType()),
		)
		verdict := network.Discriminator(
			scope.At("discriminator"), config, pictures, config.OneHot(first(in.Labels), pictures.DType()),
		)
		if verdict.Classes == nil {
			return []*graph.Node{generated, verdict.Score}
		}
		return []*graph.Node{generated, verdict.Score, verdict.Classes}
	}
}

// withoutInfluence reports whether a weight has no effect on the losses: a bias or an offset that batch normalisation
// removes again, or one that shifts all of D's scores where only their differences count, as in WGAN and in the hinge
// within its margin, where the small SRResNet's scores are.
func withoutInfluence(config gan.Config, path string) bool {
	network, below, _ := strings.Cut(path, "/")
	switch {
	case network == "discriminator":
		return below == "score/bias" &&
			(config.Loss == "wgan" || config.Loss == "hinge" && config.Network == "srresnet")
	case below == fmt.Sprintf("block%d/norm2/offset", config.GeneratorBlocks):
		return !config.SqueezeExcitation
	case !strings.HasSuffix(below, "/bias") || strings.Contains(below, "/excite/"):
		return false
	case config.Network == "srresnet":
		return below == "dense/bias" || strings.HasPrefix(below, "block")
	default: // With excitation the offset no longer shifts everything equally.
		return strings.HasPrefix(below, "up") && !(config.SqueezeExcitation && strings.HasSuffix(below, "/conv2/bias"))
	}
}
