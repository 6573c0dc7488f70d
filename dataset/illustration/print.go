package illustration

import "math"

// cover is that of a magazine: a person under large letters.
func (s *scene) cover() {
	s.drawOne(grounds[:3])
	masthead := func() {
		colour := hcl(s.within(0, 360), s.within(0, 0.7), s.within(0.3, 0.95))
		contours, length := lettering(oneOf(s, []typeface{bold, slanted}), 100, oneOf(s, magazines))
		fit := s.within(0.75, 0.95) * side / length
		for i := range contours {
			contours[i] = contours[i].turned(point{}, 0, fit)
		}
		at := point{(side - length*fit) / 2, 20 + 72*fit}
		s.writeOutlined(placed(contours, at, 0), vertical(20, at.y, shifted(colour, 0.1, 0), colour), s.within(3, 12), oneOf(s, []ink{white, black}))
	}
	behind := s.chance(0.5)
	if behind {
		masthead()
	}
	s.people()
	if !behind {
		masthead()
	}
	y := s.within(180, 260)
	for range 3 + s.IntN(4) {
		height := s.within(10, 30)
		contours, length := lettering(oneOf(s, []typeface{regular, bold, slanted, mono}), height, oneOf(s, coverLines))
		at := point{oneOf(s, []float64{14, side - 14 - length}), y + height}
		colour := oneOf(s, []ink{white, rgb(0xffe860), rgb(0xff5060), rgb(0x60d0ff), black})
		rim := black
		if luma(colour) < 120 {
			rim = white
		}
		s.writeOutlined(placed(contours, at, 0), flat(colour), height*0.14, rim)
		y += height * s.within(1.2, 2.5)
	}
	if s.chance(0.6) {
		s.barcode(point{oneOf(s, []float64{16, 410}), 454})
	}
}

func (s *scene) barcode(at point) {
	s.fill(flat(white), rect(at.x, at.y, at.x+84, at.y+44))
	var bars []path
	for x := at.x + 5; x < at.x+78; {
		width := float64(1+s.IntN(3)) * 0.8
		bars = append(bars, rect(x, at.y+4, x+width, at.y+32))
		x += width + float64(1+s.IntN(3))*0.8
	}
	s.fill(flat(black), bars...)
	s.write(mono, 9, point{at.x + 8, at.y + 41}, 0, "4 901234 56789", flat(black))
}

// dialogue is what a visual novel shows: a person, and words in a box.
func (s *scene) dialogue() {
	s.drawOne(grounds)
	size := s.within(430, 480)
	s.place(s.somebody(), side/2+s.within(-70, 70), side-1.13*size, size) // The mouth above the box.
	theme := hcl(s.within(0, 360), s.within(0.05, 0.5), s.within(0.2, 0.55))
	top := s.within(350, 390)
	box := rounded(rect(14, top, side-14, side-12), s.within(0, 18))
	s.fill(vertical(top, side, faded(theme, 0.88), faded(shifted(theme, -0.12, 0), 0.8)), box)
	s.line(box.closed(), even(s.within(1, 3)), shifted(theme, 0.4, 0))
	plate := rounded(rect(26, top-16, 138, top+14), 8)
	s.outlined(flat(shifted(theme, 0.1, 0.1)), plate, 1.4, white)
	s.write(bold, 18, point{44, top + 6}, 0, oneOf(s, names), flat(white))
	words := append(append([]string{}, oneOf(s, sentences)...), oneOf(s, sentences)...)
	height := s.within(15, 21)
	for i, line := range lines(words, int(840/height)) {
		y := top + 42 + height*1.4*float64(i)
		if y > side-22 {
			break
		}
		s.write(regular, height, point{36, y}, 0, line, flat(white))
	}
	for k, item := range []string{"SAVE", "LOAD", "LOG", "AUTO", "SKIP"} {
		s.write(regular, 9, point{300 + 40*float64(k), side - 18}, 0, item, flat(faded(white, 0.8)))
	}
	s.fill(flat(white), path{{side - 40, top + 10}, {side - 28, top + 10}, {side - 34, top + 18}})
}

// rounded cuts the corners of a rectangle.
func rounded(box path, radius float64) path {
	if radius < 1 {
		return box
	}
	var p path
	for i, corner := range box {
		inward := point{radius, radius}
		if corner.x > box[0].x {
			inward.x = -radius
		}
		if corner.y > box[0].y {
			inward.y = -radius
		}
		centre := corner.add(inward)
		for k := range 7 {
			p = append(p, centre.add(direction(math.Pi+math.Pi/2*(float64(i)+float64(k)/6)).mul(radius)))
		}
	}
	return p
}
