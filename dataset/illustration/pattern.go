package illustration

import "math"

// pastel is a light colour, and one that is seen on it.
func (s *scene) pastel() (ground, figure ink) {
	hue := s.within(0, 360)
	ground = hcl(hue, s.within(0.03, 0.35), s.within(0.72, 0.95))
	if s.chance(0.2) {
		ground = hcl(hue, s.within(0.1, 0.4), s.within(0.2, 0.45))
		return ground, shifted(ground, s.within(0.1, 0.5), 0.05)
	}
	return ground, shifted(ground, -s.within(0.06, 0.3), s.within(0, 0.15))
}

// pattern is a ground of plain geometry.
func (s *scene) pattern() {
	ground, figure := s.pastel()
	s.all(linear(s.somewhere(), point{side, side}, ground, shifted(ground, s.within(-0.1, 0.1), 0)))
	s.drawPattern(figure)
	if s.chance(0.3) { // A halo behind the head.
		middle := point{side / 2, s.within(180, 260)}
		radius := s.within(120, 220)
		s.outlined(flat(faded(white, 0.6)), disc(middle, radius), s.within(1, 5), figure)
	}
}

func (s *scene) drawPattern(figure ink) {
	everywhere := rect(0, 0, side, side)
	angle, pitch := s.within(0, math.Pi), s.within(10, 44)
	switch s.IntN(9) {
	case 0:
		s.all(hatching(figure, pitch, angle, s.scale, s.within(0.1, 0.6)))
	case 1: // Checks.
		s.all(hatching(faded(figure, 0.5), pitch, angle, s.scale, 0.5))
		s.all(hatching(faded(figure, 0.5), pitch, angle+math.Pi/2, s.scale, 0.5))
	case 2:
		s.all(dots(figure, pitch, angle, s.scale, constant(s.within(0.08, 0.4))))
	case 3: // A screentone that fades.
		from, to := s.somewhere(), s.somewhere()
		d := to.sub(from)
		k := 1 / (d.x*d.x + d.y*d.y + 1)
		s.all(dots(figure, s.within(5, 16), angle, s.scale, func(p point) float64 {
			p = p.sub(from)
			return min(max((p.x*d.x+p.y*d.y)*k, 0), 0.9)
		}))
	case 4:
		s.burst(point{side / 2, s.within(150, 350)}, figure)
	case 5:
		s.waves(pitch+12, figure)
	case 6:
		var stars []path
		for range 20 + s.IntN(70) {
			size := s.within(4, 24)
			stars = append(stars, star(s.somewhere(), 5, size, size*0.45, s.within(0, 6)))
		}
		s.fill(flat(figure), stars...)
	case 7:
		var hearts []path
		for range 15 + s.IntN(50) {
			hearts = append(hearts, heart(s.somewhere(), s.within(5, 22), s.within(-0.5, 0.5)))
		}
		s.fill(flat(figure), hearts...)
	default: // A net of triangles: hemp leaves.
		for k := range 3 {
			s.fill(hatching(figure, pitch*0.87, float64(k)*math.Pi/3, s.scale, s.within(1, 2)/pitch), everywhere)
			s.fill(hatching(figure, pitch*1.5, math.Pi/6+float64(k)*math.Pi/3, s.scale, s.within(0.7, 1.4)/pitch), everywhere)
		}
	}
}

func heart(at point, size, angle float64) path {
	half := smooth(point{0, -0.45}, point{0.35, -0.9}, point{0.85, -0.7}, point{0.85, -0.15}, point{0, 0.9})
	all := append(path{}, half...)
	for i := len(half) - 2; i > 0; i-- {
		all = append(all, point{-half[i].x, half[i].y})
	}
	return all.turned(point{}, angle, size).moved(at)
}

// burst is rays from a place.
func (s *scene) burst(centre point, colour ink) {
	n := 8 + s.IntN(28)
	twist := s.within(0, 7)
	var rays []path
	for k := range n {
		a, b := direction(twist+2*math.Pi*float64(k)/float64(n)), direction(twist+2*math.Pi*(float64(k)+0.5)/float64(n))
		rays = append(rays, path{centre, centre.add(a.mul(900)), centre.add(b.mul(900))})
	}
	s.fill(flat(colour), rays...)
}

// waves are rings in rows that overlap, as on kimonos.
func (s *scene) waves(size float64, colour ink) {
	ground := s.img.RGBAAt(s.img.Rect.Min.X, s.img.Rect.Min.Y)
	paper := opaque(ground.R, ground.G, ground.B)
	for row, y := 0, -size; y < side+size; row, y = row+1, y+size*0.5 {
		for x := -size * float64(row%2); x < side+size; x += 2 * size {
			s.fill(flat(paper), disc(point{x, y}, size))
			for k := range 3 {
				s.line(disc(point{x, y}, size*(1-0.28*float64(k))).closed(), even(s.pen*1.3), colour)
			}
		}
	}
}

// speedLines run across, thin at the ends; focusLines run towards a place.
func (s *scene) speedLines(colour ink) {
	angle := s.within(-0.5, 0.5)
	d := direction(angle)
	var strokes []path
	for range 90 + s.IntN(120) {
		from := s.somewhere().sub(d.mul(s.within(0, 500)))
		strokes = append(strokes, segment(from, from.add(d.mul(s.within(100, 600))), s.within(0.4, 2.8), 0))
	}
	s.fill(flat(colour), strokes...)
}

func (s *scene) focusLines(centre point, clear float64, colour ink) {
	n := 90 + s.IntN(170)
	var strokes []path
	for k := range n {
		d := direction(2 * math.Pi * (float64(k) + s.within(-0.7, 0.7)) / float64(n))
		reach := clear * s.within(0.9, 1.5)
		strokes = append(strokes, segment(centre.add(d.mul(700)), centre.add(point{d.x * reach, d.y * reach * 0.9}), s.within(3, 15), 0))
	}
	s.fill(flat(colour), strokes...)
}
