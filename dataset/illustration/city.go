package illustration

import "math"

// skyline is rows of houses, paler the farther.
func (s *scene) skyline(horizon float64) {
	lit := s.outdoor(hcl(s.within(0, 360), 0.06, s.within(0.55, 0.85)))
	haze := s.outdoor(hcl(240, 0.1, 0.85))
	const rows = 3
	for row := range rows {
		depth := float64(row+1) / rows
		colour := mix(haze, lit, depth)
		for x := s.within(-30, 0); x < side; {
			width := s.within(16, 44) * (0.6 + depth)
			s.house(x, horizon+20*float64(row)-s.within(30, 190)*(0.4+0.6*s.Float64()), width, shifted(colour, s.within(-0.07, 0.07), 0), depth)
			x += width + s.within(-3, 8)
		}
	}
}

// house has a grid of windows, and things on its roof.
func (s *scene) house(x, top, width float64, wall ink, depth float64) {
	rim := shifted(wall, -0.28, 0)
	front := rect(x, top, x+width, side)
	s.fill(linear(point{x, 0}, point{x + width, 0}, wall, shifted(wall, -0.07, 0)), front)
	s.line(front.closed(), even(s.pen*(0.4+0.5*depth)), rim)
	if s.chance(0.5) { // What is on the roof.
		middle := x + width*s.within(0.2, 0.8)
		mast := s.within(10, 36)
		antenna := []path{segment(point{middle, top}, point{middle, top - mast}, 1.2, 0.8)}
		for k := range s.IntN(5) {
			y := top - mast + 4*float64(k)
			antenna = append(antenna, segment(point{middle - 5, y}, point{middle + 5, y}, 0.8, 0.8))
		}
		s.fill(flat(rim), antenna...)
	} else if s.chance(0.5) {
		s.outlined(flat(shifted(wall, -0.1, 0)), rect(x+width*0.2, top-9, x+width*0.6, top), s.pen*0.7, rim)
	}
	s.windows(rect(x+2.5, top+5, x+width-2.5, side), s.within(4, 9)*(0.6+0.5*depth), wall)
}

// windows fill a wall.
func (s *scene) windows(wall path, pitch float64, colour ink) {
	dark, lit := shifted(colour, -0.22, 0.03), rgb(0xffe6a0)
	odds := map[hour]float64{day: 0.06, dusk: 0.35, night: 0.5}[s.hour]
	wide, high := s.within(0.5, 0.75), s.within(0.45, 0.7)
	var off, on []path
	for y := wall[0].y; y+pitch < min(wall[2].y, side); y += pitch * 1.25 {
		for x := wall[0].x; x+pitch <= wall[2].x; x += pitch {
			pane := rect(x, y, x+pitch*wide, y+pitch*high*1.25)
			if s.chance(odds) {
				on = append(on, pane)
			} else {
				off = append(off, pane)
			}
		}
	}
	s.fill(flat(dark), off...)
	s.fill(flat(lit), on...)
}

// wires hang between poles.
func (s *scene) wires() {
	colour := s.outdoor(rgb(0x38343c))
	if s.hour == night {
		colour = rgb(0x05060c)
	}
	poles := []point{{s.within(-80, 40), s.within(20, 160)}, {s.within(180, 330), s.within(20, 160)}, {s.within(480, 600), s.within(20, 160)}}
	var wires []path
	for k := range 3 + s.IntN(5) {
		offset := point{0, 9 * float64(k)}
		for i := range len(poles) - 1 {
			from, to := poles[i].add(offset), poles[i+1].add(offset)
			sag := point{0, s.within(10, 40)}
			wires = append(wires, band(smooth(from, between(from, to, 0.25).add(sag.mul(0.75)), between(from, to, 0.5).add(sag), between(from, to, 0.75).add(sag.mul(0.75)), to), even(s.within(0.7, 1.3))))
		}
	}
	for _, top := range poles {
		wires = append(wires, segment(point{top.x, top.y - 14}, point{top.x + 1, side}, 5, 8))
		for k := range 3 {
			y := top.y - 4 + 14*float64(k)
			wires = append(wires, segment(point{top.x - 20, y}, point{top.x + 22, y}, 2, 2))
			for _, x := range []float64{-17, -10, 11, 18} {
				wires = append(wires, rect(top.x+x-1.2, y-5, top.x+x+1.2, y))
			}
		}
	}
	s.fill(flat(colour), wires...)
}

// shops are fronts with signs.
func (s *scene) shops() {
	s.all(flat(s.outdoor(hcl(s.within(40, 90), 0.05, 0.75))))
	s.bricks(s.outdoor(hcl(s.within(20, 60), s.within(0.05, 0.35), s.within(0.45, 0.75))))
	for x := s.within(-60, 0); x < side; {
		width := s.within(90, 190)
		s.shop(x, width)
		x += width + s.within(4, 24)
	}
	for range 1 + s.IntN(4) {
		s.hangingSign()
	}
}

func (s *scene) shop(x, width float64) {
	colour := s.outdoor(hcl(s.within(0, 360), s.within(0.2, 0.6), s.within(0.35, 0.75)))
	rim := shifted(colour, -0.3, 0)
	top := s.within(110, 190)
	sign := rect(x, top, x+width, top+44)
	s.outlined(flat(colour), sign, s.pen*1.4, rim)
	s.sign(sign, rim, colour)
	glass := rect(x+6, top+74, x+width-6, side)
	s.outlined(linear(point{x, top}, point{x + width, top + 200}, s.outdoor(rgb(0xcfe4ea)), s.outdoor(rgb(0x8fb0c0))), glass, s.pen*2, rim)
	s.goods(glass, rim)
	for k := 1.0; k < 4; k++ {
		s.stroke(path{{x + width*k/4, top + 74}, {x + width*k/4, side}}, rim)
	}
	// An awning with stripes.
	stripe := width / float64(6+s.IntN(8))
	for k, left := 0, x-3; left < x+width; k, left = k+1, left+stripe {
		cloth := path{{left, top + 44}, {left + stripe, top + 44}, {left + stripe*1.05, top + 80}, {left + stripe*0.5, top + 88}, {left, top + 80}}
		s.outlined(flat([]ink{colour, s.outdoor(white)}[k%2]), cloth, s.pen*0.8, rim)
	}
}

// goods stand on shelves behind a window, with posters on it.
func (s *scene) goods(glass path, rim ink) {
	left, right := glass[0].x+3, glass[2].x-3
	pitch := s.within(30, 50)
	for y := glass[0].y + pitch; y < side; y += pitch {
		s.stroke(path{{left, y}, {right, y}}, rim)
		for x := left + 4; x < right-12; {
			width, height := s.within(6, 14), pitch*s.within(0.35, 0.75)
			colour := s.outdoor(hcl(s.within(0, 360), s.within(0.1, 0.6), s.within(0.4, 0.9)))
			thing := rect(x, y-height, x+width, y-0.5)
			if s.chance(0.4) { // A bottle.
				thing = path{{x, y - height*0.6}, {x + width*0.35, y - height*0.75}, {x + width*0.35, y - height}, {x + width*0.65, y - height}, {x + width*0.65, y - height*0.75}, {x + width, y - height*0.6}, {x + width, y - 0.5}, {x, y - 0.5}}
			}
			s.outlined(flat(colour), thing, 0.6*s.pen, shifted(colour, -0.3, 0))
			s.fill(flat(faded(white, 0.8)), rect(x+1, y-height*0.4, x+width-1, y-height*0.2))
			x += width + s.within(1, 8)
		}
	}
	if s.chance(0.6) {
		at := point{s.within(left, right-40), s.within(glass[0].y+20, 400)}
		paper := rect(at.x, at.y, at.x+38, at.y+54)
		s.outlined(flat(s.outdoor(rgb(0xfff6dc))), paper, s.pen, rim)
		s.centred(bold, point{at.x + 19, at.y + 14}, 32, 18, []string{oneOf(s, []string{"SALE", "NEW", "50%", "Tea", "Live!"})}, s.outdoor(rgb(0xc03040)))
		s.column(point{at.x + 8, at.y + 26}, 6, 4, rim)
		s.column(point{at.x + 22, at.y + 26}, 6, 4, rim)
	}
}

// sign letters a board, so that it can be read.
func (s *scene) sign(board path, dark, on ink) {
	middle := between(board[0], board[2], 0.5)
	width, height := board[2].x-board[0].x, board[2].y-board[0].y
	colour := white
	if luma(on) > 150 {
		colour = dark
	}
	if s.chance(0.4) {
		size := height * 0.7
		n := int(width / size * 0.8)
		var strokes []path
		for k := range n {
			corner := point{middle.x + size*1.1*(float64(k)-float64(n)/2), middle.y - size/2}
			strokes = append(strokes, s.character(corner, size*0.95, size*0.1)...)
		}
		s.fill(flat(colour), strokes...)
		return
	}
	s.centred(oneOf(s, []typeface{regular, bold, slanted, mono}), middle, width*0.86, height*0.8, []string{oneOf(s, shopNames)}, colour)
}

// luma is how light a colour is, of 255.
func luma(c ink) float64 { return 0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B) }

// hangingSign is narrow, with characters from top to bottom.
func (s *scene) hangingSign() {
	at := point{s.within(0, side-40), s.within(0, 140)}
	size := s.within(16, 34)
	n := 3 + s.IntN(4)
	board := rect(at.x, at.y, at.x+size*1.35, at.y+size*1.08*float64(n)+size*0.3)
	colour := hcl(s.within(0, 360), s.within(0.1, 0.6), s.within(0.3, 0.95))
	rim := shifted(colour, -0.35, 0)
	s.outlined(flat(colour), board, 2, rim)
	letters := white
	if luma(colour) > 150 {
		letters = rim
	}
	s.column(at.add(point{size * 0.17, size * 0.15}), size, n, letters)
}

// bricks fill all.
func (s *scene) bricks(colour ink) {
	width, height := s.within(18, 40), s.within(8, 18)
	joint := shifted(colour, 0.14, -0.1)
	if s.chance(0.4) {
		joint = shifted(colour, -0.2, 0)
	}
	s.all(flat(joint))
	shades := make([][]path, 4)
	gap := s.within(0.8, 2)
	for row, y := 0, 0.0; y < side; row, y = row+1, y+height {
		for x := -width * float64(row%2) / 2; x < side; x += width {
			k := s.IntN(len(shades))
			shades[k] = append(shades[k], rect(x+gap, y+gap, x+width-gap, y+height-gap))
		}
	}
	for k, bricks := range shades {
		s.fill(flat(shifted(colour, 0.04*float64(k)-0.06, 0)), bricks...)
	}
}

// road leads to the horizon.
func (s *scene) road(horizon float64) {
	colour := s.outdoor(grey(uint8(s.within(110, 170))))
	far := point{s.within(150, 360), horizon}
	s.fill(vertical(horizon, side, shifted(colour, 0.08, 0), colour), path{far, far.add(point{3, 0}), {side + 120, side}, {-120, side}})
	stripe := s.outdoor(rgb(0xf4f2ea))
	for k := 1; k < 9; k++ {
		near, away := math.Pow(float64(k)/9, 2), math.Pow((float64(k)+0.5)/9, 2)
		centre := func(t float64) point { return between(far, point{side / 2, side}, t) }
		s.fill(flat(stripe), segment(centre(near), centre(away), 9*near, 9*away))
	}
	for _, edge := range []float64{-100, side + 100} {
		s.fill(flat(stripe), segment(far, point{edge, side}, 0.5, 7))
	}
}
