package illustration

import (
	"strings"

	. "github.com/moelab/moelab/internal/vector"
)

// cover is the cover of a magazine: a person under large letters.
func (s *scene) cover() {
	s.drawOne(grounds[:3])
	masthead := func() {
		colour := HCL(s.Within(0, 360), s.Within(0, 0.7), s.Within(0.3, 0.95))
		contours, length := lettering(OneOf(s.Rand, bold, slanted), 100, OneOf(s.Rand, magazines...))
		fit := s.Within(0.75, 0.95) * side / length
		at := Pt((side-length*fit)/2, 20+72*fit)
		paint, width := shaded(colour, 0.1, 0).Vertical(20, at.Y), s.Within(3, 12)
		s.writeOutlined(placed(contours, at, 0, fit), paint, width, OneOf(s.Rand, white, black))
	}
	behind := s.Chance(0.5)
	if behind {
		masthead()
	}
	s.people()
	if !behind {
		masthead()
	}
	y := s.Within(180, 260)
	for range 3 + s.IntN(4) {
		height := s.Within(10, 30)
		contours, length := lettering(OneOf(s.Rand, regular, bold, slanted, mono), height, OneOf(s.Rand, coverLines...))
		at := Pt(OneOf(s.Rand, 14, side-14-length), y+height)
		colour := OneOf(s.Rand, white, RGB(0xffe860), RGB(0xff5060), RGB(0x60d0ff), black)
		s.writeOutlined(placed(contours, at, 0, 1), colour, height*0.14, lettersOn(colour, black, 120))
		y += height * s.Within(1.2, 2.5)
	}
	s.maybe(0.6, func() { s.barcode(Pt(OneOf(s.Rand, 16.0, 410), 454)) })
}

func (s *scene) barcode(at Point) {
	s.Fill(white, Rect(at.X, at.Y, at.X+84, at.Y+44))
	var bars []Path
	for x := at.X + 5; x < at.X+78; {
		width := float64(1+s.IntN(3)) * 0.8
		bars = append(bars, Rect(x, at.Y+4, x+width, at.Y+32))
		x += width + float64(1+s.IntN(3))*0.8
	}
	s.Fill(black, bars...)
	s.write(mono, 9, Pt(at.X+8, at.Y+41), 0, "4 901234 56789", black)
}

// dialogue is the screen of a visual novel: a person, and words in a box.
func (s *scene) dialogue() {
	s.drawOne(grounds)
	size := s.Within(430, 480)
	s.place(s.somebody(), side/2+s.Within(-70, 70), side-1.13*size, size) // the mouth above the box
	theme := HCL(s.Within(0, 360), s.Within(0.05, 0.5), s.Within(0.2, 0.55))
	top := s.Within(350, 390)
	box := rounded(Rect(14, top, side-14, side-12), s.Within(0, 18))
	s.Fill(ramp(theme.Faded(0.88), shifted(theme, -0.12, 0).Faded(0.8)).Vertical(top, side), box)
	s.Stroke(shifted(theme, 0.4, 0), box.Closed(), Even(s.Within(1, 3)))
	plate := rounded(Rect(26, top-16, 138, top+14), 8)
	s.Outlined(shifted(theme, 0.1, 0.1), plate, 1.4, white)
	s.write(bold, 18, Pt(44, top+6), 0, OneOf(s.Rand, names...), white)
	words := strings.Fields(OneOf(s.Rand, sentences...) + " " + OneOf(s.Rand, sentences...))
	height := s.Within(15, 21)
	for i, line := range lines(words, int(840/height)) {
		y := top + 42 + height*1.4*float64(i)
		if y > side-22 {
			break
		}
		s.write(regular, height, Pt(36, y), 0, line, white)
	}
	for k, item := range []string{"SAVE", "LOAD", "LOG", "AUTO", "SKIP"} {
		s.write(regular, 9, Pt(300+40*float64(k), side-18), 0, item, white.Faded(0.8))
	}
	s.Fill(white, Path{Pt(side-40, top+10), Pt(side-28, top+10), Pt(side-34, top+18)})
}
