package imagingtest

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// PutFile writes a file in a folder, which it makes.
func PutFile(t *testing.T, path string, data []byte) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// PNG returns a picture as a PNG.
func PNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var data bytes.Buffer
	require.NoError(t, png.Encode(&data, m))
	return data.Bytes()
}

// Squares returns a picture with hard edges in each channel, of the size of these tests' small pictures.
func Squares() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 12, 10))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 37)
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

// Animation returns a GIF of three frames.
func Animation(t *testing.T) []byte {
	t.Helper()
	var g gif.GIF
	for i := range 3 {
		frame := image.NewPaletted(image.Rect(0, 0, 12, 10), palette.WebSafe)
		for j := range frame.Pix {
			frame.Pix[j] = uint8((j + 50*i) % 216)
		}
		g.Image, g.Delay = append(g.Image, frame), append(g.Delay, 10*(i+1))
	}
	var data bytes.Buffer
	require.NoError(t, gif.EncodeAll(&data, &g))
	return data.Bytes()
}

// AssertBlocks asserts that each pixel of a picture has become a block of 4×4 in another, within a number of levels of
// 65535.
func AssertBlocks(t *testing.T, small, large image.Image, tolerance int) {
	t.Helper()
	require.Equal(t, small.Bounds().Size().Mul(4), large.Bounds().Size())
	for y := range large.Bounds().Dy() {
		for x := range large.Bounds().Dx() {
			want := color.NRGBA64Model.Convert(small.At(x/4, y/4)).(color.NRGBA64)
			got := color.NRGBA64Model.Convert(large.At(x, y)).(color.NRGBA64)
			if got.A == 0 && want.A == 0 {
				continue // An invisible pixel may have any colour.
			}
			for i, pair := range [][2]uint16{{want.R, got.R}, {want.G, got.G}, {want.B, got.B}, {want.A, got.A}} {
				if d := int(pair[0]) - int(pair[1]); d > tolerance || d < -tolerance {
					t.Fatalf("channel %d at %d, %d is %d, not %d", i, x, y, pair[1], pair[0])
				}
			}
		}
	}
}
