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
	cut := math.Min(1, 12*(1-t))
	return l.width / 2 * root * (pointed + (cut-pointed)*l.blunt)
}

// frontPaint is shared by all front hair, so that locks are told apart by lines and shadows only.
func (a *artist) frontPaint() paint {
	h := a.hair
	return vertical(hairTop, 0.62, opaque(mix(h.base, h.light, 0.35)), opaque(h.base), opaque(mix(h.base, h.shade, 0.15)), opaque(mix(h.base, h.shade, 0.6)))
}

func (a *artist) drawFrontHair(hair frontHair) {
	a.fill(hair.cap, a.frontPaint())
	a.capShade(hair.cap)
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

// capShade rounds the head: the sides turn away from the light.
func (a *artist) capShade(cap path) {
	a.clipTo(cap)
	clear := faded(a.hair.shade, 0)
	rim := faded(a.hair.shade, 0.9*a.Shade)
	a.fill(cap, radial(point{-0.02, 0.36}, 0.335, 0.40, clear, clear, clear, faded(a.hair.shade, 0.2*a.Shade), rim))
	a.unclip()
}

func (a *artist) drawStrand(s strand) {
	a.fill(s.outline, a.frontPaint())
	n := len(s.spine)
	right, left := s.outline[:n], s.outline[n:].reversed()
	// Cel shading: a sliver along the edge away from the light, and the tip's shadow on the root of what it covers.
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
	if s.width > 0.09 {
		inner := make(path, 0, n)
		for i := from; i < n-3; i++ {
			inner = append(inner, between(left[i], right[i], 0.38))
		}
		a.line(inner, taperBoth(0.0035*a.Line), faded(a.hair.deep, 0.8))
	}
}

// gloss lays the light on the hair: a soft sheen, and a ring of light round the head or streaks down the strands.
func (a *artist) gloss(hair frontHair) {
	a.clipTo(hair.outlines()...)
	sheen := point{-0.09, 0.22}
	a.fill(ellipse(sheen, 0.26, 0.20), radial(sheen, 0.26, 0.20, faded(a.hair.light, 0.55*a.Gloss), faded(a.hair.light, 0.3*a.Gloss), faded(a.hair.light, 0)))
	if a.Streaks {
		a.streaks()
	} else {
		a.ring()
	}
	a.unclip()
}

// ring is a band with teeth along the strands.
func (a *artist) ring() {
	const teeth = 11
	var upper, lower []knot
	for i := range 2*teeth + 1 {
		tip := i%2 == 1
		x := -0.27 + 0.54*float64(i)/(2*teeth) + a.stray(0.007)
		up, low := 0.004, 0.008+0.006*a.rng.Float64()
		if tip {
			up, low = 0.008+0.012*a.rng.Float64(), 0.020+0.055*a.rng.Float64()
		}
		ends := 1 - 9*x*x // the ring thins towards the sides
		above, below := fan(x, a.glossY(), -up*ends), fan(x, a.glossY(), low*ends)
		upper = append(upper, knot{above.x, above.y, tip})
		lower = append(lower, knot{below.x, below.y, tip})
	}
	glow := vertical(a.glossY(), a.glossY()+0.12, faded(a.hair.glint, 0.9*a.Gloss), faded(a.hair.glint, 0.45*a.Gloss))
	a.fill(append(curve(upper...), curve(lower...).reversed()...), glow)
}

func (a *artist) streaks() {
	const n = 14
	for i := range n {
		x := -0.24 + 0.48*float64(i)/(n-1) + a.stray(0.012)
		if math.Abs(x+0.02) < 0.03 {
			continue // the parting
		}
		y := a.glossY() + 0.01 + a.stray(0.02)
		long := 0.035 + 0.05*a.rng.Float64()
		streak := path{fan(x, y, -long*0.7), fan(x, y, 0), fan(x, y, long*0.6), fan(x, y, long)}
		a.line(streak, taperBoth(0.012+0.010*a.rng.Float64()), faded(a.hair.glint, 0.75*a.Gloss))
	}
}

// fan is a point of the arc of light at x, moved down along the strands, which fan out from the crown.
func fan(x, y, down float64) point {
	return point{x + 0.8*x*down, y + 1.5*x*x + down*(1-1.2*math.Abs(x))}
}

func (a *artist) glossY() float64 { return 0.235 + 0.02*a.Volume }

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

func (a *artist) backHair() {
	b := choose(backs[:], int(a.Back))
	for _, t := range b.tails {
		spine := curve(t.spine...)
		if !b.single || !a.Flip {
			a.tail(spine, t.width)
		}
		if !b.single || a.Flip {
			a.tail(spine.mirrored(), t.width)
		}
	}
	if b.bun {
		a.bun(-1)
		a.bun(1)
	}
	outline := symmetric(append(a.crown(), b.outline...)...)
	a.fill(outline, vertical(0.25, 0.95, opaque(a.hair.base), opaque(a.hair.shade), opaque(a.hair.deep)))
	a.backStrands(outline)
	a.line(outline.closed(), even(0.0055*a.Line), opaque(a.hair.line))
}

// backStrands shade the hair behind the neck and draw strands down it.
func (a *artist) backStrands(outline path) {
	a.clipTo(outline)
	nape := point{0, 0.80}
	a.fill(ellipse(nape, 0.27, 0.26), radial(nape, 0.27, 0.26, faded(a.hair.deep, a.Shade), faded(a.hair.deep, a.Shade), faded(a.hair.deep, 0)))
	for i := range 10 {
		x := 0.24 + 0.018*float64(i%5) + a.stray(0.006)
		if i >= 5 {
			x = -x
		}
		long := 0.14 + 0.2*a.rng.Float64()
		y := 0.56 + 0.16*a.rng.Float64()
		a.line(path{{x, y}, {x * 1.02, y + long/2}, {x * 1.05, y + long}}, taperBoth(0.004*a.Line), faded(a.hair.line, 0.6))
	}
	a.unclip()
}

// tail draws tied hair along a spine, with its tie.
func (a *artist) tail(spine path, width float64) {
	profile := func(t float64) float64 {
		return width / 2 * min(1, 0.35+3*t) * math.Pow(1-t, 0.6) * (0.85 + 0.5*t)
	}
	outline := band(spine, profile)
	n := len(spine)
	a.fill(outline, vertical(spine[0].y, spine[n-1].y, opaque(a.hair.base), opaque(a.hair.base), opaque(a.hair.shade)))
	right, left := outline[:n], outline[n:].reversed()
	inner := make(path, n)
	for i := range inner {
		inner[i] = between(right[i], left[i], 0.35*math.Sin(math.Pi*float64(i)/float64(n-1)))
	}
	a.fill(append(append(path{}, right...), inner.reversed()...), flat(faded(a.hair.shade, 0.9*a.Shade)))
	for _, across := range []float64{0.3, 0.5, 0.72} {
		strand := make(path, 0, n)
		for i := 1 + int(6*across); i < n*8/10; i++ {
			strand = append(strand, between(left[i], right[i], across))
		}
		a.line(strand, taperBoth(0.004*a.Line), faded(a.hair.line, 0.7))
	}
	a.line(left, even(0.0055*a.Line), opaque(a.hair.line))
	a.line(right, even(0.0055*a.Line), opaque(a.hair.line))
	tie := path{between(left[1], right[1], -0.25), between(left[1], right[1], 1.25)}
	a.line(tie, even(0.030), opaque(shift(a.Ribbon, -28, 0, 0)))
	a.line(tie, even(0.022), opaque(a.Ribbon))
}

func (a *artist) bun(side float64) {
	centre := point{side * 0.215, 0.145}
	r := 0.088 + 0.006*a.Volume
	ball := ellipse(centre, r, r)
	light := centre.add(point{-0.02, -0.02})
	a.fill(ball, radial(light, 1.25*r, 1.25*r, opaque(a.hair.light), opaque(a.hair.base), opaque(a.hair.base), opaque(a.hair.shade)))
	a.line(ball.closed(), even(0.0055*a.Line), opaque(a.hair.line))
	for _, k := range []float64{0.35, 0.7} {
		twist := curve(
			knot{centre.x - side*0.9*r*k, centre.y + 0.5*r, false}, knot{centre.x - side*0.2*r, centre.y - k*r*0.8, false}, knot{centre.x + side*0.8*r, centre.y - 0.1*r*k, false},
		)
		a.line(twist, taperBoth(0.0045*a.Line), faded(a.hair.line, 0.7))
	}
}
