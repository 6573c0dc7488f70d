package portrait

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// frontHair is the hair over the face, in the order of drawing.
type frontHair struct {
	cap   Path
	locks []strand
}

// strand is a lock in its place.
type strand struct {
	lock
	spine, outline Path
	merged         float64 // part of its length, from the root, without lines
}

// Locks of the fringe spring from the hair of the crown. Side locks are visible nearly whole.
const (
	fringeMerged = 0.40
	sideMerged   = 0.18
)

func (f frontHair) outlines() []Path {
	paths := []Path{f.cap}
	for _, s := range f.locks {
		paths = append(paths, s.outline)
	}
	return paths
}

// crown is the outline of the hair from the top of the head to the temple.
func (a *artist) crown() []knot {
	v := 0.012 * a.Volume
	return []knot{
		on(0, hairTop-v), on(0.125, 0.117-v), on(0.225, 0.195-v/2), on(0.285+v, 0.32), on(0.302+v, 0.45),
	}
}

func (a *artist) frontHair() frontHair {
	outer := a.crown()
	outer[len(outer)-1] = corner(0.288+0.012*a.Volume, 0.50)
	inner := []knot{on(0.225, 0.45), on(0.19, 0.34), on(0.10, hairLine), on(0, hairLine-0.01)}
	hair := frontHair{cap: symmetric(append(outer, inner...)...)}
	for _, l := range choose(sides[:], int(a.Side)) {
		hair.locks = append(hair.locks, a.strand(l, 0, sideMerged), a.strand(l.mirrored(), 0, sideMerged))
	}
	for _, l := range choose(fringes[:], int(a.Fringe)) {
		if a.Flip {
			l = l.mirrored()
		}
		if l.blunt == 0 && a.IntN(2) == 0 {
			hair.locks = append(hair.locks, a.strand(a.companion(l), a.FringeLow, fringeMerged))
		}
		hair.locks = append(hair.locks, a.strand(l, a.FringeLow, fringeMerged))
	}
	return hair
}

func (l lock) mirrored() lock {
	l.root.X, l.tip.X, l.bow = -l.root.X, -l.tip.X, -l.bow
	return l
}

// companion is a thin lock that has come loose from another.
func (a *artist) companion(l lock) lock {
	l.tip = l.tip.Add(Pt(a.Stray(0.035), -0.01+a.Stray(0.02)))
	l.width *= 0.5
	return l
}

// strand puts a lock in its place, each a little different.
func (a *artist) strand(l lock, lower, merged float64) strand {
	l.tip = l.tip.Add(Pt(a.Stray(0.012), lower+a.Stray(0.014)))
	l.width *= 1 + a.Stray(0.12)
	l.bow += a.Stray(0.04)
	along := l.tip.Sub(l.root)
	middle := Between(l.root, l.tip, 0.5).Add(Pt(along.Y, -along.X).Mul(l.bow))
	const n = 16
	spine := make(Path, n+1)
	for i := range spine {
		spine[i] = Bezier(l.root, middle, l.tip, float64(i)/n)
	}
	return strand{l, spine, Band(spine, l.profile), merged}
}

// profile is the width along a lock: narrow at the root, and thinning out to the tip.
func (l lock) profile(t float64) float64 {
	root := min(1, 0.35+2.4*t)
	pointed := 1.33 * math.Pow(1-t, 0.82) * (0.75 + 0.6*t)
	cut := min(1, 12*(1-t))
	return l.width * root * (pointed + (cut-pointed)*l.blunt)
}

// frontPaint is shared by all front hair, so that only lines and shadows set locks apart.
func (a *artist) frontPaint() Paint {
	h := a.hair
	top, middle, foot := Mix(h.base, h.light, 0.35), Mix(h.base, h.shade, 0.15), Mix(h.base, h.shade, 0.6)
	return ramp(top, h.base, middle, foot).Vertical(hairTop, 0.62)
}

func (a *artist) drawFrontHair(hair frontHair) {
	a.Fill(a.frontPaint(), hair.cap)
	a.roundCap(hair.cap)
	edge := hair.cap[:5*stepsPerSpan-8]
	a.strokeBoth(a.hair.line, edge, TaperEnd(0.0065*a.Line))
	for _, s := range hair.locks {
		a.drawStrand(s)
	}
	a.gloss(hair)
	a.whorl()
	if a.Ahoge {
		a.drawAhoge()
	}
}

// roundCap shades the sides of the head, which turn away from the light.
func (a *artist) roundCap(outline Path) {
	shade := ramp(a.hair.shade.Opacities(0, 0, 0, 0.2*a.Shade, 0.9*a.Shade)...)
	a.Fill(shade.Radial(Pt(-0.02, 0.36), 0.335, 0.40), outline)
}

func (a *artist) drawStrand(s strand) {
	a.Fill(a.frontPaint(), s.outline)
	n := len(s.spine)
	right, left := s.outline[:n], s.outline[n:].Reversed()
	// Cel shading: a sliver along the edge away from the light.
	shaded := along(right, left, func(t float64) float64 { return 0.42 * math.Sin(math.Pi*t) * t })
	a.Fill(a.hair.shade.Faded(0.85*a.Shade), right.Then(shaded.Reversed()))
	// The lines of both edges fade towards the root, where locks merge.
	from := int(float64(n) * s.merged)
	swell := func(t float64) float64 {
		return 0.0052 * a.Line * math.Sqrt(math.Sin(math.Pi*min(0.08+0.92*t, 0.96)))
	}
	a.Stroke(a.hair.line, left[from:], swell)
	a.Stroke(a.hair.line, right[from:], swell)
	for range a.FineLines {
		a.fineLine(left, right, from)
	}
	if s.width > 0.09 {
		inner := along(left[from:n-3], right[from:n-3], Even(0.38))
		a.Stroke(a.hair.deep.Faded(0.8), inner, TaperBoth(0.0035*a.Line))
	}
}

// fineLine draws one hair between the edges of a lock, lighter or darker than the lock.
func (a *artist) fineLine(left, right Path, from int) {
	colour := []Ink{a.hair.deep.Faded(0.7), a.hair.line.Faded(0.5), a.hair.glint.Faded(0.6)}[a.IntN(3)]
	across := 0.1 + 0.8*a.Float64()
	first := from/2 + a.IntN(from/2+3)
	last := len(left) - 1 - a.IntN(5)
	a.Stroke(colour, along(left[first:last+1], right[first:last+1], Even(across)), TaperBoth(0.0022*a.Line))
}

// along is a line between two edges with equal numbers of points: at t, across(t) of the way from one to the other.
func along(from, to Path, across func(t float64) float64) Path {
	p := make(Path, len(from))
	for i := range p {
		p[i] = Between(from[i], to[i], across(float64(i)/float64(len(p)-1)))
	}
	return p
}

// whorl draws a few strands that spring from the crown.
func (a *artist) whorl() {
	for range 7 {
		x := a.Stray(0.20)
		from := Pt(x*0.55, 0.125+1.2*x*x+a.Float64()*0.02)
		to := Pt(x, from.Y+0.05+0.06*a.Float64())
		strand := Path{from, Between(from, to, 0.5).Add(Pt(0.12*x, 0)), to}
		a.Stroke(a.hair.deep.Faded(0.8), strand, TaperBoth(0.003*a.Line))
	}
}

// drawAhoge draws the lock that stands up from the crown.
func (a *artist) drawAhoge() {
	side := a.side()
	spine := curve(on(0.01*side, 0.125), on(0.025*side, 0.065), on(0.07*side, 0.035), on(0.125*side, 0.058))
	hair := Band(spine, TaperEnd(0.026))
	a.Fill(a.hair.base, hair)
	a.Stroke(a.hair.line, hair, TaperBoth(0.005*a.Line))
}
