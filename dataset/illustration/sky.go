package illustration

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// sky fills the illustration. Its colours end at the horizon.
func (s *scene) sky(horizon float64) {
	switch s.hour {
	case day:
		hue := s.Within(225, 262)
		top, bottom := HCL(hue, s.Within(0.35, 0.6), s.Within(0.5, 0.68)), HCL(hue-15, 0.12, 0.94)
		s.All(ramp(top, Mix(top, bottom, 0.6), bottom).Vertical(0, horizon))
		s.clouds(horizon, white, HCL(hue, 0.14, 0.82))
		s.maybe(0.3, s.sun)
	case dusk:
		top := HCL(s.Within(270, 320), s.Within(0.25, 0.5), s.Within(0.32, 0.5))
		middle := HCL(s.Within(20, 50), 0.55, 0.68)
		s.All(ramp(top, Mix(top, middle, 0.5), middle, HCL(75, 0.5, 0.88)).Vertical(0, horizon))
		s.clouds(horizon, HCL(40, 0.4, 0.85), Mix(top, middle, 0.5))
		s.sun()
	default:
		hue := s.Within(255, 300)
		s.All(ramp(HCL(hue, 0.2, 0.1), HCL(hue, 0.3, 0.2), HCL(hue-20, 0.3, 0.38)).Vertical(0, horizon))
		s.stars(horizon)
		s.maybe(0.6, s.moon)
		if s.Chance(0.4) {
			s.fireworks(horizon)
		}
	}
}

// clouds are piles of discs with shaded feet.
func (s *scene) clouds(horizon float64, light, shade Ink) {
	for range s.IntN(6) {
		centre := Pt(s.Within(-20, side+20), s.Within(20, horizon*0.9))
		size := s.Within(14, 50)
		var body, foot []Path
		for range 9 + s.IntN(9) {
			offset := Pt(s.NormFloat64()*size*1.3, -math.Abs(s.NormFloat64())*size*0.45)
			radius := size * s.Within(0.3, 0.75) * math.Exp(-math.Abs(offset.X)/(4*size))
			at := centre.Add(offset)
			body = append(body, disc(at, radius))
			foot = append(foot, disc(at.Add(Pt(0.2*radius, 0.45*radius)), radius*0.75))
		}
		s.Fill(light.Faded(0.97), body...)
		s.Fill(ramp(shade.Opacities(0, 0.8)...).Vertical(centre.Y-size*0.6, centre.Y+size*0.5), foot...)
	}
	if s.Chance(0.3) { // Thin clouds, drawn out by the wind.
		s.Fill(light.Faded(0.5), several(12, func(int) Path {
			at := Pt(s.Within(-50, side), s.Within(0, horizon*0.6))
			to := at.Add(Pt(s.Within(60, 200), s.Within(-14, 4)))
			bend := Between(at, to, 0.5).Add(Pt(0, s.Within(-6, 6)))
			return Band(smooth(at, bend, to), TaperBoth(s.Within(1, 7)))
		})...)
	}
}

func (s *scene) sun() {
	at := Pt(s.Within(40, side-40), s.Within(30, 200))
	radius := s.Within(18, 40)
	glow := RGB(0xfff4d0)
	if s.Chance(0.5) {
		s.Fill(ramp(glow.Opacities(0.3, 0)...).Radial(at, 420, 420), several(16, func(int) Path {
			d := Direction(s.Within(0, 2*math.Pi))
			return Segment(at, at.Add(d.Mul(s.Within(150, 420))), 1, s.Within(6, 30))
		})...)
	}
	s.Fill(ramp(glow.Opacities(0.7, 0.2, 0)...).Radial(at, radius*5, radius*5), disc(at, radius*5))
	s.Fill(RGB(0xfffcf0), disc(at, radius))
}

func (s *scene) moon() {
	at := Pt(s.Within(60, side-60), s.Within(50, 180))
	radius := s.Within(22, 60)
	glow := RGB(0xf4f0d8)
	s.Fill(ramp(glow.Opacities(0.45, 0.12, 0)...).Radial(at, radius*3, radius*3), disc(at, radius*3))
	lit := at.Add(Pt(-radius/3, -radius/3))
	s.Fill(ramp(RGB(0xfffdf0), RGB(0xe4dcb8)).Radial(lit, radius*1.6, radius*1.6), disc(at, radius))
	for range s.IntN(7) {
		crater := at.Add(Direction(s.Within(0, 2*math.Pi)).Mul(radius * s.Within(0, 0.75)))
		s.Fill(RGB(0xc8c0a0).Faded(0.6), ellipse(crater, radius*s.Within(0.05, 0.17), radius*s.Within(0.05, 0.15)))
	}
}

func (s *scene) stars(horizon float64) {
	inTheSky := func() Point { return Pt(s.Within(0, side), s.Within(0, horizon)) }
	s.Fill(white.Faded(0.85), several(60+s.IntN(200), func(int) Path { return disc(inTheSky(), s.Within(0.3, 1.1)) })...)
	for range s.IntN(12) {
		s.sparkle(inTheSky(), s.Within(3, 11), white)
	}
	if s.Chance(0.25) {
		from := Pt(s.Within(100, side), s.Within(0, 150))
		s.Fill(white, Segment(from, from.Add(Pt(-s.Within(60, 160), s.Within(20, 80))), 2.2, 0))
	}
}

// sparkle is a star with four thin points.
func (s *scene) sparkle(at Point, size float64, colour Ink) {
	s.Fill(colour, star(at, 4, size, size*0.12, math.Pi/2))
}

func (s *scene) fireworks(horizon float64) {
	for range 1 + s.IntN(4) {
		at := Pt(s.Within(40, side-40), s.Within(40, horizon*0.6))
		reach := s.Within(30, 110)
		colour := HCL(s.Within(0, 360), 0.6, 0.8)
		var trails, ends []Path
		for range 40 + s.IntN(50) {
			d := Direction(s.Within(0, 2*math.Pi)).Mul(reach * math.Sqrt(s.Within(0.15, 1)))
			tip := at.Add(d).Add(Pt(0, 0.08*reach))
			trails = append(trails, Band(smooth(at.Add(d.Mul(0.25)), at.Add(d.Mul(0.7)), tip), TaperBoth(s.Within(0.8, 1.6))))
			ends = append(ends, disc(tip, s.Within(0.8, 1.9)))
		}
		s.Fill(ramp(colour.Opacities(0.35, 0)...).Radial(at, reach, reach), disc(at, reach))
		s.Fill(colour, trails...)
		s.Fill(Mix(colour, white, 0.7), ends...)
	}
}

// hills lie one behind the other, farther ones paler.
func (s *scene) hills(horizon float64) {
	near := s.outdoor(HCL(s.Within(110, 160), s.Within(0.2, 0.4), s.Within(0.3, 0.5)))
	far := s.outdoor(HCL(240, 0.18, 0.78))
	const rows = 3
	for row := range rows {
		depth := float64(row) / (rows - 1)
		colour := Mix(far, near, depth)
		base := horizon + 22*float64(row)
		height, rough := s.Within(20, 70)*(1-0.5*depth), s.Within(0.3, 1)
		ridge := s.ridge(base, height, rough)
		s.Fill(shaded(colour, 0, -0.06).Vertical(base-height, base+60), append(ridge, Pt(side, side), Pt(0, side)))
		s.Stroke(shifted(colour, -0.18, 0), ridge, Even(s.pen))
		if depth > 0 && s.Chance(0.6) {
			s.firs(ridge, shifted(colour, -0.1, 0), 5+9*depth)
		}
	}
}

// ridge is a line from the left edge to the right.
func (s *scene) ridge(base, height, rough float64) Path {
	phases := [4]float64{s.Within(0, 7), s.Within(0, 7), s.Within(0, 7), s.Within(0, 7)}
	var p Path
	for x := 0.0; x <= side; x += 4 {
		y := 0.0
		for k, phase := range phases {
			frequency := 0.008 * math.Pow(2.3, float64(k))
			y += math.Sin(x*frequency+phase) * math.Pow(0.5*rough, float64(k))
		}
		p = append(p, Pt(x, base-height*0.5*(1+0.6*y)))
	}
	return p
}

// firs stand on a ridge.
func (s *scene) firs(ridge Path, colour Ink, size float64) {
	var trees []Path
	for _, foot := range ridge {
		if !s.Chance(0.5) {
			continue
		}
		height := size * s.Within(0.7, 1.8)
		for k := range 3 {
			y := foot.Y - height*float64(k)*0.25
			half := height * (0.26 - 0.06*float64(k))
			trees = append(trees, Path{Pt(foot.X, y-height*0.5), Pt(foot.X+half, y+2), Pt(foot.X-half, y+2)})
		}
	}
	s.Fill(colour, trees...)
}

// sea lies below the horizon.
func (s *scene) sea(horizon float64) {
	deep := s.outdoor(HCL(s.Within(210, 250), 0.4, s.Within(0.4, 0.55)))
	water := ramp(Mix(deep, s.outdoor(white), 0.35), deep, shifted(deep, -0.12, 0)).Vertical(horizon, side)
	s.Fill(water, Rect(0, horizon, side, side))
	crests := map[bool][]Path{} // by whether they glint
	for range 160 {
		depth := math.Pow(s.Float64(), 1.6)
		y := horizon + 2 + depth*(side-horizon)
		x, length := s.Within(-30, side), 6+s.Within(10, 70)*depth
		wave := smooth(Pt(x, y), Pt(x+length*0.3, y-1-3*depth), Pt(x+length*0.6, y+1+2*depth), Pt(x+length, y))
		glints := !s.Chance(0.6)
		crests[glints] = append(crests[glints], Band(wave, TaperBoth(0.6+2.2*depth)))
	}
	s.Fill(shifted(deep, -0.13, 0), crests[false]...)
	s.Fill(white.Faded(0.8), crests[true]...)
	s.Stroke(shifted(deep, -0.1, 0), Path{Pt(0, horizon), Pt(side, horizon)}, Even(s.pen))
}
