package illustration

import (
	"image"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// side is the height and width of an illustration in the units of a point.
const side = 512

// canvas is a picture that anti-aliased shapes are painted on.
type canvas struct {
	img    *image.RGBA
	scale  float64 // pixels of a unit
	origin point   // what lies at pixel (0, 0)
	raster vector.Rasterizer
	mask   []uint8 // scratch: coverage of the shape within its bounds
}

func newCanvas(size int) *canvas {
	return &canvas{img: image.NewRGBA(image.Rect(0, 0, size, size)), scale: float64(size) / side}
}

// rasterise leaves the coverage of closed paths in c.mask and returns the pixels that they span.
func (c *canvas) rasterise(shapes []path) image.Rectangle {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, p := range shapes {
		for _, a := range p {
			low, high = point{min(low.x, a.x), min(low.y, a.y)}, point{max(high.x, a.x), max(high.y, a.y)}
		}
	}
	if !(low.x <= high.x) {
		return image.Rectangle{}
	}
	box := c.box(low, high)
	if box.Empty() {
		return box
	}
	w, h := box.Dx(), box.Dy()
	c.raster.Reset(w, h)
	at := func(a point) (x, y float32) {
		a = c.toPixels(a)
		return float32(a.x - float64(box.Min.X)), float32(a.y - float64(box.Min.Y))
	}
	for _, p := range shapes {
		if len(p) == 0 {
			continue
		}
		c.raster.MoveTo(at(p[0]))
		for _, a := range p[1:] {
			c.raster.LineTo(at(a))
		}
		c.raster.ClosePath()
	}
	if cap(c.mask) < w*h {
		c.mask = make([]uint8, w*h)
	}
	c.mask = c.mask[:w*h]
	c.raster.DrawOp = draw.Src
	bounds := image.Rect(0, 0, w, h)
	c.raster.Draw(&image.Alpha{Pix: c.mask, Stride: w, Rect: bounds}, bounds, image.Opaque, image.Point{})
	return box
}

func (c *canvas) toPixels(p point) point { return p.sub(c.origin).mul(c.scale) }

// box is the pixels of the picture between two points. Far ones are cut off first, lest they are too large for a number.
func (c *canvas) box(low, high point) image.Rectangle {
	low, high = c.toPixels(low), c.toPixels(high)
	cut := func(v float64) int { return int(min(max(v, -1e6), 1e6)) }
	return image.Rect(cut(math.Floor(low.x)), cut(math.Floor(low.y)), cut(math.Ceil(high.x)), cut(math.Ceil(high.y))).Intersect(c.img.Rect)
}

// fill paints what is inside any of the closed paths.
func (c *canvas) fill(with paint, shapes ...path) {
	box := c.rasterise(shapes)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		mask := c.mask[(y-box.Min.Y)*box.Dx():][:box.Dx()]
		row := c.img.Pix[c.img.PixOffset(box.Min.X, y):][:4*box.Dx()]
		at := point{0, (float64(y)+0.5)/c.scale + c.origin.y}
		for i, cover := range mask {
			if cover == 0 {
				continue
			}
			colour := with.flat
			if with.at != nil {
				at.x = (float64(box.Min.X+i)+0.5)/c.scale + c.origin.x
				colour = with.at(at)
			}
			blend(row[4*i:4*i+4:4*i+4], colour, uint32(cover))
		}
	}
}

// blend lays ink over an opaque pixel; cover is of 255.
func blend(pixel []uint8, c ink, cover uint32) {
	alpha := cover * uint32(c.A) // of 255²
	rest := 255*255 - alpha
	pixel[0] = uint8((uint32(pixel[0])*rest + uint32(c.R)*alpha + 32512) / 65025)
	pixel[1] = uint8((uint32(pixel[1])*rest + uint32(c.G)*alpha + 32512) / 65025)
	pixel[2] = uint8((uint32(pixel[2])*rest + uint32(c.B)*alpha + 32512) / 65025)
	pixel[3] = 255
}

// all paints the whole picture.
func (c *canvas) all(with paint) {
	width, height := float64(c.img.Rect.Max.X)/c.scale, float64(c.img.Rect.Max.Y)/c.scale
	c.fill(with, rect(c.origin.x, c.origin.y, c.origin.x+width, c.origin.y+height))
}

// line draws an open path with a width that changes along it.
func (c *canvas) line(p path, halfWidth func(float64) float64, colour ink) {
	c.fill(flat(colour), band(p, halfWidth))
}

// outlined paints a shape with a line all round it.
func (c *canvas) outlined(with paint, shape path, width float64, colour ink) {
	c.fill(with, shape)
	c.line(shape.closed(), even(width), colour)
}
