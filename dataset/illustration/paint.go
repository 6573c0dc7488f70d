package illustration

import (
	"image/color"
	"math"

	"github.com/lucasb-eyer/go-colorful"
)

// ink is a colour with an opacity, not premultiplied.
type ink = color.NRGBA

// paint is one ink, or says the ink of each place.
type paint struct {
	flat ink
	at   func(point) ink // nil for a flat paint
}

func flat(c ink) paint { return paint{flat: c} }

func opaque(r, g, b uint8) ink { return ink{R: r, G: g, B: b, A: 255} }

func rgb(hex uint32) ink { return opaque(uint8(hex>>16), uint8(hex>>8), uint8(hex)) }

func grey(level uint8) ink { return opaque(level, level, level) }

var (
	white = grey(255)
	black = rgb(0x18141c)
)

// faded is an ink with another opacity.
func faded(c ink, opacity float64) ink {
	c.A = uint8(255*min(max(opacity, 0), 1) + 0.5)
	return c
}

// hcl is a colour by hue in degrees, chroma and lightness of 1, as near as sRGB has it.
func hcl(hue, chroma, lightness float64) ink {
	r, g, b := colorful.Hcl(math.Mod(hue+720, 360), chroma, lightness).Clamped().RGB255()
	return opaque(r, g, b)
}

// shifted makes an ink lighter or darker, and more or less colourful, by parts of 1.
func shifted(c ink, lightness, chroma float64) ink {
	h, s, l := colorful.Color{R: float64(c.R) / 255, G: float64(c.G) / 255, B: float64(c.B) / 255}.Hcl()
	made := hcl(h, max(s+chroma, 0), min(max(l+lightness, 0), 1))
	made.A = c.A
	return made
}

func mix(a, b ink, t float64) ink {
	lerp := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*t + 0.5) }
	return ink{R: lerp(a.R, b.R), G: lerp(a.G, b.G), B: lerp(a.B, b.B), A: lerp(a.A, b.A)}
}

// ramp is a table of inks from the first to the last.
type ramp [129]ink

func newRamp(colours ...ink) *ramp {
	var r ramp
	spans := len(colours) - 1
	for i := range r {
		f := float64(i) / float64(len(r)-1) * float64(spans)
		k := min(int(f), spans-1)
		r[i] = mix(colours[k], colours[k+1], f-float64(k))
	}
	return &r
}

func (r *ramp) at(t float64) ink { return r[int(min(max(t, 0), 1)*float64(len(r)-1)+0.5)] }

// linear paints from one place to another through evenly spaced colours.
func linear(from, to point, colours ...ink) paint {
	d := to.sub(from)
	along := d.mul(1 / (d.x*d.x + d.y*d.y))
	table := newRamp(colours...)
	return paint{at: func(p point) ink {
		p = p.sub(from)
		return table.at(p.x*along.x + p.y*along.y)
	}}
}

// vertical paints from one height to another.
func vertical(top, bottom float64, colours ...ink) paint {
	return linear(point{0, top}, point{0, bottom}, colours...)
}

// radial paints from a centre outwards.
func radial(centre point, radius float64, colours ...ink) paint {
	table := newRamp(colours...)
	return paint{at: func(p point) ink { return table.at(p.sub(centre).length() / radius) }}
}

// The patterns below are anti-aliased as they are painted: edge is how sharp their edges are, in pixels of a unit.

// dots are a screentone: a grid of discs, turned by an angle, that cover the part of the area that level says, 0…1.
func dots(c ink, period, angle, edge float64, level func(point) float64) paint {
	axis := direction(angle).mul(1 / period)
	return paint{at: func(p point) ink {
		cover := dotCover(point{p.x*axis.x + p.y*axis.y, p.y*axis.x - p.x*axis.y}, level(p), period*edge)
		return faded(c, cover*float64(c.A)/255)
	}}
}

// dotCover is how much ink there is at p of a grid of dots with period 1. Above one half, white dots remain.
func dotCover(p point, level, edge float64) float64 {
	if level > 0.5 {
		return 1 - dotCover(point{p.x + 0.5, p.y + 0.5}, 1-level, edge)
	}
	dx, dy := p.x-math.Round(p.x), p.y-math.Round(p.y)
	radius := math.Sqrt(max(level, 0) / math.Pi)
	if radius == 0 {
		return 0
	}
	return min(max((radius-math.Sqrt(dx*dx+dy*dy))*edge+0.5, 0), 1)
}

// constant is the same level everywhere.
func constant(level float64) func(point) float64 {
	return func(point) float64 { return level }
}

// hatching is parallel lines that cover a part of the area.
func hatching(c ink, period, angle, edge, level float64) paint {
	across := direction(angle + math.Pi/2).mul(1 / period)
	return paint{at: func(p point) ink {
		u := p.x*across.x + p.y*across.y
		distance := math.Abs(u - math.Round(u))
		return faded(c, min(max((level/2-distance)*period*edge+0.5, 0), 1)*float64(c.A)/255)
	}}
}
