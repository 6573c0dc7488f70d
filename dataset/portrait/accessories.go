package portrait

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// Accessory is something worn in the hair.
type Accessory int

// The accessories.
const (
	NoAccessory Accessory = iota
	Hairband
	Bow
	Clip
	Flower
	CatEars
)

// accessoryOdds has each accessory as often as it comes.
var accessoryOdds = []Accessory{
	NoAccessory, NoAccessory, NoAccessory, NoAccessory, NoAccessory, NoAccessory,
	Hairband, Bow, Clip, Clip, Flower, CatEars,
}

// side is 1, or -1 if the hair style is mirrored.
func (a *artist) side() float64 {
	if a.Flip {
		return -1
	}
	return 1
}

// accessory is drawn on the side that the hair style leaves free.
func (a *artist) accessory() {
	side := a.side()
	dark := shift(a.ribbon, -28, 0, 0)
	switch a.Accessory {
	case Hairband:
		spine := curve(on(-0.292, 0.33), on(-0.20, 0.205), on(0, 0.15), on(0.20, 0.205), on(0.292, 0.33))
		a.Stroke(dark, spine, Even(0.034))
		a.Stroke(a.ribbon, spine, Even(0.027))
	case Bow:
		a.bow(Pt(side*0.215, 0.19), 0.085, a.ribbon)
	case Clip:
		for k := 0.0; k < 2; k++ {
			y := 0.36 + 0.035*k
			bar := Path{Pt(side*0.175, y), Pt(side*0.21, y+0.01), Pt(side*0.245, y+0.025)}
			a.Stroke(dark, bar, Even(0.018))
			a.Stroke(a.ribbon, bar, Even(0.011))
		}
	case Flower:
		a.flower(Pt(side*0.225, 0.265))
	}
}

// ears are drawn before the front hair, which hides their roots.
func (a *artist) ears() {
	if a.Accessory == CatEars {
		a.catEar(-1)
		a.catEar(1)
	}
}

// bow is a tied ribbon: two loops and a knot.
func (a *artist) bow(centre Point, size float64, colour Ink) {
	dark := shift(colour, -28, 0, 0)
	for _, side := range []float64{-1, 1} {
		loop := curve(
			corner(0, 0), on(side*size*0.7, -size*0.55), on(side*size, -size*0.1), on(side*size*0.8, size*0.5), corner(0, 0),
		).Moved(centre)
		a.Fill(ramp(shift(colour, -16, 0, 0), colour, colour).Linear(centre, centre.Add(Pt(side*size, 0))), loop)
		a.Stroke(dark, loop, Even(0.005*a.Line))
	}
	middle := ellipse(centre, size*0.20, size*0.24)
	a.Outlined(colour, middle, 0.005*a.Line, dark)
}

func (a *artist) flower(centre Point) {
	dark := shift(a.ribbon, -28, 0, 0)
	for k := range 5 {
		petal := ellipse(Pt(0, -0.032).Turned(Direction(2*math.Pi*float64(k)/5)).Add(centre), 0.026, 0.026)
		a.Outlined(a.ribbon, petal, 0.004*a.Line, dark)
	}
	a.Fill(RGB(0xf8d868), ellipse(centre, 0.017, 0.017))
}

func (a *artist) catEar(side float64) {
	outer := curve(corner(0.085, 0.135), on(0.165, 0.055), corner(0.235, 0.015), on(0.262, 0.11), corner(0.265, 0.225))
	inner := curve(corner(0.135, 0.150), on(0.185, 0.085), corner(0.225, 0.055), on(0.238, 0.12), corner(0.235, 0.195))
	if side < 0 {
		outer, inner = outer.Mirrored(), inner.Mirrored()
	}
	a.Fill(ramp(a.hair.shade, a.hair.base).Vertical(0.02, 0.22), outer)
	a.Stroke(a.hair.line, outer, Even(0.0055*a.Line))
	a.Fill(ramp(RGB(0xf6b8b8), RGB(0xfde0d8)).Vertical(0.05, 0.20), inner)
	a.Stroke(a.hair.line.Faded(0.6), inner, TaperBoth(0.004*a.Line))
}
