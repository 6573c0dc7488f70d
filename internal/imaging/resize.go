package imaging

import (
	"image"
	"math"
)

// Bicubic resizes an opaque picture to width × height pixels exactly as Pillow's Image.resize with BICUBIC does: with
// the Catmull-Rom kernel on sRGB values, widened when shrinking so that every pixel counts (antialiasing), first
// across and then down, rounded and clipped to 8 bits after each pass. A picture that already has that size is
// returned as it is. The result is empty if width or height is not positive.
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

// taps are the weights with which neighbouring pixels of a row contribute to one pixel of the resized row. They are
// fixed-point numbers with weightBits fractional bits and sum to one.
type taps struct {
	first   int
	weights []int32
}

// weightBits leaves the sum of an int32 room for its sign, and for the overshoot that negative weights cause.
const weightBits = 22

// bicubicTaps returns the taps of each pixel when a row of from pixels is resized to a row of to pixels.
func bicubicTaps(from, to int) []taps {
	scale := float64(from) / float64(to)
	wide := max(scale, 1) // The kernel is widened by this factor.
	all := make([]taps, to)
	for i := range all {
		centre := (float64(i) + 0.5) * scale
		all[i] = tapsAround(centre, 2*wide, from, func(distance float64) float64 { return catmullRom(distance / wide) })
	}
	return all
}

// tapsAround weighs the pixels of a row of n pixels by their distance from a centre, up to a reach. Pixels beyond the
// ends of the row do not contribute.
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

// catmullRom is the cubic convolution kernel of Keys (1981) with a = -1/2.
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

// filterRows resizes each row: pixel x of the result is weighed by columns[x]. The result is opaque.
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

// filterColumns resizes each column; see filterRows.
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

// weigh returns the weighted sum of pixels that are stride bytes apart.
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

// CentredSquare returns the largest square in the middle of a rectangle.
func CentredSquare(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
}

// Cut resizes a part of a picture to size × size pixels with [Bicubic]. The result starts at (0, 0). Beyond its
// border the picture is continued by its mirror image.
func Cut(picture *image.RGBA, part image.Rectangle, size int) *image.RGBA {
	if part.In(picture.Rect) && part.Dx() != size && part.Dy() != size {
		return Bicubic(picture.SubImage(part).(*image.RGBA), size, size)
	}
	return Bicubic(CopyPart(picture, part), size, size)
}

// CopyPart copies a part of a picture. The copy starts at (0, 0). Beyond its border the picture is continued by its
// mirror image.
func CopyPart(picture *image.RGBA, part image.Rectangle) *image.RGBA {
	made := image.NewRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	bounds := picture.Rect
	for y := range part.Dy() {
		for x := range part.Dx() {
			fromX := mirrored(x+part.Min.X-bounds.Min.X, bounds.Dx())
			fromY := mirrored(y+part.Min.Y-bounds.Min.Y, bounds.Dy())
			made.SetRGBA(x, y, picture.RGBAAt(fromX+bounds.Min.X, fromY+bounds.Min.Y))
		}
	}
	return made
}

// mirrored maps position i of an endless row …, n−1…0, 0…n−1, n−1…0, … to a pixel of a row of n
// pixels. Position 0 is pixel 0.
func mirrored(i, n int) int {
	i = ((i % (2 * n)) + 2*n) % (2 * n)
	return min(i, 2*n-1-i)
}

// Blur convolves an opaque picture with a Gaussian of a standard deviation in pixels.
func Blur(picture *image.RGBA, sigma float64) *image.RGBA {
	across := gaussianTaps(picture.Rect.Dx(), sigma)
	down := gaussianTaps(picture.Rect.Dy(), sigma)
	return filterColumns(filterRows(picture, across), down)
}

// gaussianTaps returns the taps of a blur of a row of n pixels.
func gaussianTaps(n int, sigma float64) []taps {
	all := make([]taps, n)
	for i := range all {
		all[i] = tapsAround(float64(i)+0.5, 3*sigma+0.5, n, func(distance float64) float64 {
			return math.Exp(-distance * distance / (2 * sigma * sigma))
		})
	}
	return all
}
