package portrait

import (
	"image"
	"math"
)

// EyeShape is an index into the table of eye shapes.
type EyeShape int

// eyeShape is in half-widths and half-heights of the eye, from its middle: across from the inner (-1) to the outer corner (1).
type eyeShape struct {
	inner, outer float64 // height of the corners, down
	apex         float64 // where the upper lid is highest, across
	arch         float64 // how round the upper lid is, 0…1
	width        float64 // of the usual width
	height       float64 // of the usual height
}

var eyeShapes = [...]eyeShape{
	{0.35, 0.00, 0.05, 0.6, 1.00, 1.00},  // even
	{0.40, -0.25, 0.15, 0.5, 1.02, 0.95}, // upturned
	{0.20, 0.25, -0.10, 0.6, 1.00, 1.00}, // drooping
	{0.35, 0.05, 0.00, 1.0, 0.98, 1.10},  // round
	{0.30, -0.05, 0.10, 0.2, 1.08, 0.88}, // narrow
}

const (
	eyeHalfWidth  = 0.078
	eyeHalfHeight = 0.068
)

// eye is one eye being drawn.
type eye struct {
	shape  eyeShape
	centre point
	side   float64 // -1 left, 1 right as seen
	w, h   float64
	open   float64
}

func (p Params) eye(side float64) eye {
	s := eyeShapes[p.Eyes]
	return eye{
		shape: s, centre: point{side * p.EyeSpacing, p.EyeY}, side: side,
		w: eyeHalfWidth * p.EyeSize * s.width, h: eyeHalfHeight * p.EyeSize * s.height, open: p.EyeOpening,
	}
}

// at places a point of the eye: across from the inner to the outer corner, and down.
func (e eye) at(u, v float64) point { return point{e.centre.x + e.side*u*e.w, e.centre.y + v*e.h} }

// line places a curve through points of the eye.
func (e eye) line(uv ...[2]float64) path {
	knots := make([]knot, len(uv))
	for i, a := range uv {
		p := e.at(a[0], a[1])
		knots[i] = knot{p.x, p.y, false}
	}
	return curve(knots...)
}

// closedAt is the line where the lids meet: it sags in the middle.
func closedAt(u float64) float64 { return 0.42 + 0.30*(1-u*u) }

// lid lowers a point of the open eye towards the line where the lids meet.
func (e eye) lid(u, open float64) [2]float64 {
	v := closedAt(u)
	return [2]float64{u, v + (open-v)*e.open}
}

func (e eye) upperLid() path {
	s := e.shape
	shoulder := -0.52 - 0.28*s.arch
	return e.line(
		e.lid(-1, s.inner), e.lid(-0.62, shoulder+0.15), e.lid(s.apex, -1), e.lid(0.68, shoulder+0.5*s.outer), e.lid(1, s.outer),
	)
}

func (e eye) lowerLid() path {
	s := e.shape
	return e.line(
		e.lid(1, s.outer), e.lid(0.78, 0.72+0.2*s.outer), e.lid(0.15, 1.0), e.lid(-0.6, 0.9), e.lid(-1, s.inner),
	)
}

func (a *artist) eyes() {
	for _, side := range []float64{-1, 1} {
		e := a.eye(side)
		upper, lower := e.upperLid(), e.lowerLid()
		if e.open > 0.02 {
			a.eyeball(e, append(append(path{}, upper...), lower...))
		}
		a.lashes(e, upper, lower)
	}
}

func (a *artist) eyeball(e eye, white path) {
	a.fill(white, solid(rgb(0xfdfcff)))
	a.clipTo(white)
	iris := a.irisTones()
	centre := e.at(0, 0.06)
	centre.x += 0.010 * a.Gaze
	rx, ry := 0.62*e.w, 0.90*e.h
	a.fill(ellipse(centre, rx, ry), solid(iris.line))
	a.fill(ellipse(centre, 0.9*rx, 0.92*ry), vertical(centre.y-ry, centre.y+ry, opaque(iris.deep), opaque(iris.shade), opaque(iris.base), opaque(iris.light)))
	glow := point{centre.x, centre.y + 0.55*ry}
	a.fill(ellipse(glow, 0.62*rx, 0.34*ry), radial(glow, 0.62*rx, 0.34*ry, faded(iris.light, 0.9), faded(iris.light, 0.5), faded(iris.light, 0)))
	a.fill(ellipse(centre, 0.42*rx, 0.46*ry), solid(mix(iris.line, rgb(0x100818), 0.5)))
	// The shadow of the upper lid lies over white and iris.
	shadow := make(path, 0, 2*len(white))
	for _, q := range e.upperLid() {
		shadow = append(shadow, q.add(point{0, 0.30 * e.h}))
	}
	back := e.upperLid()
	for i := range back {
		shadow = append(shadow, back[len(back)-1-i].add(point{0, -0.1 * e.h}))
	}
	a.fill(shadow, flat(faded(rgb(0x3a3060), 0.30)))
	// Light comes from the upper left in both eyes.
	a.fill(ellipse(point{centre.x - 0.34*rx, centre.y - 0.42*ry}, 0.34*rx, 0.26*ry), solid(rgb(0xffffff)))
	a.fill(ellipse(point{centre.x + 0.40*rx, centre.y + 0.40*ry}, 0.17*rx, 0.13*ry), flat(faded(rgb(0xffffff), 0.9)))
	a.unclip()
}

func (a *artist) irisTones() tones {
	return tones{
		light: shift(a.Iris, 28, 0, 0), base: shift(a.Iris, 8, 4, 0), shade: shift(a.Iris, -10, 2, 0), deep: shift(a.Iris, -28, -4, 0),
		line: mix(shift(a.Iris, -45, -10, 0), rgb(0x201020), 0.5),
	}
}

func (a *artist) lashes(e eye, upper, lower path) {
	dark := opaque(mix(rgb(0x281a20), a.hair.line, 0.25))
	grow := 0.020 * a.EyeSize
	weight := func(t float64) float64 {
		return grow / 2 * (0.35 + 0.85*math.Sqrt(t)) * math.Sqrt(min(1, 8*(1-t)+0.25))
	}
	a.line(upper, weight, dark)
	outer := upper[len(upper)-1]
	for k, reach := range []point{{0.20, -0.16}, {0.14, 0.06}} {
		root := upper[len(upper)-6+3*k]
		tip := outer.add(point{e.side * reach.x * e.w, reach.y * e.h})
		a.line(path{root, between(root, tip, 0.5).add(point{0, 0.03 * e.h}), tip}, taperEnd(0.016), dark)
	}
	a.line(lower[2:len(lower)*6/10], taperBoth(0.0065), flatInk(dark, 0.8))

	crease := make(path, 0, len(upper))
	lift := 0.16 + 0.14*e.open
	for _, q := range upper[len(upper)/5 : len(upper)*9/10] {
		crease = append(crease, q.add(point{0, -lift * e.h}))
	}
	a.line(crease, taperBoth(0.005), flatInk(opaque(a.skin.line), 0.85))
}

func flatInk(c ink, opacity float64) ink {
	c.A = uint8(float64(c.A) * opacity)
	return c
}

func (a *artist) brows(opacity float64) {
	colour := faded(mix(a.hair.line, a.hair.deep, 0.45), opacity)
	for _, side := range []float64{-1, 1} {
		x, y := side*a.EyeSpacing, a.EyeY-a.BrowY
		tilt := 0.014 * a.BrowTilt
		spine := curve(
			knot{x - side*0.062, y + tilt + 0.006, false}, knot{x + side*0.005, y - 0.010*a.BrowArch, false}, knot{x + side*0.072, y - tilt + 0.012, false},
		)
		a.line(spine, taperEnd(0.008+0.006*a.BrowBold), colour)
	}
}

// EyeBoxes returns the boxes of the left and the right eye as seen, in pixels of a picture of the given size. Opening and
// closing the eyes changes nothing outside of them.
func (p Params) EyeBoxes(size int) [2]image.Rectangle {
	var boxes [2]image.Rectangle
	m := p.headPose()
	for i, side := range []float64{-1, 1} {
		e := p.eye(side)
		low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
		for _, corner := range [][2]float64{{-1.2, -1.6}, {1.45, -1.6}, {-1.2, 1.3}, {1.45, 1.3}} {
			q := m.apply(e.at(corner[0], corner[1]))
			low, high = point{min(low.x, q.x), min(low.y, q.y)}, point{max(high.x, q.x), max(high.y, q.y)}
		}
		pixel := func(f float64) float64 { return f * float64(size) }
		boxes[i] = image.Rect(
			int(math.Floor(pixel(low.x+0.5))), int(math.Floor(pixel(low.y))), int(math.Ceil(pixel(high.x+0.5))), int(math.Ceil(pixel(high.y))),
		).Intersect(image.Rect(0, 0, size, size))
	}
	return boxes
}
