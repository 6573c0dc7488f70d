package illustration

import "math"

// sky is seen down to the horizon, and fills all.
func (s *scene) sky(horizon float64) {
	switch s.hour {
	case day:
		hue := s.within(225, 262)
		top, bottom := hcl(hue, s.within(0.35, 0.6), s.within(0.5, 0.68)), hcl(hue-15, 0.12, 0.94)
		s.all(vertical(0, horizon, top, mix(top, bottom, 0.6), bottom))
		s.clouds(horizon, white, hcl(hue, 0.14, 0.82))
		if s.chance(0.3) {
			s.sun()
		}
	case dusk:
		top := hcl(s.within(270, 320), s.within(0.25, 0.5), s.within(0.32, 0.5))
		middle := hcl(s.within(20, 50), 0.55, 0.68)
		s.all(vertical(0, horizon, top, mix(top, middle, 0.5), middle, hcl(75, 0.5, 0.88)))
		s.clouds(horizon, hcl(40, 0.4, 0.85), mix(top, middle, 0.5))
		s.sun()
	default:
		hue := s.within(255, 300)
		s.all(vertical(0, horizon, hcl(hue, 0.2, 0.1), hcl(hue, 0.3, 0.2), hcl(hue-20, 0.3, 0.38)))
		s.stars(horizon)
		if s.chance(0.6) {
			s.moon()
		}
		if s.chance(0.4) {
			s.fireworks(horizon)
		}
	}
}

// clouds pile up discs, and shade their feet.
func (s *scene) clouds(horizon float64, light, shade ink) {
	for range s.IntN(6) {
		centre := point{s.within(-20, side+20), s.within(20, horizon*0.9)}
		size := s.within(14, 50)
		var body, foot []path
		for range 9 + s.IntN(9) {
			offset := point{s.NormFloat64() * size * 1.3, -math.Abs(s.NormFloat64()) * size * 0.45}
			radius := size * s.within(0.3, 0.75) * math.Exp(-math.Abs(offset.x)/(4*size))
			at := centre.add(offset)
			body = append(body, disc(at, radius))
			foot = append(foot, disc(at.add(point{0.2 * radius, 0.45 * radius}), radius*0.75))
		}
		s.fill(flat(faded(light, 0.97)), body...)
		s.fill(vertical(centre.y-size*0.6, centre.y+size*0.5, faded(shade, 0), faded(shade, 0.8)), foot...)
	}
	if s.chance(0.3) { // Thin clouds that the wind has drawn out.
		var streaks []path
		for range 12 {
			at := point{s.within(-50, side), s.within(0, horizon*0.6)}
			to := at.add(point{s.within(60, 200), s.within(-14, 4)})
			streaks = append(streaks, band(smooth(at, between(at, to, 0.5).add(point{0, s.within(-6, 6)}), to), taperBoth(s.within(1, 7))))
		}
		s.fill(flat(faded(light, 0.5)), streaks...)
	}
}

func (s *scene) sun() {
	at := point{s.within(40, side-40), s.within(30, 200)}
	radius := s.within(18, 40)
	glow := rgb(0xfff4d0)
	if s.chance(0.5) {
		var rays []path
		for range 16 {
			d := direction(s.within(0, 2*math.Pi))
			rays = append(rays, segment(at, at.add(d.mul(s.within(150, 420))), 1, s.within(6, 30)))
		}
		s.fill(radial(at, 420, faded(glow, 0.3), faded(glow, 0)), rays...)
	}
	s.fill(radial(at, radius*5, faded(glow, 0.7), faded(glow, 0.2), faded(glow, 0)), disc(at, radius*5))
	s.fill(flat(rgb(0xfffcf0)), disc(at, radius))
}

func (s *scene) moon() {
	at := point{s.within(60, side-60), s.within(50, 180)}
	radius := s.within(22, 60)
	glow := rgb(0xf4f0d8)
	s.fill(radial(at, radius*3, faded(glow, 0.45), faded(glow, 0.12), faded(glow, 0)), disc(at, radius*3))
	s.fill(radial(at.add(point{-radius / 3, -radius / 3}), radius*1.6, rgb(0xfffdf0), rgb(0xe4dcb8)), disc(at, radius))
	for range s.IntN(7) {
		crater := at.add(direction(s.within(0, 2*math.Pi)).mul(radius * s.within(0, 0.75)))
		s.fill(flat(faded(rgb(0xc8c0a0), 0.6)), ellipse(crater, radius*s.within(0.05, 0.17), radius*s.within(0.05, 0.15)))
	}
}

func (s *scene) stars(horizon float64) {
	var small []path
	for range 60 + s.IntN(200) {
		small = append(small, disc(point{s.within(0, side), s.within(0, horizon)}, s.within(0.3, 1.1)))
	}
	s.fill(flat(faded(white, 0.85)), small...)
	for range s.IntN(12) {
		s.sparkle(point{s.within(0, side), s.within(0, horizon)}, s.within(3, 11), white)
	}
	if s.chance(0.25) {
		from := point{s.within(100, side), s.within(0, 150)}
		s.fill(flat(white), segment(from, from.add(point{-s.within(60, 160), s.within(20, 80)}), 2.2, 0))
	}
}

// sparkle is a star with four thin points.
func (s *scene) sparkle(at point, size float64, colour ink) {
	s.fill(flat(colour), star(at, 4, size, size*0.12, math.Pi/2))
}

func (s *scene) fireworks(horizon float64) {
	for range 1 + s.IntN(4) {
		at := point{s.within(40, side-40), s.within(40, horizon*0.6)}
		reach := s.within(30, 110)
		colour := hcl(s.within(0, 360), 0.6, 0.8)
		var trails, ends []path
		for range 40 + s.IntN(50) {
			d := direction(s.within(0, 2*math.Pi)).mul(reach * math.Sqrt(s.within(0.15, 1)))
			tip := at.add(d).add(point{0, 0.08 * reach})
			trails = append(trails, band(smooth(at.add(d.mul(0.25)), at.add(d.mul(0.7)), tip), taperBoth(s.within(0.8, 1.6))))
			ends = append(ends, disc(tip, s.within(0.8, 1.9)))
		}
		s.fill(radial(at, reach, faded(colour, 0.35), faded(colour, 0)), disc(at, reach))
		s.fill(flat(colour), trails...)
		s.fill(flat(mix(colour, white, 0.7)), ends...)
	}
}

// hills lie one behind the other, paler the farther.
func (s *scene) hills(horizon float64) {
	near := s.outdoor(hcl(s.within(110, 160), s.within(0.2, 0.4), s.within(0.3, 0.5)))
	far := s.outdoor(hcl(240, 0.18, 0.78))
	const rows = 3
	for row := range rows {
		depth := float64(row) / (rows - 1)
		colour := mix(far, near, depth)
		base := horizon + 22*float64(row)
		height, rough := s.within(20, 70)*(1-0.5*depth), s.within(0.3, 1)
		ridge := s.ridge(base, height, rough)
		s.fill(vertical(base-height, base+60, colour, shifted(colour, -0.06, 0)), append(ridge, point{side, side}, point{0, side}))
		s.stroke(ridge, shifted(colour, -0.18, 0))
		if depth > 0 && s.chance(0.6) {
			s.firs(ridge, shifted(colour, -0.1, 0), 5+9*depth)
		}
	}
}

// stroke draws a line of even width, as wide as the illustration's lines.
func (s *scene) stroke(p path, colour ink) { s.line(p, even(s.pen), colour) }

// ridge goes from the left edge to the right one.
func (s *scene) ridge(base, height, rough float64) path {
	phases := [4]float64{s.within(0, 7), s.within(0, 7), s.within(0, 7), s.within(0, 7)}
	var p path
	for x := 0.0; x <= side; x += 4 {
		y := 0.0
		for k, phase := range phases {
			frequency := 0.008 * math.Pow(2.3, float64(k))
			y += math.Sin(x*frequency+phase) * math.Pow(0.5*rough, float64(k))
		}
		p = append(p, point{x, base - height*0.5*(1+0.6*y)})
	}
	return p
}

// firs stand on a ridge.
func (s *scene) firs(ridge path, colour ink, size float64) {
	var trees []path
	for _, foot := range ridge {
		if !s.chance(0.5) {
			continue
		}
		height := size * s.within(0.7, 1.8)
		for k := range 3 {
			y := foot.y - height*float64(k)*0.25
			half := height * (0.26 - 0.06*float64(k))
			trees = append(trees, path{{foot.x, y - height*0.5}, {foot.x + half, y + 2}, {foot.x - half, y + 2}})
		}
	}
	s.fill(flat(colour), trees...)
}

// outdoor gives a colour the light of the hour.
func (s *scene) outdoor(c ink) ink {
	switch s.hour {
	case dusk:
		return mix(c, rgb(0xa05060), 0.38)
	case night:
		return mix(c, rgb(0x10142c), 0.68)
	default:
		return c
	}
}

// sea lies below the horizon.
func (s *scene) sea(horizon float64) {
	deep := s.outdoor(hcl(s.within(210, 250), 0.4, s.within(0.4, 0.55)))
	s.fill(vertical(horizon, side, mix(deep, s.outdoor(white), 0.35), deep, shifted(deep, -0.12, 0)), rect(0, horizon, side, side))
	var crests, glints []path
	for range 160 {
		depth := math.Pow(s.Float64(), 1.6)
		y := horizon + 2 + depth*(side-horizon)
		x, length := s.within(-30, side), 6+s.within(10, 70)*depth
		wave := smooth(point{x, y}, point{x + length*0.3, y - 1 - 3*depth}, point{x + length*0.6, y + 1 + 2*depth}, point{x + length, y})
		crest := band(wave, taperBoth(0.6+2.2*depth))
		if s.chance(0.6) {
			crests = append(crests, crest)
		} else {
			glints = append(glints, crest)
		}
	}
	s.fill(flat(shifted(deep, -0.13, 0)), crests...)
	s.fill(flat(faded(white, 0.8)), glints...)
	s.stroke(path{{0, horizon}, {side, horizon}}, shifted(deep, -0.1, 0))
}
