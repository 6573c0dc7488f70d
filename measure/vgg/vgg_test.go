package vgg

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVGG16HasItsFiveLayers(t *testing.T) {
	backend, err := openBackend()
	require.NoError(t, err)
	for _, before := range []bool{true, false} {
		store := model.NewStore()
		g := NewGraph(backend, t.Name())
		t.Cleanup(g.Finalize)
		features := Features(store.RootScope(), Parameter(g, "x", shapes.Make(dtypes.Float32, 2, 64, 64, 3)), 5, before)
		weights := 0
		for v := range store.IterVariables() {
			if v.Trainable {
				weights += v.Shape().Size()
			}
		}
		assert.Equal(t, 14_714_688, weights, "the published number of VGG16 without its head")
		for i, want := range [][]int{{2, 64, 64, 64}, {2, 32, 32, 128}, {2, 16, 16, 256}, {2, 8, 8, 512}, {2, 4, 4, 512}} {
			assert.Equal(t, want, features[i].Shape().Dimensions, Layers[i])
		}
	}
}

func TestMapsAreThoseOfTheLayersChannels(t *testing.T) {
	backend, err := openBackend()
	require.NoError(t, err)
	network := &Network{Style: Random}
	maps, err := network.Maps(t.Context(), backend, imagingtest.Waves(64, 48, 0, 0), "conv2_2")
	require.NoError(t, err)
	assert.Len(t, maps, 128)
	assert.Len(t, maps[0], 32*24)

	_, err = network.Maps(t.Context(), backend, imagingtest.Waves(64, 48, 0, 0), "conv9_9")
	assert.ErrorContains(t, err, `no layer "conv9_9"`)
	_, err = network.Maps(t.Context(), backend, imagingtest.Waves(8, 64, 0, 0), "conv5_3")
	assert.ErrorContains(t, err, "8×64 pixels has none")
}
