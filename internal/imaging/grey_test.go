package imaging_test

import (
	"image"
	"image/color"
	"testing"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
)

func TestAPictureIsGreyAsAWhole(t *testing.T) {
	painted := func(colour func(x, y, c int) int) *image.NRGBA { return imagingtest.Paint(40, 30, colour) }
	tinted := func(red, blue int) *image.NRGBA {
		return painted(func(x, y, c int) int { return 3*x + y + []int{red, 0, blue}[c] })
	}
	spot := tinted(0, 0)
	spot.SetNRGBA(20, 10, color.NRGBA{200, 190, 180, 255})
	invisible := tinted(0, 0)
	invisible.SetNRGBA(20, 10, color.NRGBA{200, 0, 0, 0})
	noisy := painted(func(x, y, c int) int { return 40 + 3*x + (x*7+y*13+c*29)%9 - 4 })
	for name, c := range map[string]struct {
		picture image.RGBA64Image
		grey    bool
	}{
		"a grey type":         {image.NewGray16(image.Rect(0, 0, 3, 3)), true},
		"equal channels":      {tinted(0, 0), true},
		"rounding errors":     {tinted(1, -1), true},
		"noise":               {noisy, true},
		"noise of a JPEG":     {imaging.ThroughJPEG((*image.RGBA)(noisy), 60), true},
		"what is transparent": {invisible, true},
		"paper":               {tinted(2, -4), false},
		"sepia":               {tinted(20, -20), false},
		"one spot":            {spot, false},
		"a part of a picture": {spot.SubImage(image.Rect(0, 0, 20, 30)).(*image.NRGBA), true},
		"colours":             {imagingtest.Waves(40, 30, 0, 0), false},
	} {
		assert.Equal(t, c.grey, imaging.IsGrey(c.picture), name)
	}
}
