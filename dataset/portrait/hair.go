package portrait

import "math"

// Fringe, Side and Back are indices into the tables of hair styles; a style of each makes a head of hair.
type (
	Fringe int
	Side   int
	Back   int
)

// lock is a tapering strand of hair from its root to its tip.
type lock struct {
	root, tip point
	width     float64 // at its widest
	bow       float64 // how far it bows to the side, in lengths: positive to the right for one that hangs
	blunt     float64 // 0 pointed … 1 cut off
}

var fringes = [...][]lock{
	{ // straight
		{point{-0.14, 0.20}, point{-0.225, 0.52}, 0.10, -0.10, 0.4}, {point{0.14, 0.20}, point{0.225, 0.52}, 0.10, 0.10, 0.4},
		{point{-0.10, 0.20}, point{-0.150, 0.505}, 0.10, -0.06, 0.6}, {point{0.10, 0.20}, point{0.150, 0.505}, 0.10, 0.06, 0.6},
		{point{-0.05, 0.20}, point{-0.075, 0.50}, 0.095, -0.03, 0.6}, {point{0.05, 0.20}, point{0.075, 0.50}, 0.095, 0.03, 0.6},
		{point{0, 0.20}, point{0.005, 0.505}, 0.095, 0, 0.6},
	},
	{ // central lock between the eyes
		{point{-0.13, 0.20}, point{-0.235, 0.54}, 0.11, -0.14, 0}, {point{0.13, 0.20}, point{0.235, 0.54}, 0.11, 0.14, 0},
		{point{-0.09, 0.20}, point{-0.165, 0.49}, 0.11, -0.10, 0}, {point{0.09, 0.20}, point{0.165, 0.49}, 0.11, 0.10, 0},
		{point{-0.04, 0.20}, point{-0.085, 0.47}, 0.10, -0.08, 0}, {point{0.05, 0.20}, point{0.090, 0.48}, 0.10, 0.08, 0},
		{point{0, 0.19}, point{0.012, 0.56}, 0.085, 0.05, 0},
	},
	{ // swept to one side
		{point{0.10, 0.19}, point{0.240, 0.53}, 0.12, 0.20, 0}, {point{0.08, 0.19}, point{0.195, 0.46}, 0.10, 0.20, 0},
		{point{0.06, 0.19}, point{-0.240, 0.53}, 0.11, -0.20, 0}, {point{0.07, 0.19}, point{-0.175, 0.51}, 0.11, -0.16, 0},
		{point{0.08, 0.19}, point{-0.095, 0.505}, 0.11, -0.14, 0}, {point{0.09, 0.19}, point{-0.015, 0.49}, 0.10, -0.10, 0},
		{point{0.10, 0.19}, point{0.065, 0.47}, 0.09, -0.04, 0},
	},
	{ // parted in the middle
		{point{-0.01, 0.17}, point{-0.245, 0.56}, 0.12, -0.24, 0}, {point{0.01, 0.17}, point{0.245, 0.56}, 0.12, 0.24, 0},
		{point{0, 0.17}, point{-0.190, 0.50}, 0.12, -0.20, 0}, {point{0, 0.17}, point{0.190, 0.50}, 0.12, 0.20, 0},
		{point{0, 0.17}, point{-0.115, 0.44}, 0.10, -0.16, 0}, {point{0, 0.17}, point{0.115, 0.44}, 0.10, 0.16, 0},
	},
	{ // choppy
		{point{-0.14, 0.20}, point{-0.240, 0.55}, 0.09, -0.10, 0}, {point{0.14, 0.20}, point{0.235, 0.53}, 0.09, 0.12, 0},
		{point{-0.11, 0.20}, point{-0.185, 0.48}, 0.09, -0.06, 0}, {point{0.11, 0.20}, point{0.180, 0.50}, 0.09, 0.02, 0},
		{point{0.06, 0.20}, point{0.115, 0.46}, 0.09, 0.06, 0}, {point{-0.06, 0.20}, point{-0.130, 0.52}, 0.085, -0.12, 0},
		{point{-0.03, 0.20}, point{-0.070, 0.47}, 0.08, -0.02, 0}, {point{0.03, 0.20}, point{0.055, 0.52}, 0.085, -0.06, 0},
		{point{0, 0.20}, point{-0.015, 0.50}, 0.08, 0.04, 0},
	},
	{ // parted at one side
		{point{-0.09, 0.18}, point{-0.245, 0.54}, 0.12, -0.22, 0}, {point{-0.08, 0.18}, point{-0.195, 0.46}, 0.10, -0.20, 0},
		{point{-0.07, 0.18}, point{0.245, 0.55}, 0.12, 0.22, 0}, {point{-0.08, 0.18}, point{0.185, 0.49}, 0.12, 0.20, 0},
		{point{-0.08, 0.18}, point{0.105, 0.46}, 0.12, 0.20, 0}, {point{-0.08, 0.18}, point{0.020, 0.43}, 0.10, 0.18, 0},
	},
}

// sides give the locks in front of the right ear; the left ones mirror them.
var sides = [...][]lock{
	{{point{0.225, 0.30}, point{0.258, 0.66}, 0.070, 0.10, 0}},                                                           // to the cheek
	{{point{0.230, 0.30}, point{0.245, 0.80}, 0.085, 0.12, 0.1}, {point{0.24, 0.34}, point{0.285, 0.70}, 0.06, 0.12, 0}}, // to the jaw
	{{point{0.235, 0.30}, point{0.265, 0.98}, 0.085, 0.08, 0.2}, {point{0.25, 0.36}, point{0.225, 0.74}, 0.05, 0.10, 0}}, // long
	{{point{0.225, 0.30}, point{0.235, 0.74}, 0.080, 0.14, 0.9}},                                                         // cut straight
	{{point{0.235, 0.34}, point{0.275, 0.58}, 0.055, 0.06, 0}},                                                           // short, ears show
}

// back is the hair behind head and shoulders.
type back struct {
	outline []knot // right half, from the crown to the middle of the lower edge
	tails   []lock // on the right; one-sided styles leave the left ones out
	single  bool
}

var backs = [...]back{
	{outline: []knot{{0.31, 0.56, false}, {0.27, 0.69, true}, {0.22, 0.66, true}, {0.16, 0.74, true}, {0, 0.72, false}}},                                                                                                      // short
	{outline: []knot{{0.335, 0.60, false}, {0.32, 0.75, false}, {0.245, 0.835, true}, {0.18, 0.80, true}, {0, 0.80, false}}},                                                                                                  // bob
	{outline: []knot{{0.325, 0.60, false}, {0.335, 0.80, false}, {0.36, 1.10, true}, {0, 1.10, false}}},                                                                                                                       // long
	{outline: []knot{{0.33, 0.58, false}, {0.38, 0.70, false}, {0.35, 0.80, false}, {0.41, 0.92, false}, {0.38, 1.10, true}, {0, 1.10, false}}},                                                                               // long, wavy
	{outline: []knot{{0.31, 0.56, false}, {0.25, 0.68, true}, {0, 0.68, false}}, tails: []lock{{point{0.28, 0.28}, point{0.43, 1.02}, 0.15, -0.30, 0}, {point{0.29, 0.28}, point{0.36, 0.90}, 0.09, -0.34, 0}}},               // twin tails
	{outline: []knot{{0.31, 0.56, false}, {0.25, 0.68, true}, {0, 0.68, false}}, tails: []lock{{point{0.12, 0.12}, point{0.42, 0.86}, 0.15, -0.42, 0}, {point{0.14, 0.14}, point{0.46, 0.66}, 0.09, -0.42, 0}}, single: true}, // ponytail
	{outline: []knot{{0.34, 0.56, false}, {0.40, 0.66, true}, {0.32, 0.68, true}, {0.36, 0.80, true}, {0.26, 0.78, true}, {0.20, 0.86, true}, {0, 0.80, false}}},                                                              // shaggy
}

// frontHair is what lies over the face, in the order of drawing.
type frontHair struct {
	cap   path
	locks []strand
}

// strand is a lock in its place.
type strand struct {
	lock
	spine, outline path
}

func (f frontHair) all() []path {
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
		{0, hairTop - v, false}, {0.15, 0.125 - v, false}, {0.265, 0.215 - v/2, false}, {0.315 + v, 0.36, false}, {0.318 + v, 0.48, false},
	}
}

func (a *artist) frontHair() frontHair {
	outer := a.crown()
	outer[len(outer)-1] = knot{0.30 + 0.012*a.Volume, 0.52, true}
	inner := []knot{{0.235, 0.46, false}, {0.20, 0.34, false}, {0.10, hairLine, false}, {0, hairLine - 0.01, false}}
	hair := frontHair{cap: curve(append(outer, inner...)...).symmetric()}
	for _, l := range sides[a.Side] {
		hair.locks = append(hair.locks, a.strand(l, 0), a.strand(l.mirrored(), 0))
	}
	for _, l := range fringes[a.Fringe] {
		if a.Flip {
			l = l.mirrored()
		}
		hair.locks = append(hair.locks, a.strand(l, a.FringeLow))
	}
	return hair
}

func (l lock) mirrored() lock {
	l.root.x, l.tip.x, l.bow = -l.root.x, -l.tip.x, -l.bow
	return l
}

// strand grows a lock, each a little different.
func (a *artist) strand(l lock, lower float64) strand {
	stray := func(by float64) float64 { return by * (2*a.rng.Float64() - 1) }
	l.tip = l.tip.add(point{stray(0.012), lower + stray(0.014)})
	l.width *= 1 + stray(0.12)
	l.bow += stray(0.04)
	along := l.tip.sub(l.root)
	middle := between(l.root, l.tip, 0.5).add(point{along.y, -along.x}.mul(l.bow))
	const n = 16
	spine := make(path, n+1)
	for i := range spine {
		t := float64(i) / n
		spine[i] = between(between(l.root, middle, t), between(middle, l.tip, t), t)
	}
	return strand{l, spine, band(spine, l.profile)}
}

// profile is the half-width of a lock along it: full in its upper half, then running out.
func (l lock) profile(t float64) float64 {
	pointed := 1.4 * math.Pow(1-t, 0.85) * (0.6 + 0.8*t)
	cut := math.Sqrt(math.Min(1, 10*(1-t)))
	return l.width / 2 * (pointed + (cut-pointed)*l.blunt)
}

func (a *artist) drawFrontHair(hair frontHair) {
	h := a.hair
	a.fill(hair.cap, vertical(hairTop, 0.5, opaque(h.shade), opaque(h.base), opaque(h.base)))
	outerEdge := hair.cap[:4*stepsPerSpan+1]
	a.line(outerEdge, taperEnd(0.008), opaque(h.line))
	a.line(outerEdge.mirrored(), even(0.006), opaque(h.line))
	for _, s := range hair.locks {
		a.drawStrand(s)
	}
	a.gloss(hair)
	if a.Ahoge {
		a.drawStrand(a.strand(lock{point{-0.01, 0.135}, point{0.10, 0.05}, 0.026, -0.5, 0}, 0))
	}
}

func (a *artist) drawStrand(s strand) {
	h := a.hair
	a.fill(s.outline, linear(s.root, s.tip, opaque(h.base), opaque(h.base), opaque(mix(h.base, h.shade, 0.8))))
	// Cel shading: a sliver along one edge.
	n := len(s.spine)
	edge := s.outline[n:]
	sliver := make(path, 0, 2*n)
	for i := range n {
		sliver = append(sliver, edge[i])
	}
	for i := range n {
		k := n - 1 - i
		sliver = append(sliver, between(edge[k], s.outline[n-1-k], 0.28*math.Sin(math.Pi*float64(n-1-k)/float64(n-1))))
	}
	a.fill(sliver, flat(faded(h.shade, 0.9*a.Shade)))
	// Both edges are drawn, fading towards the root, where the locks are one.
	from := n / 3
	fromRoot := func(t float64) float64 { return 0.0065 / 2 * math.Sqrt(t) }
	a.line(s.outline[from:n], fromRoot, opaque(h.line))
	other := s.outline[n : 2*n-from]
	a.line(other, func(t float64) float64 { return fromRoot(1 - t) }, opaque(h.line))
}

// gloss lays the ring of light round the head: spindles along an arc, on the hair only.
func (a *artist) gloss(hair frontHair) {
	a.clipTo(hair.all()...)
	const n = 17
	for i := range n {
		x := -0.28 + 0.56*float64(i)/(n-1)
		if math.Abs(x) < 0.03 {
			continue
		}
		y := 0.255 + 1.6*x*x
		long := 0.022 + 0.03*a.rng.Float64()
		lean := x * 0.35
		a.line(path{{x - lean*long, y - long}, {x, y}, {x + lean*long, y + long}}, taperBoth(0.022), faded(a.hair.light, a.Gloss))
	}
	a.unclip()
}

func (a *artist) backHair() {
	b := backs[a.Back]
	for _, l := range b.tails {
		a.tail(l)
		if !b.single {
			a.tail(l.mirrored())
		}
	}
	outline := curve(append(a.crown(), b.outline...)...).symmetric()
	a.fill(outline, vertical(0.3, 0.9, opaque(a.hair.shade), opaque(a.hair.deep)))
	a.line(append(outline, outline[0]), even(0.007), opaque(a.hair.line))
}

func (a *artist) tail(l lock) {
	if a.Flip {
		l = l.mirrored()
	}
	a.drawStrand(a.strand(l, 0))
}

// Accessory is something worn in the hair.
type Accessory int

// Things worn in the hair.
const (
	NoAccessory Accessory = iota
	Hairband
	Bow
	Clip
)

var accessoryOdds = []Accessory{NoAccessory, NoAccessory, NoAccessory, NoAccessory, Hairband, Bow, Clip}

func (a *artist) accessory() {
	side := 1.0
	if a.Flip {
		side = -1
	}
	dark := opaque(shift(a.Ribbon, -28, 0, 0))
	switch a.Accessory {
	case Hairband:
		spine := curve(knot{-0.305, 0.33, false}, knot{-0.19, 0.195, false}, knot{0, 0.145, false}, knot{0.19, 0.195, false}, knot{0.305, 0.33, false})
		a.line(spine, even(0.036), dark)
		a.line(spine, even(0.028), opaque(a.Ribbon))
	case Bow:
		a.bow(point{side * 0.22, 0.19}, 0.085)
	case Clip:
		for k := 0.0; k < 2; k++ {
			y := 0.36 + 0.035*k
			bar := path{{side * 0.175, y}, {side * 0.21, y + 0.01}, {side * 0.245, y + 0.025}}
			a.line(bar, even(0.020), dark)
			a.line(bar, even(0.013), opaque(a.Ribbon))
		}
	}
}

// bow ties a ribbon: two loops and a knot.
func (a *artist) bow(centre point, size float64) {
	colour := a.Trim
	if centre.y < 0.5 {
		colour = a.Ribbon
	}
	dark := opaque(shift(colour, -28, 0, 0))
	for _, side := range []float64{-1, 1} {
		loop := curve(
			knot{0, 0, true}, knot{side * size * 0.7, -size * 0.55, false}, knot{side * size, -size * 0.1, false}, knot{side * size * 0.8, size * 0.5, false}, knot{0, 0, true},
		).moved(centre)
		a.fill(loop, linear(centre, centre.add(point{side * size, 0}), opaque(shift(colour, -14, 0, 0)), opaque(colour)))
		a.line(loop, even(0.006), dark)
	}
	a.fill(ellipse(centre, size*0.22, size*0.26), solid(colour))
	a.line(append(ellipse(centre, size*0.22, size*0.26), centre.add(point{size * 0.22, 0})), even(0.006), dark)
}
