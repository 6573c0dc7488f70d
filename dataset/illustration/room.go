package illustration

import "math"

// window looks out of a room on what lies outdoors.
func (s *scene) window() {
	s.outdoors()
	frame := hcl(s.within(40, 90), s.within(0, 0.2), s.within(0.35, 0.92))
	rim := shifted(frame, -0.3, 0)
	columns, rows := 2+s.IntN(3), 1+s.IntN(3)
	bar := s.within(6, 12)
	for k := range columns + 1 {
		x := side * float64(k) / float64(columns)
		s.outlined(linear(point{x - bar, 0}, point{x + bar, 0}, shifted(frame, 0.05, 0), shifted(frame, -0.1, 0)), rect(x-bar, 0, x+bar, side), s.pen, rim)
	}
	for k := range rows + 1 {
		y := 420 * float64(k) / float64(rows)
		s.outlined(vertical(y-bar, y+bar, shifted(frame, 0.05, 0), shifted(frame, -0.1, 0)), rect(-5, y-bar*0.7, side+5, y+bar*0.7), s.pen, rim)
	}
	s.outlined(flat(shifted(frame, -0.05, 0)), rect(-5, 420, side+5, side+5), s.pen, rim)
	if s.chance(0.6) {
		s.curtain(-1)
		s.curtain(1)
	}
}

// curtain hangs at the left (-1) or the right (1) edge in folds.
func (s *scene) curtain(edge float64) {
	cloth := hcl(s.within(0, 360), s.within(0.02, 0.3), s.within(0.6, 0.95))
	fold := shifted(cloth, -0.22, 0.03)
	width := s.within(50, 130)
	outer := side/2 + edge*side/2
	at := func(across, y float64) point {
		return point{outer - edge*across*width*(1-0.45*math.Exp(-math.Pow((y-330)/90, 2))), y}
	}
	var inner path
	for y := -10.0; y <= side+10; y += 10 {
		inner = append(inner, at(1+0.03*math.Sin(y/20), y))
	}
	outline := append(inner[:len(inner):len(inner)], point{outer + edge*5, side + 10}, point{outer + edge*5, -10})
	s.fill(linear(point{outer, 0}, at(1, 0), shifted(cloth, -0.1, 0), cloth, shifted(cloth, -0.05, 0)), outline)
	s.stroke(inner, fold)
	var folds []path
	for k := range 5 + s.IntN(6) {
		across := (float64(k) + s.within(0.2, 0.8)) / 10
		var spine path
		for y := s.within(-10, 60); y <= s.within(300, side+10); y += 12 {
			spine = append(spine, at(across, y))
		}
		if len(spine) > 2 {
			folds = append(folds, band(spine, taperBoth(s.within(1, 3))))
		}
	}
	s.fill(flat(fold), folds...)
}

// library is shelves of books with titles on their spines.
func (s *scene) library() {
	wood := hcl(s.within(45, 75), s.within(0.15, 0.35), s.within(0.25, 0.5))
	s.all(flat(shifted(wood, -0.15, 0)))
	height := s.within(80, 130)
	for y := s.within(-60, 0); y < side; y += height {
		for x := s.within(-10, 0); x < side; {
			width := s.within(9, 30)
			if s.chance(0.06) { // A gap.
				x += width
				continue
			}
			s.book(rect(x, y+s.within(8, height*0.35), x+width, y+height-8))
			x += width
		}
		s.outlined(vertical(y+height-8, y+height, shifted(wood, 0.1, 0), wood), rect(-5, y+height-8, side+5, y+height), s.pen, shifted(wood, -0.2, 0))
	}
}

func (s *scene) book(spine path) {
	colour := hcl(s.within(0, 360), s.within(0.05, 0.5), s.within(0.25, 0.9))
	rim := shifted(colour, -0.25, 0)
	left, top, right, bottom := spine[0].x, spine[0].y, spine[2].x, spine[2].y
	s.outlined(linear(spine[0], spine[1], shifted(colour, 0.05, 0), shifted(colour, -0.07, 0)), spine, 0.8*s.pen, rim)
	letters := white
	if luma(colour) > 140 {
		letters = rim
	}
	s.fill(flat(faded(letters, 0.7)), rect(left, top+5, right, top+6.2), rect(left, bottom-7, right, bottom-5.8))
	if width := right - left; width > 11 {
		size := width * 0.55
		if s.chance(0.5) {
			s.column(point{left + (width-size)/2, top + 9}, size, min(int((bottom-top-18)/size*0.9), 8), letters)
		} else {
			s.write(oneOf(s, []typeface{regular, bold, mono}), size*1.1, point{left + width*0.3, top + 10}, math.Pi/2, oneOf(s, titles), flat(letters))
		}
	}
}

// classroom is a blackboard with chalk on it, and what hangs beside it.
func (s *scene) classroom() {
	wall := hcl(s.within(60, 110), 0.06, s.within(0.82, 0.95))
	s.all(vertical(0, side, wall, shifted(wall, -0.06, 0)))
	green := hcl(160, s.within(0.1, 0.22), s.within(0.25, 0.36))
	board := rect(s.within(-60, 30), s.within(40, 90), s.within(440, 570), s.within(320, 380))
	wood := hcl(65, 0.3, 0.5)
	s.outlined(flat(green), board, 9, wood)
	s.line(board.closed(), even(s.pen), shifted(wood, -0.3, 0))
	chalk := []ink{faded(white, 0.9), faded(rgb(0xffe890), 0.9), faded(rgb(0xffb0c0), 0.9)}
	for y := board[0].y + 30; y < board[2].y-20; y += s.within(26, 44) {
		x := board[0].x + s.within(20, 60)
		switch s.IntN(3) {
		case 0:
			s.write(regular, s.within(14, 26), point{x, y + 12}, s.within(-0.02, 0.02), oneOf(s, formulas), flat(oneOf(s, chalk)))
		case 1:
			var strokes []path
			size := s.within(14, 24)
			for k := range 4 + s.IntN(12) {
				strokes = append(strokes, s.character(point{x + size*1.1*float64(k), y - size/2}, size, size*0.07)...)
			}
			s.fill(flat(oneOf(s, chalk)), strokes...)
		default:
			graph := path{}
			for t := 0.0; t < 150; t += 4 {
				graph = append(graph, point{x + t, y + 8*math.Sin(t/11)})
			}
			s.line(graph, even(1.3), oneOf(s, chalk))
			s.line(path{{x - 8, y}, {x + 165, y}}, even(1), chalk[0])
		}
	}
	s.outlined(flat(wood), rect(-5, board[2].y+5, side+5, board[2].y+14), s.pen, shifted(wood, -0.3, 0))
	if s.chance(0.6) {
		s.clock(point{s.within(60, side-60), board[0].y - 34})
	}
}

func (s *scene) clock(at point) {
	s.outlined(flat(white), disc(at, 26), 3, rgb(0x504840))
	var marks []path
	for k := range 12 {
		d := direction(2 * math.Pi * float64(k) / 12)
		marks = append(marks, segment(at.add(d.mul(20)), at.add(d.mul(23)), 1.5, 1.5))
	}
	for _, reach := range []float64{11, 18} {
		marks = append(marks, segment(at, at.add(direction(s.within(0, 7)).mul(reach)), 2, 1))
	}
	s.fill(flat(rgb(0x302c30)), marks...)
}

// tatami is a Japanese room: paper doors with a wooden grid.
func (s *scene) tatami() {
	paper := hcl(90, 0.06, s.within(0.88, 0.96))
	wood := hcl(60, s.within(0.2, 0.4), s.within(0.3, 0.5))
	s.all(linear(point{}, s.somewhere(), shifted(paper, -0.06, 0.04), paper))
	pitch := s.within(30, 60)
	var bars []path
	for x := s.within(-30, 0); x < side; x += pitch {
		bars = append(bars, rect(x, 0, x+2.4, 400))
	}
	for y := s.within(-30, 0); y < 400; y += pitch * 1.3 {
		bars = append(bars, rect(0, y, side, y+2.4))
	}
	s.fill(flat(wood), bars...)
	for x := s.within(-60, 60); x < side; x += 4 * pitch {
		s.outlined(linear(point{x, 0}, point{x + 12, 0}, shifted(wood, 0.08, 0), shifted(wood, -0.06, 0)), rect(x, -5, x+12, 405), s.pen, shifted(wood, -0.25, 0))
	}
	mat := hcl(105, 0.25, s.within(0.65, 0.8))
	floor := rect(-5, 400, side+5, side+5)
	s.outlined(flat(mat), floor, s.pen, shifted(mat, -0.3, 0))
	s.fill(hatching(shifted(mat, -0.12, 0), 3, 0.05, s.scale, 0.35), floor)
	for x := s.within(-100, 0); x < side; x += 150 {
		s.fill(flat(rgb(0x2c4438)), path{{x, 400}, {x + 8, 400}, {x - 10, side + 5}, {x - 28, side + 5}})
	}
}
