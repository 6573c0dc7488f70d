package imaging

import (
	"image"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestChromaIsInterpolatedAsByLibjpeg(t *testing.T) {
	for name, c := range map[string]struct {
		plane        []uint8 // Of 3×2 values.
		across, down int
		size         image.Point
		want         []uint8
	}{
		"across": {[]uint8{0, 40, 80, 100, 100, 100}, 2, 1, image.Pt(6, 2), // (3·near + next + 1 or 2)/4.
			[]uint8{0, 10, 30, 50, 70, 80, 100, 100, 100, 100, 100, 100}},
		"down": {[]uint8{0, 40, 80, 100, 41, 80}, 1, 2, image.Pt(3, 4),
			[]uint8{0, 40, 80, 25, 40, 80, 75, 41, 80, 100, 41, 80}},
		"both": {[]uint8{0, 40, 80, 16, 56, 96}, 2, 2, image.Pt(5, 3), // (9, 3, 3, 1)/16.
			[]uint8{0, 10, 30, 50, 70, 4, 14, 34, 54, 74, 12, 22, 42, 62, 82}},
	} {
		assert.Equal(t, c.want, enlarged(c.plane, 3, c.size, c.across, c.down), name)
	}
}

func TestChromaOfAnyPictureIsWhole(t *testing.T) {
	for ratio, whole := range map[image.YCbCrSubsampleRatio]bool{
		image.YCbCrSubsampleRatio420: true, image.YCbCrSubsampleRatio422: true, image.YCbCrSubsampleRatio440: true,
		image.YCbCrSubsampleRatio444: true, image.YCbCrSubsampleRatio411: false, image.YCbCrSubsampleRatio410: false,
	} {
		plain := image.NewYCbCr(image.Rect(0, 0, 5, 3), ratio)
		for i := range plain.Y {
			plain.Y[i] = uint8(10 * i)
		}
		for i := range plain.Cb {
			plain.Cb[i], plain.Cr[i] = 90, 160
		}
		made := interpolated(plain).(*image.YCbCr)
		assert.Equal(t, whole, made.SubsampleRatio == image.YCbCrSubsampleRatio444, "%v", ratio)
		for y := range 3 {
			for x := range 5 {
				assert.Equal(t, plain.YCbCrAt(x, y), made.YCbCrAt(x, y), "%v", ratio)
			}
		}
	}
	veiled := image.NewNYCbCrA(image.Rect(0, 0, 5, 3), image.YCbCrSubsampleRatio420)
	veiled.A[3] = 77
	made := interpolated(veiled).(*image.NYCbCrA)
	assert.EqualValues(t, 77, made.NYCbCrAAt(3, 0).A)
	assert.Len(t, made.Cb, 15)
}
