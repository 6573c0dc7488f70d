package measure

import (
	"encoding/json"
	"flag"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/moelab/moelab/internal/venv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "make testdata/pairs.json anew with scikit-image")

const pairsPath = "testdata/pairs.json"

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

func TestMeasuresMatchScikitImage(t *testing.T) {
	if *update {
		env, err := venv.Ensure(
			t.Context(), "scikit-image", []string{"scikit-image==0.25.2", "numpy==2.2.6", "scipy==1.15.3"}, os.Stderr,
		)
		require.NoError(t, err)
		out, err := exec.CommandContext(t.Context(), env.Python(), "testdata/pairs.py").Output()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(pairsPath, out, 0o644))
	}
	data, err := os.ReadFile(pairsPath)
	require.NoError(t, err)
	var cases []measured
	require.NoError(t, json.Unmarshal(data, &cases))
	require.NotEmpty(t, cases)
	for _, want := range cases {
		t.Run(want.Name, func(t *testing.T) {
			truth := imagingtest.Waves(want.Width, want.Height, 0, 0)
			restored := imagingtest.Waves(want.Width, want.Height, want.Noise, want.Shift)
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
	picture := imagingtest.Waves(40, 30, 20, 0)
	assert.True(t, math.IsInf(PSNR(picture, picture), 1))
	assert.True(t, math.IsInf(PSNRY(picture, picture), 1))
	assert.InDelta(t, 1, SSIM(picture, picture), 1e-12)
	assert.InDelta(t, 1, SSIMY(picture, picture), 1e-12)
	assert.InDelta(t, 1, Sharpness(picture, picture), 1e-12)
}

func TestMeasuresOfWhatCannotBeComparedAreNaN(t *testing.T) {
	picture, other := imagingtest.Waves(40, 30, 0, 0), imagingtest.Waves(30, 40, 0, 0)
	for _, measure := range []func(truth, restored *image.NRGBA) float64{PSNR, PSNRY, SSIM, SSIMY, Sharpness} {
		assert.True(t, math.IsNaN(measure(picture, other)))
	}
	small := imagingtest.Waves(10, 20, 0, 0)
	assert.True(t, math.IsNaN(SSIM(small, small)), "smaller than a window")
	assert.True(
		t, math.IsNaN(Sharpness(imagingtest.Waves(2, 20, 0, 0), imagingtest.Waves(2, 20, 0, 0))), "nothing but border",
	)
	flat := imagingtest.Paint(20, 20, func(int, int, int) int { return 128 })
	assert.True(t, math.IsNaN(Sharpness(flat, picture.SubImage(flat.Rect).(*image.NRGBA))), "no edge")
}

func TestMeasuresSeeAPartOfAPicture(t *testing.T) {
	truth, restored := imagingtest.Waves(60, 60, 0, 0), imagingtest.Waves(60, 60, 30, 0)
	box := image.Rect(7, 9, 47, 39)
	part := func(picture *image.NRGBA) *image.NRGBA { return picture.SubImage(box).(*image.NRGBA) }
	alone := func(noise int) *image.NRGBA {
		whole := imagingtest.Waves(60, 60, noise, 0)
		return imagingtest.Paint(
			box.Dx(), box.Dy(), func(x, y, c int) int { return int(whole.Pix[whole.PixOffset(x+7, y+9)+c]) },
		)
	}
	assert.Equal(t, PSNR(alone(0), alone(30)), PSNR(part(truth), part(restored)))
	assert.Equal(t, SSIMY(alone(0), alone(30)), SSIMY(part(truth), part(restored)))
	assert.Equal(t, NewColourHistogram(alone(30)), NewColourHistogram(part(restored)))
}

func TestSharpnessOfABlurredStepIsTheClosedForm(t *testing.T) {
	normal := func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
	step := func(deviation float64) *image.NRGBA {
		return imagingtest.Paint(64, 40, func(x, _, _ int) int {
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
		return imagingtest.Paint(64, 40, func(x, _, _ int) int {
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
	truth := imagingtest.Paint(16, 16, func(x, _, _ int) int { return 10 * x })
	moved := imagingtest.Paint(16, 16, func(x, _, c int) int { return 10*x + 7*c })
	distance := NewColourHistogram(truth).Distance(NewColourHistogram(moved))
	assert.InDeltaSlice(t, []float64{0, 7, 14}, distance[:], 1e-9)
	half := NewColourHistogram(truth, moved).Distance(NewColourHistogram(truth))
	assert.InDeltaSlice(t, []float64{0, 3.5, 7}, half[:], 1e-9, "of two pictures")
}

func TestDetailsLieWhereLinesAre(t *testing.T) {
	picture := image.NewNRGBA(image.Rect(0, 0, 100, 80))
	chequered := func(box image.Rectangle, side int, level uint8) {
		for y := box.Min.Y; y < box.Max.Y; y++ {
			for x := box.Min.X; x < box.Max.X; x++ {
				if (x/side+y/side)%2 == 0 {
					picture.SetNRGBA(x, y, color.NRGBA{level, level, level, 255})
				}
			}
		}
	}
	strong, weak := image.Rect(60, 8, 84, 32), image.Rect(10, 40, 34, 64)
	chequered(strong, 3, 255)
	chequered(weak, 3, 100)
	boxes := Details(picture, 2, 24)
	require.Len(t, boxes, 2)
	for i, want := range []image.Rectangle{strong, weak} {
		shared := boxes[i].Intersect(want).Size()
		assert.Equal(t, image.Pt(24, 24), boxes[i].Size())
		assert.Greater(t, shared.X*shared.Y, 20*20, "%v is %v", i, boxes[i])
	}

	many := Details(picture, 100, 24)
	assert.LessOrEqual(t, len(many), 12)
	for i, box := range many {
		assert.True(t, box.In(picture.Rect))
		for _, other := range many[:i] {
			assert.False(t, box.Overlaps(other))
		}
	}
	assert.Empty(t, Details(picture, 2, 81), "none fits")
}
