package illustration

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// pattern is a ground of simple geometry.
func (s *scene) pattern() {
	ground, figure := s.pastel()
	from := s.somewhere()
	s.All(shaded(ground, 0, s.Within(-0.1, 0.1)).Linear(from, Pt(side, side)))
	s.drawPattern(figure)
	if s.Chance(0.3) { // A halo behind the head.
		middle := Pt(side/2, s.Within(180, 260))
		radius := s.Within(120, 220)
		s.Outlined(white.Faded(0.6), disc(middle, radius), s.Within(1, 5), figure)
	}
}

func (s *scene) drawPattern(figure Ink) {
	everywhere := Rect(0, 0, side, side)
	angle, pitch := s.Within(0, math.Pi), s.Within(10, 44)
	switch s.IntN(9) {
	case 0:
		s.All(s.hatching(figure, pitch, angle, s.Within(0.1, 0.6)))
	case 1: // Checks.
		s.All(s.hatching(figure.Faded(0.5), pitch, angle, 0.5))
		s.All(s.hatching(figure.Faded(0.5), pitch, angle+math.Pi/2, 0.5))
	case 2:
		level := s.Within(0.08, 0.4)
		s.All(s.dots(figure, pitch, angle, func(Point) float64 { return level }))
	case 3: // A screentone that fades.
		from, to := s.somewhere(), s.somewhere()
		d := to.Sub(from)
		k := 1 / (d.Dot(d) + 1)
		s.All(s.dots(figure, s.Within(5, 16), angle, func(p Point) float64 {
			return min(max(p.Sub(from).Dot(d)*k, 0), 0.9)
		}))
	case 4:
		s.burst(Pt(side/2, s.Within(150, 350)), figure)
	case 5:
		s.waves(pitch+12, figure)
	case 6:
		s.Fill(figure, several(20+s.IntN(70), func(int) Path {
			size := s.Within(4, 24)
			return star(s.somewhere(), 5, size, size*0.45, s.Within(0, 6))
		})...)
	case 7:
		s.Fill(figure, several(15+s.IntN(50), func(int) Path {
			return heart(s.somewhere(), s.Within(5, 22), s.Within(-0.5, 0.5))
		})...)
	default: // A net of triangles: hemp leaves.
		for k := range 3 {
			turn := float64(k) * math.Pi / 3
			s.Fill(s.hatching(figure, pitch*0.87, turn, s.Within(1, 2)/pitch), everywhere)
			s.Fill(s.hatching(figure, pitch*1.5, math.Pi/6+turn, s.Within(0.7, 1.4)/pitch), everywhere)
		}
	}
}

// burst is rays from a place.
func (s *scene) burst(centre Point, colour Ink) {
	n := 8 + s.IntN(28)
	twist := s.Within(0, 7)
	far := func(k float64) Point { return centre.Add(Direction(twist + 2*math.Pi*k/float64(n)).Mul(900)) }
	s.Fill(colour, several(n, func(k int) Path { return Path{centre, far(float64(k)), far(float64(k) + 0.5)} })...)
}

// waves are overlapping rows of rings, as on kimonos.
func (s *scene) waves(size float64, colour Ink) {
	ground := s.Picture.RGBAAt(s.Picture.Rect.Min.X, s.Picture.Rect.Min.Y)
	paper := Opaque(ground.R, ground.G, ground.B)
	for row, y := 0, -size; y < side+size; row, y = row+1, y+size*0.5 {
		for x := -size * float64(row%2); x < side+size; x += 2 * size {
			s.Fill(paper, disc(Pt(x, y), size))
			for k := range 3 {
				s.Stroke(colour, disc(Pt(x, y), size*(1-0.28*float64(k))).Closed(), Even(s.pen*1.3))
			}
		}
	}
}

// speedLines run across and end in points.
func (s *scene) speedLines(colour Ink) {
	d := Direction(s.Within(-0.5, 0.5))
	s.Fill(colour, several(90+s.IntN(120), func(int) Path {
		from := s.somewhere().Sub(d.Mul(s.Within(0, 500)))
		return Segment(from, from.Add(d.Mul(s.Within(100, 600))), s.Within(0.4, 2.8), 0)
	})...)
}

// focusLines run towards the middle and leave it clear up to a distance.
func (s *scene) focusLines(clear float64, colour Ink) {
	n := 90 + s.IntN(170)
	s.Fill(colour, several(n, func(k int) Path {
		d := Direction(2 * math.Pi * (float64(k) + s.Within(-0.7, 0.7)) / float64(n))
		reach := clear * s.Within(0.9, 1.5)
		return Segment(middle.Add(d.Mul(700)), middle.Add(Pt(d.X*reach, d.Y*reach*0.9)), s.Within(3, 15), 0)
	})...)
}
