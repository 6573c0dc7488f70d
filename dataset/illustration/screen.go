package illustration

import (
	"image"
	"slices"

	. "github.com/moelab/moelab/internal/vector"
)

// screen prints greys as dots.
type screen struct {
	period, angle float64 // of the dots; the period is in pixels
	reach         int     // half the width of lines, in pixels
}

// print makes a picture black and white: dark areas are ink, light ones paper, and those between are dots. Lines, which
// are darker than their surroundings, are ink too: dots would break them up.
func (sc screen) print(picture *image.RGBA) {
	const ink, solid, paper = 0.40 * 255, 0.48 * 255, 0.93 * 255
	const faint, clear = 0.13 * 255, 0.22 * 255 // how much darker lines are
	light := lightness(picture)
	width := picture.Rect.Dx()
	beside := brightest(light, width, sc.reach)
	axis := Direction(sc.angle).Mul(1 / sc.period)
	for i, l := range light {
		x, y := i%width, i/width
		value := 1.0
		if level := float64(l); level < paper {
			at := Pt(float64(x+picture.Rect.Min.X), float64(y+picture.Rect.Min.Y))
			dots := dotCover(at.TurnedBack(axis), 0.6*(paper-level)/(paper-solid), sc.period)
			drawn := (float64(beside[i]) - level - faint) / (clear - faint)
			value = (1 - dots) * min(max((level-ink)/(solid-ink), 0), 1) * (1 - min(max(drawn, 0), 1))
		}
		shade := uint8(20 + 235*value)
		pixel := picture.Pix[y*picture.Stride+4*x:][:3]
		pixel[0], pixel[1], pixel[2] = shade, shade, shade
	}
}

// lightness is the lightness of each pixel, row by row.
func lightness(picture *image.RGBA) []uint8 {
	light := make([]uint8, 0, picture.Rect.Dx()*picture.Rect.Dy())
	for y := range picture.Rect.Dy() {
		row := picture.Pix[y*picture.Stride:][:4*picture.Rect.Dx()]
		for x := 0; x < len(row); x += 4 {
			light = append(light, uint8((299*uint32(row[x])+587*uint32(row[x+1])+114*uint32(row[x+2])+500)/1000))
		}
	}
	return light
}

// brightest is the largest of the values around each, up to a reach across and down.
func brightest(values []uint8, width, reach int) []uint8 {
	across, both := make([]uint8, len(values)), make([]uint8, len(values))
	for i := range values {
		x := i % width
		across[i] = slices.Max(values[i-min(x, reach) : i+min(width-1-x, reach)+1])
	}
	for i := range values {
		for k := max(i-reach*width, i%width); k < min(i+reach*width+1, len(values)); k += width {
			both[i] = max(both[i], across[k])
		}
	}
	return both
}
