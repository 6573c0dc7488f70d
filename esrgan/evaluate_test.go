package esrgan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/moelab/moelab/measure"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// someFormulas are pictures of given sizes drawn by a formula; those without a size cannot be read.
type someFormulas []image.Point

var _ dataset.Pictures = someFormulas{}

func (s someFormulas) Len() int          { return len(s) }
func (s someFormulas) Name(i int) string { return fmt.Sprintf("picture %d", i) }

func (s someFormulas) Whole(_ context.Context, i int) (*image.RGBA, error) {
	if s[i] == (image.Point{}) {
		return nil, fmt.Errorf("%s is broken", s.Name(i))
	}
	picture := imagingtest.Waves(s[i].X, s[i].Y, 8*i, 0)
	return (*image.RGBA)(picture), nil
}

// enlarge restores by copying each pixel 4×4 times.
var enlarge = Restorer{"nearest", func(_ context.Context, small *image.RGBA) (*image.NRGBA, error) {
	return imagingtest.Paint(4*small.Rect.Dx(), 4*small.Rect.Dy(), func(x, y, c int) int {
		return int(small.Pix[small.PixOffset(x/4, y/4)+c])
	}), nil
}}

func TestEvaluateAveragesTheMeasuresOfEachPicture(t *testing.T) {
	pictures := someFormulas{{64, 48}, {67, 49}, {65, 51}}
	features, err := vgg.NewDistance(openXLA(t), &vgg.Network{Style: vgg.Random})
	require.NoError(t, err)
	defer features.Close()
	options := MeasureOptions{Features: features}
	e, err := Measure(t.Context(), pictures, []Restorer{Bicubic(), enlarge}, options)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"PSNR", "PSNR Y", "SSIM", "SSIM Y", "LPIPS-like", "red", "green", "blue", "sharpness",
	}, e.Names)
	assert.Equal(t, vgg.Random, e.VGG)

	var psnr, ssim []float64
	for i, size := range pictures {
		part := image.Rect(0, 0, size.X/4*4, size.Y/4*4)
		truth := imagingtest.Waves(size.X, size.Y, 8*i, 0).SubImage(part).(*image.NRGBA)
		small := imaging.Bicubic((*image.RGBA)(truth), size.X/4, size.Y/4)
		restored := imaging.Opaque(imaging.Bicubic(small, size.X/4*4, size.Y/4*4))
		psnr, ssim = append(psnr, measure.PSNR(truth, restored)), append(ssim, measure.SSIMY(truth, restored))
	}
	require.Len(t, e.Restorers, 2)
	assert.Equal(t, "bicubic", e.Restorers[0].Name)
	assert.Equal(t, newMean(psnr), e.Restorers[0].Means["PSNR"])
	assert.Equal(t, newMean(ssim), e.Restorers[0].Means["SSIM Y"])
	for _, name := range e.Names {
		assert.Equal(t, 3, e.Restorers[1].Means[name].Pictures, name)
	}
	assert.Equal(t, psnr[1], e.Pictures[1].Scores["bicubic"]["PSNR"])
}

func TestMeanHasTheIntervalOfStudentsT(t *testing.T) {
	m := newMean([]float64{1, 2, 3, 4})
	assert.InDelta(t, 2.5, m.Mean, 1e-12)
	assert.InDelta(t, 3.182446*1.290994/2, m.Margin, 1e-5)
	assert.Equal(t, Mean{Mean: 7, Pictures: 1}, newMean([]float64{7}))
}

func TestEvaluationIsATable(t *testing.T) {
	e := Evaluation{
		Names: []string{"PSNR", "SSIM", "sharpness"},
		Restorers: []RestorerScores{
			{"bicubic", map[string]Mean{"PSNR": {25.123, 0.456, 9}, "SSIM": {0.71234, 0.01, 9}}},
			{"ESRGAN of a long name", map[string]Mean{"PSNR": {9.5, 0, 1}, "sharpness": {0.98765, 0.0321, 9}}},
		},
	}
	want := `                       PSNR ↑       SSIM ↑          sharpness → 1
bicubic                25.12 ±0.46  0.7123 ±0.0100  –
ESRGAN of a long name  9.50         –               0.988 ±0.032
`
	assert.Equal(t, want, e.String())
}

func TestEvaluateLeavesOutBadPicturesAndUndefinedMeasures(t *testing.T) {
	flat := func(context.Context, *image.RGBA) (*image.NRGBA, error) {
		return imagingtest.Paint(64, 48, func(int, int, int) int { return 200 }), nil
	}
	pictures := someFormulas{{}, {15, 80}, {64, 48}}
	var bad []string
	options := MeasureOptions{OnBad: func(err error) { bad = append(bad, err.Error()) }}
	e, err := Measure(t.Context(), pictures, []Restorer{{"flat", flat}}, options)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"picture 0 is broken", "picture 1: the picture has 15×80 pixels: to shrink and restore it takes 16×16",
	}, bad)
	require.Len(t, e.Pictures, 1)
	assert.Equal(t, "picture 2", e.Pictures[0].Name)
	assert.NotContains(t, e.Names, lpipsLike)
	assert.Contains(t, e.Legend(), "restored: 1.")

	_, err = Measure(t.Context(), pictures, []Restorer{Bicubic()}, MeasureOptions{})
	assert.EqualError(t, err, "picture 0 is broken")
	_, err = Measure(t.Context(), pictures[:2], []Restorer{Bicubic()}, options)
	assert.ErrorContains(t, err, "no picture to measure on")
}

func TestEvaluateCountsAnExactPictureAsAHundredDecibels(t *testing.T) {
	white := whitePictures{}
	e, err := Measure(t.Context(), white, []Restorer{Bicubic()}, MeasureOptions{})
	require.NoError(t, err)
	assert.Equal(t, Mean{Mean: 100, Pictures: 2}, e.Restorers[0].Means["PSNR"])
	assert.NotContains(t, e.Restorers[0].Means, "sharpness", "there is no line")

	path := filepath.Join(t.TempDir(), "out.json")
	require.NoError(t, e.WriteFile(path), "nothing is infinite or NaN")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var read Evaluation
	require.NoError(t, json.Unmarshal(data, &read))
	assert.Equal(t, e, read)
}

// whitePictures are two white pictures.
type whitePictures struct{ dataset.Pictures }

func (whitePictures) Len() int          { return 2 }
func (whitePictures) Name(i int) string { return fmt.Sprint(i) }

func (whitePictures) Whole(context.Context, int) (*image.RGBA, error) {
	picture := image.NewRGBA(image.Rect(0, 0, 32, 32))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	return picture, nil
}

func TestEvaluateSaysWhichRestorerFailed(t *testing.T) {
	broken := errors.New("it broke")
	pictures := someFormulas{{64, 48}}
	ignore := MeasureOptions{OnBad: func(error) {}}
	failing := func(context.Context, *image.RGBA) (*image.NRGBA, error) { return nil, broken }
	halving := func(context.Context, *image.RGBA) (*image.NRGBA, error) { return imagingtest.Waves(32, 24, 0, 0), nil }
	for want, restorers := range map[string][]Restorer{
		"picture 0: restore by net: it broke": {{"net", failing}},
		"picture 0: restore by half: it made 32×24 pixels from 16×12, not 4 times as many on a side": {{"half", halving}},
		`two restorers are called "bicubic"`: {Bicubic(), Bicubic()},
	} {
		_, err := Measure(t.Context(), pictures, restorers, ignore)
		assert.EqualError(t, err, want)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Measure(stopped, pictures, []Restorer{Bicubic()}, ignore)
	assert.ErrorIs(t, err, context.Canceled)
	assert.False(t, strings.Contains(fmt.Sprint(err), "no picture"))
}
