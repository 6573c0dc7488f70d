package dataset

import (
	"image"
	"image/color"

	"github.com/moelab/moelab/internal/vector"
)

// clutter is what other artists draw around eyes and over them, and what does not move with the lids: locks of hair,
// brows, and lines. It is the same in all frames of a video.
type clutter []func(*vector.Canvas)

// newClutter makes random clutter for a cut-out of an eye, none in every third video. Half of it has a colour of the
// eye: hair often has, and must not be taken for a part of it.
func newClutter(seed uint64, index int, eye *image.RGBA) (made clutter) {
	r := vector.NewRand(seed, index)
	if r.Chance(0.33) {
		return nil
	}
	hair := vector.HCL(r.Within(0, 360), r.Within(0, 0.5), r.Within(0.08, 0.9))
	if size := eye.Rect.Dx(); r.Chance(0.5) {
		at := func() int { return int(r.Within(0.35, 0.65) * float64(size)) }
		hair = vector.Ink(color.NRGBAModel.Convert(eye.RGBAAt(at(), at())).(color.NRGBA))
	}
	line := vector.Mix(hair, vector.RGB(0x100c10), r.Within(0.2, 1))
	thick := r.Within(0, 0.03)
	for range r.IntN(6) {
		lock := vector.Band(arc(r, fromBorder(r), r.Within(0.2, 0.9)), vector.TaperEnd(r.Within(0.02, 0.3)))
		shade := vector.Mix(hair, line, vector.OneOf(r, 0, r.Within(0, 0.5)))
		made = append(made, func(c *vector.Canvas) { c.Outlined(shade, lock, thick, line) })
	}
	for range r.IntN(3) { // Strands, rims, the edge of a shadow.
		strand, width := arc(r, fromBorder(r), r.Within(0.3, 1.3)), vector.TaperEnd(r.Within(0.01, 0.04))
		made = append(made, func(c *vector.Canvas) { c.Stroke(line, strand, width) })
	}
	if r.Chance(0.4) {
		from := vector.Pt(r.Within(-0.1, 0.5), r.Within(0, 0.3))
		brow := bent(r, from, from.Add(vector.Pt(r.Within(0.2, 0.7), r.Stray(0.12))))
		width := vector.TaperBoth(r.Within(0.015, 0.09))
		made = append(made, func(c *vector.Canvas) { c.Stroke(line, brow, width) })
	}
	return made
}

// fromBorder returns a point a little outside the unit square: above it, or beside its upper part.
func fromBorder(r vector.Rand) vector.Point {
	return vector.OneOf(r,
		vector.Pt(r.Within(-0.1, 1.1), -0.15), vector.Pt(-0.15, r.Within(-0.1, 0.6)), vector.Pt(1.15, r.Within(-0.1, 0.6)))
}

// arc returns a line of some length from a point, more down than up.
func arc(r vector.Rand, from vector.Point, length float64) vector.Path {
	to := vector.Pt(0.5+r.Stray(0.6), r.Within(0.2, 1.2)).Sub(from)
	return bent(r, from, from.Add(to.Mul(length)))
}

// bent returns a bent line between two points.
func bent(r vector.Rand, from, to vector.Point) (path vector.Path) {
	middle := vector.Between(from, to, 0.5).Add(vector.Pt(r.Stray(0.12), r.Stray(0.12)))
	const n = 12
	for i := range n + 1 {
		path = append(path, vector.Bezier(from, middle, to, float64(i)/n))
	}
	return path
}

// draw draws the clutter on a square picture.
func (c clutter) draw(picture *image.RGBA) {
	canvas := vector.Canvas{Picture: picture, View: square(picture.Rect.Dx())}
	for _, shape := range c {
		shape(&canvas)
	}
}

// square is the view of a unit square that fills a picture of so many pixels.
type square int

// Pixel scales.
func (s square) Pixel(p vector.Point) vector.Point { return p.Mul(float64(s)) }

// Centres scales back.
func (s square) Centres(places []vector.Point, x, y int) {
	for i := range places {
		places[i] = vector.Pt(float64(x+i)+0.5, float64(y)+0.5).Mul(1 / float64(s))
	}
}
