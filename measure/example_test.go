package measure_test

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"

	"github.com/moelab/moelab/measure"
)

// Compare a picture with a noisy copy of it.
func Example() {
	rng := rand.New(rand.NewPCG(1, 1))
	truth, noisy := image.NewNRGBA(image.Rect(0, 0, 64, 64)), image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := range truth.Pix {
		if i%4 == 3 {
			truth.Pix[i], noisy.Pix[i] = 255, 255 // Opaque.
			continue
		}
		x, y := i/4%64, i/4/64
		truth.Pix[i] = uint8(128 + 80*math.Sin(float64(x)/5)*math.Cos(float64(y)/7))
		noisy.Pix[i] = uint8(int(truth.Pix[i]) + rng.IntN(41) - 20)
	}
	fmt.Println("a copy:", measure.PSNR(truth, truth), "dB, SSIM", measure.SSIM(truth, truth))
	fmt.Printf("with noise: %.0f dB, SSIM %.1f\n", measure.PSNR(truth, noisy), measure.SSIM(truth, noisy))
	// Output:
	// a copy: +Inf dB, SSIM 1
	// with noise: 27 dB, SSIM 0.7
}
