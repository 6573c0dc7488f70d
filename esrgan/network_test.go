package esrgan

import (
	"os"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openXLA opens a backend for a test.
func openXLA(t *testing.T) compute.Backend {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	return backend
}

// build builds a network for pictures of a size, without compiling it, and returns the shapes of its outputs and its
// number of trained weights.
func build(t *testing.T, size int, network func(scope *model.Scope, x *Node) []*Node) (outputs []*Node, weights int) {
	t.Helper()
	store := model.NewStore()
	g := NewGraph(openXLA(t), t.Name())
	t.Cleanup(g.Finalize)
	outputs = network(store.RootScope(), Parameter(g, "x", shapes.Make(dtypes.Float32, 2, size, size, 3)))
	for v := range store.IterVariables() {
		if v.Trainable {
			weights += v.Shape().Size()
		}
	}
	return outputs, weights
}

func TestNetworksHaveThePapersShapesAndNumbersOfWeights(t *testing.T) {
	article, err := Experiment.Preset("article")
	require.NoError(t, err)
	blocks := func(n int) Config { return with(article, func(c *Config) { c.Blocks = n }) }
	conv := func(size, inputs, outputs int) int { return (size*size*inputs + 1) * outputs }
	one := func(network func(*model.Scope, Config, *Node) *Node, c Config) func(*model.Scope, *Node) []*Node {
		return func(scope *model.Scope, x *Node) []*Node { return []*Node{network(scope, c, x)} }
	}
	for _, c := range []struct {
		name    string
		network func(scope *model.Scope, x *Node) []*Node
		size    int
		output  []int
		weights int
	}{
		{"RRDBNet of 6 blocks, as Real-ESRGAN's for anime", one(RRDBNet, blocks(6)), 16, []int{2, 64, 64, 3}, 4_467_779},
		{"RRDBNet of 23 blocks, the paper's", one(RRDBNet, blocks(23)), 16, []int{2, 64, 64, 3}, 16_697_987},
		{"SRResNet of 15 blocks, the article's", one(SRResNet, blocks(15)), 16, []int{2, 64, 64, 3},
			conv(9, 3, 64) + 64 + 15*(2*conv(3, 64, 64)+4*64+64) + conv(3, 64, 64) + 2*64 +
				2*(conv(3, 64, 256)+64) + conv(9, 64, 3)},
		{"ESRGAN's discriminator at 128, BasicSR's", one(ESRGANDiscriminator, article), 128, []int{2}, 14_502_281},
		{"SRGAN's discriminator at 96", one(SRGANDiscriminator, article), 96, []int{2},
			conv(3, 3, 64) + conv(3, 64, 64) + conv(3, 64, 128) + conv(3, 128, 128) + conv(3, 128, 256) +
				conv(3, 256, 256) + conv(3, 256, 512) + conv(3, 512, 512) +
				2*(64+128+128+256+256+512+512) + (6*6*512+1)*1024 + 1025},
	} {
		t.Run(c.name, func(t *testing.T) {
			outputs, weights := build(t, c.size, c.network)
			assert.Equal(t, c.output, outputs[0].Shape().Dimensions)
			assert.Equal(t, c.weights, weights)
		})
	}
}
