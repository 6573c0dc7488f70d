package imaging_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// movingSpot returns frames of noise in which little changes: a spot moves, stands still, and finally becomes a hole if
// hole is set.
func movingSpot(hole bool) (frames []imaging.Frame) {
	random := rand.New(rand.NewPCG(1, 1))
	still := image.NewNRGBA64(image.Rect(0, 0, 96, 64))
	for y := range 64 {
		for x := range 96 {
			v := uint8(20 * random.IntN(8)) // Few colours, so that a GIF holds them.
			still.Set(x, y, color.NRGBA{v, v, 255 - v, 255})
		}
	}
	for i, spot := range []image.Rectangle{image.Rect(2, 3, 5, 6), image.Rect(5, 7, 10, 14), image.Rect(11, 9, 20, 14),
		image.Rect(11, 9, 20, 14), image.Rect(90, 60, 96, 64)} {
		frame := &image.NRGBA64{Pix: bytes.Clone(still.Pix), Stride: still.Stride, Rect: still.Rect}
		for y := spot.Min.Y; y < spot.Max.Y; y++ {
			for x := spot.Min.X; x < spot.Max.X; x++ {
				if hole && i == 4 {
					frame.SetNRGBA64(x, y, color.NRGBA64{})
				} else {
					frame.Set(x, y, color.NRGBA{200, 40, 40, 255})
				}
			}
		}
		frames = append(frames, imaging.Frame{Pixels: frame, Delay: imaging.Delay{Numerator: 1, Denominator: 10}})
	}
	return frames
}

func TestOnlyChangesAreWritten(t *testing.T) {
	dir := t.TempDir()
	profile := make([]byte, 200)
	copy(profile[16:], "RGB ") // The colour type.
	var paths []string
	var all []string
	for _, format := range []imaging.Format{imaging.PNG, imaging.WebP, imaging.GIF} {
		for _, hole := range []bool{false, true} {
			frames := movingSpot(hole)
			sizes := map[int]int{}
			for _, count := range []int{1, len(frames)} {
				info := imaging.Info{Width: 96, Height: 64, Frames: count, Alpha: hole, Profile: profile}
				var data bytes.Buffer
				w, err := imaging.NewWriter(&data, format, info)
				require.NoError(t, err)
				for _, frame := range frames[:count] {
					require.NoError(t, w.Write(frame))
				}
				require.NoError(t, w.Close())
				sizes[count] = data.Len()
				path := filepath.Join(dir, fmt.Sprint(format, hole, count))
				require.NoError(t, os.WriteFile(path, data.Bytes(), 0o644))
				if count > 1 {
					paths, all = append(paths, path), append(all, fmt.Sprintf("%s, hole %v", format, hole))
				} else if format != imaging.GIF {
					p, err := imaging.Open(path)
					require.NoError(t, err)
					assert.Equal(t, profile, p.Profile, "%s keeps the profile", format)
				}
			}
			// A GIF with a hole has whole frames: otherwise the earlier frames would show through.
			if format != imaging.GIF || !hole {
				assert.Less(t, sizes[len(frames)]-sizes[1], sizes[1],
					"%s: four frames of small changes are less than a whole one", format)
			}
		}
	}
	var seen []described
	require.NoError(t, json.Unmarshal(pillow(t, "describe.py", paths...), &seen))
	for i, path := range paths {
		want := movingSpot(i%2 == 1)
		require.Len(t, seen[i].Frames, len(want), all[i])
		p, err := imaging.Open(path)
		require.NoError(t, err)
		for k, got := range frames(t, p) {
			assertPixels(t, rgba(want[k].Pixels), rgba(got.Pixels), 12, fmt.Sprintf("%s, frame %d read by moelab", all[i], k))
			assertPixels(t, rgba(want[k].Pixels), seen[i].Frames[k], 12, fmt.Sprintf("%s, frame %d read by Pillow", all[i], k))
		}
	}
}

func TestGIFShowsColoursThatComeLater(t *testing.T) {
	still, spot := movingSpot(false)[0], movingSpot(false)[1]
	for i := range still.Pixels.Pix { // No red, and less of the rest.
		still.Pixels.Pix[i] |= 0x80
	}
	for y := 3; y < 6; y++ {
		copy(still.Pixels.Pix[8*(y*96+2):], still.Pixels.Pix[:8*3])
	}
	red := &image.NRGBA64{Pix: bytes.Clone(still.Pixels.Pix), Stride: still.Pixels.Stride, Rect: still.Pixels.Rect}
	for y := 7; y < 14; y++ {
		copy(red.Pix[8*(y*96+5):][:8*5], spot.Pixels.Pix[8*(y*96+5):])
	}
	var data bytes.Buffer
	w, err := imaging.NewWriter(&data, imaging.GIF, imaging.Info{Width: 96, Height: 64, Frames: 2})
	require.NoError(t, err)
	require.NoError(t, w.Write(still))
	require.NoError(t, w.Write(imaging.Frame{Pixels: red, Delay: spot.Delay}))
	require.NoError(t, w.Close())
	p, err := imaging.Read(&data)
	require.NoError(t, err)
	assertPixels(t, rgba(red), rgba(frames(t, p)[1].Pixels), 12, "the frame with the spot")
}
