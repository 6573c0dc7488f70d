package vector

import (
	"image/color"
	"math"

	"github.com/lucasb-eyer/go-colorful"
)

// Ink is a colour with an opacity, not premultiplied. As a [Paint] it is the same everywhere.
type Ink color.NRGBA

// Opaque is an ink of a colour in sRGB.
func Opaque(r, g, b uint8) Ink { return Ink{r, g, b, 255} }

// RGB is an opaque ink of the colour 0xRRGGBB.
func RGB(hex uint32) Ink { return Opaque(uint8(hex>>16), uint8(hex>>8), uint8(hex)) }

// Grey is an opaque ink between 0, black, and 255, white.
func Grey(level uint8) Ink { return Opaque(level, level, level) }

// HCL is the opaque ink nearest to a colour in CIELCh: hue in degrees, of any turn, chroma and lightness in 0…1.
func HCL(hue, chroma, lightness float64) Ink {
	return Opaque(colorful.Hcl(math.Mod(hue+720, 360), chroma, lightness).Clamped().RGB255())
}

// HCL returns the hue in degrees, 0…360, the chroma and the lightness in 0…1, in CIELCh.
func (c Ink) HCL() (hue, chroma, lightness float64) { return c.colorful().Hcl() }

// Distance is how far two colours lie apart in CIELAB (CIE76), with lightness in 0…1.
func (c Ink) Distance(other Ink) float64 { return c.colorful().DistanceLab(other.colorful()) }

func (c Ink) colorful() colorful.Color {
	return colorful.Color{R: float64(c.R) / 255, G: float64(c.G) / 255, B: float64(c.B) / 255}
}

// Faded is the ink with another opacity, 0…1.
func (c Ink) Faded(opacity float64) Ink {
	c.A = uint8(255*min(max(opacity, 0), 1) + 0.5)
	return c
}

// Opacities are the ink with several opacities, 0…1: a gradient that fades.
func (c Ink) Opacities(opacities ...float64) []Ink {
	inks := make([]Ink, len(opacities))
	for i, opacity := range opacities {
		inks[i] = c.Faded(opacity)
	}
	return inks
}

// Mix blends inks in sRGB, and their opacities: t = 0 is a, t = 1 is b.
func Mix(a, b Ink, t float64) Ink {
	lerp := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*t + 0.5) }
	return Ink{lerp(a.R, b.R), lerp(a.G, b.G), lerp(a.B, b.B), lerp(a.A, b.A)}
}

// over lays the ink over an opaque pixel that a shape covers in part, of 255.
func (c Ink) over(pixel []uint8, cover uint32) {
	alpha := cover * uint32(c.A) // of 255²
	rest := 255*255 - alpha
	pixel[0] = uint8((uint32(pixel[0])*rest + uint32(c.R)*alpha + 32512) / 65025)
	pixel[1] = uint8((uint32(pixel[1])*rest + uint32(c.G)*alpha + 32512) / 65025)
	pixel[2] = uint8((uint32(pixel[2])*rest + uint32(c.B)*alpha + 32512) / 65025)
	pixel[3] = 255
}

// Paint has an ink for each place of a drawing.
type Paint interface{ At(Point) Ink }

// At makes an ink a [Paint].
func (c Ink) At(Point) Ink { return c }

// Shader is a [Paint] by a function.
type Shader func(Point) Ink

// At calls the function.
func (s Shader) At(p Point) Ink { return s(p) }

// Ramp is a gradient's table of inks, from its start to its end.
type Ramp []Ink

// NewRamp blends evenly spaced inks, two or more, in a number of steps.
func NewRamp(steps int, inks ...Ink) Ramp {
	r := make(Ramp, steps+1)
	spans := len(inks) - 1
	for i := range r {
		f := float64(i) / float64(steps) * float64(spans)
		k := min(int(f), spans-1)
		r[i] = Mix(inks[k], inks[k+1], f-float64(k))
	}
	return r
}

// at is the ink at t, 0…1. Beyond that, the first and the last ink go on.
func (r Ramp) at(t float64) Ink {
	if !(t > 0) { // Or not a number, where a shape has no extent.
		return r[0]
	}
	return r[int(min(t, 1)*float64(len(r)-1)+0.5)]
}

// Linear paints from one place to another.
func (r Ramp) Linear(from, to Point) Paint {
	d := to.Sub(from)
	along := d.Mul(1 / d.Dot(d))
	return Shader(func(p Point) Ink { return r.at(p.Sub(from).Dot(along)) })
}

// Horizontal paints from left to right.
func (r Ramp) Horizontal(left, right float64) Paint { return r.Linear(Point{left, 0}, Point{right, 0}) }

// Vertical paints from one height to another.
func (r Ramp) Vertical(top, bottom float64) Paint { return r.Linear(Point{0, top}, Point{0, bottom}) }

// Radial paints from the centre of an ellipse to its rim, with radii rx across and ry down.
func (r Ramp) Radial(centre Point, rx, ry float64) Paint {
	return Shader(func(p Point) Ink {
		d := p.Sub(centre)
		x, y := d.X/rx, d.Y/ry
		return r.at(math.Sqrt(x*x + y*y))
	})
}
