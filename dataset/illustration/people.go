package illustration

import (
	"github.com/moelab/moelab/dataset/portrait"
	. "github.com/moelab/moelab/internal/vector"
)

// somebody is a portrait for an illustration.
func (s *scene) somebody() portrait.Params {
	p := portrait.Random(s.Rand.Rand, OneOf(s.Rand, portrait.Colours()...))
	p.FineLines = s.IntN(7)
	p.Line *= s.Within(0.75, 1.15)
	p.Tilt *= s.Within(0.5, 3)
	return p
}

// place paints a person. x is the middle, y the upper edge, and size the height of the portrait. It ends at the
// shoulders, which should lie at the lower edge of the visible part or below.
func (s *scene) place(p portrait.Params, x, y, size float64) {
	corner := s.Pixel(Pt(x-size/2, y))
	p.DrawOver(s.Picture, corner.X, corner.Y, size*s.scale)
}

// people paints one or two persons.
func (s *scene) people() {
	switch {
	case s.Chance(0.2): // Two.
		left, right := s.Within(110, 190), s.Within(320, 400)
		for _, x := range []float64{left, right} {
			size := s.Within(300, 400)
			s.place(s.somebody(), x, side-size*s.Within(0.95, 1.02), size)
		}
	case s.Chance(0.25): // Close.
		size := s.Within(620, 950)
		s.place(s.somebody(), side/2+s.Within(-0.12, 0.12)*size, side/2-size*s.Within(0.48, 0.62), size)
	default:
		size := s.Within(380, 600)
		s.place(s.somebody(), side/2+s.Within(-90, 90), side-size*s.Within(0.93, 1.03), size)
	}
}

// portrait is a person before a ground.
func (s *scene) portrait() {
	s.drawOne(grounds)
	s.people()
	s.maybe(0.3, s.branch)
	s.maybe(0.5, s.falling)
	s.finish()
}

// grounds are what people stand before.
var grounds = []choice{
	{4, (*scene).outdoors},
	{3, (*scene).pattern},
	{2, (*scene).shops},
	{2, (*scene).forest},
	{1, (*scene).window},
	{1, (*scene).library},
	{1, (*scene).classroom},
	{1, (*scene).tatami},
	{1, (*scene).drama},
}

// drama is lines of speed or of attention.
func (s *scene) drama() {
	ground, figure := s.pastel()
	s.All(ramp(shifted(ground, 0.15, 0), ground, figure).Radial(middle, 380, 380))
	if s.Chance(0.4) {
		s.speedLines(white.Faded(0.8))
	} else {
		s.focusLines(s.Within(150, 230), OneOf(s.Rand, white, figure, black))
	}
}

// outdoors is the sky with a town, hills or the sea under it.
func (s *scene) outdoors() {
	horizon := s.Within(250, 420)
	s.sky(horizon)
	switch s.IntN(6) {
	case 0:
		s.hills(horizon)
		s.meadow(horizon + 45)
	case 1, 2:
		s.skyline(horizon)
	case 3:
		s.sea(horizon)
	case 4:
		s.hills(horizon)
	default:
		s.skyline(horizon)
		s.road(horizon + 60)
	}
	s.maybe(0.3, s.wires)
}

// landscape has no people in it.
func (s *scene) landscape() {
	s.drawOne(grounds[:1])
	if s.Chance(0.3) {
		s.forest()
	} else if s.Chance(0.2) {
		s.shops()
	}
	s.maybe(0.6, s.branch)
	s.maybe(0.5, s.falling)
	s.finish()
}

// finish adds light, a signature and a frame.
func (s *scene) finish() {
	if s.Chance(0.35) {
		glow := HCL(s.Within(20, 100), 0.2, 0.95)
		from, to := Pt(s.Within(0, side), 0), Pt(side/2, s.Within(250, side))
		s.All(ramp(glow.Opacities(s.Within(0.1, 0.45), 0)...).Linear(from, to))
	}
	if s.Chance(0.3) {
		edge := HCL(s.Within(0, 360), 0.2, 0.15)
		s.All(ramp(edge.Opacities(0, 0, s.Within(0.1, 0.4))...).Radial(middle, 380, 380))
	}
	if s.Chance(0.5) {
		face, height, at := OneOf(s.Rand, regular, slanted), s.Within(8, 14), Pt(s.Within(380, 440), side-10)
		s.write(face, height, at, 0, OneOf(s.Rand, signatures...), OneOf(s.Rand, white, black).Faded(0.8))
	}
	if s.Chance(0.15) {
		s.Stroke(white.Faded(0.9), Rect(10, 10, side-10, side-10).Closed(), Even(s.Within(1, 4)))
	}
}
