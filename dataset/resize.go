package dataset

import (
	"image"

	"golang.org/x/image/draw"
)

// upright is the picture's centred square, size × size and the right way up. The caller may change it.
func (d decoded) upright(size int) *image.RGBA {
	side := min(d.canvas.Dx(), d.canvas.Dy())
	corner := image.Pt((d.canvas.Dx()-side)/2, (d.canvas.Dy()-side)/2)
	square := d.onWhite(image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))})
	return d.orientation.upright(Bicubic(square, size, size))
}

// whole is the picture at its own size and the right way up. The caller may change it.
func (d decoded) whole() *image.RGBA { return d.orientation.upright(d.onWhite(d.canvas)) }

// onWhite is a part of the canvas with the picture on it. What is transparent or empty becomes white. Colour profiles are not applied.
func (d decoded) onWhite(part image.Rectangle) *image.RGBA {
	onto := image.NewRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	draw.Draw(onto, onto.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(onto, onto.Rect, d.picture, part.Min, draw.Over)
	return onto
}
