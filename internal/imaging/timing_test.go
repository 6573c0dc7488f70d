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
			if rate > 90 && format != GIF {
				continue // Frames of up to 10 ms are not dropped there, but read as browsers show them.
			}
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

func TestFramesOfUpTo10MillisecondsLastATenthOfASecondAsInBrowsers(t *testing.T) {
	delays := []Delay{{0, 100}, {1, 100}, {1, 91}, {1, 90}, {1, 144}, {0, 0}, {1, 0}, {11, 1000}, {1, 2}}
	want := []int{100, 100, 100, 11, 100, 100, 100, 11, 500}
	for _, format := range []Format{PNG, WebP} {
		_, lasts := timed(t, format, delays)
		require.Len(t, lasts, len(want), format)
		for i, l := range lasts {
			if i != 2 || format == PNG { // A WebP has whole milliseconds: 11 of them.
				assert.EqualValues(t, want[i], l.Milliseconds(), "%s, frame %d", format, i)
			}
		}
	}
	control := "!\xf9\x04\x00\x01\x00\x00\x00" // 10 ms.
	data := gifFrames(0, image.Pt(1, 1), image.Pt(1, 1), image.Point{}, 2)
	data = bytes.ReplaceAll(data, []byte(","), []byte(control+","))
	p, err := read(data)
	require.NoError(t, err)
	assert.Equal(t, []Delay{{1, 10}, {1, 10}}, p.Delays())
}

// convertedDelays writes the frames of an animation in another format, and returns how long they last then.
func convertedDelays(t *testing.T, from *Picture, format Format) (lasts []time.Duration, sum time.Duration) {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, format, from.Info)
	require.NoError(t, err)
	for frame, err := range from.Frames() {
		require.NoError(t, err)
		require.NoError(t, w.Write(frame))
	}
	require.NoError(t, w.Close())
	p, err := Read(&file)
	require.NoError(t, err)
	for _, d := range p.Delays() {
		lasts, sum = append(lasts, d.Duration()), sum+d.Duration()
	}
	return lasts, sum
}

func TestConversionKeepsTheRunningTimeOfShortAndLongFrames(t *testing.T) {
	for name, delays := range map[string][]Delay{
		"none":    repeated(Delay{0, 100}, 10),
		"short":   repeated(Delay{1, 144}, 10),
		"mixed":   {{1, 2}, {1, 200}, {1, 200}, {1, 90}, {1, 60}, {1, 2}},
		"minutes": {{100, 1}, {1, 10}, {700, 1}, {65535, 99}},
		"hours":   {{7000, 1}, {1, 10}, {16000, 1}},
	} {
		var file bytes.Buffer
		w, err := NewWriter(&file, PNG, Info{Width: 2, Height: 2, Frames: len(delays)})
		require.NoError(t, err)
		var want time.Duration
		for i, d := range delays {
			pixels := image.NewNRGBA64(image.Rect(0, 0, 2, 2))
			pixels.Set(i%2, i/2%2, color.White)
			require.NoError(t, w.Write(Frame{pixels, d}))
			want += d.asShown().Duration()
		}
		require.NoError(t, w.Close())
		p, err := Read(&file)
		require.NoError(t, err)
		for _, format := range []Format{PNG, WebP, GIF} {
			lasts, sum := convertedDelays(t, p, format)
			assert.InDelta(t, want.Seconds(), sum.Seconds(), 0.00501, "%s to %s", name, format)
			for i, l := range lasts {
				assert.GreaterOrEqual(t, l, 11*time.Millisecond, "%s to %s, frame %d", name, format, i)
			}
			if name == "none" || name == "short" {
				assert.Len(t, lasts, len(delays), "%s to %s", name, format)
			}
		}
	}
}

func TestLongDelaysAreReadToTheNearestFraction(t *testing.T) {
	for n, want := range map[int]Delay{0: {0, 1000}, 65535: {65535, 1000}, 65536: {8192, 125}, 100_000: {100, 1},
		700_000: {700, 1}, 90_500: {181, 2}, 1<<24 - 1: {50332, 3}} {
		assert.Equal(t, want, milliseconds(n), "%d ms", n)
	}
	for n := 70_000; n < 655_000; n += 997 {
		d := milliseconds(n)
		assert.InDelta(t, n, 1000*float64(d.Numerator)/float64(d.Denominator), 5, "%d ms", n)
	}
}

func TestAGIFDoesNotGrowByMillionsOfFrames(t *testing.T) {
	_, lasts := timed(t, GIF, repeated(Delay{65535, 1}, 20))
	assert.Len(t, lasts, 20+mostRepeats)
}

func TestHowOftenAGIFPlays(t *testing.T) {
	for plays, want := range map[int]int{0: 0, 1: 1, 2: 2, 65536: 65536, 65537: 0, 100_000: 0} {
		var file bytes.Buffer
		w, err := NewWriter(&file, GIF, Info{Width: 2, Height: 2, Frames: 2, Plays: plays})
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, w.Write(Frame{image.NewNRGBA64(image.Rect(0, 0, 2, 2)), Delay{1, 10}}))
		}
		require.NoError(t, w.Close())
		p, err := read(file.Bytes())
		require.NoError(t, err)
		assert.Equal(t, want, p.Plays)
		p, err = read(bytes.ReplaceAll(file.Bytes(), []byte("NETSCAPE2.0"), []byte("ANIMEXTS1.0")))
		require.NoError(t, err)
		assert.Equal(t, want, p.Plays, "by another name")
	}
}
