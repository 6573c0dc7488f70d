package dataset

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// How [Degrade] spoils pictures.
const (
	degradeOdds              = 0.5      // Of each of the three.
	blurLeast, blurMost      = 0.2, 1.0 // Standard deviation in pixels.
	noiseLeast, noiseMost    = 1, 10    // Standard deviation in levels of 255.
	qualityLeast, qualityMax = 30, 95   // Of JPEG.
)

// Degrade spoils an opaque picture as the world spoils them: it is out of focus (a Gaussian blur), taken in bad light
// (Gaussian noise, at times the same in all colours) and saved as JPEG, which a network that met nothing but clean
// pictures would enlarge faithfully. Each of the three happens with a probability of one half, by a random amount, in
// this order. The picture itself stays as it is; the result has its size.
func Degrade(picture *image.RGBA, rng *rand.Rand) *image.RGBA {
	within := func(least, most float64) float64 { return least + (most-least)*rng.Float64() }
	if rng.Float64() < degradeOdds {
		picture = blur(picture, within(blurLeast, blurMost))
	}
	if rng.Float64() < degradeOdds {
		picture = addNoise(picture, within(noiseLeast, noiseMost), rng.IntN(3) == 0, rng)
	}
	if rng.Float64() < degradeOdds {
		picture = throughJPEG(picture, qualityLeast+rng.IntN(qualityMax-qualityLeast+1))
	}
	return picture
}

// blur convolves a picture with a Gaussian.
func blur(picture *image.RGBA, sigma float64) *image.RGBA {
	across := gaussianTaps(picture.Rect.Dx(), sigma)
	down := gaussianTaps(picture.Rect.Dy(), sigma)
	return filterColumns(filterRows(picture, across), down)
}

func gaussianTaps(n int, sigma float64) []taps {
	all := make([]taps, n)
	for i := range all {
		all[i] = tapsAround(float64(i)+0.5, 3*sigma+0.5, n, func(distance float64) float64 {
			return math.Exp(-distance * distance / (2 * sigma * sigma))
		})
	}
	return all
}

// addNoise adds Gaussian noise, the same to all three colours if grey.
func addNoise(picture *image.RGBA, sigma float64, grey bool, rng *rand.Rand) *image.RGBA {
	noisy := image.NewRGBA(image.Rect(0, 0, picture.Rect.Dx(), picture.Rect.Dy()))
	draw.Draw(noisy, noisy.Rect, picture, picture.Rect.Min, draw.Src)
	for i := 0; i < len(noisy.Pix); i += 4 {
		shared := rng.NormFloat64()
		for c := range 3 {
			noise := shared
			if !grey && c > 0 {
				noise = rng.NormFloat64()
			}
			noisy.Pix[i+c] = clampToByte(math.Round(float64(noisy.Pix[i+c]) + sigma*noise))
		}
	}
	return noisy
}

// throughJPEG saves a picture with loss and reads it again. One that is too large for JPEG, 65,536 pixels, stays as it is.
func throughJPEG(picture *image.RGBA, quality int) *image.RGBA {
	var data bytes.Buffer
	if err := jpeg.Encode(&data, picture, &jpeg.Options{Quality: quality}); err != nil {
		return picture
	}
	lossy, err := jpeg.Decode(&data)
	if err != nil {
		return picture
	}
	made := image.NewRGBA(lossy.Bounds())
	draw.Draw(made, made.Rect, lossy, image.Point{}, draw.Src)
	return made
}

func clampToByte(v float64) uint8 { return uint8(min(255, max(0, v))) }
