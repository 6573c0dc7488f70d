// Package cielab measures colours in CIELAB, with L in [0, 100].
package cielab

import (
	"image/color"
	"slices"

	"github.com/lucasb-eyer/go-colorful"
)

// Of returns L, a and b of an opaque colour.
func Of(c color.RGBA) [3]float64 {
	l, a, b := colorful.Color{R: float64(c.R) / 255, G: float64(c.G) / 255, B: float64(c.B) / 255}.Lab()
	return [3]float64{100 * l, 100 * a, 100 * b}
}

// Median returns the median of each coordinate, which outlines and highlights do not move; black for no colours.
func Median[Colour ~[3]float64](colours []Colour) (middle Colour) {
	values := make([]float64, len(colours))
	for axis := range middle {
		for i, colour := range colours {
			values[i] = colour[axis]
		}
		slices.Sort(values)
		if len(values) > 0 {
			middle[axis] = values[len(values)/2]
		}
	}
	return middle
}
