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
	crease       bool    // a line above the upper lid
}

var eyeShapes = [...]eyeShape{
	{0.25, -0.10, 0.00, 0.6, 1.00, 1.00, true},   // even
	{0.35, -0.40, 0.15, 0.5, 1.04, 0.94, true},   // upturned
	{0.10, 0.20, -0.15, 0.6, 1.00, 0.98, true},   // drooping
	{0.25, 0.00, 0.00, 1.0, 0.96, 1.08, false},   // round
	{0.22, -0.18, 0.10, 0.1, 1.08, 0.84, true},   // narrow
	{0.30, -0.15, -0.05, 0.9, 1.03, 1.05, false}, // large
}

const (
	eyeHalfWidth  = 0.067
	eyeHalfHeight = 0.064
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
	s := choose(eyeShapes[:], int(p.Eyes))
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
func closedAt(u float64) float64 { return 0.40 + 0.32*(1-u*u) }

// lid lowers a point of the open eye towards the line where the lids meet.
func (e eye) lid(u, open float64) [2]float64 {
	v := closedAt(u)
	return [2]float64{u, v + (open-v)*e.open}
}

func (e eye) upperLid() path {
	s := e.shape
	shoulder := -0.58 - 0.26*s.arch
	return e.line(
		e.lid(-1, s.inner), e.lid(-0.72, shoulder+0.18), e.lid(-0.35, -0.92), e.lid(s.apex+0.1, -1), e.lid(0.70, shoulder+0.5*s.outer), e.lid(1, s.outer),
	)
}

// lowerLid goes back from the outer to the inner corner.
func (e eye) lowerLid() path {
	s := e.shape
	return e.line(
		e.lid(0.97, s.outer+0.12), e.lid(0.84, 0.46+0.3*s.outer), e.lid(0.50, 0.88), e.lid(0, 1.0), e.lid(-0.48, 0.88), e.lid(-0.82, 0.52), e.lid(-0.98, s.inner+0.1),
	)
}

func (a *artist) eyes() {
	for _, side := range []float64{-1, 1} {
		e := a.eye(side)
		upper, lower := e.upperLid(), e.lowerLid()
		if e.open > 0.02 {
			a.clipTo(append(append(path{}, upper...), lower...))
			a.eyeball(e, upper)
			a.unclip()
		}
		a.lashes(e, upper, lower)
	}
}

// eyeball paints what shows between the lids.
func (a *artist) eyeball(e eye, upper path) {
	top, foot := e.at(-1.1, -1.1), e.at(1.1, 1.1)
	a.fill(path{top, {foot.x, top.y}, foot, {top.x, foot.y}}, solid(rgb(0xfcfbff)))
	centre := e.at(0.02, 0.03)
	centre.x += 0.007 * a.Gaze
	rx, ry := 0.76*e.w, 1.0*e.h
	a.iris(centre, rx, ry)
	// The shadow of the upper lid lies over white and iris.
	shadow := append(append(path{}, upper...), upper.moved(point{0, 0.34 * e.h}).reversed()...)
	a.fill(shadow, flat(faded(rgb(0x40305c), 0.36)))
	// Light comes from the upper left in both eyes.
	white := rgb(0xffffff)
	a.fill(ellipse(point{centre.x - 0.36*rx, centre.y - 0.38*ry}, 0.30*rx, 0.25*ry), solid(white))
	a.fill(ellipse(point{centre.x + 0.42*rx, centre.y + 0.36*ry}, 0.15*rx, 0.12*ry), flat(faded(white, 0.9)))
}

func (a *artist) iris(centre point, rx, ry float64) {
	t := a.irisTones()
	a.fill(ellipse(centre, rx, ry), solid(t.line))
	a.fill(ellipse(centre, 0.91*rx, 0.94*ry), vertical(
		centre.y-ry, centre.y+ry, opaque(t.line), opaque(t.deep), opaque(t.shade), opaque(t.base), opaque(t.light),
	))
	pupil := opaque(mix(t.line, rgb(0x100818), 0.5))
	a.fill(ellipse(centre, 0.50*rx, 0.50*ry), radial(centre, 0.50*rx, 0.50*ry, pupil, pupil, pupil, flatInk(pupil, 0)))
	// A crescent of light that has gone through the eye.
	glow := point{centre.x, centre.y + 0.62*ry}
	a.fill(ellipse(glow, 0.60*rx, 0.26*ry), radial(glow, 0.60*rx, 0.26*ry, faded(t.light, 1), faded(t.light, 0.7), faded(t.light, 0)))
}

func (a *artist) irisTones() tones {
	return tones{
		light: shift(a.Iris, 30, -2, 0), base: shift(a.Iris, 8, 2, 0), shade: shift(a.Iris, -8, 2, 0), deep: shift(a.Iris, -24, -4, 0),
		line: mix(shift(a.Iris, -45, -10, 0), rgb(0x281420), 0.55),
	}
}

// lashes draws the lids: a heavy line above, a light one below, and the crease of the upper lid.
func (a *artist) lashes(e eye, upper, lower path) {
	dark := opaque(mix(rgb(0x2c1a20), a.hair.line, 0.3))
	heavy := 0.0185 * a.EyeSize * (0.8 + 0.2*a.Line)
	weight := func(t float64) float64 { // thin at the inner corner
		return heavy / 2 * (0.22 + 0.78*ease((t-0.05)/0.45)) * (1 - 0.3*ease((t-0.75)/0.25))
	}
	a.line(upper, weight, dark)
	outer := upper[len(upper)-1]
	for k, reach := range []point{{0.20, -0.20}, {0.12, 0.02}} {
		root := upper[len(upper)-8+4*k]
		tip := outer.add(point{e.side * reach.x * e.w, reach.y * e.h})
		a.line(path{root, between(root, tip, 0.5).add(point{e.side * 0.04 * e.w, 0.05 * e.h}), tip}, taperEnd(0.015), dark)
	}
	n := len(lower)
	a.line(lower[n/12:n*6/10], taperBoth(0.0055*a.Line), flatInk(dark, 0.85))
	a.line(lower[n*6/10:n*9/10], taperBoth(0.0035*a.Line), flatInk(opaque(a.skin.line), 0.6))
	if e.shape.crease {
		crease := upper[len(upper)/4 : len(upper)*9/10].moved(point{0, -(0.16 + 0.16*e.open) * e.h})
		a.line(crease, taperBoth(0.0045*a.Line), flatInk(opaque(a.skin.line), 0.8))
	}
}

func flatInk(c ink, opacity float64) ink {
	c.A = uint8(float64(c.A) * opacity)
	return c
}

func (a *artist) brows(opacity float64) {
	colour := faded(mix(a.hair.line, a.hair.deep, 0.5), opacity)
	for _, side := range []float64{-1, 1} {
		x, y := side*a.EyeSpacing, a.EyeY-a.BrowY
		tilt := 0.013 * a.BrowTilt
		spine := curve(
			knot{x - side*0.056, y + tilt + 0.004, false}, knot{x + side*0.010, y - 0.010*a.BrowArch, false}, knot{x + side*0.070, y - tilt + 0.012, false},
		)
		bold := taperEnd(0.0065 + 0.006*a.BrowBold)
		a.line(spine, func(t float64) float64 { return bold(t) * math.Sqrt(min(1, 0.3+7*t)) }, colour)
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
		for _, corner := range [][2]float64{{-1.15, -1.5}, {1.3, -1.5}, {-1.15, 1.15}, {1.3, 1.15}} {
			q := m.apply(e.at(corner[0], corner[1]))
			low, high = point{min(low.x, q.x), min(low.y, q.y)}, point{max(high.x, q.x), max(high.y, q.y)}
		}
		boxes[i] = pixels(low, high, size).Intersect(image.Rect(0, 0, size, size))
	}
	return boxes
}

// pixels are those that a box of the unit picture touches.
func pixels(low, high point, size int) image.Rectangle {
	s := float64(size)
	return image.Rect(int(math.Floor((low.x+0.5)*s)), int(math.Floor(low.y*s)), int(math.Ceil((high.x+0.5)*s)), int(math.Ceil(high.y*s)))
}
