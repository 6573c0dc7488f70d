package illustration

import (
	"image"

	. "github.com/moelab/moelab/internal/vector"
)

// Draw paints the index-th illustration of the endless series of a seed, size × size opaque pixels, or none if size is
// below 1. It is the same picture at any size, except for details finer than a pixel. Many goroutines may call Draw at
// once.
func Draw(seed uint64, index, size int) *image.RGBA {
	const domain = 0x696c6c757374 // keeps these numbers apart from those of other series of one seed
	s := newScene(max(size, 0), NewRand(seed^domain, index))
	s.hour = hour(s.IntN(int(hours)))
	s.pen = s.Within(0.7, 1.5)
	if size > 0 {
		s.drawOne(compositions)
	}
	return s.Picture
}

// compositions are the kinds of illustration.
var compositions = []choice{
	{9, (*scene).portrait},
	{3, (*scene).landscape},
	{6, (*scene).mangaPage},
	{2, (*scene).comicPage},
	{2, (*scene).cover},
	{2, (*scene).dialogue},
}

// side is the height and width of an illustration in the units of a point: the lower right corner is at (512, 512).
const side = 512

// middle is the middle of an illustration.
var middle = Pt(side/2, side/2)

// scene is an illustration that is being drawn.
type scene struct {
	*Canvas
	Rand
	*view // the Canvas's View
	hour  hour
	pen   float64 // width of the lines of things
}

func newScene(size int, rng Rand) *scene {
	v := &view{scale: float64(size) / side}
	return &scene{Canvas: &Canvas{Picture: image.NewRGBA(image.Rect(0, 0, size, size)), View: v}, Rand: rng, view: v}
}

// view is a [View] of an illustration.
type view struct {
	origin Point   // what lies at pixel (0, 0)
	scale  float64 // pixels of a unit
}

func (v *view) Pixel(p Point) Point { return p.Sub(v.origin).Mul(v.scale) }

func (v *view) Centres(places []Point, x, y int) {
	at := func(pixel int) float64 { return (float64(pixel) + 0.5) / v.scale }
	for i := range places {
		places[i] = Point{X: at(x+i) + v.origin.X, Y: at(y) + v.origin.Y}
	}
}

// somewhere is a place in the illustration.
func (s *scene) somewhere() Point { return Pt(s.Within(0, side), s.Within(0, side)) }

// maybe draws something with a probability.
func (s *scene) maybe(p float64, draw func()) {
	if s.Chance(p) {
		draw()
	}
}

// hour decides the colours outdoors.
type hour int

const (
	day hour = iota
	dusk
	night
	hours
)

// choice is something to draw, and its odds among several.
type choice struct {
	odds int
	draw func(*scene)
}

// drawOne draws one of several by their odds.
func (s *scene) drawOne(from []choice) {
	total := 0
	for _, c := range from {
		total += c.odds
	}
	n := s.IntN(total)
	for _, c := range from {
		if n -= c.odds; n < 0 {
			c.draw(s)
			return
		}
	}
}
