package dataset

import (
	"image"

	"golang.org/x/image/draw"
)

// square is the picture cropped to its centred square, resized to size × size, and upright.
//
// It is resized in sRGB values by the Catmull-Rom kernel, widened where it shrinks so that every pixel counts: what
// Pillow calls BICUBIC. What is transparent becomes white. Colour profiles are not applied.
func (d decoded) square(size int) *image.RGBA {
	side := min(d.canvas.Dx(), d.canvas.Dy())
	corner := image.Pt((d.canvas.Dx()-side)/2, (d.canvas.Dy()-side)/2)

	onWhite := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(onWhite, onWhite.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(onWhite, onWhite.Rect, d.picture, corner, draw.Over)
	return d.orientation.upright(resize(onWhite, size))
}

// resize makes a square opaque picture size × size.
func resize(picture *image.RGBA, size int) *image.RGBA {
	if picture.Rect.Dx() == size {
		return picture
	}
	// Scaled to 16 bits and rounded here: package draw would cut the lower bits off, and so darken by half a level.
	deep := image.NewRGBA64(image.Rect(0, 0, size, size))
	draw.CatmullRom.Scale(deep, deep.Rect, picture, picture.Rect, draw.Src, nil)
	small := image.NewRGBA(deep.Rect)
	for i := range small.Pix {
		v := uint32(deep.Pix[2*i])<<8 | uint32(deep.Pix[2*i+1])
		small.Pix[i] = uint8((v + 128) / 257)
	}
	return small
}
