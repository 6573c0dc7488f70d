package blink

import (
	"image"
	"math"
	"testing"

	"github.com/moelab/moelab/blink/border"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// painted returns a picture whose colours are a function of the place, in [0, 1].
func painted(size int, colour func(x, y int) float64) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	eachPixel(picture.Rect, func(x, y int) {
		for c := range 3 {
			setColour(picture, x, y, c, colour(x, y))
		}
		picture.Pix[picture.PixOffset(x, y)+3] = 255
	})
	return picture
}

func TestMembraneSolvesLaplacesEquation(t *testing.T) {
	// Polynomials and products of waves that are harmonic on the pixel grid as well.
	k := 0.3
	decay := math.Acosh(2 - math.Cos(k))
	harmonic := map[string]func(x, y int) float64{
		"constant": func(x, y int) float64 { return 0.7 },
		"saddle":   func(x, y int) float64 { return float64(x*x-y*y) / 100 },
		"product":  func(x, y int) float64 { return float64(x*y) / 50 },
		"wave":     func(x, y int) float64 { return math.Sin(k*float64(x)) * math.Exp(-decay*float64(y)) },
	}
	for name, f := range harmonic {
		t.Run(name, func(t *testing.T) {
			film := membrane(image.Pt(13, 8), f)
			eachPixel(image.Rect(0, 0, 13, 8), func(x, y int) {
				assert.InDelta(t, f(x, y), film.At(y, x), 1e-9, "at %d, %d", x, y)
			})
		})
	}
}

func TestBlendingHidesTheSeam(t *testing.T) {
	square := image.Rect(10, 10, 42, 42)
	texture := func(x, y int) float64 { return 0.5 + 0.05*math.Sin(0.9*float64(x))*math.Cos(0.7*float64(y)) }
	picture := painted(64, texture)
	brighter := painted(32, func(x, y int) float64 { return texture(x+10, y+10) + 0.2 })
	eye := image.Rect(14, 14, 38, 38)
	assert.Equal(t, square, dataset.EyeSquare(eye), "the test pastes where the measure looks")

	energy := map[Blend]float64{}
	for _, blend := range Blends {
		frame := painted(64, texture)
		blend.paste(frame, brighter, square)
		energy[blend] = SeamEnergy(frame, eye)
		for _, corner := range []image.Point{{9, 9}, {42, 42}, {10, 10}, {41, 41}} {
			assert.Equal(
				t, picture.RGBAAt(corner.X, corner.Y), frame.RGBAAt(corner.X, corner.Y),
				"%s at %v: it is not within the patch", blend, corner,
			)
		}
		middle := image.Pt(26, 26)
		if blend != BlendPoisson {
			assert.InDelta(t, texture(26, 26)+0.2, colourAt(frame, middle.X, middle.Y, 0), 0.005, "%s", blend)
		}
	}
	own := SeamEnergy(picture, eye)
	assert.InDelta(t, 1, own, 0.25)
	assert.Greater(t, energy[blendNone], 3*own)
	assert.Less(t, energy[blendFeather], 1.1*own)
	assert.Less(t, energy[BlendPoisson], 1.1*own)

	corrector, err := border.OpenShipped(openXLA(t))
	require.NoError(t, err)
	defer corrector.Close()
	frame := painted(64, texture)
	BlendLearned.paste(frame, brighter, square)
	assert.InDelta(t, energy[blendNone], SeamEnergy(frame, eye), 1e-9, "before it is corrected")
	require.NoError(t, corrector.Correct(frame, picture, pastedPart(square)))
	assert.Less(t, SeamEnergy(frame, eye), 1.5*own)
}

func TestPoissonBlendingTakesAwayAShiftOfColour(t *testing.T) {
	texture := func(x, y int) float64 { return 0.4 + 0.01*float64(x%7) }
	frame := painted(48, texture)
	BlendPoisson.paste(
		frame, painted(32, func(x, y int) float64 { return texture(x+8, y+8) + 0.3 }), image.Rect(8, 8, 40, 40),
	)
	eachPixel(frame.Rect, func(x, y int) {
		assert.InDelta(t, texture(x, y), colourAt(frame, x, y, 1), 1.01/255, "at %d, %d", x, y)
	})
}

func TestPastingAtThePicturesEdgeStaysWithin(t *testing.T) {
	for _, blend := range Blends {
		frame := painted(20, func(x, y int) float64 { return 0.5 })
		blend.paste(frame, painted(32, func(x, y int) float64 { return 0.6 }), image.Rect(-8, -8, 24, 24))
		assert.InDelta(t, 0.6, colourAt(frame, 2, 2, 0), 0.11, "%s", blend)
	}
}

func TestDetailIsKeptWhereNothingChanged(t *testing.T) {
	picture := painted(40, func(x, y int) float64 { return float64((x*7+y*13)%10) / 10 })
	square := image.Rect(3, 5, 35, 37)
	small := imaging.Cut(picture, square, 16)
	unchanged := imaging.Cut(picture, square, 16)
	whole, seen := imaging.Cut(picture, square, 32), imaging.Bicubic(small, 32, 32)
	large := imaging.Bicubic(unchanged, 32, 32)
	addDetail(large, whole, seen, small, unchanged)
	eachPixel(large.Rect, func(x, y int) {
		assert.InDelta(t, colourAt(picture, x+3, y+5, 0), colourAt(large, x, y, 0), 2.0/255, "at %d, %d", x, y)
	})

	closed := painted(16, func(x, y int) float64 { return 0.5 })
	eachPixel(
		small.Rect, func(x, y int) { setColour(small, x, y, 0, 0.2+0.6*float64(y%2)) },
	) // Far from the pattern drawn everywhere.
	large = imaging.Bicubic(closed, 32, 32)
	addDetail(large, whole, imaging.Bicubic(small, 32, 32), small, closed)
	assert.InDelta(t, 0.5, colourAt(large, 16, 16, 0), 0.01, "detail of an open eye is seen on a closed one")
}
