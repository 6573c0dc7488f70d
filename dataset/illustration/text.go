package illustration

import (
	"fmt"
	"sync"

	. "github.com/moelab/moelab/internal/vector"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// typeface is an index into the fonts.
type typeface int

const (
	regular typeface = iota
	bold
	slanted
	mono
)

// fonts are read once. Reading glyphs does not change them.
var fonts = sync.OnceValue(func() []*sfnt.Font {
	var read []*sfnt.Font
	for _, data := range [][]byte{goregular.TTF, gobold.TTF, gobolditalic.TTF, gomonobold.TTF} {
		face, err := sfnt.Parse(data)
		if err != nil {
			panic(fmt.Sprintf("illustration: a font of golang.org/x/image: %v", err)) // they are compiled in
		}
		read = append(read, face)
	}
	return read
})

// lettering is the outlines of a line of text of a height, whose baseline begins at (0, 0), and its length. A letter
// may have several contours, of which the inner ones go the other way round: paint them together.
func lettering(face typeface, height float64, text string) (contours []Path, length float64) {
	var buffer sfnt.Buffer
	of := fonts()[face]
	units := fixed.I(1024) // per height
	scale := height / 1024 / 64
	for _, letter := range text {
		glyph, err := of.GlyphIndex(&buffer, letter)
		if err != nil {
			continue
		}
		segments, err := of.LoadGlyph(&buffer, glyph, units, nil)
		if err != nil {
			continue
		}
		contours = append(contours, outlines(segments, scale, length)...)
		if advance, err := of.GlyphAdvance(&buffer, glyph, units, font.HintingNone); err == nil {
			length += float64(advance) * scale
		}
	}
	return contours, length
}

// outlines are the contours of a glyph that begins at x = right.
func outlines(segments sfnt.Segments, scale, right float64) []Path {
	const steps = 5 // of a curve
	var contours []Path
	at := func(p fixed.Point26_6) Point { return Pt(float64(p.X)*scale+right, float64(p.Y)*scale) }
	for _, s := range segments {
		if s.Op == sfnt.SegmentOpMoveTo {
			contours = append(contours, nil)
		}
		current := &contours[len(contours)-1]
		if s.Op != sfnt.SegmentOpQuadTo { // The fonts above have no cubic curves.
			*current = append(*current, at(s.Args[0]))
			continue
		}
		start := (*current)[len(*current)-1]
		for k := 1; k <= steps; k++ {
			*current = append(*current, Bezier(start, at(s.Args[0]), at(s.Args[1]), float64(k)/steps))
		}
	}
	return contours
}

// placed scales, turns and moves lettering.
func placed(contours []Path, to Point, angle, scale float64) []Path {
	return several(len(contours), func(k int) Path { return contours[k].Turned(Point{}, angle, scale).Moved(to) })
}

// write writes a line of text whose baseline begins at a place.
func (s *scene) write(face typeface, height float64, at Point, angle float64, text string, with Paint) {
	contours, _ := lettering(face, height, text)
	s.Fill(with, placed(contours, at, angle, 1)...)
}

// writeOutlined paints lettering with a line round each letter.
func (s *scene) writeOutlined(contours []Path, with Paint, width float64, rim Ink) {
	for _, p := range contours { // One by one: together, the lines of inner contours would cancel those of outer ones.
		s.Stroke(rim, p.Closed(), Even(width))
	}
	s.Fill(with, contours...)
}

// character is a made-up character of an East Asian script in a square: strokes across and down, dots and sweeps.
func (s *scene) character(corner Point, size, weight float64) []Path {
	var strokes []Path
	at := func(x, y float64) Point { return Pt(corner.X+x*size, corner.Y+y*size) }
	add := func(from, to Point) { strokes = append(strokes, Segment(from, to, weight, weight*0.8)) }
	left, right := s.Within(0.06, 0.2), s.Within(0.8, 0.94)
	if s.Chance(0.35) { // A radical on the left.
		x := s.Within(0.14, 0.24)
		add(at(x, 0.05), at(x, 0.95))
		add(at(0.02, s.Within(0.25, 0.4)), at(x+0.12, s.Within(0.25, 0.35)))
		add(at(x, 0.5), at(0.02, 0.75))
		left = x + 0.18
	}
	rows := 1 + s.IntN(4)
	for row := range rows {
		y := 0.1 + 0.8*(float64(row)+s.Within(0.2, 0.8))/float64(rows)
		add(at(left, y), at(right, y-0.02))
	}
	switch middle := (left + right) / 2; s.IntN(4) {
	case 0:
		add(at(middle, 0.03), at(middle, 0.97))
	case 1:
		add(at(left+0.08, 0.15), at(left+0.08, 0.9))
		add(at(right-0.08, 0.15), at(right-0.08, 0.9))
	case 2:
		add(at(middle, 0.35), at(left, 0.95))
		add(at(middle, 0.4), at(right, 0.95))
	default:
		add(at(middle, 0.03), at(middle-0.05, 0.5))
		add(at(middle-0.05, 0.5), at(left, 0.92))
		add(at(right-0.12, 0.6), at(right, 0.8))
	}
	if s.Chance(0.5) {
		add(at(s.Within(0.4, 0.6), 0), at(s.Within(0.45, 0.65), 0.1))
	}
	return strokes
}

// characters are n made-up characters, each a step from the one before.
func (s *scene) characters(corner, step Point, n int, size, weight float64) (strokes []Path) {
	for k := range n {
		strokes = append(strokes, s.character(corner.Add(step.Mul(float64(k))), size, weight)...)
	}
	return strokes
}

// column writes made-up characters from top to bottom.
func (s *scene) column(top Point, size float64, n int, colour Ink) {
	weight := max(size*s.Within(0.07, 0.11), 0.9)
	s.Fill(colour, s.characters(top, Pt(0, size*1.08), n, size, weight)...)
}

// lines breaks words into lines of at most a number of bytes, or a single word.
func lines(words []string, most int) []string {
	var made []string
	for _, word := range words {
		if n := len(made); n > 0 && len(made[n-1])+1+len(word) <= most {
			made[n-1] += " " + word
		} else {
			made = append(made, word)
		}
	}
	return made
}

// centred writes lines of text around a place, as high as fits in a width and a height.
func (s *scene) centred(face typeface, at Point, width, height float64, colour Ink, text ...string) {
	longest := 0.0
	for _, line := range text {
		_, length := lettering(face, 1, line)
		longest = max(longest, length)
	}
	const leading = 1.12
	letter := min(width/longest, height/(leading*float64(len(text))))
	for i, line := range text {
		contours, length := lettering(face, letter, line)
		y := at.Y + letter*(0.36+leading*(float64(i)-float64(len(text)-1)/2))
		s.Fill(colour, placed(contours, Pt(at.X-length/2, y), 0, 1)...)
	}
}
