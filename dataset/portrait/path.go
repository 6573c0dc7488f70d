package portrait

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// point is a place in the unit picture: x to the right from the middle, -0.5…0.5, y down from the top, 0…1.
type point struct{ x, y float64 }

func (p point) add(q point) point         { return point{p.x + q.x, p.y + q.y} }
func (p point) sub(q point) point         { return point{p.x - q.x, p.y - q.y} }
func (p point) mul(k float64) point       { return point{p.x * k, p.y * k} }
func (p point) length() float64           { return math.Hypot(p.x, p.y) }
func between(p, q point, t float64) point { return p.add(q.sub(p).mul(t)) }

// turned turns p about the origin, clockwise as seen.
func turned(p point, angle float64) point {
	sin, cos := math.Sincos(angle)
	return point{p.x*cos - p.y*sin, p.x*sin + p.y*cos}
}

// path is a polygon, or an open line, fine enough to look smooth.
type path []point

// mirrored is the path on the other side of the face.
func (p path) mirrored() path {
	q := make(path, len(p))
	for i, a := range p {
		q[len(p)-1-i] = point{-a.x, a.y}
	}
	return q
}

func (p path) reversed() path {
	q := make(path, len(p))
	for i, a := range p {
		q[len(p)-1-i] = a
	}
	return q
}

func (p path) moved(by point) path {
	q := make(path, len(p))
	for i, a := range p {
		q[i] = a.add(by)
	}
	return q
}

// knot is a point that a curve goes through; a corner lets the curve turn sharply there.
type knot struct {
	x, y   float64
	corner bool
}

const stepsPerSpan = 10

// curve draws a smooth open line through the knots.
func curve(knots ...knot) path {
	p := make(path, 0, len(knots)*stepsPerSpan)
	last := len(knots) - 1
	for i := range last {
		before, after := knots[i], knots[i+1]
		if i > 0 {
			before = knots[i-1]
		}
		if i+2 <= last {
			after = knots[i+2]
		}
		p = append(p, span(before, knots[i], knots[i+1], after)...)
	}
	return append(p, point{knots[last].x, knots[last].y})
}

// symmetric draws a smooth closed outline, given the knots of its right half from the top of the middle line to its foot.
// The left half follows in the opposite direction.
func symmetric(right ...knot) path {
	n := len(right)
	all := append([]knot{}, right...)
	for i := n - 2; i > 0; i-- {
		all = append(all, knot{-right[i].x, right[i].y, right[i].corner})
	}
	p := make(path, 0, len(all)*stepsPerSpan)
	at := func(i int) knot { return all[(i+len(all))%len(all)] }
	for i := range all {
		p = append(p, span(at(i-1), at(i), at(i+1), at(i+2))...)
	}
	return p
}

// span draws the part of a curve from a up to b, which a neighbour at each end bends.
func span(before, a, b, after knot) path {
	pa, pb := point{a.x, a.y}, point{b.x, b.y}
	ta, tb := pb.sub(pa), pb.sub(pa)
	if !a.corner {
		ta = tangent(before, b, ta.length())
	}
	if !b.corner {
		tb = tangent(a, after, tb.length())
	}
	p := make(path, stepsPerSpan)
	for k := range p {
		p[k] = hermite(pa, pb, ta, tb, float64(k)/stepsPerSpan)
	}
	return p
}

// tangent at a knot is along the line between its neighbours, as long as the span is, so that no curve overshoots.
func tangent(before, after knot, length float64) point {
	d := point{after.x - before.x, after.y - before.y}
	return d.mul(length / max(d.length(), 1e-9))
}

func hermite(a, b, ta, tb point, t float64) point {
	t2, t3 := t*t, t*t*t
	return a.mul(2*t3 - 3*t2 + 1).add(b.mul(3*t2 - 2*t3)).add(ta.mul(t3 - 2*t2 + t)).add(tb.mul(t3 - t2))
}

func ellipse(centre point, rx, ry float64) path {
	const n = 40
	p := make(path, n)
	for i := range p {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / n)
		p[i] = point{centre.x + rx*cos, centre.y + ry*sin}
	}
	return p
}

// band is the outline of a line whose half-width changes along it: manga lines and locks of hair are such bands.
func band(spine path, halfWidth func(t float64) float64) path {
	n := len(spine)
	p := make(path, 2*n)
	for i, a := range spine {
		d := spine[min(i+1, n-1)].sub(spine[max(i-1, 0)])
		w := halfWidth(float64(i)/float64(n-1)) / max(d.length(), 1e-9)
		side := point{d.y * w, -d.x * w}
		p[i] = a.add(side)
		p[2*n-1-i] = a.sub(side)
	}
	return p
}

// Profiles of lines: full width is reached in the middle, at the start, or everywhere.
func taperBoth(width float64) func(float64) float64 {
	return func(t float64) float64 { return width / 2 * math.Sqrt(max(4*t*(1-t), 0)) }
}

func taperEnd(width float64) func(float64) float64 {
	return func(t float64) float64 { return width / 2 * math.Sqrt(max(1-t, 0)) }
}

func even(width float64) func(float64) float64 {
	return func(float64) float64 { return width / 2 }
}

// ink is a colour with an opacity, not premultiplied.
type ink = color.NRGBA

func opaque(c color.RGBA) ink { return ink{R: c.R, G: c.G, B: c.B, A: 255} }

func faded(c color.RGBA, opacity float64) ink {
	return ink{R: c.R, G: c.G, B: c.B, A: uint8(255*min(max(opacity, 0), 1) + 0.5)}
}

// paint says the colour of each place of a shape.
type paint struct {
	flat   ink
	ramp   []ink // nil for a flat paint
	origin point // where the ramp starts
	along  point // linear: t = (p-origin)·along
	radius point // radial, if not zero: t = |(p-origin)/radius|
}

func flat(c ink) paint { return paint{flat: c} }

func solid(c color.RGBA) paint { return paint{flat: opaque(c)} }

// linear paints from one place to another through evenly spaced colours.
func linear(from, to point, colours ...ink) paint {
	d := to.sub(from)
	return paint{ramp: ramp(colours), origin: from, along: d.mul(1 / (d.x*d.x + d.y*d.y))}
}

// vertical paints from the height y0 to the height y1.
func vertical(y0, y1 float64, colours ...ink) paint {
	return linear(point{0, y0}, point{0, y1}, colours...)
}

// radial paints from the centre of an ellipse to its rim.
func radial(centre point, rx, ry float64, colours ...ink) paint {
	return paint{ramp: ramp(colours), origin: centre, radius: point{rx, ry}}
}

const rampSteps = 64

func ramp(colours []ink) []ink {
	r := make([]ink, rampSteps+1)
	spans := len(colours) - 1
	for i := range r {
		f := float64(i) / rampSteps * float64(spans)
		k := min(int(f), spans-1)
		r[i] = mixInk(colours[k], colours[k+1], f-float64(k))
	}
	return r
}

func mixInk(a, b ink, t float64) ink {
	part := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*t + 0.5) }
	return ink{R: part(a.R, b.R), G: part(a.G, b.G), B: part(a.B, b.B), A: part(a.A, b.A)}
}

func (p *paint) at(x, y float64) ink {
	if p.ramp == nil {
		return p.flat
	}
	x, y = x-p.origin.x, y-p.origin.y
	var t float64
	if p.radius.x > 0 {
		x, y = x/p.radius.x, y/p.radius.y
		t = math.Sqrt(x*x + y*y)
	} else {
		t = x*p.along.x + y*p.along.y
	}
	return p.ramp[int(min(max(t, 0), 1)*rampSteps+0.5)]
}

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

// canvas is a square picture that anti-aliased shapes are painted on.
type canvas struct {
	img     *image.RGBA
	size    int
	pose    pose
	raster  vector.Rasterizer
	pixels  []point // scratch: the path in pixels
	mask    []uint8 // scratch: coverage of the shape within its bounds
	clip    []uint8 // coverage of the clip over the whole picture
	clipped bool
}

func newCanvas(size int) *canvas {
	return &canvas{
		img: image.NewRGBA(image.Rect(0, 0, size, size)), size: size,
		pose: newPose(point{}, 0, 1, point{}),
		clip: make([]uint8, size*size),
	}
}

// rasterise leaves the coverage of a closed path in c.mask and returns the pixels that it spans.
func (c *canvas) rasterise(p path) image.Rectangle {
	c.pixels = c.pixels[:0]
	size := float64(c.size)
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, a := range p {
		a = c.pose.apply(a)
		a = point{(a.x + 0.5) * size, a.y * size}
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
	unit := 1 / float64(c.size)
	origin := c.pose.invert(point{-0.5, 0})
	step := c.pose.invert(point{unit - 0.5, 0}).sub(origin)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		mask := c.mask[(y-box.Min.Y)*box.Dx():][:box.Dx()]
		at := c.pose.invert(point{(float64(box.Min.X)+0.5)*unit - 0.5, (float64(y) + 0.5) * unit})
		row := c.img.Pix[c.img.PixOffset(box.Min.X, y):][:4*box.Dx()]
		for i, cover := range mask {
			alpha := uint32(cover)
			if c.clipped {
				alpha = alpha * uint32(c.clip[y*c.size+box.Min.X+i]) / 255
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
			clip := c.clip[y*c.size+box.Min.X:][:box.Dx()]
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
	for i := range c.clip {
		x, y := i%c.size, i/c.size
		if !(image.Point{X: x, Y: y}).In(box) {
			c.clip[i] = 0
			continue
		}
		c.clip[i] = uint8(uint32(c.clip[i]) * uint32(c.mask[(y-box.Min.Y)*box.Dx()+x-box.Min.X]) / 255)
	}
}

func (c *canvas) unclip() { c.clipped = false }
