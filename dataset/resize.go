package dataset

import (
	"image"

	"golang.org/x/image/draw"
)

// upright is the picture's centred square, size × size and the right way up. The caller may change it.
func (d decoded) upright(size int) *image.RGBA {
	return d.orientation.upright(Bicubic(d.onWhite(CentredSquare(d.canvas)), size, size))
}

// CentredSquare is the largest square in the middle of a rectangle.
func CentredSquare(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
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
