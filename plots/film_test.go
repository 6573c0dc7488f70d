package plots_test

import (
	"bytes"
	"image"
	"image/color"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/plots"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// coloured is a small picture of one colour.
func coloured(c color.Color) image.Image {
	small := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		small.Set(i%8, i/8, c)
	}
	return small
}

func TestFilmPlaysItsClipsBesideEachOther(t *testing.T) {
	red, blue := color.RGBA{200, 0, 0, 255}, color.RGBA{0, 0, 200, 255}
	figure, err := plots.Film{
		Clips:  [][]image.Image{{coloured(red), coloured(blue)}, {coloured(blue), coloured(red)}},
		Labels: []string{"one", "two"},
		Rate:   18,
	}.Figure()
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, figure.WritePNG(&file))
	film, err := imaging.Read(&file)
	require.NoError(t, err)
	assert.Equal(t, 2, film.Info.Frames)
	assert.Equal(t, 0, film.Plays)
	number := 0
	for frame, err := range film.Frames() {
		require.NoError(t, err)
		assert.InDelta(t, time.Second/18, frame.Delay.Duration(), float64(time.Millisecond))
		count := map[color.Color][2]int{}
		width := frame.Pixels.Rect.Dx()
		for y := range frame.Pixels.Rect.Dy() {
			for x := range width {
				c := color.RGBAModel.Convert(frame.Pixels.At(x, y))
				half := count[c]
				half[2*x/width]++
				count[c] = half
			}
		}
		left, right := red, blue
		if number == 1 {
			left, right = blue, red
		}
		assert.Greater(t, count[left][0], count[left][1], "frame %d", number)
		assert.Greater(t, count[right][1], count[right][0], "frame %d", number)
		number++
	}
	assert.Equal(t, 2, number)
}

func TestBadFilmsAreRejected(t *testing.T) {
	picture := coloured(color.White)
	for want, film := range map[string]plots.Film{
		"a film of 0 frames a second":          {Clips: [][]image.Image{{picture}}},
		"needs a clip with a frame":            {Rate: 18},
		"clip 2 has 2 frames, the first one 1": {Clips: [][]image.Image{{picture}, {picture, picture}}, Rate: 18},
		"1 column labels for 2 columns": {
			Clips:  [][]image.Image{{picture}, {picture}},
			Labels: []string{"one"},
			Rate:   18,
		},
	} {
		_, err := film.Figure()
		assert.ErrorContains(t, err, want)
	}
}
