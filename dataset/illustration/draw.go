package illustration

import (
	"image"
	"math/rand/v2"
)

// Draw paints the index-th illustration of the endless series of a seed, size × size opaque pixels, or none if size is
// below 1. At any size it is the same picture, but for what is finer than a pixel. It may be called by many goroutines at once.
func Draw(seed uint64, index, size int) *image.RGBA {
	const domain = 0x696c6c757374 // Keeps these numbers apart from those of other series of one seed.
	s := &scene{canvas: newCanvas(max(size, 0)), Rand: rand.New(rand.NewPCG(seed^domain, uint64(index)))}
	s.hour = hour(s.IntN(int(hours)))
	s.pen = s.within(0.7, 1.5)
	if size > 0 {
		s.drawOne(compositions)
	}
	return s.img
}

// scene is an illustration that is being drawn.
type scene struct {
	*canvas
	*rand.Rand
	hour hour
	pen  float64 // width of the lines of things
}

// hour decides the colours of what lies outdoors.
type hour int

const (
	day hour = iota
	dusk
	night
	hours
)

// choice is something to draw, and how often beside the others.
type choice struct {
	odds int
	draw func(*scene)
}

// The kinds of illustration.
var compositions = []choice{
	{9, (*scene).portrait},
	{3, (*scene).landscape},
	{6, (*scene).mangaPage},
	{2, (*scene).comicPage},
	{2, (*scene).cover},
	{2, (*scene).dialogue},
}

// drawOne chooses by the odds.
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

func (s *scene) within(low, high float64) float64 { return low + (high-low)*s.Float64() }

func (s *scene) chance(p float64) bool { return s.Float64() < p }

// somewhere is a place in the illustration.
func (s *scene) somewhere() point { return point{s.within(0, side), s.within(0, side)} }

func oneOf[T any](s *scene, from []T) T { return from[s.IntN(len(from))] }
