package portrait

import (
	"fmt"
	"image"
	"image/color"

	. "github.com/moelab/moelab/internal/vector"
)

// Headwear is what is worn on the head, over the hair: an index into the table of headwear. Zero is none.
type Headwear int

// headwear is drawn in two layers; either may be nil.
type headwear struct {
	name   string
	hides  hidden
	behind func(*artist) // behind the hair at the back
	over   func(*artist) // over all else
}

// hidden is the hair that headwear hides: none of it, that above the eyes, or that at the back too.
type hidden int

const (
	nothing hidden = iota
	above
	aboveAndBack
)

var headwears = [...]headwear{
	{"none", nothing, nil, nil},
	{"beret", above, nil, (*artist).beret},
	{"cap", above, nil, (*artist).cap},
	{"hat", above, (*artist).brim, (*artist).hat},
	{"witch hat", above, (*artist).brim, (*artist).witchHat},
	{"beanie", above, nil, (*artist).beanie},
	{"hood", aboveAndBack, (*artist).hoodInside, (*artist).hoodRim},
	{"helmet", above, nil, (*artist).helmet},
	{"ribbon", nothing, nil, (*artist).largeRibbon},
	{"headphones", nothing, nil, (*artist).headphones},
	{"animal ears", nothing, nil, (*artist).animalEars},
}

// style looks the headwear up.
func (h Headwear) style() headwear { return choose(headwears[:], int(h)) }

// String returns the lower-case name, such as "beret".
func (h Headwear) String() string {
	if h < 0 || int(h) >= len(headwears) {
		return fmt.Sprintf("Headwear(%d)", int(h))
	}
	return headwears[h].name
}

// CoversHair reports whether it hides the hair above the eyes.
func (h Headwear) CoversHair() bool { return h.style().hides >= above }

const headwearDomain = 0x6865616477656172

// AtDressed returns the portrait of [At] with something on its head, or with hair of two colours, in a share of all
// portraits, from 0 to 1. The headwear has any colour. Everything else, and the class of the hair, is as in At.
func AtDressed(seed uint64, index int, share float64, colours ...Colour) Params {
	p := At(seed, index, colours...)
	r := NewRand(seed^headwearDomain, index)
	if !r.Chance(share) {
		return p
	}
	const twoColoured = 0.15
	if r.Chance(twoColoured) {
		p.TwoTone = TwoTone(1 + r.IntN(len(twoTones)-1))
		for p.SecondColour = p.Colour; p.SecondColour == p.Colour; {
			p.SecondColour = OneOf(r, Colours()...)
		}
		p.SecondHair = p.SecondColour.natural(r)
		return p
	}
	p.Headwear = Headwear(1 + r.IntN(len(headwears)-1))
	p.HeadwearColour = color.RGBA(HCL(r.Within(0, 360), r.Within(0, 0.65), r.Within(0.12, 0.97)))
	p.HeadwearLow = r.Within(0, 0.08)
	p.Accessory, p.Ahoge = NoAccessory, false // It has their place.
	return p
}

// wear draws a layer of the headwear, nil for none.
func (a *artist) wear(layer func(*artist)) {
	if layer == nil {
		return
	}
	if a.Headwear.CoversHair() {
		a.View = a.head.lowered(a.HeadwearLow)
	}
	layer(a)
	a.View = a.head
}

// fabric paints headwear: lit from above, in shade at its lower edge.
func (a *artist) fabric(top, bottom float64) Paint {
	c := opaque(a.HeadwearColour)
	return ramp(shift(c, 5, 0, 0), c, shift(c, -10, 0, 4)).Vertical(top, bottom)
}

// felt is a piece of headwear with its outline.
func (a *artist) felt(piece Path, top, bottom float64) {
	a.Outlined(a.fabric(top, bottom), piece, 0.006*a.Line, darker(opaque(a.HeadwearColour)))
}

// trimmed is a piece in the colour of the ribbon.
func (a *artist) trimmed(piece Path) { a.Outlined(a.ribbon, piece, 0.005*a.Line, darker(a.ribbon)) }

// shadowUnder darkens the hair below the edge of a hat.
func (a *artist) shadowUnder(edge Path) {
	a.Stroke(a.hair.deep.Faded(0.5*a.Shade), edge.Moved(Pt(0, 0.014)), Even(0.03))
}

func (a *artist) beret() {
	side := a.side()
	edge := curve(on(-0.295, 0.33), on(-0.16, 0.235), on(0, 0.215), on(0.16, 0.235), on(0.295, 0.33))
	a.shadowUnder(edge)
	soft := curve(
		corner(-0.300, 0.345), on(-0.385+0.03*side, 0.20), on(-0.24, 0.055), on(0.02*side, 0.015), on(0.24, 0.055),
		on(0.385+0.03*side, 0.20), corner(0.300, 0.345), on(0.16, 0.245), on(0, 0.225), on(-0.16, 0.245),
		corner(-0.300, 0.345),
	)
	a.felt(soft, 0.0, 0.34)
	stalk := Path{Pt(0.03*side, 0.022), Pt(0.045*side, -0.02)}
	a.Stroke(darker(opaque(a.HeadwearColour)), stalk, Even(0.016))
	a.Stroke(a.ribbon, edge, Even(0.016))
}

// dome is the part of a hat around the skull, down to a height at the temples; its edge is higher in the middle.
func dome(top, temple, middle float64) Path {
	return curve(
		corner(-0.318, temple), on(-0.305, top+0.13), on(-0.18, top+0.025), on(0, top), on(0.18, top+0.025),
		on(0.305, top+0.13), corner(0.318, temple), on(0.17, middle+0.025), on(0, middle), on(-0.17, middle+0.025),
		corner(-0.318, temple),
	)
}

func (a *artist) cap() {
	a.felt(dome(0.05, 0.34, 0.27), 0.05, 0.34)
	seam := darker(opaque(a.HeadwearColour)).Faded(0.6)
	a.Stroke(seam, curve(on(0, 0.05), on(-0.01*a.side(), 0.16), on(0, 0.27)), Even(0.004))
	a.strokeBoth(seam, curve(on(0.03, 0.055), on(0.15, 0.14), on(0.18, 0.29)), Even(0.004))
	bill := curve(
		corner(-0.255, 0.305), on(-0.12, 0.255), on(0.12, 0.255), corner(0.255, 0.305), on(0.21, 0.37), on(0, 0.385),
		on(-0.21, 0.37), corner(-0.255, 0.305),
	)
	a.shadowUnder(curve(on(-0.21, 0.37), on(0, 0.385), on(0.21, 0.37)))
	a.felt(bill, 0.22, 0.40)
}

// brim is the part of a wide brim behind the head.
func (a *artist) brim() {
	c := shift(opaque(a.HeadwearColour), -12, 0, 0)
	a.Outlined(c, ellipse(Pt(0, 0.29), 0.50, 0.115), 0.006*a.Line, darker(c))
}

// frontBrim passes over the forehead.
func (a *artist) frontBrim() {
	a.shadowUnder(curve(on(-0.30, 0.385), on(0, 0.375), on(0.30, 0.385)))
	a.felt(curve(
		corner(-0.50, 0.29), on(-0.30, 0.275), on(0, 0.265), on(0.30, 0.275), corner(0.50, 0.29), on(0.30, 0.385),
		on(0, 0.370), on(-0.30, 0.385), corner(-0.50, 0.29),
	), 0.25, 0.40)
}

func (a *artist) hat() {
	a.felt(dome(0.02, 0.33, 0.30), 0.02, 0.33)
	a.frontBrim()
	a.trimmed(curve(
		corner(-0.314, 0.225), on(0, 0.205), corner(0.314, 0.225), corner(0.318, 0.280), on(0, 0.262), corner(-0.318, 0.280),
		corner(-0.314, 0.225),
	))
}

func (a *artist) witchHat() {
	side := a.side()
	a.felt(curve(
		corner(-0.30, 0.30), on(-0.19, 0.08), corner(0.10*side, -0.12), on(0.20, 0.09), corner(0.30, 0.30), on(0, 0.29),
		corner(-0.30, 0.30),
	), -0.10, 0.32)
	a.frontBrim()
	a.trimmed(curve(
		corner(-0.285, 0.225), on(0, 0.215), corner(0.285, 0.225), corner(0.30, 0.275), on(0, 0.262), corner(-0.30, 0.275),
		corner(-0.285, 0.225),
	))
}

func (a *artist) beanie() {
	c := opaque(a.HeadwearColour)
	a.felt(dome(0.04, 0.31, 0.27), 0.04, 0.34)
	a.Outlined(shift(c, 10, 0, 0), ellipse(Pt(0, 0.035), 0.062, 0.058), 0.005*a.Line, darker(c))
	band := curve(
		corner(-0.312, 0.27), on(-0.16, 0.235), on(0, 0.225), on(0.16, 0.235), corner(0.312, 0.27), corner(0.322, 0.37),
		on(0.17, 0.325), on(0, 0.310), on(-0.17, 0.325), corner(-0.322, 0.37), corner(-0.312, 0.27),
	)
	a.shadowUnder(curve(on(-0.322, 0.37), on(-0.17, 0.325), on(0, 0.310), on(0.17, 0.325), on(0.322, 0.37)))
	a.felt(band, 0.20, 0.37)
	a.ClipTo(band)
	for x := -0.30; x <= 0.30; x += 0.04 {
		a.Stroke(darker(c).Faded(0.5), Path{Pt(x, 0.20), Pt(x*1.03, 0.39)}, Even(0.006))
	}
	a.Unclip()
}

// hoodInside is behind the head, and hides the hair at the back.
func (a *artist) hoodInside() {
	c := shift(opaque(a.HeadwearColour), -22, 0, 0)
	a.Fill(c, curve(
		corner(-0.30, 0.95), on(-0.395, 0.60), on(-0.33, 0.20), on(0, 0.03), on(0.33, 0.20), on(0.395, 0.60),
		corner(0.30, 0.95),
	))
}

// hoodRim is the hood around the face.
func (a *artist) hoodRim() {
	outer := symmetric(
		on(0, 0.02), on(0.20, 0.075), on(0.36, 0.27), on(0.405, 0.60), on(0.36, 0.84), corner(0.16, 0.93), on(0, 0.95),
	)
	opening := symmetric(
		on(0, 0.235), on(0.16, 0.27), on(0.262, 0.42), on(0.285, 0.60), on(0.24, 0.78), on(0.12, 0.865), on(0, 0.88),
	)
	a.Fill(a.fabric(0.0, 0.95), outer, opening.Reversed())
	line := darker(opaque(a.HeadwearColour))
	a.Stroke(line, outer.Closed(), Even(0.006*a.Line))
	a.Stroke(line, opening.Closed(), Even(0.006*a.Line))
	a.Stroke(line.Faded(0.5), opening.Turned(Pt(0, 0.56), 0, 1.09).Closed(), Even(0.004))
}

func (a *artist) helmet() {
	shell := curve(
		corner(-0.30, 0.66), on(-0.352, 0.44), on(-0.31, 0.19), on(-0.16, 0.055), on(0, 0.035), on(0.16, 0.055),
		on(0.31, 0.19), on(0.352, 0.44), corner(0.30, 0.66), corner(0.255, 0.64), on(0.275, 0.44), corner(0.225, 0.325),
		on(0, 0.285), corner(-0.225, 0.325), on(-0.275, 0.44), corner(-0.255, 0.64), corner(-0.30, 0.66),
	)
	a.felt(shell, 0.03, 0.66)
	a.ClipTo(shell)
	a.Fill(ramp(Grey(255).Opacities(0.7, 0)...).Radial(Pt(-0.12, 0.13), 0.14, 0.09), ellipse(Pt(-0.12, 0.13), 0.14, 0.09))
	a.Unclip()
	a.trimmed(Path{Pt(-0.02, 0.036), Pt(0.02, 0.036), Pt(0.028, 0.287), Pt(-0.028, 0.287)})
}

func (a *artist) largeRibbon() {
	a.bow(Pt(0.02*a.side(), 0.13), 0.27, opaque(a.HeadwearColour))
}

func (a *artist) headphones() {
	c := opaque(a.HeadwearColour)
	arc := curve(
		on(-0.325, 0.50), on(-0.30, 0.23), on(-0.17, 0.085), on(0, 0.055), on(0.17, 0.085), on(0.30, 0.23), on(0.325, 0.50),
	)
	a.Stroke(darker(c), arc, Even(0.046))
	a.Stroke(c, arc, Even(0.036))
	for _, side := range []float64{-1, 1} {
		cup := ellipse(Pt(side*0.318, 0.535), 0.052, 0.098)
		a.felt(cup, 0.44, 0.64)
		a.Fill(a.ribbon, ellipse(Pt(side*0.335, 0.535), 0.025, 0.055))
	}
}

// animalEars are worn on a band and need not have the colour of the hair.
func (a *artist) animalEars() {
	c := opaque(a.HeadwearColour)
	band := curve(on(-0.30, 0.32), on(-0.20, 0.17), on(0, 0.115), on(0.20, 0.17), on(0.30, 0.32))
	a.Stroke(darker(c), band, Even(0.024))
	a.Stroke(c, band, Even(0.017))
	for _, side := range []float64{-1, 1} {
		outer := curve(corner(0.085, 0.145), on(0.155, 0.045), corner(0.225, -0.005), on(0.26, 0.10), corner(0.265, 0.225))
		inner := curve(corner(0.135, 0.150), on(0.180, 0.075), corner(0.220, 0.045), on(0.238, 0.12), corner(0.235, 0.195))
		if side < 0 {
			outer, inner = outer.Mirrored(), inner.Mirrored()
		}
		a.Outlined(ramp(shift(c, -8, 0, 0), c).Vertical(0, 0.22), outer, 0.0055*a.Line, darker(c))
		a.Fill(shift(c, 14, 4, 0), inner)
	}
}

// WearOver paints only the headwear over a picture of another head. That head fills the square of this size whose upper
// left corner is x, y, as in [Params.DrawOver].
func (p Params) WearOver(picture *image.RGBA, x, y, size float64) {
	if size > 0 && !picture.Rect.Empty() {
		a := p.artist(picture, Pt(x, y), size)
		a.View = a.head
		a.wear(a.Headwear.style().over)
	}
}
