package illustration

import (
	"math"

	. "github.com/moelab/moelab/internal/vector"
)

// skyline is rows of houses, farther ones paler.
func (s *scene) skyline(horizon float64) {
	lit := s.outdoor(HCL(s.Within(0, 360), 0.06, s.Within(0.55, 0.85)))
	haze := s.outdoor(HCL(240, 0.1, 0.85))
	const rows = 3
	for row := range rows {
		depth := float64(row+1) / rows
		colour := Mix(haze, lit, depth)
		for x := s.Within(-30, 0); x < side; {
			width := s.Within(16, 44) * (0.6 + depth)
			top := horizon + 20*float64(row) - s.Within(30, 190)*(0.4+0.6*s.Float64())
			s.house(x, top, width, shifted(colour, s.Within(-0.07, 0.07), 0), depth)
			x += width + s.Within(-3, 8)
		}
	}
}

// house has a grid of windows, and things on its roof.
func (s *scene) house(x, top, width float64, wall Ink, depth float64) {
	rim := shifted(wall, -0.28, 0)
	front := Rect(x, top, x+width, side)
	s.Fill(shaded(wall, 0, -0.07).Horizontal(x, x+width), front)
	s.Stroke(rim, front.Closed(), Even(s.pen*(0.4+0.5*depth)))
	if s.Chance(0.5) {
		middle := x + width*s.Within(0.2, 0.8)
		mast := s.Within(10, 36)
		antenna := []Path{Segment(Pt(middle, top), Pt(middle, top-mast), 1.2, 0.8)}
		for k := range s.IntN(5) {
			y := top - mast + 4*float64(k)
			antenna = append(antenna, Segment(Pt(middle-5, y), Pt(middle+5, y), 0.8, 0.8))
		}
		s.Fill(rim, antenna...)
	} else if s.Chance(0.5) {
		s.Outlined(shifted(wall, -0.1, 0), Rect(x+width*0.2, top-9, x+width*0.6, top), s.pen*0.7, rim)
	}
	s.windows(Rect(x+2.5, top+5, x+width-2.5, side), s.Within(4, 9)*(0.6+0.5*depth), wall)
}

// windows fill a wall.
func (s *scene) windows(wall Path, pitch float64, colour Ink) {
	dark, lit := shifted(colour, -0.22, 0.03), RGB(0xffe6a0)
	odds := map[hour]float64{day: 0.06, dusk: 0.35, night: 0.5}[s.hour]
	wide, high := s.Within(0.5, 0.75), s.Within(0.45, 0.7)
	panes := map[bool][]Path{} // by whether they are lit
	for y := wall[0].Y; y+pitch < min(wall[2].Y, side); y += pitch * 1.25 {
		for x := wall[0].X; x+pitch <= wall[2].X; x += pitch {
			on := s.Chance(odds)
			panes[on] = append(panes[on], Rect(x, y, x+pitch*wide, y+pitch*high*1.25))
		}
	}
	s.Fill(dark, panes[false]...)
	s.Fill(lit, panes[true]...)
}

// wires hang between poles.
func (s *scene) wires() {
	colour := s.outdoor(RGB(0x38343c))
	if s.hour == night {
		colour = RGB(0x05060c)
	}
	poles := []Point{
		Pt(s.Within(-80, 40), s.Within(20, 160)),
		Pt(s.Within(180, 330), s.Within(20, 160)),
		Pt(s.Within(480, 600), s.Within(20, 160)),
	}
	var wires []Path
	for k := range 3 + s.IntN(5) {
		offset := Pt(0, 9*float64(k))
		for i := range len(poles) - 1 {
			from, to := poles[i].Add(offset), poles[i+1].Add(offset)
			sag := s.Within(10, 40)
			at := func(t, sag float64) Point { return Between(from, to, t).Add(Pt(0, sag)) }
			wire := smooth(from, at(0.25, 0.75*sag), at(0.5, sag), at(0.75, 0.75*sag), to)
			wires = append(wires, Band(wire, Even(s.Within(0.7, 1.3))))
		}
	}
	for _, top := range poles {
		wires = append(wires, Segment(Pt(top.X, top.Y-14), Pt(top.X+1, side), 5, 8))
		for k := range 3 {
			y := top.Y - 4 + 14*float64(k)
			wires = append(wires, Segment(Pt(top.X-20, y), Pt(top.X+22, y), 2, 2))
			for _, x := range []float64{-17, -10, 11, 18} {
				wires = append(wires, Rect(top.X+x-1.2, y-5, top.X+x+1.2, y))
			}
		}
	}
	s.Fill(colour, wires...)
}

// shops are fronts with signs.
func (s *scene) shops() {
	s.All(s.outdoor(HCL(s.Within(40, 90), 0.05, 0.75)))
	s.bricks(s.outdoor(HCL(s.Within(20, 60), s.Within(0.05, 0.35), s.Within(0.45, 0.75))))
	for x := s.Within(-60, 0); x < side; {
		width := s.Within(90, 190)
		s.shop(x, width)
		x += width + s.Within(4, 24)
	}
	for range 1 + s.IntN(4) {
		s.hangingSign()
	}
}

func (s *scene) shop(x, width float64) {
	colour := s.outdoor(HCL(s.Within(0, 360), s.Within(0.2, 0.6), s.Within(0.35, 0.75)))
	rim := shifted(colour, -0.3, 0)
	top := s.Within(110, 190)
	sign := Rect(x, top, x+width, top+44)
	s.Outlined(colour, sign, s.pen*1.4, rim)
	s.sign(sign, rim, colour)
	glass := Rect(x+6, top+74, x+width-6, side)
	sheen := ramp(s.outdoor(RGB(0xcfe4ea)), s.outdoor(RGB(0x8fb0c0))).Linear(Pt(x, top), Pt(x+width, top+200))
	s.Outlined(sheen, glass, s.pen*2, rim)
	s.goods(glass, rim)
	for k := 1.0; k < 4; k++ {
		s.Stroke(rim, Path{Pt(x+width*k/4, top+74), Pt(x+width*k/4, side)}, Even(s.pen))
	}
	stripe := width / float64(6+s.IntN(8)) // of the awning
	for k, left := 0, x-3; left < x+width; k, left = k+1, left+stripe {
		at := func(across, down float64) Point { return Pt(left+stripe*across, top+down) }
		cloth := Path{at(0, 44), at(1, 44), at(1.05, 80), at(0.5, 88), at(0, 80)}
		s.Outlined([]Ink{colour, s.outdoor(white)}[k%2], cloth, s.pen*0.8, rim)
	}
}

// goods stand on shelves behind a window, with posters on it.
func (s *scene) goods(glass Path, rim Ink) {
	left, right := glass[0].X+3, glass[2].X-3
	pitch := s.Within(30, 50)
	for y := glass[0].Y + pitch; y < side; y += pitch {
		s.Stroke(rim, Path{Pt(left, y), Pt(right, y)}, Even(s.pen))
		for x := left + 4; x < right-12; {
			width, height := s.Within(6, 14), pitch*s.Within(0.35, 0.75)
			colour := s.outdoor(HCL(s.Within(0, 360), s.Within(0.1, 0.6), s.Within(0.4, 0.9)))
			thing := Rect(x, y-height, x+width, y-0.5)
			if s.Chance(0.4) { // A bottle.
				at := func(across, up float64) Point { return Pt(x+width*across, y-height*up) }
				thing = Path{
					at(0, 0.6), at(0.35, 0.75), at(0.35, 1), at(0.65, 1), at(0.65, 0.75), at(1, 0.6),
					Pt(x+width, y-0.5), Pt(x, y-0.5),
				}
			}
			s.Outlined(colour, thing, 0.6*s.pen, shifted(colour, -0.3, 0))
			s.Fill(white.Faded(0.8), Rect(x+1, y-height*0.4, x+width-1, y-height*0.2))
			x += width + s.Within(1, 8)
		}
	}
	if s.Chance(0.6) {
		at := Pt(s.Within(left, right-40), s.Within(glass[0].Y+20, 400))
		paper := Rect(at.X, at.Y, at.X+38, at.Y+54)
		s.Outlined(s.outdoor(RGB(0xfff6dc)), paper, s.pen, rim)
		s.centred(bold, Pt(at.X+19, at.Y+14), 32, 18, s.outdoor(RGB(0xc03040)), OneOf(s.Rand, offers...))
		s.column(Pt(at.X+8, at.Y+26), 6, 4, rim)
		s.column(Pt(at.X+22, at.Y+26), 6, 4, rim)
	}
}

// sign writes on a board, legibly.
func (s *scene) sign(board Path, dark, on Ink) {
	middle := Between(board[0], board[2], 0.5)
	width, height := board[2].X-board[0].X, board[2].Y-board[0].Y
	colour := lettersOn(on, dark, 150)
	if s.Chance(0.4) {
		size := height * 0.7
		n := int(width / size * 0.8)
		corner := middle.Add(Pt(-size*1.1*float64(n)/2, -size/2))
		s.Fill(colour, s.characters(corner, Pt(size*1.1, 0), n, size*0.95, size*0.1)...)
		return
	}
	face := OneOf(s.Rand, regular, bold, slanted, mono)
	s.centred(face, middle, width*0.86, height*0.8, colour, OneOf(s.Rand, shopNames...))
}

// hangingSign is narrow, with characters from top to bottom.
func (s *scene) hangingSign() {
	at := Pt(s.Within(0, side-40), s.Within(0, 140))
	size := s.Within(16, 34)
	n := 3 + s.IntN(4)
	board := Rect(at.X, at.Y, at.X+size*1.35, at.Y+size*1.08*float64(n)+size*0.3)
	colour := HCL(s.Within(0, 360), s.Within(0.1, 0.6), s.Within(0.3, 0.95))
	rim := shifted(colour, -0.35, 0)
	s.Outlined(colour, board, 2, rim)
	s.column(at.Add(Pt(size*0.17, size*0.15)), size, n, lettersOn(colour, rim, 150))
}

// bricks fill the illustration.
func (s *scene) bricks(colour Ink) {
	width, height := s.Within(18, 40), s.Within(8, 18)
	joint := shifted(colour, 0.14, -0.1)
	if s.Chance(0.4) {
		joint = shifted(colour, -0.2, 0)
	}
	s.All(joint)
	shades := make([][]Path, 4)
	gap := s.Within(0.8, 2)
	for row, y := 0, 0.0; y < side; row, y = row+1, y+height {
		for x := -width * float64(row%2) / 2; x < side; x += width {
			k := s.IntN(len(shades))
			shades[k] = append(shades[k], Rect(x+gap, y+gap, x+width-gap, y+height-gap))
		}
	}
	for k, bricks := range shades {
		s.Fill(shifted(colour, 0.04*float64(k)-0.06, 0), bricks...)
	}
}

// road leads to the horizon.
func (s *scene) road(horizon float64) {
	colour := s.outdoor(Grey(uint8(s.Within(110, 170))))
	far := Pt(s.Within(150, 360), horizon)
	ground := Path{far, far.Add(Pt(3, 0)), Pt(side+120, side), Pt(-120, side)}
	s.Fill(shaded(colour, 0.08, 0).Vertical(horizon, side), ground)
	stripe := s.outdoor(RGB(0xf4f2ea))
	for k := 1; k < 9; k++ {
		near, away := math.Pow(float64(k)/9, 2), math.Pow((float64(k)+0.5)/9, 2)
		centre := func(t float64) Point { return Between(far, Pt(side/2, side), t) }
		s.Fill(stripe, Segment(centre(near), centre(away), 9*near, 9*away))
	}
	for _, edge := range []float64{-100, side + 100} {
		s.Fill(stripe, Segment(far, Pt(edge, side), 0.5, 7))
	}
}
