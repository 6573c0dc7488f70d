package blink

import (
	"image"
	"math"

	"github.com/moelab/moelab/dataset"
	"gonum.org/v1/gonum/dsp/fourier"
	"gonum.org/v1/gonum/mat"
)

// Blend is a way to hide the border of a pasted patch.
type Blend string

const (
	// blendNone pastes as in the article: the border shows.
	blendNone Blend = "none"
	// blendFeather fades gradually from the picture to the patch.
	blendFeather Blend = "feather"
	// BlendPoisson keeps the differences between neighbouring pixels of the patch, and takes the colours at the border
	// from the picture (Pérez et al. 2003, "Poisson image editing").
	BlendPoisson Blend = "poisson"
	// BlendLearned pastes as blendNone, and lets a network correct the border: see package border. Of U-Nets of the preset
	// "laptop" after 500 steps, on 12 drawn portraits, it leaves a seam whose energy is 1.02 times that of the untouched
	// picture, with the least error; feathering leaves 1.06, Poisson blending 1.15, and pasting 1.40.
	BlendLearned Blend = "learned"
)

// Blends are all ways of blending.
var Blends = []Blend{blendNone, blendFeather, BlendPoisson, BlendLearned}

// pasted is the part of the networks' 32×32 pixels that the article pastes back: 30×30.
const pasted = 30.0 / 32

// pastedPart returns the part of the square around an eye that is pasted. It is slightly smaller than possible if the
// sine transform of [membrane] would otherwise be slow, which it is if a large prime divides the wave's length.
func pastedPart(square image.Rectangle) image.Rectangle {
	part := square.Inset(max(int(math.Round(float64(square.Dx())*(1-pasted)/2)), 1))
	for i := 0; !quick(part.Dx() + 1); i++ {
		part.Max = part.Max.Sub(image.Pt(1, 1))
		if i%2 == 1 { // From both sides.
			part = part.Add(image.Pt(1, 1))
		}
	}
	return part
}

// quick reports whether no prime above 13 divides a length.
func quick(length int) bool {
	for _, prime := range []int{2, 3, 5, 7, 11, 13} {
		for length%prime == 0 {
			length /= prime
		}
	}
	return length == 1
}

// paste pastes the square of an eye, drawn at full size from (0, 0), without its border.
func (b Blend) paste(onto, eye *image.RGBA, square image.Rectangle) {
	part := pastedPart(square)
	shift := square.Min
	switch b {
	case blendFeather:
		width := float64(part.Dx()) * feathered
		eachPixel(part.Intersect(onto.Rect), func(x, y int) {
			distance := 0.5 + float64(min(x-part.Min.X, part.Max.X-1-x, y-part.Min.Y, part.Max.Y-1-y))
			share := smoothStep(distance / width)
			for c := range 3 {
				old, new := colourAt(onto, x, y, c), colourAt(eye, x-shift.X, y-shift.Y, c)
				setColour(onto, x, y, c, old+share*(new-old))
			}
		})
	case BlendPoisson:
		for c := range 3 {
			correction := membrane(part.Size(), func(x, y int) float64 {
				x, y = x+part.Min.X, y+part.Min.Y
				if !image.Pt(x, y).In(onto.Rect) {
					return 0 // Outside the picture there is nothing to match.
				}
				return colourAt(onto, x, y, c) - colourAt(eye, x-shift.X, y-shift.Y, c)
			})
			eachPixel(part.Intersect(onto.Rect), func(x, y int) {
				setColour(onto, x, y, c, colourAt(eye, x-shift.X, y-shift.Y, c)+correction.At(y-part.Min.Y, x-part.Min.X))
			})
		}
	default:
		eachPixel(part.Intersect(onto.Rect), func(x, y int) {
			for c := range 3 {
				onto.Pix[onto.PixOffset(x, y)+c] = eye.Pix[eye.PixOffset(x-shift.X, y-shift.Y)+c]
			}
		})
	}
}

// feathered is the width of the feathered border, as a share of the square's side.
const feathered = 1.0 / 6

// smoothStep rises from 0 to 1 as x does, slowly at both ends.
func smoothStep(x float64) float64 {
	x = min(max(x, 0), 1)
	return x * x * (3 - 2*x)
}

// membrane returns the solution of Laplace's equation, a soap film, at the pixels (0, 0) to size, where border returns
// the values of the pixels around them. A patch plus the membrane of the picture's difference from it at the border
// solves Poisson's equation. The sine transform decouples the equation: one number for each wave.
func membrane(size image.Point, border func(x, y int) float64) *mat.Dense {
	rows, columns := fourier.NewDST(size.X), fourier.NewDST(size.Y)
	top, bottom := make([]float64, size.X), make([]float64, size.X)
	left, right := make([]float64, size.Y), make([]float64, size.Y)
	for x := range size.X {
		top[x], bottom[x] = border(x, -1), border(x, size.Y)
	}
	for y := range size.Y {
		left[y], right[y] = border(-1, y), border(size.X, y)
	}
	// The border acts on the outermost pixels only, so its transform in one direction is a sine.
	for _, side := range [][]float64{top, bottom} {
		rows.Transform(side, side)
	}
	for _, side := range [][]float64{left, right} {
		columns.Transform(side, side)
	}
	across, down := sines(size.X), sines(size.Y)
	film := mat.NewDense(size.Y, size.X, nil)
	for y := range size.Y {
		row := film.RawRowView(y)
		for x := range row {
			pull := down[y].atFirst*top[x] + down[y].atLast*bottom[x] + across[x].atFirst*left[y] + across[x].atLast*right[y]
			row[x] = pull / (across[x].bend + down[y].bend)
		}
		rows.Transform(row, row)
	}
	column := make([]float64, size.Y)
	for x := range size.X {
		film.SetCol(x, columns.Transform(column, mat.Col(column, x, film)))
	}
	film.Scale(1/float64(4*(size.X+1)*(size.Y+1)), film) // gonum's sine transform applied twice multiplies by 2(n+1).
	return film
}

// sine describes a wave of the transform of n pixels: twice its values at the first and at the last pixel, and its
// eigenvalue under the negative second difference.
type sine struct{ atFirst, atLast, bend float64 }

func sines(n int) []sine {
	all := make([]sine, n)
	for k := range all {
		step := math.Pi * float64(k+1) / float64(n+1)
		all[k] = sine{2 * math.Sin(step), 2 * math.Sin(step*float64(n)), 2 - 2*math.Cos(step)}
	}
	return all
}

// SeamEnergy measures the visibility of the border of the patch for the eye in a box: the ratio of the mean difference
// of neighbouring pixels across the border to that of neighbours in the same direction just inside. Without a patch it
// is about 1.
func SeamEnergy(frame *image.RGBA, eye image.Rectangle) float64 {
	part := pastedPart(dataset.EyeSquare(eye)).Intersect(frame.Rect)
	deep := max(part.Dx()/8, 1)
	var across, inside, crossings, insides float64
	step := func(x, y, dx, dy int) (sum float64) {
		for c := range 3 {
			sum += math.Abs(colourAt(frame, x+dx, y+dy, c) - colourAt(frame, x, y, c))
		}
		return sum
	}
	// Inwards from a pixel outside the border: the first step crosses it.
	walk := func(x, y, dx, dy int) {
		if !image.Pt(x-dx, y-dy).In(frame.Rect) {
			return
		}
		across, crossings = across+step(x, y, -dx, -dy), crossings+1
		for range deep {
			inside, insides = inside+step(x, y, dx, dy), insides+1
			x, y = x+dx, y+dy
		}
	}
	for x := part.Min.X; x < part.Max.X; x++ {
		walk(x, part.Min.Y, 0, 1)
		walk(x, part.Max.Y-1, 0, -1)
	}
	for y := part.Min.Y; y < part.Max.Y; y++ {
		walk(part.Min.X, y, 1, 0)
		walk(part.Max.X-1, y, -1, 0)
	}
	return across / max(crossings, 1) / max(inside/max(insides, 1), 1e-9)
}

// eachPixel calls f for each pixel of a rectangle.
func eachPixel(part image.Rectangle, f func(x, y int)) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			f(x, y)
		}
	}
}

// colourAt returns a colour of a pixel, in [0, 1].
func colourAt(picture *image.RGBA, x, y, c int) float64 {
	return float64(picture.Pix[picture.PixOffset(x, y)+c]) / 255
}

// setColour sets a colour of a pixel, clipped to [0, 1].
func setColour(picture *image.RGBA, x, y, c int, value float64) {
	picture.Pix[picture.PixOffset(x, y)+c] = uint8(math.Round(255 * min(max(value, 0), 1)))
}
