package portrait

import (
	"image"
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// EyeShape is an index into the table of eye shapes.
type EyeShape int

// eyeShape is in half-widths and half-heights of the eye, from its middle. Across goes from the inner (-1) to the outer
// corner (1).
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
	centre Point
	side   float64 // -1 left, 1 right as seen
	w, h   float64
	open   float64
	look   Look
}

func (p Params) eye(side float64) eye {
	s := choose(eyeShapes[:], int(p.Eyes))
	s.inner, s.outer, s.arch = s.inner+p.Slant, s.outer-p.Slant/2, s.arch+p.Arch
	return eye{
		shape: s, centre: Pt(side*p.EyeSpacing, p.EyeY), side: side,
		w: eyeHalfWidth * p.EyeSize * s.width * (1 + p.Wide), h: eyeHalfHeight * p.EyeSize * s.height * (1 + p.Tall),
		open: p.EyeOpening, look: p.Look,
	}
}

// at places a point of the eye: across from the inner to the outer corner, and down.
func (e eye) at(u, v float64) Point { return Pt(e.centre.X+e.side*u*e.w, e.centre.Y+v*e.h) }

// lid lowers a point of the open eye towards the line where the lids meet, which sags in the middle.
func (e eye) lid(u, open float64) knot {
	shut := e.shut(u)
	return knot{e.at(u, shut+(open-shut)*e.open), false}
}

func (e eye) upperLid() Path {
	s := e.shape
	shoulder := -0.58 - 0.26*s.arch
	return curve(
		e.lid(-1, s.inner), e.lid(-0.72, shoulder+0.18), e.lid(-0.35, -0.92), e.lid(s.apex+0.1, -1),
		e.lid(0.70, shoulder+0.5*s.outer), e.lid(1, s.outer),
	)
}

// lowerLid goes from the outer to the inner corner.
func (e eye) lowerLid() Path {
	s := e.shape
	return curve(
		e.lid(0.97, s.outer+0.12), e.lid(0.84, 0.46+0.3*s.outer), e.lid(0.50, 0.88), e.lid(0, 1.0), e.lid(-0.48, 0.88),
		e.lid(-0.82, 0.52), e.lid(-0.98, s.inner+0.1),
	)
}

func (a *artist) eyes() {
	for _, side := range []float64{-1, 1} {
		e := a.eye(side)
		upper, lower := e.upperLid(), e.lowerLid()
		if e.open > 0.02 {
			a.ClipTo(upper.Then(lower))
			a.eyeball(e, upper)
			a.Unclip()
		}
		a.lashes(e, upper, lower)
	}
}

// eyeball paints the visible part of the eye between the lids.
func (a *artist) eyeball(e eye, upper Path) {
	top, foot := e.at(-1.1, -1.1), e.at(1.1, 1.1)
	white := RGB(0xfcfbff)
	if a.White.A > 0 {
		white = opaque(a.White)
	}
	a.Fill(white, Rect(top.X, top.Y, foot.X, foot.Y))
	centre := e.at(0.02, 0.03)
	centre.X += 0.007 * a.Gaze
	rx, ry := 0.76*e.w*(1+a.IrisWide), 1.0*e.h*(1+a.IrisTall)*e.squashed()
	centre.Y += (1 - e.squashed()) * 0.5 * e.h
	a.drawIris(centre, rx, ry)
	// The shadow of the upper lid lies over white and iris.
	shadow := upper.Then(upper.Moved(Pt(0, 0.34*e.h)).Reversed())
	a.Fill(RGB(0x40305c).Faded(0.36*(1+a.Shadow)), shadow)
	a.glints(centre, rx, ry)
}

func (a *artist) drawIris(centre Point, rx, ry float64) {
	t := a.iris
	a.Fill(t.line, ellipse(centre, rx, ry))
	pupil := Mix(t.line, RGB(0x100818), 0.5)
	if a.Pupil > 0 {
		defer a.Fill(pupil, ellipse(centre, a.Pupil*rx, 1.1*a.Pupil*ry))
	}
	if a.Flat {
		a.flatIris(centre, rx, ry)
		return
	}
	lit := ramp(t.line, t.deep, t.shade, t.base, t.light).Vertical(centre.Y-ry, centre.Y+ry)
	a.Fill(lit, ellipse(centre, 0.91*rx, 0.94*ry))
	soft := ramp(pupil.Opacities(1, 1, 1, 0)...).Radial(centre, 0.50*rx, 0.50*ry)
	a.Fill(soft, ellipse(centre, 0.50*rx, 0.50*ry))
	// A crescent of light that shines through the eye.
	glow := Pt(centre.X, centre.Y+0.62*ry)
	a.Fill(ramp(t.light.Opacities(1, 0.7, 0)...).Radial(glow, 0.60*rx, 0.26*ry), ellipse(glow, 0.60*rx, 0.26*ry))
}

// lashes draws the lids: a heavy line above, a light one below, and the crease of the upper lid.
func (a *artist) lashes(e eye, upper, lower Path) {
	dark := a.lashInk()
	heavy := 0.0185 * a.EyeSize * (0.8 + 0.2*a.Line) * (1 + a.Weight)
	weight := func(t float64) float64 { // thin at the inner corner
		thin := (0.22 + 0.78*ease((t-0.05)/0.45)) * (1 - 0.3*ease((t-0.75)/0.25))
		return heavy * (thin + a.Even*(1-thin))
	}
	a.Stroke(dark, upper, weight)
	outer := upper[len(upper)-1]
	for k, reach := range []Point{Pt(0.20, -0.20), Pt(0.12, 0.02)} {
		reach = reach.Mul(1 + a.Reach)
		root := upper[len(upper)-8+4*k]
		tip := outer.Add(Pt(e.side*reach.X*e.w, reach.Y*e.h))
		a.Stroke(dark, Path{root, Between(root, tip, 0.5).Add(Pt(e.side*0.04*e.w, 0.05*e.h)), tip}, TaperEnd(0.015))
	}
	a.moreLashes(e, upper, lower, dark, heavy)
	a.lowerLashes(e, lower, dark)
	if apart, shut, ok := e.crease(); ok {
		crease := upper[len(upper)/4 : len(upper)*9/10].Moved(Pt(0, -(shut+(apart-shut)*e.open)*e.h))
		a.Stroke(a.skin.line.Faded(0.8), crease, TaperBoth(0.0045*a.Line))
	}
}

func (a *artist) brows(opacity float64) {
	colour := Mix(a.hair.line, a.hair.deep, 0.5).Faded(opacity)
	for _, side := range []float64{-1, 1} {
		x, y := side*a.EyeSpacing, a.EyeY-a.BrowY
		tilt := 0.013 * a.BrowTilt
		spine := curve(
			on(x-side*0.056, y+tilt+0.004), on(x+side*0.010, y-0.010*a.BrowArch), on(x+side*0.070, y-tilt+0.012),
		)
		bold := TaperEnd(0.0065 + 0.006*a.BrowBold)
		a.Stroke(colour, spine, func(t float64) float64 { return bold(t) * math.Sqrt(min(1, 0.3+7*t)) })
	}
}

// reach is how far what is drawn of an eye reaches from its middle, in half-widths and half-heights: to the inner and
// the outer side, up and down.
func (e eye) reach() (in, out, up, down float64) {
	l := e.look
	if l == (Look{}) {
		return 1.15, 1.3, 1.5, 1.15
	}
	lines := 0.06 + 0.03*max(l.Weight, 0)/(1+l.Tall) // Half of what they are heavier, and some more.
	low := 0.15 * max(1/(1+l.Tall)-1, 0)             // The margin of a narrow eye is that of a usual one.
	return 1.15 + lines, 1.3 + 0.2*max(l.Reach, 0) + lines, 1.5 + 0.5*low, 1.15 + low + 4*lines
}

// EyeBoxes returns the boxes of the left and the right eye as seen, in pixels of a picture of the given size. Opening
// and closing the eyes changes nothing outside them.
func (p Params) EyeBoxes(size int) [2]image.Rectangle {
	var boxes [2]image.Rectangle
	m := p.headPose(Point{}, float64(size))
	for i, side := range []float64{-1, 1} {
		e := p.eye(side)
		in, out, up, down := e.reach()
		corners := []Point{e.at(-in, -up), e.at(out, -up), e.at(-in, down), e.at(out, down)}
		for k := range corners {
			corners[k] = m.Pixel(corners[k])
		}
		boxes[i] = Bounds(corners).Intersect(image.Rect(0, 0, size, size))
	}
	return boxes
}
