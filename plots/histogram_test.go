package plots_test

import (
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/plots"
)

func someHistograms() plots.Histograms {
	return plots.Histograms{
		Title: "Colours", X: "value", Y: "pixels (%)", Low: 0, High: 256,
		Names: []string{"truth", "SRGAN", "ESRGAN"},
		Panels: []plots.HistogramPanel{
			{Name: "red", Counts: [][]float64{{40, 10, 10, 40}, {30, 20, 20, 30}, {40, 12, 8, 40}}},
			{Name: "green", Counts: [][]float64{{0, 100, 0, 0}, {5, 90, 5, 0}, {0, 99, 1, 0}}},
		},
	}
}

func TestHistogramsNameEverything(t *testing.T) {
	figure, err := someHistograms().Figure()
	require.NoError(t, err)
	width, height := figure.Size()
	assert.Equal(t, 900, width)
	assert.Less(t, height, 600)
	assert.Subset(t, texts(t, figure), []string{
		"Colours", "value", "pixels (%)", "red", "green", "truth", "SRGAN", "ESRGAN", "0", "250",
	})
	assert.Equal(t, 1, strings.Count(svg(t, figure), ">250<"), "ticks are numbered at the bottom only")
}

func TestHistogramsFillTheFirstSeriesInProportion(t *testing.T) {
	histograms := plots.Histograms{
		High:   1,
		Names:  []string{""},
		Panels: []plots.HistogramPanel{{Counts: [][]float64{{1, 1, 1, 1}}}},
	}
	filled := func() int {
		figure, err := histograms.Figure()
		require.NoError(t, err)
		blue := plots.Palette[0]
		pale := func(c uint8) uint8 { return uint8(math.Round(255 + 0.3*(float64(c)-255))) }
		fill := color.NRGBA{R: pale(blue.R), G: pale(blue.G), B: pale(blue.B), A: 255}
		return count(figure.Image(), figure.Image().Bounds(), fill)
	}
	whole := filled()
	histograms.Panels[0].Counts = [][]float64{{0, 0, 1, 1}}
	assert.InEpsilon(t, 0.5, float64(filled())/float64(whole), 0.03)
}

func TestHistogramsWriteTheirNumbers(t *testing.T) {
	figure, err := someHistograms().Figure()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(savedCSV(t, figure)), "\n")
	require.Len(t, lines, 1+2*3*4)
	assert.Equal(t, "panel,series,low,high,count", lines[0])
	assert.Equal(t, "red,SRGAN,64,128,20", lines[6])
	assert.Equal(t, "green,ESRGAN,192,256,0", lines[24])
}

func TestHistogramsOnALogarithmicAxisReachFourDecades(t *testing.T) {
	histograms := someHistograms()
	histograms.Log = true
	histograms.Panels[0].Counts[0] = []float64{100, 1e-9, 0, 1}
	figure, err := histograms.Figure()
	require.NoError(t, err)
	written := texts(t, figure)
	assert.Contains(t, written, "100")
	assert.Contains(t, written, "0.01")
	assert.NotContains(t, written, "0.001")
}

func TestHistogramsAreDrawnFromACopy(t *testing.T) {
	histograms := someHistograms()
	figure, err := histograms.Figure()
	require.NoError(t, err)
	before, numbers := svg(t, figure), savedCSV(t, figure)
	histograms.Panels[0].Counts[1][2], histograms.Names[0] = 1e6, "other"
	assert.Equal(t, before, svg(t, figure))
	assert.Equal(t, numbers, savedCSV(t, figure))
}

func TestBadHistogramsAreRejected(t *testing.T) {
	for want, spoil := range map[string]func(h *plots.Histograms){
		"without a panel or a series":         func(h *plots.Histograms) { h.Panels = nil },
		"bins from 3 to 3 are none":           func(h *plots.Histograms) { h.Low, h.High = 3, 3 },
		"bins from NaN to 256 are none":       func(h *plots.Histograms) { h.Low = math.NaN() },
		`panel "red" has 3 series, not 1`:     func(h *plots.Histograms) { h.Names = h.Names[:1] },
		`SRGAN of panel "green" has 3 bins`:   func(h *plots.Histograms) { h.Panels[1].Counts[1] = []float64{1, 2, 3} },
		`truth of panel "red" has 0 bins`:     func(h *plots.Histograms) { h.Panels[0].Counts[0] = nil },
		`truth of panel "red" has a bin of -`: func(h *plots.Histograms) { h.Panels[0].Counts[0][0] = -1 },
		`ESRGAN of panel "red" has a bin of N`: func(h *plots.Histograms) {
			h.Panels[0].Counts[2][3] = math.NaN()
		},
		"every bin is empty": func(h *plots.Histograms) {
			h.Names, h.Panels = h.Names[:1], []plots.HistogramPanel{{Counts: [][]float64{{0, 0}}}}
		},
	} {
		h := someHistograms()
		spoil(&h)
		_, err := h.Figure()
		assert.ErrorContains(t, err, want)
	}
}
