package imaging

import (
	"bytes"
	"image"
	"image/color"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// timed writes an animation in which every frame differs from those before it, and reads it. Frame i is grey value i.
func timed(t *testing.T, format Format, delays []Delay) (shown []uint8, lasts []time.Duration) {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, format, Info{Width: 2, Height: 2, Frames: len(delays)})
	require.NoError(t, err)
	pixels := image.NewNRGBA64(image.Rect(0, 0, 2, 2))
	for i, delay := range delays {
		for p := range 4 { // In the same memory: a frame is only valid until the next.
			pixels.Set(p%2, p/2, color.NRGBA{uint8(i), uint8(i), uint8(i), 255})
		}
		require.NoError(t, w.Write(Frame{pixels, delay}))
	}
	require.NoError(t, w.Close())
	p, err := Read(&file)
	require.NoError(t, err)
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		shown = append(shown, frame.Pixels.Pix[0])
		lasts = append(lasts, frame.Delay.Duration())
	}
	return shown, lasts
}

// repeated returns a delay many times.
func repeated(delay Delay, times int) (delays []Delay) {
	for range times {
		delays = append(delays, delay)
	}
	return delays
}

func TestAnimationsLastAsLongInEveryFormat(t *testing.T) {
	for _, format := range []Format{PNG, WebP, GIF} {
		for _, rate := range []uint16{7, 18, 24, 30, 48, 60, 75, 90, 100, 120, 144, 240} {
			delays := repeated(Delay{1, rate}, int(rate))
			shown, lasts := timed(t, format, delays)
			var sum time.Duration
			for i, l := range lasts {
				sum += l
				if format == GIF {
					assert.GreaterOrEqual(t, l, 20*time.Millisecond, "%s, %d a second, frame %d", format, rate, i)
				}
			}
			assert.InDelta(t, 1, sum.Seconds(), 0.00501, "%s, %d a second", format, rate)
			assert.EqualValues(t, 0, shown[0], "the first frame is shown")
			assert.EqualValues(t, rate-1, shown[len(shown)-1], "the last frame is shown")
			if rate <= 48 || format != GIF {
				assert.Len(t, shown, int(rate), "%s, %d a second: every frame is shown", format, rate)
			}
		}
	}
}

func TestGIFShowsEachFrameAtItsTime(t *testing.T) {
	delays := []Delay{{1, 1000}, {1, 1000}, {58, 1000}, {5, 1000}, {200, 1000}, {3, 100}, {2, 1000}}
	shown, lasts := timed(t, GIF, delays)
	// Frames of a few milliseconds give way to longer ones, and the last frame replaces the one before.
	assert.Equal(t, []uint8{2, 4, 6}, shown)
	for i, want := range []time.Duration{60, 210, 30} {
		assert.Equal(t, want*time.Millisecond, lasts[i])
	}
}

func TestFramesWithoutADelayAreAllKeptInAGIF(t *testing.T) {
	shown, lasts := timed(t, GIF, []Delay{{0, 100}, {0, 100}, {1, 100}})
	assert.Equal(t, []uint8{0, 1, 2}, shown)
	for _, l := range lasts {
		assert.Equal(t, 100*time.Millisecond, l, "as browsers show them")
	}
}
