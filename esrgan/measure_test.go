package esrgan

import (
	"encoding/json"
	"flag"
	"image"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/moelab/moelab/internal/venv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var updateMeasures = flag.Bool("update-measures", false, "make testdata/measures.json anew with scikit-image")

const measuresPath = "testdata/measures.json"

// measured is a case of measures.json.
type measured struct {
	Name                        string
	Width, Height, Noise, Shift int
	PSNR                        float64
	PSNRY                       float64 `json:"psnr_y"`
	SSIM                        float64
	SSIMY                       float64 `json:"ssim_y"`
	Colour                      [3]float64
}

// formula is the picture that measures.py makes: waves, with noise.
func formula(width, height, noise, shift int) *image.NRGBA {
	return paint(width, height, func(x, y, c int) int {
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

// paint makes a picture of values that are cut to 0 … 255.
func paint(width, height int, value func(x, y, c int) int) *image.NRGBA {
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

func TestMeasuresMatchScikitImage(t *testing.T) {
	if *updateMeasures {
		env, err := venv.Ensure(t.Context(), "scikit-image", []string{"scikit-image==0.25.2", "numpy==2.2.6", "scipy==1.15.3"}, os.Stderr)
		require.NoError(t, err)
		out, err := exec.CommandContext(t.Context(), env.Python(), "testdata/measures.py").Output()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(measuresPath, out, 0o644))
	}
	data, err := os.ReadFile(measuresPath)
	require.NoError(t, err)
	var cases []measured
	require.NoError(t, json.Unmarshal(data, &cases))
	require.NotEmpty(t, cases)
	for _, want := range cases {
		t.Run(want.Name, func(t *testing.T) {
			truth := formula(want.Width, want.Height, 0, 0)
			restored := formula(want.Width, want.Height, want.Noise, want.Shift)
			const tolerance = 1e-9
			assert.InDelta(t, want.PSNR, PSNR(truth, restored), tolerance)
			assert.InDelta(t, want.PSNRY, PSNRY(truth, restored), tolerance)
			assert.InDelta(t, want.SSIM, SSIM(truth, restored), tolerance)
			assert.InDelta(t, want.SSIMY, SSIMY(truth, restored), tolerance)
			distance := NewColourHistogram(truth).Distance(NewColourHistogram(restored))
			assert.InDeltaSlice(t, want.Colour[:], distance[:], tolerance)
		})
	}
}

func TestMeasuresOfEqualPictures(t *testing.T) {
	picture := formula(40, 30, 20, 0)
	assert.True(t, math.IsInf(PSNR(picture, picture), 1))
	assert.True(t, math.IsInf(PSNRY(picture, picture), 1))
	assert.InDelta(t, 1, SSIM(picture, picture), 1e-12)
	assert.InDelta(t, 1, SSIMY(picture, picture), 1e-12)
	assert.InDelta(t, 1, Sharpness(picture, picture), 1e-12)
}

func TestMeasuresOfWhatCannotBeComparedAreNaN(t *testing.T) {
	picture, other := formula(40, 30, 0, 0), formula(30, 40, 0, 0)
	for _, measure := range []func(truth, restored *image.NRGBA) float64{PSNR, PSNRY, SSIM, SSIMY, Sharpness} {
		assert.True(t, math.IsNaN(measure(picture, other)))
	}
	small := formula(10, 20, 0, 0)
	assert.True(t, math.IsNaN(SSIM(small, small)), "smaller than a window")
	assert.True(t, math.IsNaN(Sharpness(formula(2, 20, 0, 0), formula(2, 20, 0, 0))), "nothing but border")
	flat := paint(20, 20, func(int, int, int) int { return 128 })
	assert.True(t, math.IsNaN(Sharpness(flat, picture.SubImage(flat.Rect).(*image.NRGBA))), "no edge")
}

func TestMeasuresSeeAPartOfAPicture(t *testing.T) {
	truth, restored := formula(60, 60, 0, 0), formula(60, 60, 30, 0)
	box := image.Rect(7, 9, 47, 39)
	part := func(picture *image.NRGBA) *image.NRGBA { return picture.SubImage(box).(*image.NRGBA) }
	alone := func(noise int) *image.NRGBA {
		whole := formula(60, 60, noise, 0)
		return paint(box.Dx(), box.Dy(), func(x, y, c int) int { return int(whole.Pix[whole.PixOffset(x+7, y+9)+c]) })
	}
	assert.Equal(t, PSNR(alone(0), alone(30)), PSNR(part(truth), part(restored)))
	assert.Equal(t, SSIMY(alone(0), alone(30)), SSIMY(part(truth), part(restored)))
	assert.Equal(t, NewColourHistogram(alone(30)), NewColourHistogram(part(restored)))
}

func TestSharpnessOfABlurredStepIsTheClosedForm(t *testing.T) {
	normal := func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
	step := func(deviation float64) *image.NRGBA {
		return paint(64, 40, func(x, _, _ int) int {
			return int(math.Round(20 + 200*normal((float64(x)-31.5)/deviation)))
		})
	}
	truth := step(1e-9)
	for _, deviation := range []float64{0.3, 0.7, 1, 1.5, 2.5, 4} {
		want := normal(1.5/deviation) + normal(0.5/deviation) - 1
		assert.InDelta(t, want, Sharpness(truth, step(deviation)), 0.005, "deviation %g", deviation) // 200 levels, rounded.
	}
	assert.Greater(t, Sharpness(step(1.5), truth), 1.5, "harder than the truth")
}

func TestSharpnessAllowsALineBesideItsPlace(t *testing.T) {
	line := func(at int) *image.NRGBA {
		return paint(64, 40, func(x, _, _ int) int {
			if x == at || x == at+1 {
				return 0
			}
			return 255
		})
	}
	assert.InDelta(t, 1, Sharpness(line(30), line(31)), 1e-12)
	assert.Less(t, Sharpness(line(30), line(40)), 0.01)
}

func TestColourDistanceIsHowFarValuesMove(t *testing.T) {
	truth := paint(16, 16, func(x, _, _ int) int { return 10 * x })
	moved := paint(16, 16, func(x, _, c int) int { return 10*x + 7*c })
	distance := NewColourHistogram(truth).Distance(NewColourHistogram(moved))
	assert.InDeltaSlice(t, []float64{0, 7, 14}, distance[:], 1e-9)
	half := NewColourHistogram(truth, moved).Distance(NewColourHistogram(truth))
	assert.InDeltaSlice(t, []float64{0, 3.5, 7}, half[:], 1e-9, "of two pictures")
}
