package illustration

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// window is the outdoors seen from a room.
func (s *scene) window() {
	s.outdoors()
	frame := HCL(s.Within(40, 90), s.Within(0, 0.2), s.Within(0.35, 0.92))
	rim := shifted(frame, -0.3, 0)
	columns, rows := 2+s.IntN(3), 1+s.IntN(3)
	bar := s.Within(6, 12)
	for k := range columns + 1 {
		x := side * float64(k) / float64(columns)
		s.Outlined(shaded(frame, 0.05, -0.1).Horizontal(x-bar, x+bar), Rect(x-bar, 0, x+bar, side), s.pen, rim)
	}
	for k := range rows + 1 {
		y := 420 * float64(k) / float64(rows)
		s.Outlined(shaded(frame, 0.05, -0.1).Vertical(y-bar, y+bar), Rect(-5, y-bar*0.7, side+5, y+bar*0.7), s.pen, rim)
	}
	s.Outlined(shifted(frame, -0.05, 0), Rect(-5, 420, side+5, side+5), s.pen, rim)
	if s.Chance(0.6) {
		s.curtain(-1)
		s.curtain(1)
	}
}

// curtain hangs in folds at the left (-1) or the right (1) edge.
func (s *scene) curtain(edge float64) {
	cloth := HCL(s.Within(0, 360), s.Within(0.02, 0.3), s.Within(0.6, 0.95))
	fold := shifted(cloth, -0.22, 0.03)
	width := s.Within(50, 130)
	outer := side/2 + edge*side/2
	at := func(across, y float64) Point {
		return Pt(outer-edge*across*width*(1-0.45*math.Exp(-math.Pow((y-330)/90, 2))), y)
	}
	var inner Path
	for y := -10.0; y <= side+10; y += 10 {
		inner = append(inner, at(1+0.03*math.Sin(y/20), y))
	}
	outline := inner.Then(Path{Pt(outer+edge*5, side+10), Pt(outer+edge*5, -10)})
	s.Fill(shaded(cloth, -0.1, 0, -0.05).Linear(Pt(outer, 0), at(1, 0)), outline)
	s.Stroke(fold, inner, Even(s.pen))
	var folds []Path
	for k := range 5 + s.IntN(6) {
		across := (float64(k) + s.Within(0.2, 0.8)) / 10
		var spine Path
		for y := s.Within(-10, 60); y <= s.Within(300, side+10); y += 12 {
			spine = append(spine, at(across, y))
		}
		if len(spine) > 2 {
			folds = append(folds, Band(spine, TaperBoth(s.Within(1, 3))))
		}
	}
	s.Fill(fold, folds...)
}

// library is shelves of books with titles on their spines.
func (s *scene) library() {
	wood := HCL(s.Within(45, 75), s.Within(0.15, 0.35), s.Within(0.25, 0.5))
	s.All(shifted(wood, -0.15, 0))
	height := s.Within(80, 130)
	for y := s.Within(-60, 0); y < side; y += height {
		for x := s.Within(-10, 0); x < side; {
			width := s.Within(9, 30)
			if !s.Chance(0.06) { // Or else a gap.
				s.book(Rect(x, y+s.Within(8, height*0.35), x+width, y+height-8))
			}
			x += width
		}
		top, foot := y+height-8, y+height
		s.Outlined(shaded(wood, 0.1, 0).Vertical(top, foot), Rect(-5, top, side+5, foot), s.pen, shifted(wood, -0.2, 0))
	}
}

func (s *scene) book(spine Path) {
	colour := HCL(s.Within(0, 360), s.Within(0.05, 0.5), s.Within(0.25, 0.9))
	rim := shifted(colour, -0.25, 0)
	left, top, right, bottom := spine[0].X, spine[0].Y, spine[2].X, spine[2].Y
	s.Outlined(shaded(colour, 0.05, -0.07).Linear(spine[0], spine[1]), spine, 0.8*s.pen, rim)
	letters := lettersOn(colour, rim, 140)
	s.Fill(letters.Faded(0.7), Rect(left, top+5, right, top+6.2), Rect(left, bottom-7, right, bottom-5.8))
	if width := right - left; width > 11 {
		size := width * 0.55
		if s.Chance(0.5) {
			s.column(Pt(left+(width-size)/2, top+9), size, min(int((bottom-top-18)/size*0.9), 8), letters)
		} else {
			face, at := OneOf(s.Rand, regular, bold, mono), Pt(left+width*0.3, top+10)
			s.write(face, size*1.1, at, math.Pi/2, OneOf(s.Rand, titles...), letters)
		}
	}
}

// classroom is a blackboard with chalk on it, and a clock.
func (s *scene) classroom() {
	wall := HCL(s.Within(60, 110), 0.06, s.Within(0.82, 0.95))
	s.All(shaded(wall, 0, -0.06).Vertical(0, side))
	green := HCL(160, s.Within(0.1, 0.22), s.Within(0.25, 0.36))
	board := Rect(s.Within(-60, 30), s.Within(40, 90), s.Within(440, 570), s.Within(320, 380))
	wood := HCL(65, 0.3, 0.5)
	s.Outlined(green, board, 9, wood)
	s.Stroke(shifted(wood, -0.3, 0), board.Closed(), Even(s.pen))
	chalk := []Ink{white.Faded(0.9), RGB(0xffe890).Faded(0.9), RGB(0xffb0c0).Faded(0.9)}
	for y := board[0].Y + 30; y < board[2].Y-20; y += s.Within(26, 44) {
		x := board[0].X + s.Within(20, 60)
		switch s.IntN(3) {
		case 0:
			height, angle := s.Within(14, 26), s.Within(-0.02, 0.02)
			s.write(regular, height, Pt(x, y+12), angle, OneOf(s.Rand, formulas...), OneOf(s.Rand, chalk...))
		case 1:
			size := s.Within(14, 24)
			strokes := s.characters(Pt(x, y-size/2), Pt(size*1.1, 0), 4+s.IntN(12), size, size*0.07)
			s.Fill(OneOf(s.Rand, chalk...), strokes...)
		default:
			graph := Path{}
			for t := 0.0; t < 150; t += 4 {
				graph = append(graph, Pt(x+t, y+8*math.Sin(t/11)))
			}
			s.Stroke(OneOf(s.Rand, chalk...), graph, Even(1.3))
			s.Stroke(chalk[0], Path{Pt(x-8, y), Pt(x+165, y)}, Even(1))
		}
	}
	s.Outlined(wood, Rect(-5, board[2].Y+5, side+5, board[2].Y+14), s.pen, shifted(wood, -0.3, 0))
	s.maybe(0.6, func() { s.clock(Pt(s.Within(60, side-60), board[0].Y-34)) })
}

func (s *scene) clock(at Point) {
	s.Outlined(white, disc(at, 26), 3, RGB(0x504840))
	marks := several(12, func(k int) Path {
		d := Direction(2 * math.Pi * float64(k) / 12)
		return Segment(at.Add(d.Mul(20)), at.Add(d.Mul(23)), 1.5, 1.5)
	})
	for _, reach := range []float64{11, 18} {
		marks = append(marks, Segment(at, at.Add(Direction(s.Within(0, 7)).Mul(reach)), 2, 1))
	}
	s.Fill(RGB(0x302c30), marks...)
}

// tatami is a Japanese room: mats, and paper doors with a wooden grid.
func (s *scene) tatami() {
	paper := HCL(90, 0.06, s.Within(0.88, 0.96))
	wood := HCL(60, s.Within(0.2, 0.4), s.Within(0.3, 0.5))
	s.All(ramp(shifted(paper, -0.06, 0.04), paper).Linear(Point{}, s.somewhere()))
	pitch := s.Within(30, 60)
	var bars []Path
	for x := s.Within(-30, 0); x < side; x += pitch {
		bars = append(bars, Rect(x, 0, x+2.4, 400))
	}
	for y := s.Within(-30, 0); y < 400; y += pitch * 1.3 {
		bars = append(bars, Rect(0, y, side, y+2.4))
	}
	s.Fill(wood, bars...)
	for x := s.Within(-60, 60); x < side; x += 4 * pitch {
		s.Outlined(shaded(wood, 0.08, -0.06).Horizontal(x, x+12), Rect(x, -5, x+12, 405), s.pen, shifted(wood, -0.25, 0))
	}
	mat := HCL(105, 0.25, s.Within(0.65, 0.8))
	floor := Rect(-5, 400, side+5, side+5)
	s.Outlined(mat, floor, s.pen, shifted(mat, -0.3, 0))
	s.Fill(s.hatching(shifted(mat, -0.12, 0), 3, 0.05, 0.35), floor)
	for x := s.Within(-100, 0); x < side; x += 150 {
		s.Fill(RGB(0x2c4438), Path{Pt(x, 400), Pt(x+8, 400), Pt(x-10, side+5), Pt(x-28, side+5)})
	}
}
