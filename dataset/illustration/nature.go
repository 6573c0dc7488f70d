package illustration

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// meadow is blades of grass in rows, nearer ones taller.
func (s *scene) meadow(top float64) {
	base := s.outdoor(HCL(s.Within(105, 150), s.Within(0.3, 0.55), s.Within(0.4, 0.6)))
	s.Fill(shaded(base, 0.08, -0.12).Vertical(top, side), Rect(0, top, side, side))
	const rows = 5
	wind := s.Within(-0.5, 0.5)
	for row := range rows {
		depth := float64(row+1) / rows
		y := top + (side-top)*depth
		shades := make([][]Path, 3)
		for range 70 {
			foot := Pt(s.Within(-10, side+10), y+s.Within(-12, 12))
			height := s.Within(10, 34) * (0.4 + depth)
			tip := foot.Add(Pt(height*(wind+s.Within(-0.35, 0.35)), -height))
			k := s.IntN(len(shades))
			bend := Between(foot, tip, 0.55).Add(Pt(-0.15*height*wind, 0))
			shades[k] = append(shades[k], Band(smooth(foot, bend, tip), TaperEnd(1.2+2.6*depth)))
		}
		for k, blades := range shades {
			s.Fill(shifted(base, 0.14-0.12*float64(k)-0.08*depth, 0), blades...)
		}
		if s.Chance(0.6) {
			s.flowers(y, depth)
		}
	}
}

func (s *scene) flowers(y, depth float64) {
	colour := s.outdoor(HCL(s.Within(0, 360), s.Within(0, 0.6), 0.85))
	for range 14 {
		at := Pt(s.Within(0, side), y-s.Within(5, 30)*depth)
		s.blossom(at, (2+4*depth)*s.Within(0.7, 1.3), colour, 5)
	}
}

// blossom has petals round a yellow middle.
func (s *scene) blossom(at Point, size float64, colour Ink, petals int) {
	turn := s.Within(0, 6)
	rim := shifted(colour, -0.25, 0.1)
	for k := range petals {
		d := Direction(turn + 2*math.Pi*float64(k)/float64(petals))
		petal := ellipse(at.Add(d.Mul(size*0.55)), size*0.45, size*0.45)
		s.Fill(colour, petal)
		if size > 5 {
			s.Stroke(rim, petal.Closed(), Even(0.6*s.pen))
		}
	}
	s.Fill(HCL(85, 0.6, 0.82), disc(at, size*0.25))
}

// branch reaches in from an edge, with leaves or blossoms.
func (s *scene) branch() {
	from := OneOf(s.Rand, Pt(-10, s.Within(0, 200)), Pt(side+10, s.Within(0, 200)), Pt(s.Within(0, side), -10))
	to := Between(from, Pt(side/2, 160), s.Within(0.5, 1)).Add(Pt(s.Within(-60, 60), s.Within(-60, 60)))
	wood := s.outdoor(HCL(50, s.Within(0.08, 0.2), s.Within(0.2, 0.4)))
	spring := s.Chance(0.4)
	leaf := s.outdoor(HCL(s.Within(100, 150), 0.45, s.Within(0.4, 0.65)))
	if s.Chance(0.3) {
		leaf = s.outdoor(HCL(s.Within(30, 80), 0.6, 0.6)) // autumn
	}
	petal := s.outdoor(HCL(s.Within(340, 370), s.Within(0.1, 0.25), 0.9))
	type bough struct {
		from, to Point
		width    float64
	}
	boughs := []bough{{from, to, s.Within(6, 14)}}
	var wooden []Path
	var tips []Point
	for range 3 {
		var next []bough
		for _, b := range boughs {
			bend := Between(b.from, b.to, 0.5).Add(Pt(s.Within(-14, 14), s.Within(-14, 14)))
			spine := smooth(b.from, bend, b.to)
			wooden = append(wooden, Band(spine, func(t float64) float64 { return b.width * (1 - 0.75*t) }))
			for range 3 {
				at := spine[int(s.Within(0.25, 1)*float64(len(spine)-1))]
				turn := Direction(s.Within(-0.9, 0.9)).Mul(s.Within(0.6, 1.1))
				next = append(next, bough{at, at.Add(b.to.Sub(b.from).Mul(0.5).Turned(turn)), b.width * 0.45})
			}
			for range 3 {
				tips = append(tips, spine[int(s.Within(0.3, 1)*float64(len(spine)-1))])
			}
		}
		boughs = next
	}
	s.Fill(wood, wooden...)
	for _, tip := range tips {
		at := tip.Add(Pt(s.NormFloat64()*7, s.NormFloat64()*7))
		if spring {
			s.blossom(at, s.Within(4, 9), shifted(petal, s.Within(-0.06, 0.04), 0), 5)
		} else {
			s.leaf(at, s.Within(0, 2*math.Pi), s.Within(9, 22), shifted(leaf, s.Within(-0.12, 0.1), 0))
		}
	}
}

// leaf has a rib.
func (s *scene) leaf(at Point, angle, length float64, colour Ink) {
	d := Direction(angle)
	tip := at.Add(d.Mul(length))
	bend := Pt(-d.Y, d.X).Mul(length * s.Within(-0.15, 0.15))
	spine := smooth(at, Between(at, tip, 0.5).Add(bend), tip)
	width := length * s.Within(0.3, 0.5)
	outline := Band(spine, func(t float64) float64 { return width * math.Sin(math.Pi*math.Pow(t, 0.8)) })
	rim := shifted(colour, -0.2, 0)
	s.Fill(shaded(colour, -0.06, 0).Linear(at, tip), outline)
	s.Stroke(rim, outline.Closed(), Even(0.6*s.pen))
	s.Stroke(rim, spine, Even(0.5*s.pen))
}

// forest is trunks, with light between them.
func (s *scene) forest() {
	green := s.outdoor(HCL(s.Within(100, 150), s.Within(0.2, 0.4), s.Within(0.5, 0.75)))
	s.All(ramp(shifted(green, 0.12, -0.05), green, shifted(green, -0.25, 0)).Vertical(0, side))
	bamboo := s.Chance(0.4)
	const rows = 3
	for row := range rows {
		depth := float64(row+1) / rows
		wood := Mix(green, s.outdoor(HCL(60, 0.15, 0.3)), depth)
		if bamboo {
			wood = Mix(green, s.outdoor(HCL(115, 0.45, 0.5)), depth)
		}
		for range 4 + s.IntN(5) {
			x, width := s.Within(-10, side+10), s.Within(5, 16)*(0.4+1.2*depth)
			if bamboo {
				s.culm(x, width*0.7, wood)
			} else {
				s.trunk(x, width*1.5, wood)
			}
		}
		s.bush(side-90+40*float64(row), 26*(0.5+depth), shifted(green, -0.1-0.1*depth, 0))
	}
	if s.Chance(0.5) {
		s.Fill(ramp(RGB(0xfffbe0).Opacities(0.35, 0)...).Vertical(0, side), several(5, func(int) Path { // Beams.
			top := Pt(s.Within(0, side), -10)
			return Segment(top, top.Add(Pt(s.Within(-160, -60), side)), s.Within(6, 20), s.Within(20, 60))
		})...)
	}
}

func (s *scene) trunk(x, width float64, wood Ink) {
	lean := s.Within(-20, 20)
	spine := smooth(Pt(x+lean, -10), Pt(x+lean*0.4, 200), Pt(x, side+10))
	outline := Band(spine, func(t float64) float64 { return 2 * width * (0.4 + 0.25*t*t) })
	s.Outlined(shaded(wood, 0.06, -0.08).Horizontal(x-width/2, x+width/2), outline, s.pen, shifted(wood, -0.18, 0))
	s.Fill(shifted(wood, -0.15, 0), several(int(width*1.5), func(int) Path { // Bark.
		from := Pt(x+s.Within(-0.35, 0.35)*width+lean*0.4, s.Within(0, side))
		return Segment(from, from.Add(Pt(s.Within(-2, 2), s.Within(8, 40))), 0.4, s.Within(0.6, 1.6))
	})...)
}

// culm is the stem of a bamboo.
func (s *scene) culm(x, width float64, green Ink) {
	lean := s.Within(-14, 14)
	stem := Segment(Pt(x+lean, -10), Pt(x, side+10), width*0.8, width)
	s.Outlined(shaded(green, 0.1, 0, -0.14).Horizontal(x-width/2, x+width/2), stem, 0.7*s.pen, shifted(green, -0.25, 0))
	for y := s.Within(0, 60); y < side; y += s.Within(50, 80) {
		at := x + lean*(1-y/side)
		s.Stroke(shifted(green, -0.28, 0), Path{Pt(at-width*0.55, y), Pt(at+width*0.55, y)}, Even(s.pen))
		if s.Chance(0.5) {
			for range 3 {
				s.leaf(Pt(at, y), s.Within(-0.6, 0.9), s.Within(18, 40), shifted(green, 0.05, 0))
			}
		}
	}
}

// bush is a row of leaves in three shades.
func (s *scene) bush(y, size float64, green Ink) {
	for k := range 3 {
		s.Fill(shifted(green, 0.1-0.08*float64(k), 0), several(60, func(int) Path {
			at := Pt(s.Within(-10, side+10), y+s.Within(0, 40)+8*float64(k))
			d := Direction(s.Within(-math.Pi, 0))
			return Band(Path{at, at.Add(d.Mul(size * 0.3)), at.Add(d.Mul(size * 0.6))},
				func(t float64) float64 { return size * 0.24 * math.Sin(math.Pi*t) })
		})...)
	}
	s.Fill(shifted(green, -0.08, 0), Rect(0, y+50, side, side))
}

// falling is petals, leaves, snow, rain or bubbles over everything.
func (s *scene) falling() {
	switch s.IntN(5) {
	case 0, 1:
		colour := OneOf(s.Rand, RGB(0xffd0dc), RGB(0xffb8cc), RGB(0xf0a040), RGB(0xd0e070))
		for range 12 + s.IntN(40) {
			s.petal(s.somewhere(), s.Within(3, 11), shifted(colour, s.Within(-0.08, 0.05), 0))
		}
	case 2:
		s.Fill(white.Faded(0.9), several(60+s.IntN(160), func(int) Path {
			return disc(s.somewhere(), s.Within(0.7, 3.8))
		})...)
	case 3:
		slope := s.Within(-0.3, 0.3)
		s.Fill(RGB(0xe8f0fa).Faded(0.6), several(90+s.IntN(160), func(int) Path {
			from, length := s.somewhere(), s.Within(10, 60)
			return Segment(from, from.Add(Pt(slope*length, length)), 0.5, s.Within(0.7, 1.5))
		})...)
	default:
		for range 5 + s.IntN(20) {
			at, size := s.somewhere(), s.Within(5, 30)
			s.Fill(HCL(s.Within(0, 360), 0.25, 0.92).Faded(s.Within(0.1, 0.35)), disc(at, size))
			s.Stroke(white.Faded(0.4), disc(at, size).Closed(), Even(0.8))
		}
		for range 12 {
			s.sparkle(s.somewhere(), s.Within(4, 16), white.Faded(0.95))
		}
	}
}

func (s *scene) petal(at Point, size float64, colour Ink) {
	turn := s.Within(0, 2*math.Pi)
	narrow := s.Within(0.3, 0.8)
	half, tip := size*narrow, Pt(0, -size)
	shape := smooth(tip, Pt(half, -size*0.2), Pt(half*0.5, size*0.7), Pt(0, size*0.5),
		Pt(-half*0.5, size*0.7), Pt(-half, -size*0.2), tip).Turned(Point{}, turn, 1).Moved(at)
	s.Fill(ramp(colour, shifted(colour, -0.12, 0.05)).Linear(at, at.Add(Direction(turn).Mul(size))), shape)
	s.Stroke(shifted(colour, -0.3, 0.1), shape, Even(0.5*s.pen))
}
