package illustration

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

var (
	white = Grey(255)
	black = RGB(0x18141c)
)

// ramp is a gradient from the first ink to the last.
func ramp(inks ...Ink) Ramp { return NewRamp(128, inks...) }

// shifted makes an ink lighter or darker, and more or less colourful, by parts of 1.
func shifted(c Ink, lightness, chroma float64) Ink {
	h, s, l := c.HCL()
	made := HCL(h, max(s+chroma, 0), min(max(l+lightness, 0), 1))
	made.A = c.A
	return made
}

// shaded is a gradient through a colour made lighter by parts of 1.
func shaded(c Ink, lightness ...float64) Ramp {
	inks := make([]Ink, len(lightness))
	for i, by := range lightness {
		inks[i] = c
		if by != 0 { // The way to CIELCh and back may round.
			inks[i] = shifted(c, by, 0)
		}
	}
	return ramp(inks...)
}

// luma is how light a colour is, of 255.
func luma(c Ink) float64 { return 0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B) }

// lettersOn is the colour of letters on a ground: dark on one with more than this luma, else white.
func lettersOn(ground, dark Ink, above float64) Ink {
	if luma(ground) > above {
		return dark
	}
	return white
}

// pastel is a light colour, and one that is visible on it.
func (s *scene) pastel() (ground, figure Ink) {
	hue := s.Within(0, 360)
	ground = HCL(hue, s.Within(0.03, 0.35), s.Within(0.72, 0.95))
	if s.Chance(0.2) {
		ground = HCL(hue, s.Within(0.1, 0.4), s.Within(0.2, 0.45))
		return ground, shifted(ground, s.Within(0.1, 0.5), 0.05)
	}
	return ground, shifted(ground, -s.Within(0.06, 0.3), s.Within(0, 0.15))
}

// outdoor gives a colour the light of the hour.
func (s *scene) outdoor(c Ink) Ink {
	switch s.hour {
	case dusk:
		return Mix(c, RGB(0xa05060), 0.38)
	case night:
		return Mix(c, RGB(0x10142c), 0.68)
	default:
		return c
	}
}

// The patterns below are anti-aliased by the pixels of the scene.

// dots is a screentone: a grid of discs, turned by an angle, that cover the part of the area that level says, 0…1.
func (s *scene) dots(c Ink, period, angle float64, level func(Point) float64) Paint {
	axis, edge := Direction(angle).Mul(1/period), period*s.scale
	return Shader(func(p Point) Ink {
		return c.Faded(dotCover(p.TurnedBack(axis), level(p), edge) * float64(c.A) / 255)
	})
}

// dotCover is how much ink there is at p of a grid of dots with period 1. Above one half, white dots remain. edge is
// the sharpness of the dots: the pixels of a period.
func dotCover(p Point, level, edge float64) float64 {
	if level > 0.5 {
		return 1 - dotCover(p.Add(Pt(0.5, 0.5)), 1-level, edge)
	}
	radius := math.Sqrt(max(level, 0) / math.Pi)
	if radius == 0 {
		return 0
	}
	d := Pt(p.X-math.Round(p.X), p.Y-math.Round(p.Y))
	return min(max((radius-math.Sqrt(d.Dot(d)))*edge+0.5, 0), 1)
}

// hatching is parallel lines that cover a part of the area.
func (s *scene) hatching(c Ink, period, angle, level float64) Paint {
	across, edge := Direction(angle+math.Pi/2).Mul(1/period), s.scale
	return Shader(func(p Point) Ink {
		u := p.Dot(across)
		distance := math.Abs(u - math.Round(u))
		return c.Faded(min(max((level/2-distance)*period*edge+0.5, 0), 1) * float64(c.A) / 255)
	})
}
