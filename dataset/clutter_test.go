package dataset

import (
	"image"
	"image/draw"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClutterIsTheSameInAllFramesOfAVideo(t *testing.T) {
	white := func() *image.RGBA {
		picture := image.NewRGBA(image.Rect(0, 0, 48, 48))
		draw.Draw(picture, picture.Rect, image.White, image.Point{}, draw.Src)
		return picture
	}
	plain := 0
	drawn := map[string]bool{}
	const n = 60
	for i := range n {
		clutter := newClutter(1, i, white())
		first, second := white(), white()
		clutter.draw(first)
		clutter.draw(second)
		require.Equal(t, first.Pix, second.Pix)
		drawn[string(first.Pix)] = true
		if string(first.Pix) == string(white().Pix) {
			plain++
		}
	}
	assert.InDelta(t, n/3, plain, n/6, "every third video has none")
	assert.Len(t, drawn, n-plain+1, "no two are alike")
}

func TestSwayAndClutterChangeNoTruth(t *testing.T) {
	batch := func(sway float64, clutter bool) *EyeBatch {
		loader, err := NewEyeLoader(VariedBlinks(1, 4, 64), EyeOptions{
			Size: 16, Batch: 4, Seed: 1, Truth: true, Sway: sway, Clutter: clutter,
		})
		require.NoError(t, err)
		defer loader.Close()
		batch, err := loader.Next(t.Context())
		require.NoError(t, err)
		return batch
	}
	usual, swayed, cluttered := batch(0, false), batch(0.1, false), batch(0, true)
	each := len(usual.Frames) / 4
	frame := each / 16
	assert.Equal(t, usual.Still, swayed.Still)
	assert.Equal(t, usual.Openings, swayed.Openings)
	for video := range 4 {
		first := usual.Frames[video*each:]
		assert.Equal(t, first[:frame], swayed.Frames[video*each:][:frame], "the first frame stays")
		assert.NotEqual(t, first[frame:each], swayed.Frames[video*each+frame:][:each-frame])
	}
	assert.Equal(t, usual.Openings, cluttered.Openings)
	assert.NotEqual(t, usual.Frames, cluttered.Frames)
	assert.NotEqual(t, usual.Still, cluttered.Still)
}
