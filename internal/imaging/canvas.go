package imaging

import (
	"image"
	"image/draw"
	"slices"
)

// part is a frame as stored in a file: a picture, and how to put it on the canvas.
type part struct {
	decode func() (image.Image, error)
	at     image.Point // The position of its corner on the canvas.
	// replace: its transparent pixels replace those below, which otherwise show through.
	replace bool
	dispose disposal
	delay   Delay
}

// disposal is the change of the canvas after a frame was shown.
type disposal int

const (
	disposeNone       disposal = iota // No change.
	disposeBackground                 // The part becomes transparent, as in browsers, whatever background the file names.
	disposePrevious                   // The canvas is restored to its state before the frame.
)

// canvas is the picture on which the frames of an animation are drawn.
type canvas struct {
	size   image.Point
	pixels *image.NRGBA64 // Nil before the first frame.
	undo   func()         // The pending disposal of the last frame.
}

// show draws a part and returns the canvas, which is valid until the next call.
func (c *canvas) show(p part) (*image.NRGBA64, error) {
	if c.undo != nil {
		c.undo()
		c.undo = nil
	}
	decoded, err := p.decode()
	if err != nil {
		return nil, err
	}
	pixels := toNRGBA64(decoded)
	fills := p.at == (image.Point{}) && pixels.Rect.Max == c.size
	if fills && (p.replace || c.pixels == nil || pixels.Opaque()) && p.dispose != disposePrevious {
		c.pixels = pixels // The part covers the whole canvas.
	} else {
		c.put(p, pixels)
	}
	if p.dispose == disposeBackground {
		c.undo = func() { clearRect(c.pixels, pixels.Rect.Add(p.at).Intersect(c.pixels.Rect)) }
	}
	return c.pixels, nil
}

// put draws the pixels of a part.
func (c *canvas) put(p part, pixels *image.NRGBA64) {
	if c.pixels == nil {
		c.pixels = image.NewNRGBA64(image.Rectangle{Max: c.size})
	}
	place := pixels.Rect.Add(p.at).Intersect(c.pixels.Rect)
	if p.dispose == disposePrevious {
		before := image.NewNRGBA64(place)
		copyRect(before, place, c.pixels, image.Point{})
		c.undo = func() { copyRect(c.pixels, place, before, image.Point{}) }
	}
	if p.replace {
		copyRect(c.pixels, place, pixels, p.at)
	} else {
		draw.Draw(c.pixels, place, pixels, place.Min.Sub(p.at), draw.Over)
	}
}

// copyRect copies pixels to a place. at is where their origin lies.
func copyRect(to *image.NRGBA64, place image.Rectangle, pixels *image.NRGBA64, at image.Point) {
	for y := place.Min.Y; y < place.Max.Y; y++ {
		row := to.Pix[to.PixOffset(place.Min.X, y):][:8*place.Dx()]
		copy(row, pixels.Pix[pixels.PixOffset(place.Min.X-at.X, y-at.Y):])
	}
}

// clone returns a copy.
func clone(pixels *image.NRGBA64) *image.NRGBA64 {
	return &image.NRGBA64{Pix: slices.Clone(pixels.Pix), Stride: pixels.Stride, Rect: pixels.Rect}
}

// clearRect makes a part transparent.
func clearRect(pixels *image.NRGBA64, part image.Rectangle) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		clear(pixels.Pix[pixels.PixOffset(part.Min.X, y):][:8*part.Dx()])
	}
}
