package portrait

import (
	"image/color"
	"math"
)

// ink is a colour with an opacity, not premultiplied.
type ink = color.NRGBA

func opaque(c color.RGBA) ink { return ink{R: c.R, G: c.G, B: c.B, A: 255} }

func faded(c color.RGBA, opacity float64) ink {
	return ink{R: c.R, G: c.G, B: c.B, A: uint8(255*min(max(opacity, 0), 1) + 0.5)}
}

// paint says the colour of each place of a shape.
type paint struct {
	flat   ink
	ramp   []ink // nil for a flat paint
	origin point // where the ramp starts
	along  point // linear: t = (p-origin)·along
	radius point // radial, if not zero: t = |(p-origin)/radius|
}

func flat(c ink) paint { return paint{flat: c} }

func solid(c color.RGBA) paint { return paint{flat: opaque(c)} }

// linear paints from one place to another through evenly spaced colours.
func linear(from, to point, colours ...ink) paint {
	d := to.sub(from)
	return paint{ramp: ramp(colours), origin: from, along: d.mul(1 / (d.x*d.x + d.y*d.y))}
}

// vertical paints from the height y0 to the height y1.
func vertical(y0, y1 float64, colours ...ink) paint {
	return linear(point{0, y0}, point{0, y1}, colours...)
}

// radial paints from the centre of an ellipse to its rim.
func radial(centre point, rx, ry float64, colours ...ink) paint {
	return paint{ramp: ramp(colours), origin: centre, radius: point{rx, ry}}
}

const rampSteps = 64

func ramp(colours []ink) []ink {
	r := make([]ink, rampSteps+1)
	spans := len(colours) - 1
	for i := range r {
		f := float64(i) / rampSteps * float64(spans)
		k := min(int(f), spans-1)
		r[i] = mixInk(colours[k], colours[k+1], f-float64(k))
	}
	return r
}

func mixInk(a, b ink, t float64) ink {
	return ink{R: lerp(a.R, b.R, t), G: lerp(a.G, b.G, t), B: lerp(a.B, b.B, t), A: lerp(a.A, b.A, t)}
}

func (p *paint) at(x, y float64) ink {
	if p.ramp == nil {
		return p.flat
	}
	x, y = x-p.origin.x, y-p.origin.y
	var t float64
	if p.radius.x > 0 {
		x, y = x/p.radius.x, y/p.radius.y
		t = math.Sqrt(x*x + y*y)
	} else {
		t = x*p.along.x + y*p.along.y
	}
	if !(t > 0) { // or not a number, where a shape has no extent
		return p.ramp[0]
	}
	return p.ramp[int(min(t, 1)*rampSteps+0.5)]
}
