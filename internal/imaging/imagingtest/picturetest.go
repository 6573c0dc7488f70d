// Package imagingtest makes pictures for tests.
package imagingtest

import "image"

// Waves returns a picture of waves with noise, computed in integers so that Python can make the same one: see
// measure/testdata/pairs.py.
func Waves(width, height, noise, shift int) *image.NRGBA {
	return Paint(width, height, func(x, y, c int) int {
		x += shift
		v := (9*x+5*y+130*c+x*y/7)%510 - 255
		if v < 0 {
			v = -v
		}
		if noise > 0 {
			v += (x*7919+y*104729+c*1299709)%1009*(noise+1)/1009 - noise/2
		}
		return v
	})
}

// Paint makes a picture of values, clipped to 0…255.
func Paint(width, height int, value func(x, y, c int) int) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			i := picture.PixOffset(x, y)
			for c := range 3 {
				picture.Pix[i+c] = uint8(min(max(value(x, y, c), 0), 255))
			}
			picture.Pix[i+3] = 255
		}
	}
	return picture
}
