package portrait

import . "github.com/moelab/moelab/internal/vector"

// Clothes is an index into the table of clothes.
type Clothes int

// garment is the visible part of clothes, at the lower edge of the picture.
type garment struct {
	neckline float64 // height of the neckline in the middle
	shoulder float64 // where it meets the shoulder, from the middle
	tie, bow bool
	collar   func(*artist) // nil for none
}

var clothes = [...]garment{
	{0.955, 0.13, false, false, nil},                   // round neck
	{1.000, 0.20, false, false, nil},                   // wide neck
	{0.960, 0.10, false, true, (*artist).sailorCollar}, // sailor with a bow
	{0.960, 0.10, true, false, (*artist).sailorCollar}, // sailor with a tie
	{0.950, 0.09, false, true, (*artist).shirt},        // blouse with a bow
	{0.950, 0.09, true, false, (*artist).shirt},        // shirt with a tie
	{0.965, 0.09, true, false, (*artist).blazer},       // blazer
	{0.965, 0.09, false, true, (*artist).blazer},       // blazer with a bow
	{0.900, 0.09, false, false, (*artist).turtleneck},  // turtleneck
	{0.950, 0.11, false, false, (*artist).hood},        // hoodie
}

const shoulderY = 0.895

func (a *artist) neckAndClothes() {
	a.neck()
	g := choose(clothes[:], int(a.Clothes))
	cloth := symmetric(
		on(0, g.neckline), on(g.shoulder*0.62, g.neckline-0.016), corner(g.shoulder, shoulderY+0.12*(g.shoulder-0.1)),
		on(0.235, shoulderY+0.03), on(0.345, 0.985), corner(0.40, 1.15), on(0, 1.15),
	)
	dark := darker(a.cloth)
	a.Outlined(ramp(a.cloth, shift(a.cloth, -8, 2, -6)).Vertical(0.88, 1.05), cloth, 0.006*a.Line, dark)
	armpit := Path{Pt(0.285, 0.965), Pt(0.268, 0.99), Pt(0.262, 1.03)}
	a.strokeBoth(dark, armpit, TaperBoth(0.005*a.Line))
	if g.collar != nil {
		g.collar(a)
	}
	if g.tie {
		a.tie()
	}
	if g.bow {
		a.bow(Pt(0, 0.965), 0.072, a.trim)
	}
}

// neck draws the shoulders too, which some clothes leave bare.
func (a *artist) neck() {
	side := curve(
		on(0.075, 0.70), on(0.073, 0.83), on(0.096, 0.886), on(0.200, 0.940), on(0.31, 1.0), corner(0.34, 1.15), on(0, 1.15),
	)
	neck := side.Then(side.Mirrored().Reversed())
	a.Fill(a.skin.base, neck)
	a.ClipTo(neck)
	a.Fill(a.skin.shade.Faded(0.55+0.45*a.Shade), ellipse(Pt(0.012, a.ChinY-0.025), 0.16, 0.085))
	a.Unclip()
	bone := curve(on(0.03, 0.965), on(0.10, 0.945), on(0.17, 0.945))
	a.strokeBoth(a.skin.deep, bone, TaperBoth(0.004*a.Line))
	a.strokeBoth(a.skin.line, side[:4*stepsPerSpan], Even(0.005*a.Line))
}

// strokeBoth paints a line and its mirror image.
func (a *artist) strokeBoth(with Paint, right Path, width Profile) {
	a.Stroke(with, right, width)
	a.Stroke(with, right.Mirrored(), width)
}

// pair paints a shape and its mirror image with an outline.
func (a *artist) pair(right Path, colour Ink) {
	for _, p := range []Path{right, right.Mirrored()} {
		a.Outlined(colour, p, 0.005*a.Line, darker(colour))
	}
}

func (a *artist) sailorCollar() {
	half := curve(
		corner(0.080, shoulderY-0.035), on(0.17, shoulderY-0.002), corner(0.215, shoulderY+0.03), corner(0.20, 1.03),
		corner(0, 1.03), corner(0, 0.972), on(0.050, 0.93), corner(0.080, shoulderY-0.035),
	)
	a.pair(half, a.trim)
	stripe := Path{Pt(0.195, shoulderY+0.028), Pt(0.178, 0.98), Pt(0.165, 1.03)}
	a.strokeBoth(contrast(a.trim), stripe, Even(0.007))
}

func (a *artist) shirt() { a.shirtCollar(a.cloth) }

func (a *artist) shirtCollar(colour Ink) {
	a.pair(curve(
		corner(0.070, shoulderY-0.045), corner(0.105, shoulderY-0.010), corner(0.085, 0.975), corner(0, 0.945),
		on(0.055, shoulderY+0.01), corner(0.070, shoulderY-0.045),
	), colour)
}

// blazer is worn over a white shirt.
func (a *artist) blazer() {
	a.shirtCollar(RGB(0xf8f8fc))
	a.pair(curve(
		corner(0.095, shoulderY-0.015), corner(0.165, shoulderY+0.015), corner(0.155, 0.975), corner(0.06, 1.08),
		corner(0.02, 1.08), on(0.085, 0.97), corner(0.095, shoulderY-0.015),
	), shift(a.cloth, -5, 0, 0))
}

func (a *artist) turtleneck() {
	collar := symmetric(on(0, 0.862), corner(0.077, 0.848), on(0.088, 0.88), corner(0.108, 0.912), on(0, 0.935))
	round := ramp(a.cloth, a.cloth, shift(a.cloth, -10, 0, 0)).Horizontal(-0.1, 0.1)
	a.Outlined(round, collar, 0.005*a.Line, darker(a.cloth))
}

func (a *artist) hood() {
	a.pair(curve(
		corner(0.080, shoulderY-0.045), on(0.155, shoulderY-0.030), on(0.185, shoulderY+0.025), on(0.12, 0.965),
		corner(0.02, 1.0), on(0.085, 0.93), corner(0.080, shoulderY-0.045),
	), shift(a.cloth, 4, 0, 0))
	a.strokeBoth(contrast(a.cloth), Path{Pt(0.05, 0.98), Pt(0.055, 1.05)}, Even(0.009))
}

func (a *artist) tie() {
	dark := darker(a.trim)
	for _, part := range []Path{
		{Pt(-0.017, 0.978), Pt(0.017, 0.978), Pt(0.045, 1.08), Pt(-0.045, 1.08)},
		{Pt(-0.026, 0.945), Pt(0.026, 0.945), Pt(0.016, 0.982), Pt(-0.016, 0.982)},
	} {
		a.Outlined(a.trim, part, 0.005*a.Line, dark)
	}
}
