package illustration

import (
	"github.com/moelab/moelab/dataset/portrait"
)

// somebody is a portrait for an illustration.
func (s *scene) somebody() portrait.Params {
	p := portrait.Random(s.Rand, oneOf(s, portrait.Colours()))
	p.FineLines = s.IntN(7)
	p.Line *= s.within(0.75, 1.15)
	p.Tilt *= s.within(0.5, 3)
	return p
}

// place paints a person. x is the middle, y the upper edge, and size the height of the portrait, which ends at the
// shoulders: they should lie at the lower edge of what is seen, or below.
func (s *scene) place(p portrait.Params, x, y, size float64) {
	corner := s.toPixels(point{x - size/2, y})
	p.DrawOver(s.img, corner.x, corner.y, size*s.scale)
}

// people are one or more in front of what is there.
func (s *scene) people() {
	switch {
	case s.chance(0.2): // Two, the farther one smaller.
		left, right := s.within(110, 190), s.within(320, 400)
		for _, x := range []float64{left, right} {
			size := s.within(300, 400)
			s.place(s.somebody(), x, side-size*s.within(0.95, 1.02), size)
		}
	case s.chance(0.25): // Close.
		size := s.within(620, 950)
		s.place(s.somebody(), side/2+s.within(-0.12, 0.12)*size, side/2-size*s.within(0.48, 0.62), size)
	default:
		size := s.within(380, 600)
		s.place(s.somebody(), side/2+s.within(-90, 90), side-size*s.within(0.93, 1.03), size)
	}
}

// portrait is a person before a ground.
func (s *scene) portrait() {
	s.drawOne(grounds)
	s.people()
	if s.chance(0.3) {
		s.branch()
	}
	if s.chance(0.5) {
		s.falling()
	}
	s.finish()
}

// The grounds before which people stand.
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
	s.all(radial(point{side / 2, side / 2}, 380, shifted(ground, 0.15, 0), ground, figure))
	if s.chance(0.4) {
		s.speedLines(faded(white, 0.8))
	} else {
		s.focusLines(point{side / 2, side / 2}, s.within(150, 230), oneOf(s, []ink{white, figure, black}))
	}
}

// outdoors is the sky and what stands under it.
func (s *scene) outdoors() {
	horizon := s.within(250, 420)
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
	if s.chance(0.3) {
		s.wires()
	}
}

// landscape is nobody.
func (s *scene) landscape() {
	s.drawOne(grounds[:1])
	if s.chance(0.3) {
		s.forest()
	} else if s.chance(0.2) {
		s.shops()
	}
	if s.chance(0.6) {
		s.branch()
	}
	if s.chance(0.5) {
		s.falling()
	}
	s.finish()
}

// finish lays light over all, and signs.
func (s *scene) finish() {
	if s.chance(0.35) {
		glow := hcl(s.within(20, 100), 0.2, 0.95)
		s.all(linear(point{s.within(0, side), 0}, point{side / 2, s.within(250, side)}, faded(glow, s.within(0.1, 0.45)), faded(glow, 0)))
	}
	if s.chance(0.3) {
		edge := hcl(s.within(0, 360), 0.2, 0.15)
		s.all(radial(point{side / 2, side / 2}, 380, faded(edge, 0), faded(edge, 0), faded(edge, s.within(0.1, 0.4))))
	}
	if s.chance(0.5) {
		s.write(oneOf(s, []typeface{regular, slanted}), s.within(8, 14), point{s.within(380, 440), side - 10}, 0, oneOf(s, signatures), flat(faded(oneOf(s, []ink{white, black}), 0.8)))
	}
	if s.chance(0.15) {
		s.line(rect(10, 10, side-10, side-10).closed(), even(s.within(1, 4)), faded(white, 0.9))
	}
}
