package imaging

import (
	"image"
	"math"
)

// Range maps the 256 levels of a channel to the numbers that a network sees.
type Range [256]float32

var (
	// Symmetric maps the levels to [-1, 1].
	Symmetric = newRange(func(level float32) float32 { return level/127.5 - 1 })
	// Unit maps them to [0, 1].
	Unit = newRange(func(level float32) float32 { return level / 255 })
)

func newRange(of func(level float32) float32) *Range {
	var table Range
	for level := range table {
		table[level] = of(float32(level))
	}
	return &table
}

// Put writes the colours of a picture as [height, width, 3], mirrored left to right if flip is set.
func (r *Range) Put(values []float32, picture *image.RGBA, flip bool) {
	width, height := picture.Rect.Dx(), picture.Rect.Dy()
	for y := range height {
		row := picture.Pix[y*picture.Stride : y*picture.Stride+4*width]
		for x := range width {
			from := 4 * x
			if flip {
				from = 4 * (width - 1 - x)
			}
			pixel := values[3*(y*width+x):]
			pixel[0] = r[row[from]]
			pixel[1] = r[row[from+1]]
			pixel[2] = r[row[from+2]]
		}
	}
}

// FromValues returns the opaque picture of colours [height, width, 3] in [-1, 1], the inverse of [Symmetric]. Numbers
// outside that range are clipped.
func FromValues(values []float32, width, height int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		for c := range 3 {
			level := (float64(values[3*i+c]) + 1) * 127.5
			picture.Pix[4*i+c] = uint8(math.Round(min(max(level, 0), 255)))
		}
		picture.Pix[4*i+3] = 255
	}
	return picture
}

// Opaque returns an opaque picture as the type that is not premultiplied by alpha. It shares the memory: without
// transparency both types mean the same.
func Opaque(picture *image.RGBA) *image.NRGBA {
	return &image.NRGBA{Pix: picture.Pix, Stride: picture.Stride, Rect: picture.Rect}
}
