package portrait

import "image/color"

// Clothes is an index into the table of clothes.
type Clothes int

// garment is what shows at the lower edge of the picture.
type garment struct {
	neckline float64 // how low the neckline reaches in the middle
	shoulder float64 // how far from the middle it meets the shoulder
	collar   collar
	tie, bow bool
}

type collar int

const (
	noCollar collar = iota
	sailor
	shirt
	lapels
	turtleneck
	hood
)

var clothes = [...]garment{
	{0.955, 0.13, noCollar, false, false},   // round neck
	{1.000, 0.20, noCollar, false, false},   // wide neck
	{0.960, 0.10, sailor, false, true},      // sailor with a bow
	{0.960, 0.10, sailor, true, false},      // sailor with a tie
	{0.950, 0.09, shirt, false, true},       // blouse with a bow
	{0.950, 0.09, shirt, true, false},       // shirt with a tie
	{0.965, 0.09, lapels, true, false},      // blazer
	{0.965, 0.09, lapels, false, true},      // blazer with a bow
	{0.900, 0.09, turtleneck, false, false}, // turtleneck
	{0.950, 0.11, hood, false, false},       // hoodie
}

const shoulderY = 0.895

func (a *artist) neckAndClothes() {
	a.neck()
	g := choose(clothes[:], int(a.Clothes))
	cloth := symmetric(
		knot{0, g.neckline, false}, knot{g.shoulder * 0.62, g.neckline - 0.016, false}, knot{g.shoulder, shoulderY + 0.12*(g.shoulder-0.1), true},
		knot{0.235, shoulderY + 0.03, false}, knot{0.345, 0.985, false}, knot{0.40, 1.15, true}, knot{0, 1.15, false},
	)
	a.fill(cloth, vertical(0.88, 1.05, opaque(a.Cloth), opaque(shift(a.Cloth, -8, 2, -6))))
	dark := opaque(darker(a.Cloth))
	a.line(cloth.closed(), even(0.006*a.Line), dark)
	for _, side := range []float64{-1, 1} { // folds at the armpits
		a.line(path{{side * 0.285, 0.965}, {side * 0.268, 0.99}, {side * 0.262, 1.03}}, taperBoth(0.005*a.Line), dark)
	}
	switch g.collar {
	case sailor:
		a.sailorCollar()
	case shirt:
		a.shirtCollar(a.Cloth)
	case lapels:
		a.shirtCollar(rgb(0xf8f8fc))
		a.lapels()
	case turtleneck:
		a.turtleneck()
	case hood:
		a.hood()
	}
	if g.tie {
		a.tie()
	}
	if g.bow {
		a.bow(point{0, 0.965}, 0.072, a.Trim)
	}
}

// darker is the colour of a material's lines.
func darker(c color.RGBA) color.RGBA { return shift(c, -30, 0, 0) }

// neck also draws the shoulders that some clothes leave bare.
func (a *artist) neck() {
	side := curve(
		knot{0.075, 0.70, false}, knot{0.073, 0.83, false}, knot{0.096, 0.886, false}, knot{0.200, 0.940, false}, knot{0.31, 1.0, false}, knot{0.34, 1.15, true}, knot{0, 1.15, false},
	)
	neck := append(append(path{}, side...), side.mirrored().reversed()...)
	a.fill(neck, solid(a.Skin))
	a.clipTo(neck)
	a.fill(ellipse(point{0.012, a.ChinY - 0.025}, 0.16, 0.085), flat(faded(a.skin.shade, 0.55+0.45*a.Shade)))
	a.unclip()
	bone := curve(knot{0.03, 0.965, false}, knot{0.10, 0.945, false}, knot{0.17, 0.945, false})
	for _, p := range []path{bone, bone.mirrored()} {
		a.line(p, taperBoth(0.004*a.Line), opaque(a.skin.deep))
	}
	edge := side[:4*stepsPerSpan]
	for _, p := range []path{edge, edge.mirrored()} {
		a.line(p, even(0.005*a.Line), opaque(a.skin.line))
	}
}

// pair paints a shape and its mirror image with an outline.
func (a *artist) pair(right path, colour color.RGBA) {
	for _, p := range []path{right, right.mirrored()} {
		a.fill(p, solid(colour))
		a.line(p.closed(), even(0.005*a.Line), opaque(darker(colour)))
	}
}

func (a *artist) sailorCollar() {
	half := curve(
		knot{0.080, shoulderY - 0.035, true}, knot{0.17, shoulderY - 0.002, false}, knot{0.215, shoulderY + 0.03, true}, knot{0.20, 1.03, true}, knot{0, 1.03, true}, knot{0, 0.972, true}, knot{0.050, 0.93, false}, knot{0.080, shoulderY - 0.035, true},
	)
	a.pair(half, a.Trim)
	stripe := path{{0.195, shoulderY + 0.028}, {0.178, 0.98}, {0.165, 1.03}}
	for _, p := range []path{stripe, stripe.mirrored()} {
		a.line(p, even(0.007), opaque(contrast(a.Trim)))
	}
}

// contrast is white for a dark colour and dark for a light one.
func contrast(c color.RGBA) color.RGBA {
	if int(c.R)+int(c.G)+int(c.B) > 3*170 {
		return rgb(0x38508c)
	}
	return rgb(0xf4f4f8)
}

func (a *artist) shirtCollar(colour color.RGBA) {
	a.pair(curve(
		knot{0.070, shoulderY - 0.045, true}, knot{0.105, shoulderY - 0.010, true}, knot{0.085, 0.975, true}, knot{0, 0.945, true}, knot{0.055, shoulderY + 0.01, false}, knot{0.070, shoulderY - 0.045, true},
	), colour)
}

func (a *artist) lapels() {
	a.pair(curve(
		knot{0.095, shoulderY - 0.015, true}, knot{0.165, shoulderY + 0.015, true}, knot{0.155, 0.975, true}, knot{0.06, 1.08, true}, knot{0.02, 1.08, true}, knot{0.085, 0.97, false}, knot{0.095, shoulderY - 0.015, true},
	), shift(a.Cloth, -5, 0, 0))
}

func (a *artist) turtleneck() {
	collar := symmetric(
		knot{0, 0.862, false}, knot{0.077, 0.848, true}, knot{0.088, 0.88, false}, knot{0.108, 0.912, true}, knot{0, 0.935, false},
	)
	a.fill(collar, linear(point{-0.1, 0.9}, point{0.1, 0.9}, opaque(a.Cloth), opaque(a.Cloth), opaque(shift(a.Cloth, -10, 0, 0))))
	a.line(collar.closed(), even(0.005*a.Line), opaque(darker(a.Cloth)))
}

func (a *artist) hood() {
	a.pair(curve(
		knot{0.080, shoulderY - 0.045, true}, knot{0.155, shoulderY - 0.030, false}, knot{0.185, shoulderY + 0.025, false}, knot{0.12, 0.965, false}, knot{0.02, 1.0, true}, knot{0.085, 0.93, false}, knot{0.080, shoulderY - 0.045, true},
	), shift(a.Cloth, 4, 0, 0))
	for _, side := range []float64{-1, 1} {
		a.line(path{{side * 0.05, 0.98}, {side * 0.055, 1.05}}, even(0.009), opaque(contrast(a.Cloth)))
	}
}

func (a *artist) tie() {
	dark := opaque(darker(a.Trim))
	for _, part := range []path{
		{{-0.017, 0.978}, {0.017, 0.978}, {0.045, 1.08}, {-0.045, 1.08}},
		{{-0.026, 0.945}, {0.026, 0.945}, {0.016, 0.982}, {-0.016, 0.982}},
	} {
		a.fill(part, solid(a.Trim))
		a.line(part.closed(), even(0.005*a.Line), dark)
	}
}
