// Package vector draws shapes with smooth edges on pictures, for the packages that draw data.
//
// A drawing consists of points, paths, inks and paints. A [Canvas] fills paths on an opaque picture, through a [View]
// that maps the coordinates of the drawing to pixels.
package vector

import (
	"image"
	"image/draw"
	"math"
	"slices"

	"golang.org/x/image/vector"
)

// View places a drawing on a picture.
type View interface {
	// Pixel returns where a point of the drawing lies, in pixels: pixel (x, y) reaches from there to (x+1, y+1).
	Pixel(Point) Point
	// Centres sets places[i] to the point of the drawing in the middle of pixel (x+i, y).
	Centres(places []Point, x, y int)
}

// Canvas draws on a picture. Picture and View are required. Both may be changed between shapes, but no Picture while a
// clip applies.
type Canvas struct {
	Picture *image.RGBA // opaque
	View    View

	raster  vector.Rasterizer
	mask    []uint8 // scratch: coverage of the shapes within their bounds, of 255
	pixels  []Point // scratch: the shapes in pixels
	places  []Point // scratch: the middles of a row of pixels
	clip    []uint8 // coverage of the clip over the whole picture, of 255
	clipped bool
}

// Fill paints the inside of closed paths. Paths that all go clockwise cover their union. Where paths go opposite ways
// round they cancel each other: the inner contours of letters do.
func (c *Canvas) Fill(with Paint, shapes ...Path) { c.paint(with, c.rasterise(shapes)) }

// All paints the whole picture.
func (c *Canvas) All(with Paint) {
	c.mask = resized(c.mask, c.Picture.Rect.Dx()*c.Picture.Rect.Dy())
	for i := range c.mask {
		c.mask[i] = 255
	}
	c.paint(with, c.Picture.Rect)
}

// Stroke paints a line along an open path.
func (c *Canvas) Stroke(with Paint, spine Path, width Profile) { c.Fill(with, Band(spine, width)) }

// Outlined paints a shape with a line all round it.
func (c *Canvas) Outlined(with Paint, shape Path, width float64, line Paint) {
	c.Fill(with, shape)
	c.Stroke(line, shape.Closed(), Even(width))
}

// ClipTo lets later shapes show only inside the union of the given ones, until Unclip.
func (c *Canvas) ClipTo(shapes ...Path) {
	c.clip = resized(c.clip, c.Picture.Rect.Dx()*c.Picture.Rect.Dy())
	clear(c.clip)
	for _, shape := range shapes {
		box := c.rasterise([]Path{shape})
		for y := box.Min.Y; y < box.Max.Y; y++ {
			clip := c.clipRow(box, y)
			for i, cover := range c.maskRow(box, y) {
				clip[i] = uint8(255 - (255-uint32(clip[i]))*(255-uint32(cover))/255)
			}
		}
	}
	c.clipped = true
}

// ClipAlsoTo narrows the clip of ClipTo to its intersection with a shape.
func (c *Canvas) ClipAlsoTo(shape Path) {
	before := slices.Clone(c.clip)
	c.ClipTo(shape)
	for i, cover := range before {
		c.clip[i] = uint8(uint32(c.clip[i]) * uint32(cover) / 255)
	}
}

// Unclip ends ClipTo.
func (c *Canvas) Unclip() { c.clipped = false }

// Bounds returns the pixels of the picture that shapes touch.
func (c *Canvas) Bounds(shapes ...Path) image.Rectangle {
	c.pixels = c.pixels[:0]
	for _, shape := range shapes {
		for _, p := range shape {
			c.pixels = append(c.pixels, c.View.Pixel(p))
		}
	}
	return Bounds(c.pixels).Intersect(c.Picture.Rect)
}

// rasterise writes the coverage of closed paths to c.mask and returns the pixels that they span.
func (c *Canvas) rasterise(shapes []Path) image.Rectangle {
	box := c.Bounds(shapes...)
	if box.Empty() {
		return image.Rectangle{}
	}
	size := image.Rectangle{Max: box.Size()}
	c.raster.Reset(size.Max.X, size.Max.Y)
	rest := c.pixels
	for _, shape := range shapes {
		for i, p := range rest[:len(shape)] {
			x, y := float32(p.X-float64(box.Min.X)), float32(p.Y-float64(box.Min.Y))
			if i == 0 {
				c.raster.MoveTo(x, y)
			} else {
				c.raster.LineTo(x, y)
			}
		}
		c.raster.ClosePath()
		rest = rest[len(shape):]
	}
	c.mask = resized(c.mask, size.Max.X*size.Max.Y)
	c.raster.DrawOp = draw.Src
	c.raster.Draw(&image.Alpha{Pix: c.mask, Stride: size.Max.X, Rect: size}, size, image.Opaque, image.Point{})
	return box
}

// paint lays paint over the pixels of a box as far as c.mask covers them.
func (c *Canvas) paint(with Paint, box image.Rectangle) {
	colour, flat := with.(Ink)
	c.places = resized(c.places, box.Dx())
	for y := box.Min.Y; y < box.Max.Y; y++ {
		if !flat {
			c.View.Centres(c.places, box.Min.X, y)
		}
		var clip []uint8
		if c.clipped {
			clip = c.clipRow(box, y)
		}
		row := c.Picture.Pix[c.Picture.PixOffset(box.Min.X, y):][:4*box.Dx()]
		for i, covered := range c.maskRow(box, y) {
			cover := uint32(covered)
			if clip != nil {
				cover = cover * uint32(clip[i]) / 255
			}
			if cover == 0 {
				continue
			}
			if !flat {
				colour = with.At(c.places[i])
			}
			colour.over(row[4*i:4*i+4:4*i+4], cover)
		}
	}
}

// maskRow is the row y of the mask of a box.
func (c *Canvas) maskRow(box image.Rectangle, y int) []uint8 {
	return c.mask[(y-box.Min.Y)*box.Dx():][:box.Dx()]
}

// clipRow is the part within a box of the row y of the clip.
func (c *Canvas) clipRow(box image.Rectangle, y int) []uint8 {
	all := c.Picture.Rect
	return c.clip[(y-all.Min.Y)*all.Dx()+box.Min.X-all.Min.X:][:box.Dx()]
}

// Bounds returns the smallest rectangle of whole pixels around points, or none if a coordinate is not a number.
// Coordinates are cut off at a million pixels, lest they overflow.
func Bounds(points []Point) image.Rectangle {
	low, high := Path(points).Extent()
	if !(low.X <= high.X && low.Y <= high.Y) {
		return image.Rectangle{}
	}
	cut := func(v float64) int { return int(min(max(v, -1e6), 1e6)) }
	return image.Rect(cut(math.Floor(low.X)), cut(math.Floor(low.Y)), cut(math.Ceil(high.X)), cut(math.Ceil(high.Y)))
}

// resized is a slice of n elements with any content, in the same memory if it suffices.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
