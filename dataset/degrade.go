package dataset

import (
	"image"
	"image/draw"
	"math"
	"math/rand/v2"

	"github.com/moelab/moelab/internal/imaging"
)

// How [Degrade] spoils pictures.
const (
	degradeOdds              = 0.5      // Of each of the three.
	blurLeast, blurMost      = 0.2, 1.0 // Standard deviation in pixels.
	noiseLeast, noiseMost    = 1, 10    // Standard deviation in levels of 255.
	qualityLeast, qualityMax = 30, 95   // Of JPEG.
)

// Degrade spoils an opaque picture in realistic ways: it is out of focus (a Gaussian blur), taken in bad light
// (Gaussian noise, at times the same in all colours) and saved as JPEG. A network trained only on clean pictures would
// enlarge such flaws faithfully. Each of the three happens with a probability of one half, by a random amount, in this
// order. The picture itself is unchanged; the result has its size.
func Degrade(clean *image.RGBA, rng *rand.Rand) *image.RGBA {
	within := func(least, most float64) float64 { return least + (most-least)*rng.Float64() }
	if rng.Float64() < degradeOdds {
		clean = imaging.Blur(clean, within(blurLeast, blurMost))
	}
	if rng.Float64() < degradeOdds {
		clean = addNoise(clean, within(noiseLeast, noiseMost), rng.IntN(3) == 0, rng)
	}
	if rng.Float64() < degradeOdds {
		clean = imaging.ThroughJPEG(clean, qualityLeast+rng.IntN(qualityMax-qualityLeast+1))
	}
	return clean
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

func clampToByte(v float64) uint8 { return uint8(min(255, max(0, v))) }
