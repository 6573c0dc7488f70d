package dataset

import (
	"image"
	"math"
)

// Bicubic makes an opaque picture width × height pixels, as Pillow's Image.resize with BICUBIC does: by the Catmull-Rom
// kernel on sRGB values, widened where it shrinks so that every pixel counts (antialiasing), first across and then down,
// rounded and clipped to 8 bits after each. A picture that has that size already is returned itself.
// There is none if width or height is not positive.
func Bicubic(picture *image.RGBA, width, height int) *image.RGBA {
	if width < 1 || height < 1 || picture.Rect.Empty() {
		return image.NewRGBA(image.Rectangle{})
	}
	if w := picture.Rect.Dx(); w != width {
		picture = filterRows(picture, bicubicTaps(w, width))
	}
	if h := picture.Rect.Dy(); h != height {
		picture = filterColumns(picture, bicubicTaps(h, height))
	}
	return picture
}

// taps say how much of which pixels of a row goes into one pixel of another. The weights are of 1<<weightBits, and sum up to it.
type taps struct {
	first   int
	weights []int32
}

// weightBits leaves a sum of pixels room for its sign and for what weights below 0 make others exceed 1.
const weightBits = 22

// bicubicTaps are those of each of the to pixels that are made of from.
func bicubicTaps(from, to int) []taps {
	scale := float64(from) / float64(to)
	wide := max(scale, 1) // By how much the kernel is widened.
	all := make([]taps, to)
	for i := range all {
		centre := (float64(i) + 0.5) * scale
		all[i] = tapsAround(centre, 2*wide, from, func(distance float64) float64 { return catmullRom(distance / wide) })
	}
	return all
}

// tapsAround weighs the pixels of a row of n by their distances from a place, up to a reach. The row ends at its ends.
func tapsAround(centre, reach float64, n int, kernel func(distance float64) float64) taps {
	first := max(int(centre-reach+0.5), 0)
	end := min(int(centre+reach+0.5), n)
	weights := make([]float64, end-first)
	sum := 0.0
	for i := range weights {
		weights[i] = kernel(float64(first+i) + 0.5 - centre)
		sum += weights[i]
	}
	t := taps{first: first, weights: make([]int32, len(weights))}
	for i, w := range weights {
		t.weights[i] = int32(math.Round(w / sum * (1 << weightBits)))
	}
	return t
}

// catmullRom is the cubic of Keys with a = -1/2.
func catmullRom(x float64) float64 {
	switch x = math.Abs(x); {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	default:
		return 0
	}
}

// filterRows makes a picture whose pixel x of each row is what columns[x] says of the row. The result is opaque.
func filterRows(picture *image.RGBA, columns []taps) *image.RGBA {
	height := picture.Rect.Dy()
	made := image.NewRGBA(image.Rect(0, 0, len(columns), height))
	for y := range height {
		from := picture.Pix[y*picture.Stride:]
		to := made.Pix[y*made.Stride:]
		for x, column := range columns {
			made := to[4*x : 4*x+4 : 4*x+4]
			made[0], made[1], made[2] = weigh(from[4*column.first:], 4, column.weights)
			made[3] = 255
		}
	}
	return made
}

// filterColumns is filterRows of the other direction.
func filterColumns(picture *image.RGBA, rows []taps) *image.RGBA {
	width := picture.Rect.Dx()
	made := image.NewRGBA(image.Rect(0, 0, width, len(rows)))
	for y, row := range rows {
		from := picture.Pix[row.first*picture.Stride:]
		to := made.Pix[y*made.Stride:]
		for x := range width {
			made := to[4*x : 4*x+4 : 4*x+4]
			made[0], made[1], made[2] = weigh(from[4*x:], picture.Stride, row.weights)
			made[3] = 255
		}
	}
	return made
}

// weigh is the weighted sum of pixels that are stride bytes apart.
func weigh(pixels []uint8, stride int, weights []int32) (r, g, b uint8) {
	const half = 1 << (weightBits - 1)
	var red, green, blue int32 = half, half, half
	for i, w := range weights {
		pixel := pixels[i*stride : i*stride+3 : i*stride+3]
		red += w * int32(pixel[0])
		green += w * int32(pixel[1])
		blue += w * int32(pixel[2])
	}
	return toByte(red), toByte(green), toByte(blue)
}

func toByte(sum int32) uint8 { return uint8(min(max(sum>>weightBits, 0), 255)) }
