package dataset

import (
	"image"

	"golang.org/x/image/draw"
)

// cropOnWhite is the centred square of the canvas with the picture on it. What is transparent or empty becomes white.
func cropOnWhite(picture image.Image, canvas image.Rectangle) *image.RGBA {
	side := min(canvas.Dx(), canvas.Dy())
	corner := image.Pt((canvas.Dx()-side)/2, (canvas.Dy()-side)/2)
	square := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(square, square.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(square, square.Rect, picture, corner, draw.Over)
	return square
}

// upright is the picture size × size and the right way up. The caller may change it.
func (d decoded) upright(size int) *image.RGBA {
	return d.orientation.upright(resize(d.square, size))
}

// resize makes a square opaque picture size × size.
//
// It is resized in sRGB values by the Catmull-Rom kernel, widened where it shrinks so that every pixel counts: what
// Pillow calls BICUBIC. Colour profiles are not applied.
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
