package imaging

import (
	"image"
	"image/color"
)

// greyNoise and greyTint are the largest differences between the channels of a grey picture, in 16 bits: of a pixel,
// and on average. A lossy format may leave the first. More of the second is meant, such as sepia or paper's colour.
const (
	greyNoise = 8 * 257
	greyTint  = 1 * 257
)

// IsGrey reports whether a picture as a whole has no colours, whatever its type: a comic is often saved as RGB, and as
// a JPEG or a WebP, which leaves its channels slightly apart. What is transparent counts less.
func IsGrey(picture image.RGBA64Image) bool {
	bounds := picture.Bounds()
	red, blue := 0, 0 // Sums of the differences from green.
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := picture.RGBA64At(x, y)
			if max(c.R, c.G, c.B)-min(c.R, c.G, c.B) > greyNoise {
				return false
			}
			red += int(c.R) - int(c.G)
			blue += int(c.B) - int(c.G)
		}
	}
	most := bounds.Dx() * bounds.Dy() * greyTint
	return max(red, -red, blue, -blue) <= most
}

// Grey returns an opaque picture without its colours.
func Grey(picture *image.RGBA) *image.RGBA {
	made := image.NewRGBA(picture.Rect)
	for y := picture.Rect.Min.Y; y < picture.Rect.Max.Y; y++ {
		for x := picture.Rect.Min.X; x < picture.Rect.Max.X; x++ {
			v := color.GrayModel.Convert(picture.RGBAAt(x, y)).(color.Gray).Y
			made.SetRGBA(x, y, color.RGBA{v, v, v, 255})
		}
	}
	return made
}
