package vgg

import (
	"context"
	"image"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
)

func TestEmbeddingIsTheMeanOfTheLastFeatures(t *testing.T) {
	backend, err := openBackend()
	require.NoError(t, err)
	network := &Network{Style: Random}
	embedder, err := NewEmbedder(backend, network)
	require.NoError(t, err)
	defer embedder.Close()
	var pictures []*image.RGBA
	for i := range embedBatch + 1 { // One more than a batch.
		pictures = append(pictures, (*image.RGBA)(imagingtest.Waves(32, 48, 10*i, 0)))
	}
	rows, err := embedder.Embed(t.Context(), pictures)
	require.NoError(t, err)
	n, columns := rows.Dims()
	assert.Equal(t, []int{embedBatch + 1, 512}, []int{n, columns})

	exec, err := network.exec(backend, func(scope *model.Scope, x *Node) *Node {
		return network.Features(scope, x, 5, false)[4]
	})
	require.NoError(t, err)
	defer exec.Finalize()
	last := imagingtest.Waves(32, 48, 10*embedBatch, 0)
	output, err := exec.Call(tensors.FromFlatDataAndDimensions(unit(last), 1, 48, 32, 3))
	require.NoError(t, err)
	features, err := tensors.CopyFlatData[float32](output[0])
	require.NoError(t, err)
	require.Len(t, features, 3*2*512)
	largest := 0.0
	for c := range 512 {
		mean := 0.0
		for pixel := range 6 {
			mean += float64(features[pixel*512+c]) / 6
		}
		largest = max(largest, mean)
		assert.InDelta(t, mean, rows.At(embedBatch, c), 1e-4*max(mean, 1))
	}
	assert.Positive(t, largest)
	assert.NotEqual(t, floats.Sum(rows.RawRowView(0)), floats.Sum(rows.RawRowView(1)))
}

func TestEmbedderRefuses(t *testing.T) {
	backend, err := openBackend()
	require.NoError(t, err)
	embedder, err := NewEmbedder(backend, &Network{Style: Random})
	require.NoError(t, err)
	defer embedder.Close()
	square := func(side int) *image.RGBA { return (*image.RGBA)(imagingtest.Waves(side, side, 0, 0)) }
	for says, pictures := range map[string][]*image.RGBA{
		"there are none":                      nil,
		"less than 16×16":                     {square(8)},
		"one has 16×16 pixels, another 32×32": {square(16), square(32)},
	} {
		_, err := embedder.Embed(t.Context(), pictures)
		assert.ErrorContains(t, err, says)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = embedder.Embed(stopped, []*image.RGBA{square(16)})
	assert.ErrorIs(t, err, context.Canceled)
}
