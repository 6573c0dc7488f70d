package illustration

import (
	"fmt"
	"math"
	"sync"

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
			panic(fmt.Sprintf("illustration: a font of golang.org/x/image: %v", err)) // They are compiled in.
		}
		read = append(read, face)
	}
	return read
})

// lettering is the outlines of a line of text, of this height, whose baseline begins at (0, 0), and how long it is.
// A letter may be several contours, of which the inner ones go the other way round: paint them together.
func lettering(face typeface, height float64, text string) (contours []path, length float64) {
	var buffer sfnt.Buffer
	of := fonts()[face]
	units := fixed.I(1024) // Per height.
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

// outlines are the contours of a glyph, moved to the right.
func outlines(segments sfnt.Segments, scale, right float64) []path {
	const steps = 5 // Of a curve.
	var contours []path
	at := func(p fixed.Point26_6) point { return point{float64(p.X)*scale + right, float64(p.Y) * scale} }
	for _, s := range segments {
		if s.Op == sfnt.SegmentOpMoveTo {
			contours = append(contours, path{at(s.Args[0])})
			continue
		}
		current := &contours[len(contours)-1]
		start := (*current)[len(*current)-1]
		switch s.Op {
		case sfnt.SegmentOpLineTo:
			*current = append(*current, at(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			bend, end := at(s.Args[0]), at(s.Args[1])
			for k := 1; k <= steps; k++ {
				t := float64(k) / steps
				*current = append(*current, between(between(start, bend, t), between(bend, end, t), t))
			}
		case sfnt.SegmentOpCubeTo: // The fonts above have none.
			*current = append(*current, at(s.Args[2]))
		}
	}
	return contours
}

// placed moves and turns lettering.
func placed(contours []path, to point, angle float64) []path {
	made := make([]path, len(contours))
	for i, p := range contours {
		made[i] = p.turned(point{}, angle, 1).moved(to)
	}
	return made
}

// write writes a line whose baseline begins at a place.
func (c *canvas) write(face typeface, height float64, at point, angle float64, text string, with paint) {
	contours, _ := lettering(face, height, text)
	c.fill(with, placed(contours, at, angle)...)
}

// writeOutlined writes with a line round each letter.
func (c *canvas) writeOutlined(contours []path, with paint, width float64, rim ink) {
	round := make([]path, 0, len(contours))
	for _, p := range contours {
		round = append(round, band(p.closed(), even(width)))
	}
	// One by one: the bands of inner contours would cancel those of outer ones.
	for _, p := range round {
		c.fill(flat(rim), p)
	}
	c.fill(with, contours...)
}

// character is a made-up character of an East Asian script in a square: strokes across and down, dots and sweeps.
func (s *scene) character(corner point, size, weight float64) []path {
	var strokes []path
	at := func(x, y float64) point { return point{corner.x + x*size, corner.y + y*size} }
	add := func(from, to point) { strokes = append(strokes, segment(from, to, weight, weight*0.8)) }
	left, right := s.within(0.06, 0.2), s.within(0.8, 0.94)
	if s.chance(0.35) { // A radical on the left.
		x := s.within(0.14, 0.24)
		add(at(x, 0.05), at(x, 0.95))
		add(at(0.02, s.within(0.25, 0.4)), at(x+0.12, s.within(0.25, 0.35)))
		add(at(x, 0.5), at(0.02, 0.75))
		left = x + 0.18
	}
	rows := 1 + s.IntN(4)
	for row := range rows {
		y := 0.1 + 0.8*(float64(row)+s.within(0.2, 0.8))/float64(rows)
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
	if s.chance(0.5) {
		add(at(s.within(0.4, 0.6), 0), at(s.within(0.45, 0.65), 0.1))
	}
	return strokes
}

// column writes made-up characters from top to bottom, as in Japanese.
func (s *scene) column(top point, size float64, n int, colour ink) {
	var strokes []path
	weight := max(size*s.within(0.07, 0.11), 0.9)
	for i := range n {
		strokes = append(strokes, s.character(point{top.x, top.y + float64(i)*size*1.08}, size, weight)...)
	}
	s.fill(flat(colour), strokes...)
}

// lines breaks words into lines of at most so many letters.
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

// centred writes lines in the middle of a place, as high as they fit.
func (c *canvas) centred(face typeface, middle point, width, height float64, text []string, colour ink) {
	longest := 0.0
	for _, line := range text {
		_, length := lettering(face, 1, line)
		longest = math.Max(longest, length)
	}
	const leading = 1.12
	letter := min(width/longest, height/(leading*float64(len(text))))
	for i, line := range text {
		contours, length := lettering(face, letter, line)
		y := middle.y + letter*(0.36+leading*(float64(i)-float64(len(text)-1)/2))
		c.fill(flat(colour), placed(contours, point{middle.x - length/2, y}, 0)...)
	}
}
