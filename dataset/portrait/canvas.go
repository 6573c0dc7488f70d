package portrait

import (
	"image"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// pose places what is drawn: turned about a pivot, scaled about it and moved.
type pose struct {
	pivot    point
	sin, cos float64 // scaled
	move     point
}

func newPose(pivot point, angle, scale float64, move point) pose {
	sin, cos := math.Sincos(angle)
	return pose{pivot, sin * scale, cos * scale, move}
}

func (m pose) apply(p point) point {
	d := p.sub(m.pivot)
	return point{d.x*m.cos - d.y*m.sin, d.x*m.sin + d.y*m.cos}.add(m.pivot).add(m.move)
}

func (m pose) invert(p point) point {
	d := p.sub(m.pivot).sub(m.move)
	k := 1 / (m.sin*m.sin + m.cos*m.cos)
	return point{(d.x*m.cos + d.y*m.sin) * k, (d.y*m.cos - d.x*m.sin) * k}.add(m.pivot)
}

// canvas is a picture that anti-aliased shapes are painted on.
type canvas struct {
	img     *image.RGBA
	size    float64 // of the unit picture, in pixels
	corner  point   // where its upper left corner lies, in pixels
	pose    pose
	raster  vector.Rasterizer
	pixels  []point // scratch: the path in pixels
	mask    []uint8 // scratch: coverage of the shape within its bounds
	clip    []uint8 // coverage of the clip over the whole picture
	clipped bool
}

func newCanvas(img *image.RGBA, corner point, size float64) *canvas {
	return &canvas{
		img: img, size: size, corner: corner,
		pose: newPose(point{}, 0, 1, point{}),
		clip: make([]uint8, img.Rect.Dx()*img.Rect.Dy()),
	}
}

// clipRow is a row of the clip from x on.
func (c *canvas) clipRow(x, y int) []uint8 {
	return c.clip[(y-c.img.Rect.Min.Y)*c.img.Rect.Dx()+x-c.img.Rect.Min.X:]
}

// rasterise leaves the coverage of a closed path in c.mask and returns the pixels that it spans.
func (c *canvas) rasterise(p path) image.Rectangle {
	c.pixels = c.pixels[:0]
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, a := range p {
		a = c.pose.apply(a)
		a = point{(a.x+0.5)*c.size + c.corner.x, a.y*c.size + c.corner.y}
		low, high = point{min(low.x, a.x), min(low.y, a.y)}, point{max(high.x, a.x), max(high.y, a.y)}
		c.pixels = append(c.pixels, a)
	}
	box := image.Rect(int(math.Floor(low.x)), int(math.Floor(low.y)), int(math.Ceil(high.x)), int(math.Ceil(high.y)))
	box = box.Intersect(c.img.Rect)
	if box.Empty() {
		return box
	}
	w, h := box.Dx(), box.Dy()
	c.raster.Reset(w, h)
	x0, y0 := float64(box.Min.X), float64(box.Min.Y)
	c.raster.MoveTo(float32(c.pixels[0].x-x0), float32(c.pixels[0].y-y0))
	for _, a := range c.pixels[1:] {
		c.raster.LineTo(float32(a.x-x0), float32(a.y-y0))
	}
	c.raster.ClosePath()
	if cap(c.mask) < w*h {
		c.mask = make([]uint8, w*h)
	}
	c.mask = c.mask[:w*h]
	c.raster.DrawOp = draw.Src
	bounds := image.Rect(0, 0, w, h)
	c.raster.Draw(&image.Alpha{Pix: c.mask, Stride: w, Rect: bounds}, bounds, image.Opaque, image.Point{})
	return box
}

// fill paints the inside of a closed path.
func (c *canvas) fill(p path, with paint) {
	box := c.rasterise(p)
	if box.Empty() {
		return
	}
	// The paint lives in the unit picture; one pixel to the right is one fixed step there.
	unit := 1 / c.size
	origin := c.pose.invert(point{-0.5, 0})
	step := c.pose.invert(point{unit - 0.5, 0}).sub(origin)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		mask := c.mask[(y-box.Min.Y)*box.Dx():][:box.Dx()]
		at := c.pose.invert(point{(float64(box.Min.X)+0.5-c.corner.x)*unit - 0.5, (float64(y) + 0.5 - c.corner.y) * unit})
		clip := c.clipRow(box.Min.X, y)
		row := c.img.Pix[c.img.PixOffset(box.Min.X, y):][:4*box.Dx()]
		for i, cover := range mask {
			alpha := uint32(cover)
			if c.clipped {
				alpha = alpha * uint32(clip[i]) / 255
			}
			if alpha != 0 {
				blend(row[4*i:4*i+4:4*i+4], with.at(at.x, at.y), alpha)
			}
			at = at.add(step)
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

// line draws an open path with a width that changes along it.
func (c *canvas) line(p path, halfWidth func(float64) float64, colour ink) {
	c.fill(band(p, halfWidth), flat(colour))
}

// clipTo lets later shapes show only inside the union of the given ones; unclip ends that.
func (c *canvas) clipTo(paths ...path) {
	clear(c.clip)
	for _, p := range paths {
		box := c.rasterise(p)
		for y := box.Min.Y; y < box.Max.Y; y++ {
			mask := c.mask[(y-box.Min.Y)*box.Dx():][:box.Dx()]
			clip := c.clipRow(box.Min.X, y)[:box.Dx()]
			for i, cover := range mask {
				clip[i] = uint8(255 - (255-uint32(clip[i]))*(255-uint32(cover))/255)
			}
		}
	}
	c.clipped = true
}

// clipAlsoTo keeps of the clip only what is inside p too.
func (c *canvas) clipAlsoTo(p path) {
	box := c.rasterise(p)
	width := c.img.Rect.Dx()
	for i := range c.clip {
		x, y := i%width+c.img.Rect.Min.X, i/width+c.img.Rect.Min.Y
		if !(image.Point{X: x, Y: y}).In(box) {
			c.clip[i] = 0
			continue
		}
		c.clip[i] = uint8(uint32(c.clip[i]) * uint32(c.mask[(y-box.Min.Y)*box.Dx()+x-box.Min.X]) / 255)
	}
}

func (c *canvas) unclip() { c.clipped = false }
