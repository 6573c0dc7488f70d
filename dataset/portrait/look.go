package portrait

import (
	"image/color"
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// Look is how other artists draw eyes, and what lies over them. Zero is moelab's own way. Shares are of the usual
// lengths: 0.2 is a fifth more. The ranges are those of [AtVaried].
type Look struct {
	Wide, Tall   float64    // shares that the eyes are wider and taller, -0.2…0.25 and -0.45…0.4
	Slant        float64    // how much lower the inner corners are, in half-heights, -0.3…0.4
	Arch         float64    // how much rounder the upper lids are, -0.6…0.5
	Shut         float64    // how much lower the lids meet, in half-heights, 0.14…0.28
	Sag          float64    // how much more the line of shut eyes sags, -0.2…-0.06
	ShutSlant    float64    // how much lower its outer end is, -0.06…0.06
	Lash         color.RGBA // of the lines of the lids; the usual colour if transparent
	Weight       float64    // share that the upper lid's line is heavier, -0.6…1.1
	Even         float64    // how little the line thins to the inner corner, 0…1
	Outer        float64    // how far the line goes down the outer side, 0…0.8 of the lower lid
	Reach        float64    // share that the outer lashes are longer, -1…1.2
	Spikes       int        // more lashes of the upper lid, 0…5
	Lower        LowerLash  // the lower lid's line
	IrisWide     float64    // share that the iris is wider, -0.35…0.25
	IrisTall     float64    // share that it is taller, -0.3…0.1
	Flat         bool       // it has two plain colours
	Pupil        float64    // half-width of a sharp pupil, in the iris', 0: the usual soft one
	Glints       Glints     // the lights in it
	Squash       float64    // how much the lids press it flat, instead of covering it, 0…0.7
	White        color.RGBA // of the eyeballs; the usual colour if transparent
	Shadow       float64    // share that the shadow of the lid is stronger, -1…1
	Fold         Fold       // the crease above the eyes
	FoldWhenShut bool       // another that only shut eyes have
	Loose        int        // locks that hang over the eyes, 0…7
	LooseSide    float64    // where most of them hang, -1 left … 1 right
	Glasses      Glasses    // what is worn over the eyes
	Rims         color.RGBA // their colour
}

// LowerLash, Glints, Fold and Glasses are ways to draw a part of the eyes. Zero is moelab's own, or none.
type (
	LowerLash int
	Glints    int
	Fold      int
	Glasses   int
)

const (
	noLowerLash    LowerLash = 1 + iota // skin with a faint edge
	spikes                              // a few short lashes
	lowerLine                           // a line all along
	lowerLashCount = iota + 1
)

const (
	noGlints    Glints = 1 + iota
	oneGlint           // large, at the upper outer side
	lowGlint           // below
	manyGlints         // two and small ones
	glintsCount = iota + 1
)

const (
	noFold Fold = 1 + iota
	nearFold
	farFold
	foldCount = iota + 1
)

const (
	roundGlasses Glasses = 1 + iota
	squareGlasses
	halfRims     // along the lower edge only
	glassesCount = iota + 1
)

// AtVaried returns the portrait of [At] as one of many artists might draw it: [Look] is random, and so are the sizes
// and places of the eyes, in wider ranges.
func AtVaried(seed uint64, index int) Params {
	p := At(seed, index)
	r := NewRand(seed^lookDomain, index)
	p.EyeSize *= r.Within(0.85, 1.3)
	p.EyeSpacing = max(p.EyeSpacing+r.Stray(0.012), 0.093*p.EyeSize)
	p.EyeY += r.Within(-0.03, 0.03)
	p.EyeOpening = OneOf(r, 1, 1, 1, r.Within(0.5, 1))
	p.FringeLow = r.Within(-0.14, 0.07)
	p.Tilt += r.Stray(0.12)
	p.Line *= r.Within(0.5, 1.5)
	p.Shade *= r.Within(0, 1.1)
	p.Look = randomLook(r, p)
	if r.Chance(0.5) { // A brow may be as near as a crease, which goes down with the lid.
		p.BrowY = eyeHalfHeight * p.EyeSize * (1 + p.Tall) * r.Within(1.15, 2)
	}
	p.BrowBold = r.Within(-0.3, 1.6)
	return p
}

// randomLook draws a look for a portrait.
func randomLook(r Rand, p Params) Look {
	some := func(share, low, high float64) float64 {
		if value := r.Within(low, high); r.Chance(share) {
			return value
		}
		return 0
	}
	l := Look{
		Wide: r.Within(-0.2, 0.25), Tall: r.Within(-0.3, 0.4), Slant: r.Within(-0.3, 0.4), Arch: r.Within(-0.6, 0.5),
		Shut: r.Within(0.14, 0.28), Sag: r.Within(-0.2, -0.06), ShutSlant: r.Stray(0.06),
		Weight: r.Within(-0.6, 1.1), Even: r.Float64(), Outer: some(0.35, 0.1, 0.8), Reach: r.Within(-1, 1.2),
		Spikes: max(r.IntN(10)-4, 0), Lower: LowerLash(r.IntN(lowerLashCount)),
		IrisWide: r.Within(-0.35, 0.25), IrisTall: r.Within(-0.3, 0.1), Flat: r.Chance(0.4), Pupil: some(0.4, 0.15, 0.5),
		Glints: Glints(r.IntN(glintsCount)), Squash: some(0.2, 0.2, 0.7), Shadow: r.Within(-1, 1),
		Fold: Fold(r.IntN(foldCount)), FoldWhenShut: r.Chance(0.1),
		LooseSide: r.Stray(1.4),
	}
	if r.Chance(0.15) {
		l.Tall = r.Within(-0.45, -0.3)
	}
	l.Lash = color.RGBA(OneOf(r,
		RGB(0x101014), RGB(0x1c1418), RGB(0x2c1a20), RGB(0x3c2420), RGB(0x501c28), shift(opaque(p.Hair), -45, -4, 0),
		shift(opaque(p.Hair), -30, 0, 0)))
	l.White = color.RGBA(OneOf(r, RGB(0xffffff), RGB(0xf4f2f8), RGB(0xe8e8f4), RGB(0xfff4f0), RGB(0xdcdce8)))
	if r.Chance(0.7) {
		l.Loose = 1 + r.IntN(7)
	}
	if r.Chance(0.12) {
		l.Glasses = Glasses(1 + r.IntN(glassesCount-1))
	}
	l.Rims = color.RGBA(HCL(r.Within(0, 360), r.Within(0, 0.6), r.Within(0.08, 0.6)))
	return l
}

// HardCase is a kind of portrait that is hard to make blink.
type HardCase struct {
	Name   string
	change func(p *Params, r Rand)
}

// HardCases are what pictures by other artists have and [Random] has not.
var HardCases = []HardCase{
	{"hair over an eye", func(p *Params, r Rand) { p.Loose, p.LooseSide = 3, OneOf(r, -1.0, 1)*r.Within(0.5, 1) }},
	{"glasses", func(p *Params, r Rand) { p.Glasses = Glasses(1 + r.IntN(glassesCount-1)) }},
	{"tilted head", func(p *Params, r Rand) { p.Tilt = OneOf(r, -1.0, 1) * r.Within(0.3, 0.6) }},
	{"chibi", func(p *Params, r Rand) {
		p.EyeSize, p.EyeSpacing, p.ChinY, p.Wide, p.Tall = 1.55, 0.15, 0.78, 0, r.Within(0, 0.2)
	}},
	{"one eye hidden", func(p *Params, r Rand) { p.Loose, p.LooseSide, p.FringeLow = 12, OneOf(r, -1.0, 1), 0.05 }},
	{"narrow eyes", func(p *Params, r Rand) { p.Tall = r.Within(-0.5, -0.4) }},
	{"half-open eyes", func(p *Params, r Rand) { p.EyeOpening = r.Within(0.45, 0.6) }},
}

// Blink returns a blink of the case: a portrait of [AtVaried] with what makes it hard.
func (h HardCase) Blink(seed uint64, index int) BlinkClip {
	p := AtVaried(seed, index)
	p.Loose, p.Glasses, p.FringeLow = 0, 0, min(p.FringeLow, 0)
	h.change(&p, NewRand(seed^lookDomain^1, index))
	return p.blink(NewRand(seed^blinkDomain, index), 1)
}

// shut is where the lids meet, in half-heights of the eye, at a place across it.
func (e eye) shut(u float64) float64 {
	l := e.look
	return 0.40 + l.Shut + l.ShutSlant*u + (0.32+l.Sag)*(1-u*u)
}

// lashInk is the colour of the lines of the lids.
func (a *artist) lashInk() Ink {
	if a.Lash.A == 0 {
		return Mix(RGB(0x2c1a20), a.hair.line, 0.3)
	}
	return opaque(a.Lash)
}

// moreLashes draws what Look adds to the line of the upper lid.
func (a *artist) moreLashes(e eye, upper, lower Path, dark Ink, heavy float64) {
	if a.Outer > 0 { // The line goes on, down the outer side.
		part := lower[:max(int(a.Outer*float64(len(lower))/2), 2)]
		a.Stroke(dark, part, func(t float64) float64 { return heavy * (0.9 - 0.6*t) })
	}
	n := len(upper)
	for k := range a.Spikes {
		root := upper[n/3+k*(n-n/3)/(a.Spikes+1)]
		tip := root.Add(Pt(e.side*0.10*e.w, -0.26*e.h*(0.4+0.6*e.open)))
		a.Stroke(dark, Path{root, Between(root, tip, 0.5).Add(Pt(e.side*0.03*e.w, 0.02*e.h)), tip}, TaperEnd(0.8*heavy))
	}
	if a.FoldWhenShut {
		fold := upper[n/4 : n*3/4].Moved(Pt(0, -0.55*e.h))
		a.Stroke(a.skin.line.Faded(0.9*max(1-3*e.open, 0)), fold, TaperBoth(0.005*a.Line))
	}
}

// lowerLashes draws the lower lid's line.
func (a *artist) lowerLashes(e eye, lower Path, dark Ink) {
	n := len(lower)
	switch a.Lower {
	case noLowerLash:
		a.Stroke(a.skin.deep.Faded(0.7), lower[n/12:n*9/10], TaperBoth(0.004*a.Line))
	case spikes:
		for k := range 3 {
			root := lower[n/5+k*n/8]
			tip := root.Add(Pt(e.side*0.07*e.w, 0.13*e.h))
			a.Stroke(dark, Path{root, tip}, TaperEnd(0.008*a.Line))
		}
	case lowerLine:
		a.Stroke(dark, lower[:n*19/20], Even(0.006*a.Line))
	default:
		a.Stroke(dark.Faded(0.848), lower[n/12:n*6/10], TaperBoth(0.0055*a.Line))
		a.Stroke(a.skin.line.Faded(0.6), lower[n*6/10:n*9/10], TaperBoth(0.0035*a.Line))
	}
}

// crease is how far the crease is above the upper lid, in half-heights of an open and a shut eye. ok is false if there
// is none.
func (e eye) crease() (apart, shut float64, ok bool) {
	switch e.look.Fold {
	case noFold:
		return 0, 0, false
	case nearFold:
		return 0.2, 0.14, true
	case farFold:
		return 0.44, 0.3, true
	}
	return 0.32, 0.16, e.shape.crease
}

// glints draws the lights in an iris.
func (a *artist) glints(centre Point, rx, ry float64) {
	white := RGB(0xffffff)
	light := func(x, y, w, h, opacity float64) {
		a.Fill(white.Faded(opacity), ellipse(Pt(centre.X+x*rx, centre.Y+y*ry), w*rx, h*ry))
	}
	switch a.Glints {
	case noGlints:
	case oneGlint:
		light(0.3, -0.35, 0.34, 0.3, 1)
	case lowGlint:
		light(0.4, 0.55, 0.3, 0.28, 1)
	case manyGlints:
		light(-0.4, -0.3, 0.32, 0.26, 1)
		light(0.35, 0.4, 0.2, 0.16, 0.9)
		light(0.1, -0.6, 0.1, 0.09, 1)
		light(-0.2, 0.6, 0.12, 0.1, 0.8)
	default: // Light comes from the upper left in both eyes.
		light(-0.36, -0.38, 0.30, 0.25, 1)
		light(0.42, 0.36, 0.15, 0.12, 0.9)
	}
}

// flatIris paints an iris in two plain colours.
func (a *artist) flatIris(centre Point, rx, ry float64) {
	iris := ellipse(centre, 0.9*rx, 0.93*ry)
	a.Fill(a.iris.deep, iris)
	low := ellipse(Pt(centre.X, centre.Y+0.45*ry), 0.72*rx, 0.46*ry)
	a.Fill(a.iris.light, low)
}

// looseHair draws locks that hang over the eyes.
func (a *artist) looseHair() {
	if a.Loose == 0 {
		return
	}
	kept := a.Rand
	defer func() { a.Rand = kept }()
	a.Rand = NewRand(a.Strands, 1)
	for range a.Loose {
		x := a.LooseSide*a.EyeSpacing + a.Stray(0.10)
		root := Pt(x*0.6+a.Stray(0.03), 0.24+a.Stray(0.02))
		tip := Pt(x+a.Stray(0.04), a.EyeY+a.Within(-0.09, 0.2))
		a.drawStrand(a.strand(lock{root, tip, a.Within(0.02, 0.075), a.Stray(0.12), 0}, 0, fringeMerged))
	}
}

// glasses draws the rims of glasses.
func (a *artist) glasses() {
	if a.Glasses == 0 {
		return
	}
	rim, width := opaque(a.Rims), 0.006+0.005*a.Line
	rx, ry := 1.15*eyeHalfWidth*a.EyeSize, 1.05*eyeHalfHeight*a.EyeSize
	for _, side := range []float64{-1, 1} {
		centre := Pt(side*a.EyeSpacing, a.EyeY+0.2*ry)
		lens := ellipse(centre, rx, ry)
		switch a.Glasses {
		case squareGlasses:
			lens = Rect(centre.X-rx, centre.Y-0.8*ry, centre.X+rx, centre.Y+0.9*ry).Closed()
		case halfRims:
			lens = lens[:len(lens)/2+1] // The lower half.
		default:
			lens = lens.Closed()
		}
		a.Stroke(rim, lens, Even(width))
		a.Stroke(rim, Path{Pt(centre.X+side*rx, centre.Y-0.1*ry), Pt(side*0.24, a.EyeY-0.02)}, Even(width))
	}
	inner := a.EyeSpacing - rx
	if inner > 0 {
		a.Stroke(rim, curve(on(-inner, a.EyeY), on(0, a.EyeY-0.012), on(inner, a.EyeY)), Even(width))
	}
}

// squashed is how tall an iris is in an eye that is open so far.
func (e eye) squashed() float64 { return 1 - e.look.Squash*(1-math.Min(e.open, 1)) }
