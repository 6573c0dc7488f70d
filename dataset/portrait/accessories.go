package portrait

import (
	"image/color"
	"math"
)

// Accessory is something worn in the hair.
type Accessory int

// Things worn in the hair.
const (
	NoAccessory Accessory = iota
	Hairband
	Bow
	Clip
	Flower
	CatEars
)

var accessoryOdds = []Accessory{
	NoAccessory, NoAccessory, NoAccessory, NoAccessory, NoAccessory, NoAccessory, Hairband, Bow, Clip, Clip, Flower, CatEars,
}

// accessory is drawn on the side that the hair style leaves it.
func (a *artist) accessory() {
	side := 1.0
	if a.Flip {
		side = -1
	}
	dark := opaque(shift(a.Ribbon, -28, 0, 0))
	switch a.Accessory {
	case Hairband:
		spine := curve(knot{-0.292, 0.33, false}, knot{-0.20, 0.205, false}, knot{0, 0.15, false}, knot{0.20, 0.205, false}, knot{0.292, 0.33, false})
		a.line(spine, even(0.034), dark)
		a.line(spine, even(0.027), opaque(a.Ribbon))
	case Bow:
		a.bow(point{side * 0.215, 0.19}, 0.085, a.Ribbon)
	case Clip:
		for k := 0.0; k < 2; k++ {
			y := 0.36 + 0.035*k
			bar := path{{side * 0.175, y}, {side * 0.21, y + 0.01}, {side * 0.245, y + 0.025}}
			a.line(bar, even(0.018), dark)
			a.line(bar, even(0.011), opaque(a.Ribbon))
		}
	case Flower:
		a.flower(point{side * 0.225, 0.265})
	}
}

// ears are drawn before the front hair, which hides where they grow.
func (a *artist) ears() {
	if a.Accessory == CatEars {
		a.catEar(-1)
		a.catEar(1)
	}
}

// bow ties a ribbon: two loops and a knot.
func (a *artist) bow(centre point, size float64, colour color.RGBA) {
	dark := opaque(shift(colour, -28, 0, 0))
	for _, side := range []float64{-1, 1} {
		loop := curve(
			knot{0, 0, true}, knot{side * size * 0.7, -size * 0.55, false}, knot{side * size, -size * 0.1, false}, knot{side * size * 0.8, size * 0.5, false}, knot{0, 0, true},
		).moved(centre)
		a.fill(loop, linear(centre, centre.add(point{side * size, 0}), opaque(shift(colour, -16, 0, 0)), opaque(colour), opaque(colour)))
		a.line(loop, even(0.005*a.Line), dark)
	}
	middle := ellipse(centre, size*0.20, size*0.24)
	a.fill(middle, solid(colour))
	a.line(middle.closed(), even(0.005*a.Line), dark)
}

func (a *artist) flower(centre point) {
	dark := opaque(shift(a.Ribbon, -28, 0, 0))
	for k := range 5 {
		petal := ellipse(turned(point{0, -0.032}, 2*math.Pi*float64(k)/5).add(centre), 0.026, 0.026)
		a.fill(petal, solid(a.Ribbon))
		a.line(petal.closed(), even(0.004*a.Line), dark)
	}
	a.fill(ellipse(centre, 0.017, 0.017), solid(rgb(0xf8d868)))
}

func (a *artist) catEar(side float64) {
	outer := curve(knot{side * 0.085, 0.135, true}, knot{side * 0.165, 0.055, false}, knot{side * 0.235, 0.015, true}, knot{side * 0.262, 0.11, false}, knot{side * 0.265, 0.225, true})
	inner := curve(knot{side * 0.135, 0.150, true}, knot{side * 0.185, 0.085, false}, knot{side * 0.225, 0.055, true}, knot{side * 0.238, 0.12, false}, knot{side * 0.235, 0.195, true})
	a.fill(outer, vertical(0.02, 0.22, opaque(a.hair.shade), opaque(a.hair.base)))
	a.line(outer, even(0.0055*a.Line), opaque(a.hair.line))
	a.fill(inner, vertical(0.05, 0.20, opaque(rgb(0xf6b8b8)), opaque(rgb(0xfde0d8))))
	a.line(inner, taperBoth(0.004*a.Line), faded(a.hair.line, 0.6))
}
