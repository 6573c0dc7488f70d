package portrait

import (
	"fmt"
	"image"
	"math"
	"slices"

	. "github.com/moelab/moelab/internal/vector"
)

// TwoTone is how a second colour lies in the hair: an index into the table of such patterns. Zero is one colour.
type TwoTone int

// twoTone is a pattern: how much of the second colour the hair has at a place of the head, from 0 to 1. The first
// colour keeps the larger part.
type twoTone struct {
	name   string
	second func(p Point) float64
}

var twoTones = [...]twoTone{
	{"one colour", nil},
	{"split", func(p Point) float64 { return step(p.X - 0.08) }},
	{"streaks", func(p Point) float64 {
		return max(step(0.032-math.Abs(p.X+0.095-0.25*(p.Y-0.2))), step(0.03-math.Abs(p.X-0.15)))
	}},
	{"tips", func(p Point) float64 { return min(max((p.Y-0.66)/0.10, 0), 1) }},
}

// step is 0 below zero and 1 above, with an edge as soft as a line is thin.
func step(v float64) float64 { return min(max(0.5+v/0.006, 0), 1) }

// String returns the lower-case name of the pattern, such as "split".
func (t TwoTone) String() string {
	if t < 0 || int(t) >= len(twoTones) {
		return fmt.Sprintf("TwoTone(%d)", int(t))
	}
	return twoTones[t].name
}

// twoToned paints the person of p over a picture twice, with either colour of the hair, and joins both: only the hair
// differs.
func (p Params) twoToned(picture *image.RGBA, corner Point, size float64) {
	other := &image.RGBA{Pix: slices.Clone(picture.Pix), Stride: picture.Stride, Rect: picture.Rect}
	first := p.artist(picture, corner, size)
	first.person()
	q := p
	q.Hair = p.SecondHair
	q.artist(other, corner, size).person()
	pattern := choose(twoTones[:], int(p.TwoTone))
	side := -first.side() // A side ponytail keeps the first colour.
	places := make([]Point, picture.Rect.Dx())
	for y := picture.Rect.Min.Y; y < picture.Rect.Max.Y; y++ {
		first.head.Centres(places, picture.Rect.Min.X, y)
		for i, place := range places {
			at := picture.PixOffset(picture.Rect.Min.X+i, y)
			t := pattern.second(Pt(place.X*side, place.Y))
			for k := at; k < at+3; k++ {
				a, b := float64(picture.Pix[k]), float64(other.Pix[k])
				picture.Pix[k] = uint8(math.Round(a + (b-a)*t))
			}
		}
	}
}
