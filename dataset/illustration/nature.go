package illustration

import "math"

// meadow is blades of grass, the nearest last and tallest.
func (s *scene) meadow(top float64) {
	base := s.outdoor(hcl(s.within(105, 150), s.within(0.3, 0.55), s.within(0.4, 0.6)))
	s.fill(vertical(top, side, shifted(base, 0.08, 0), shifted(base, -0.12, 0)), rect(0, top, side, side))
	const rows = 5
	wind := s.within(-0.5, 0.5)
	for row := range rows {
		depth := float64(row+1) / rows
		y := top + (side-top)*depth
		shades := make([][]path, 3)
		for range 70 {
			foot := point{s.within(-10, side+10), y + s.within(-12, 12)}
			height := s.within(10, 34) * (0.4 + depth)
			tip := foot.add(point{height * (wind + s.within(-0.35, 0.35)), -height})
			k := s.IntN(len(shades))
			shades[k] = append(shades[k], band(smooth(foot, between(foot, tip, 0.55).add(point{-0.15 * height * wind, 0}), tip), taperEnd(1.2+2.6*depth)))
		}
		for k, blades := range shades {
			s.fill(flat(shifted(base, 0.14-0.12*float64(k)-0.08*depth, 0)), blades...)
		}
		if s.chance(0.6) {
			s.flowers(y, depth)
		}
	}
}

func (s *scene) flowers(y, depth float64) {
	colour := s.outdoor(hcl(s.within(0, 360), s.within(0, 0.6), 0.85))
	for range 14 {
		at := point{s.within(0, side), y - s.within(5, 30)*depth}
		s.blossom(at, (2+4*depth)*s.within(0.7, 1.3), colour, 5)
	}
}

// blossom has petals round a yellow middle.
func (s *scene) blossom(at point, size float64, colour ink, petals int) {
	turn := s.within(0, 6)
	rim := shifted(colour, -0.25, 0.1)
	for k := range petals {
		d := direction(turn + 2*math.Pi*float64(k)/float64(petals))
		petal := ellipse(at.add(d.mul(size*0.55)), size*0.45, size*0.45)
		s.fill(flat(colour), petal)
		if size > 5 {
			s.line(petal.closed(), even(0.6*s.pen), rim)
		}
	}
	s.fill(flat(hcl(85, 0.6, 0.82)), disc(at, size*0.25))
}

// branch reaches in from an edge, with leaves or blossoms.
func (s *scene) branch() {
	from := oneOf(s, []point{{-10, s.within(0, 200)}, {side + 10, s.within(0, 200)}, {s.within(0, side), -10}})
	to := between(from, point{side / 2, 160}, s.within(0.5, 1)).add(point{s.within(-60, 60), s.within(-60, 60)})
	wood := s.outdoor(hcl(50, s.within(0.08, 0.2), s.within(0.2, 0.4)))
	spring := s.chance(0.4)
	leaf := s.outdoor(hcl(s.within(100, 150), 0.45, s.within(0.4, 0.65)))
	if s.chance(0.3) {
		leaf = s.outdoor(hcl(s.within(30, 80), 0.6, 0.6)) // Autumn.
	}
	petal := s.outdoor(hcl(s.within(340, 370), s.within(0.1, 0.25), 0.9))
	type bough struct {
		from, to point
		width    float64
	}
	boughs := []bough{{from, to, s.within(6, 14)}}
	var wooden []path
	var tips []point
	for depth := 0; depth < 3; depth++ {
		var next []bough
		for _, b := range boughs {
			bend := between(b.from, b.to, 0.5).add(point{s.within(-14, 14), s.within(-14, 14)})
			spine := smooth(b.from, bend, b.to)
			wooden = append(wooden, band(spine, func(t float64) float64 { return b.width / 2 * (1 - 0.75*t) }))
			for range 3 {
				at := spine[int(s.within(0.25, 1)*float64(len(spine)-1))]
				d := b.to.sub(b.from).mul(0.5)
				next = append(next, bough{at, at.add(path{d}.turned(point{}, s.within(-0.9, 0.9), s.within(0.6, 1.1))[0]), b.width * 0.45})
			}
			for range 3 {
				tips = append(tips, spine[int(s.within(0.3, 1)*float64(len(spine)-1))])
			}
		}
		boughs = next
	}
	s.fill(flat(wood), wooden...)
	for _, tip := range tips {
		at := tip.add(point{s.NormFloat64() * 7, s.NormFloat64() * 7})
		if spring {
			s.blossom(at, s.within(4, 9), shifted(petal, s.within(-0.06, 0.04), 0), 5)
		} else {
			s.leaf(at, s.within(0, 2*math.Pi), s.within(9, 22), shifted(leaf, s.within(-0.12, 0.1), 0))
		}
	}
}

// leaf has a rib and veins.
func (s *scene) leaf(at point, angle, length float64, colour ink) {
	d := direction(angle)
	tip := at.add(d.mul(length))
	bend := point{-d.y, d.x}.mul(length * s.within(-0.15, 0.15))
	spine := smooth(at, between(at, tip, 0.5).add(bend), tip)
	width := length * s.within(0.3, 0.5)
	outline := band(spine, func(t float64) float64 { return width / 2 * math.Sin(math.Pi*math.Pow(t, 0.8)) })
	rim := shifted(colour, -0.2, 0)
	s.fill(linear(at, tip, shifted(colour, -0.06, 0), colour), outline)
	s.line(outline.closed(), even(0.6*s.pen), rim)
	s.line(spine, even(0.5*s.pen), rim)
}

// forest is trunks, and light between them.
func (s *scene) forest() {
	green := s.outdoor(hcl(s.within(100, 150), s.within(0.2, 0.4), s.within(0.5, 0.75)))
	s.all(vertical(0, side, shifted(green, 0.12, -0.05), green, shifted(green, -0.25, 0)))
	bamboo := s.chance(0.4)
	const rows = 3
	for row := range rows {
		depth := float64(row+1) / rows
		wood := mix(green, s.outdoor(hcl(60, 0.15, 0.3)), depth)
		if bamboo {
			wood = mix(green, s.outdoor(hcl(115, 0.45, 0.5)), depth)
		}
		for range 4 + s.IntN(5) {
			x, width := s.within(-10, side+10), s.within(5, 16)*(0.4+1.2*depth)
			if bamboo {
				s.culm(x, width*0.7, wood)
			} else {
				s.trunk(x, width*1.5, wood)
			}
		}
		s.bush(side-90+40*float64(row), 26*(0.5+depth), shifted(green, -0.1-0.1*depth, 0))
	}
	if s.chance(0.5) { // Light that falls in.
		var beams []path
		for range 5 {
			top := point{s.within(0, side), -10}
			beams = append(beams, segment(top, top.add(point{s.within(-160, -60), side}), s.within(6, 20), s.within(20, 60)))
		}
		s.fill(vertical(0, side, faded(rgb(0xfffbe0), 0.35), faded(rgb(0xfffbe0), 0)), beams...)
	}
}

func (s *scene) trunk(x, width float64, wood ink) {
	lean := s.within(-20, 20)
	spine := smooth(point{x + lean, -10}, point{x + lean*0.4, 200}, point{x, side + 10})
	outline := band(spine, func(t float64) float64 { return width * (0.4 + 0.25*t*t) })
	s.outlined(linear(point{x - width/2, 0}, point{x + width/2, 0}, shifted(wood, 0.06, 0), shifted(wood, -0.08, 0)), outline, s.pen, shifted(wood, -0.18, 0))
	var bark []path
	for range int(width * 1.5) {
		from := point{x + s.within(-0.35, 0.35)*width + lean*0.4, s.within(0, side)}
		bark = append(bark, segment(from, from.add(point{s.within(-2, 2), s.within(8, 40)}), 0.4, s.within(0.6, 1.6)))
	}
	s.fill(flat(shifted(wood, -0.15, 0)), bark...)
}

func (s *scene) culm(x, width float64, green ink) {
	lean := s.within(-14, 14)
	s.outlined(linear(point{x - width/2, 0}, point{x + width/2, 0}, shifted(green, 0.1, 0), green, shifted(green, -0.14, 0)),
		segment(point{x + lean, -10}, point{x, side + 10}, width*0.8, width), 0.7*s.pen, shifted(green, -0.25, 0))
	for y := s.within(0, 60); y < side; y += s.within(50, 80) {
		at := x + lean*(1-y/side)
		s.stroke(path{{at - width*0.55, y}, {at + width*0.55, y}}, shifted(green, -0.28, 0))
		if s.chance(0.5) {
			for range 3 {
				s.leaf(point{at, y}, s.within(-0.6, 0.9), s.within(18, 40), shifted(green, 0.05, 0))
			}
		}
	}
}

// bush is a row of leaves in three shades.
func (s *scene) bush(y, size float64, green ink) {
	for k := range 3 {
		var leaves []path
		for range 60 {
			at := point{s.within(-10, side+10), y + s.within(0, 40) + 8*float64(k)}
			angle := s.within(-math.Pi, 0)
			leaves = append(leaves, band(path{at, at.add(direction(angle).mul(size * 0.3)), at.add(direction(angle).mul(size * 0.6))},
				func(t float64) float64 { return size * 0.12 * math.Sin(math.Pi*t) }))
		}
		s.fill(flat(shifted(green, 0.1-0.08*float64(k), 0)), leaves...)
	}
	s.fill(flat(shifted(green, -0.08, 0)), rect(0, y+50, side, side))
}

// falling are petals, leaves, snow or rain over everything.
func (s *scene) falling() {
	switch s.IntN(5) {
	case 0, 1:
		colour := oneOf(s, []ink{rgb(0xffd0dc), rgb(0xffb8cc), rgb(0xf0a040), rgb(0xd0e070)})
		for range 12 + s.IntN(40) {
			s.petal(s.somewhere(), s.within(3, 11), shifted(colour, s.within(-0.08, 0.05), 0))
		}
	case 2:
		var flakes []path
		for range 60 + s.IntN(160) {
			flakes = append(flakes, disc(s.somewhere(), s.within(0.7, 3.8)))
		}
		s.fill(flat(faded(white, 0.9)), flakes...)
	case 3:
		slope := s.within(-0.3, 0.3)
		var drops []path
		for range 90 + s.IntN(160) {
			from := s.somewhere()
			length := s.within(10, 60)
			drops = append(drops, segment(from, from.add(point{slope * length, length}), 0.5, s.within(0.7, 1.5)))
		}
		s.fill(flat(faded(rgb(0xe8f0fa), 0.6)), drops...)
	default:
		for range 5 + s.IntN(20) {
			at, size := s.somewhere(), s.within(5, 30)
			s.fill(flat(faded(hcl(s.within(0, 360), 0.25, 0.92), s.within(0.1, 0.35))), disc(at, size))
			s.line(disc(at, size).closed(), even(0.8), faded(white, 0.4))
		}
		for range 12 {
			s.sparkle(s.somewhere(), s.within(4, 16), faded(white, 0.95))
		}
	}
}

func (s *scene) petal(at point, size float64, colour ink) {
	turn := s.within(0, 2*math.Pi)
	narrow := s.within(0.3, 0.8)
	shape := smooth(point{0, -size}, point{size * narrow, -size * 0.2}, point{size * narrow * 0.5, size * 0.7}, point{0, size * 0.5},
		point{-size * narrow * 0.5, size * 0.7}, point{-size * narrow, -size * 0.2}, point{0, -size}).turned(point{}, turn, 1).moved(at)
	s.fill(linear(at, at.add(direction(turn).mul(size)), colour, shifted(colour, -0.12, 0.05)), shape)
	s.line(shape, even(0.5*s.pen), shifted(colour, -0.3, 0.1))
}
