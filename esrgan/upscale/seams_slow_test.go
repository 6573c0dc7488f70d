//go:build slow

package upscale

import (
	"image"
	"image/draw"
	"math"
	"os"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSeamsOfPretrainedNetworksCannotBeSeen(t *testing.T) {
	_, err := Install(t.Context(), os.Stderr)
	require.NoError(t, err)
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	drawn, err := dataset.Illustrations(5, 1).Whole(t.Context(), 0)
	require.NoError(t, err)
	part := image.NewNRGBA(image.Rect(0, 0, 320, 96))
	draw.Draw(part, part.Rect, drawn, image.Pt(96, 200), draw.Src)
	p := esrgan.PixelsOf(part)
	for _, name := range []string{"anime", "anime-video", "photo"} {
		t.Run(name, func(t *testing.T) {
			u, err := OpenPretrained(backend, name)
			require.NoError(t, err)
			defer u.Close()
			tiled, err := u.Upscale(t.Context(), p, esrgan.TileOptions{Tile: 64})
			require.NoError(t, err)
			u.Overlap = len(p.RGB) // One tile.
			whole, err := u.Upscale(t.Context(), p, esrgan.TileOptions{})
			require.NoError(t, err)
			require.Len(t, tiled.RGB, len(whole.RGB))
			most := 0.0
			for i, v := range whole.RGB {
				most = max(most, math.Abs(float64(v-tiled.RGB[i])))
			}
			t.Logf("the largest difference is %.3f/255", 255*most)
			assert.Less(t, most, 1.0/255)
		})
	}
}
