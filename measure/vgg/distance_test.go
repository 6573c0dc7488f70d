package vgg

import (
	"context"
	"image"
	"os"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openBackend opens one backend for the tests of the measures.
var openBackend = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Log: os.Stderr})
})

// openFeatures prepares distances by a VGG16 without training, once for all tests.
var openFeatures = sync.OnceValues(func() (*Distance, error) {
	backend, err := openBackend()
	if err != nil {
		return nil, err
	}
	return NewDistance(backend, &Network{Style: Random})
})

func randomFeatures(t *testing.T) *Distance {
	t.Helper()
	distance, err := openFeatures()
	require.NoError(t, err)
	return distance
}

func TestDistancesOfUnitVectorsAreTheClosedForm(t *testing.T) {
	backend, err := openBackend()
	require.NoError(t, err)
	// Of 1 × 2 pixels: the same direction and the opposite axis; then of one pixel: nothing against a direction, and
	// itself.
	first := tensors.FromValue([][][][]float32{{{{3, 4}, {1, 0}}}, {{{6, 8}, {0, 7}}}, {{{3, 4}, {1, 0}}}})
	second := tensors.FromValue([][][][]float32{{{{0, 0, 0}}}, {{{0, 5, 0}}}, {{{0, 0, 0}}}})
	output, err := CallOnce(backend, func(first, second *Node) *Node {
		return Distances([]*Node{first, second})
	}, first, second)
	require.NoError(t, err)
	distances, err := tensors.CopyFlatData[float32](output)
	require.NoError(t, err)
	// Layers of (0 + 2)/2 and of 1, averaged.
	assert.InDeltaSlice(t, []float32{1, 0}, distances, 1e-6)
}

func TestDistanceGrowsWithTheDamage(t *testing.T) {
	truth := imagingtest.Waves(64, 48, 0, 0)
	little, much := imagingtest.Waves(64, 48, 20, 0), imagingtest.Waves(64, 48, 120, 0)
	distances, err := randomFeatures(t).Of(t.Context(), truth, truth, little, much)
	require.NoError(t, err)
	assert.InDelta(t, 0, distances[0], 1e-6)
	assert.Greater(t, distances[1], 0.001)
	assert.Greater(t, distances[2], 2*distances[1])
	assert.Less(t, distances[2], 2.0)
}

func TestDistanceOfALargePictureIsThatOfItsTiles(t *testing.T) {
	features := randomFeatures(t)
	truth, restored := imagingtest.Waves(300, 32, 0, 0), imagingtest.Waves(300, 32, 60, 0)
	part := func(picture *image.NRGBA, from int) *image.NRGBA {
		return picture.SubImage(image.Rect(from, 0, from+256, 32)).(*image.NRGBA)
	}
	sum := 0.0
	for _, from := range []int{0, 300 - 256} {
		distances, err := features.Of(t.Context(), part(truth, from), part(restored, from))
		require.NoError(t, err)
		sum += distances[0]
	}
	distances, err := features.Of(t.Context(), truth, restored)
	require.NoError(t, err)
	assert.InDelta(t, sum/2, distances[0], 1e-6)
}

func TestAnUntrainedVGG16IsAlwaysTheSame(t *testing.T) {
	backend, err := openBackend()
	require.NoError(t, err)
	other, err := NewDistance(backend, &Network{Style: Random})
	require.NoError(t, err)
	defer other.Close()
	truth, restored := imagingtest.Waves(32, 32, 0, 0), imagingtest.Waves(32, 32, 60, 0)
	want, err := randomFeatures(t).Of(t.Context(), truth, restored)
	require.NoError(t, err)
	got, err := other.Of(t.Context(), truth, restored)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestTilesCoverThePicture(t *testing.T) {
	for _, size := range []image.Point{{16, 16}, {255, 256}, {256, 512}, {257, 600}, {1000, 31}} {
		tiles := tilesOf(size)
		covered := image.NewAlpha(image.Rectangle{Max: size})
		for _, tile := range tiles {
			assert.Equal(t, tiles[0].Size(), tile.Size())
			assert.LessOrEqual(t, max(tile.Dx(), tile.Dy()), 256)
			assert.True(t, tile.In(covered.Rect))
			for y := tile.Min.Y; y < tile.Max.Y; y++ {
				for x := tile.Min.X; x < tile.Max.X; x++ {
					covered.Pix[covered.PixOffset(x, y)] = 255
				}
			}
		}
		assert.NotContains(t, covered.Pix, uint8(0), size)
	}
}

func TestDistanceSaysWhatCannotBeCompared(t *testing.T) {
	features := randomFeatures(t)
	small := imagingtest.Waves(20, 15, 0, 0)
	_, err := features.Of(t.Context(), small, small)
	assert.ErrorContains(t, err, "20×15 pixels, less than 16×16")
	_, err = features.Of(t.Context(), imagingtest.Waves(20, 20, 0, 0), imagingtest.Waves(20, 24, 0, 0))
	assert.ErrorContains(t, err, "the truth has 20×20 pixels, a restored picture 20×24")
	_, err = features.Of(t.Context(), imagingtest.Waves(20, 20, 0, 0))
	assert.ErrorContains(t, err, "no picture to compare")
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = features.Of(stopped, imagingtest.Waves(20, 20, 0, 0), imagingtest.Waves(20, 20, 0, 0))
	assert.ErrorIs(t, err, context.Canceled)
}
