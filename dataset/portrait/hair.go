package portrait

import "math"

// frontHair is what lies over the face, in the order of drawing.
type frontHair struct {
	cap   path
	locks []strand
}

// strand is a lock in its place.
type strand struct {
	lock
	spine, outline path
	merged         float64 // part of its length, from the root, that has no lines
}

// Locks of the fringe spring from the hair of the crown; side locks show nearly whole.
const (
	fringeMerged = 0.40
	sideMerged   = 0.18
)

func (f frontHair) outlines() []path {
	paths := []path{f.cap}
	for _, s := range f.locks {
		paths = append(paths, s.outline)
	}
	return paths
}

// crown is the outline of the hair from the top of the head to the temple.
func (a *artist) crown() []knot {
	v := 0.012 * a.Volume
	return []knot{
		{0, hairTop - v, false}, {0.125, 0.117 - v, false}, {0.225, 0.195 - v/2, false}, {0.285 + v, 0.32, false}, {0.302 + v, 0.45, false},
	}
}

func (a *artist) frontHair() frontHair {
	outer := a.crown()
	outer[len(outer)-1] = knot{0.288 + 0.012*a.Volume, 0.50, true}
	inner := []knot{{0.225, 0.45, false}, {0.19, 0.34, false}, {0.10, hairLine, false}, {0, hairLine - 0.01, false}}
	hair := frontHair{cap: symmetric(append(outer, inner...)...)}
	for _, l := range choose(sides[:], int(a.Side)) {
		hair.locks = append(hair.locks, a.strand(l, 0, sideMerged), a.strand(l.mirrored(), 0, sideMerged))
	}
	for _, l := range choose(fringes[:], int(a.Fringe)) {
		if a.Flip {
			l = l.mirrored()
		}
		if l.blunt == 0 && a.rng.IntN(2) == 0 {
			hair.locks = append(hair.locks, a.strand(a.companion(l), a.FringeLow, fringeMerged))
		}
		hair.locks = append(hair.locks, a.strand(l, a.FringeLow, fringeMerged))
	}
	return hair
}

func (l lock) mirrored() lock {
	l.root.x, l.tip.x, l.bow = -l.root.x, -l.tip.x, -l.bow
	return l
}

// companion is a thin lock that has come loose from another.
func (a *artist) companion(l lock) lock {
	l.tip = l.tip.add(point{a.stray(0.035), -0.01 + a.stray(0.02)})
	l.width *= 0.5
	return l
}

// stray is a small irregularity of at most this size.
func (a *artist) stray(by float64) float64 { return by * (2*a.rng.Float64() - 1) }

// strand grows a lock, each a little different.
func (a *artist) strand(l lock, lower, merged float64) strand {
	l.tip = l.tip.add(point{a.stray(0.012), lower + a.stray(0.014)})
	l.width *= 1 + a.stray(0.12)
	l.bow += a.stray(0.04)
	along := l.tip.sub(l.root)
	middle := between(l.root, l.tip, 0.5).add(point{along.y, -along.x}.mul(l.bow))
	const n = 16
	spine := make(path, n+1)
	for i := range spine {
		t := float64(i) / n
		spine[i] = between(between(l.root, middle, t), between(middle, l.tip, t), t)
	}
	return strand{l, spine, band(spine, l.profile), merged}
}

// profile is the half-width of a lock along it: it leaves the other hair narrow and runs out to its tip.
func (l lock) profile(t float64) float64 {
	root := min(1, 0.35+2.4*t)
	pointed := 1.33 * math.Pow(1-t, 0.82) * (0.75 + 0.6*t)
	cut := min(1, 12*(1-t))
	return l.width / 2 * root * (pointed + (cut-pointed)*l.blunt)
}

// frontPaint is shared by all front hair, so that locks are told apart by lines and shadows only.
func (a *artist) frontPaint() paint {
	h := a.hair
	return vertical(hairTop, 0.62, opaque(mix(h.base, h.light, 0.35)), opaque(h.base), opaque(mix(h.base, h.shade, 0.15)), opaque(mix(h.base, h.shade, 0.6)))
}

func (a *artist) drawFrontHair(hair frontHair) {
	a.fill(hair.cap, a.frontPaint())
	a.roundCap(hair.cap)
	edge := hair.cap[:5*stepsPerSpan-8]
	a.line(edge, taperEnd(0.0065*a.Line), opaque(a.hair.line))
	a.line(edge.mirrored(), taperEnd(0.0065*a.Line), opaque(a.hair.line))
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
func (a *artist) roundCap(outline path) {
	lit := faded(a.hair.shade, 0)
	a.fill(outline, radial(point{-0.02, 0.36}, 0.335, 0.40, lit, lit, lit, faded(a.hair.shade, 0.2*a.Shade), faded(a.hair.shade, 0.9*a.Shade)))
}

func (a *artist) drawStrand(s strand) {
	a.fill(s.outline, a.frontPaint())
	n := len(s.spine)
	right, left := s.outline[:n], s.outline[n:].reversed()
	// Cel shading: a sliver along the edge away from the light.
	shaded := make(path, n)
	for i := range shaded {
		t := float64(i) / float64(n-1)
		shaded[i] = between(right[i], left[i], 0.42*math.Sin(math.Pi*t)*t)
	}
	a.fill(append(append(path{}, right...), shaded.reversed()...), flat(faded(a.hair.shade, 0.85*a.Shade)))
	// Both edges are drawn, fading towards the root, where the locks are one.
	from := int(float64(n) * s.merged)
	swell := func(t float64) float64 {
		return 0.0052 * a.Line / 2 * math.Sqrt(math.Sin(math.Pi*min(0.08+0.92*t, 0.96)))
	}
	a.line(left[from:], swell, opaque(a.hair.line))
	a.line(right[from:], swell, opaque(a.hair.line))
	for range a.FineLines {
		a.fineLine(left, right, from)
	}
	if s.width > 0.09 {
		inner := make(path, 0, n)
		for i := from; i < n-3; i++ {
			inner = append(inner, between(left[i], right[i], 0.38))
		}
		a.line(inner, taperBoth(0.0035*a.Line), faded(a.hair.deep, 0.8))
	}
}

// fineLine draws one hair between the edges of a lock, lighter or darker than the lock.
func (a *artist) fineLine(left, right path, from int) {
	colour := []ink{faded(a.hair.deep, 0.7), faded(a.hair.line, 0.5), faded(a.hair.glint, 0.6)}[a.rng.IntN(3)]
	across := 0.1 + 0.8*a.rng.Float64()
	first := from/2 + a.rng.IntN(from/2+3)
	last := len(left) - 1 - a.rng.IntN(5)
	hair := make(path, 0, len(left))
	for i := first; i <= last; i++ {
		hair = append(hair, between(left[i], right[i], across))
	}
	if len(hair) > 2 {
		a.line(hair, taperBoth(0.0022*a.Line), colour)
	}
}

// whorl draws a few strands that spring from the crown.
func (a *artist) whorl() {
	for range 7 {
		x := a.stray(0.20)
		from := point{x * 0.55, 0.125 + 1.2*x*x + a.rng.Float64()*0.02}
		to := point{x, from.y + 0.05 + 0.06*a.rng.Float64()}
		a.line(path{from, between(from, to, 0.5).add(point{0.12 * x, 0}), to}, taperBoth(0.003*a.Line), faded(a.hair.deep, 0.8))
	}
}

// drawAhoge draws the lock that stands up from the crown.
func (a *artist) drawAhoge() {
	side := 1.0
	if a.Flip {
		side = -1
	}
	spine := curve(knot{0.01 * side, 0.125, false}, knot{0.025 * side, 0.065, false}, knot{0.07 * side, 0.035, false}, knot{0.125 * side, 0.058, false})
	hair := band(spine, taperEnd(0.026))
	a.fill(hair, solid(a.hair.base))
	a.line(hair, taperBoth(0.005*a.Line), opaque(a.hair.line))
}
