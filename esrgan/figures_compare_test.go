package esrgan

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/moelab/moelab/plots"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// someComparison returns a comparison of a picture of 128×128 pixels.
func someComparison(t *testing.T, noise int) Comparison {
	t.Helper()
	c, err := Compare(t.Context(), opaqueRGBA(imagingtest.Waves(130, 129, noise, 0)), Bicubic(), enlarge)
	require.NoError(t, err)
	require.Equal(t, image.Pt(128, 128), c.Truth.Rect.Size())
	return c
}

// opaqueRGBA converts an opaque picture to the other type.
func opaqueRGBA(picture *image.NRGBA) *image.RGBA { return (*image.RGBA)(picture) }

// written returns a figure as SVG, in which texts stay searchable.
func written(t *testing.T, figure *plots.Figure) string {
	t.Helper()
	var svg bytes.Buffer
	require.NoError(t, figure.WriteSVG(&svg))
	return svg.String()
}

func TestCompareFigureShowsEachBoxEnlarged(t *testing.T) {
	c := someComparison(t, 0)
	boxes := []image.Rectangle{image.Rect(10, 20, 42, 52), image.Rect(60, 60, 124, 124)}
	figure, err := CompareFigure(c, boxes...)
	require.NoError(t, err)
	for _, text := range []string{">bicubic<", ">nearest<", ">truth<", ">×8.3<", ">×4.2<"} {
		assert.Contains(t, written(t, figure), text)
	}
	width, height := figure.Size()
	assert.LessOrEqual(t, width, 900)
	assert.InDelta(t, 3*800/3, height, 60, "three rows of squares")

	// The pixel in the middle of the truth's first detail is the one in the middle of its box.
	shown := figure.Image()
	cell := 2 * (800 / 3)
	x, y := shown.Bounds().Dx()-2*14-cell/2, shown.Bounds().Dy()-2*14-cell-2*4-cell/2
	want := c.Truth.NRGBAAt(26, 36)
	assert.Equal(t, color.RGBA{want.R, want.G, want.B, 255}, color.RGBAModel.Convert(shown.At(x, y)))
}

func TestCompareFigureRefusesBoxesOutsideThePicture(t *testing.T) {
	for _, box := range []image.Rectangle{
		image.Rect(100, 100, 140, 120), image.Rect(5, 5, 5, 9), image.Rect(-1, 0, 5, 5),
	} {
		_, err := CompareFigure(someComparison(t, 0), box)
		assert.ErrorContains(t, err, "not in the picture of 128×128 pixels")
	}
}

func TestEnlargeFigureShowsGalleriesSideBySide(t *testing.T) {
	small := func(noise int) *image.RGBA { return opaqueRGBA(imagingtest.Waves(16, 16, noise, 0)) }
	galleries := []Gallery{{"generated", []*image.RGBA{small(0), small(9)}}, {"drawn", []*image.RGBA{small(3)}}}
	figure, err := EnlargeFigure(t.Context(), galleries, []string{"blonde", "blue"}, Bicubic(), enlarge)
	require.NoError(t, err)
	text := written(t, figure)
	for _, want := range []string{">generated<", ">drawn<", ">blonde<", ">blue<"} {
		assert.Equal(t, 1, strings.Count(text, want), want)
	}
	assert.Equal(t, 2, strings.Count(text, ">bicubic<"), "once in each gallery")

	_, err = EnlargeFigure(
		t.Context(), galleries, nil,
		Restorer{"broken", func(context.Context, *image.RGBA) (*image.NRGBA, error) { return nil, errors.New("no") }},
	)
	assert.ErrorContains(t, err, "enlarge the generated picture 1 by broken: no")
	_, err = EnlargeFigure(t.Context(), galleries, []string{"one label"})
	assert.ErrorContains(t, err, "row")
}

func TestColourFigureCountsAllPictures(t *testing.T) {
	first, second := someComparison(t, 0), someComparison(t, 60)
	figure, err := ColourFigure(first, second)
	require.NoError(t, err)
	for _, text := range []string{
		"Colours of 2 restored pictures", ">truth<", ">bicubic<", ">nearest<", ">red<", ">green<", ">blue<",
	} {
		assert.Contains(t, written(t, figure), text)
	}
	path := filepath.Join(t.TempDir(), "colours.csv")
	require.NoError(t, figure.SaveCSV(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	require.Len(t, lines, 1+3*3*histogramBins)
	count := 0
	for _, picture := range []*image.NRGBA{first.Restored[1], second.Restored[1]} {
		for i := 1; i < len(picture.Pix); i += 4 {
			if picture.Pix[i]/4 == 32 {
				count++
			}
		}
	}
	require.NotZero(t, count)
	green, bin := lines[1+3*histogramBins:], 2*histogramBins+32 // The third series.
	share, found := strings.CutPrefix(green[bin], "green,nearest,128,132,")
	require.True(t, found, green[bin])
	percent, err := strconv.ParseFloat(share, 64)
	require.NoError(t, err)
	assert.InDelta(t, 100*float64(count)/(2*128*128), percent, 1e-9)

	_, err = ColourFigure()
	assert.ErrorContains(t, err, "no picture")
	second.Names = []string{"bicubic", "other"}
	_, err = ColourFigure(first, second)
	assert.ErrorContains(t, err, "some pictures were restored by [bicubic nearest], others by [bicubic other]")
}

func TestFeatureFigureShowsChannelsBeforeAndAfterTheReLU(t *testing.T) {
	backend, network := openXLA(t), &vgg.Network{Style: vgg.Random}
	picture := imagingtest.Waves(64, 48, 0, 0)
	figure, err := FeatureFigure(t.Context(), backend, network, picture, "conv2_2", 3)
	require.NoError(t, err)
	for _, text := range []string{"VGG16 (random), conv2_2: ", ">before ReLU<", ">after ReLU<", ">1: ", ">43: ", ">86: "} {
		assert.Contains(t, written(t, figure), text)
	}

	draw := func(layer string, channels int) func() (*plots.Figure, error) {
		return func() (*plots.Figure, error) {
			return FeatureFigure(t.Context(), backend, network, picture, layer, channels)
		}
	}
	for want, call := range map[string]func() (*plots.Figure, error){
		`no layer "conv9_9"`: draw("conv9_9", 3),
		"65 channels of 64":  draw("conv1_2", 65),
		"0 channels of 64":   draw("conv1_2", 0),
		"8×64 pixels has none": func() (*plots.Figure, error) {
			return FeatureFigure(t.Context(), backend, network, imagingtest.Waves(8, 64, 0, 0), "conv5_3", 1)
		},
	} {
		_, err := call()
		assert.ErrorContains(t, err, want)
	}
}

func TestDivergingIsWhiteAtZeroAndDarkestAtTheEnds(t *testing.T) {
	picture := diverging([]float32{-2, 0, 1, 7}, 2, 2)
	blue, vermilion := plots.Palette[0], plots.Palette[1]
	assert.Equal(t, color.RGBA{blue.R, blue.G, blue.B, 255}, picture.RGBAAt(0, 0))
	assert.Equal(t, color.RGBA{255, 255, 255, 255}, picture.RGBAAt(1, 0))
	assert.Equal(t, color.RGBA{vermilion.R, vermilion.G, vermilion.B, 255}, picture.RGBAAt(1, 1), "more is cut off")
	assert.InDelta(t, (255+float64(vermilion.B))/2, float64(picture.RGBAAt(0, 1).B), 0.6)
	nothing := diverging([]float32{0, 0}, 1, 0)
	assert.Equal(t, color.RGBA{255, 255, 255, 255}, nothing.RGBAAt(0, 1))
}
