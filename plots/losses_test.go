package plots_test

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/plots"
)

// steps are 0, 1, 2, …
func steps(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func series(name string, values ...float64) plots.Series {
	return plots.Series{Name: name, Steps: steps(len(values)), Values: values}
}

func TestEachCurveIsDrawnAcrossTheChartInItsColour(t *testing.T) {
	figure, err := plots.Curves{Series: []plots.Series{series("one", 1, 1, 1), series("two", 2, 2, 2)}}.Figure()
	require.NoError(t, err)
	picture := figure.Image()
	rows := make(map[color.NRGBA]int) // where the coloured line crosses
	for _, colour := range plots.Palette[:2] {
		for y := 100; y < picture.Bounds().Dy(); y++ {
			if count(picture, image.Rect(0, y, 1800, y+1), colour) > 1500 {
				rows[colour] = y
			}
		}
	}
	require.Len(t, rows, 2)
	assert.Less(t, rows[plots.Palette[1]], rows[plots.Palette[0]], "2 is above 1")
}

func TestLegendIsAboveTheCurves(t *testing.T) {
	curves := plots.Curves{Series: []plots.Series{series("discriminator", 1, 2), series("generator", 2, 1)}}
	figure, err := curves.Figure()
	require.NoError(t, err)
	legend := image.Rect(0, 0, 1800, 2*(14+22))
	assert.Positive(t, count(figure.Image(), legend, plots.Palette[0]))
	assert.Positive(t, count(figure.Image(), legend, plots.Palette[1]))
	assert.Contains(t, texts(t, figure), "discriminator")
}

// So that a run that has not logged a metric leaves the others' colours as they are in other charts.
func TestASeriesWithoutNameAndValuesTakesAColour(t *testing.T) {
	curves := plots.Curves{Series: []plots.Series{series(""), series("present", 2, 1)}, Smooth: 0.5}
	figure, err := curves.Figure()
	require.NoError(t, err)
	whole := figure.Image().Bounds()
	assert.Zero(t, count(figure.Image(), whole, plots.Palette[0]))
	assert.Positive(t, count(figure.Image(), whole, plots.Palette[1]))
	assert.Contains(t, texts(t, figure), "present")
}

func TestSmoothedCurveIsStrongOverPaleValues(t *testing.T) {
	noisy := make([]float64, 500)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noisy {
		noisy[i] = random.NormFloat64()
	}
	figure, err := plots.Curves{Series: []plots.Series{series("loss", noisy...)}, Smooth: 0.98}.Figure()
	require.NoError(t, err)
	pale := color.NRGBA{R: 0xB3, G: 0xD5, B: 0xE8, A: 0xFF} // 30 % of the palette's blue
	assert.Greater(t, count(figure.Image(), figure.Image().Bounds(), pale), 10000)
	assert.Greater(t, count(figure.Image(), figure.Image().Bounds(), plots.Palette[0]), 3000)
	assert.Equal(t,
		[]string{"Pale: every value. Strong: exponential mean with weight 0.98, over about 50 values."},
		figure.Notes())
}

func TestAxesHaveTheirLabelsAndTicks(t *testing.T) {
	tests := []struct {
		name   string
		values []float64
		log    bool
		want   []string
	}{
		{"linear", []float64{-1, 0.5, 2}, false, []string{"−1", "0", "1", "2"}},
		{"thousands", []float64{0, 25000}, false, []string{"0", "5,000", "10,000", "25,000"}},
		{"logarithmic", []float64{0.0008, 12}, true, []string{"0.001", "0.01", "0.1", "1", "10"}},
		{"within two decades", []float64{0.3, 4}, true, []string{"0.5", "1", "2"}},
		{"within a decade", []float64{3, 4.5}, true, []string{"3.0", "3.5", "4.0", "4.5"}},
		{"on both sides of 0", []float64{-10, -0.1, 0, 0.1, 10}, true,
			[]string{"−10", "−1", "−0.1", "0", "0.1", "1", "10"}},
		{"many decades", []float64{1e-30, 1e30}, true, []string{"1e−24", "1e−8", "1", "1e24"}},
		{"a tight range", []float64{0.99999, 1}, false, []string{"0.999990", "0.999992", "1.000000"}},
		{"small", []float64{0, 5e-6}, false, []string{"1e−6", "5e−6"}},
		{"one value", []float64{7}, false, []string{"7.0"}},
		{"all 0", []float64{0, 0}, true, []string{"0.0"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			figure, err := plots.Curves{
				X:      "step",
				Y:      "loss (nats)",
				Series: []plots.Series{series("", test.values...)},
				Log:    test.log,
			}.Figure()
			require.NoError(t, err)
			got := texts(t, figure)
			assert.Subset(t, got, append(test.want, "step", "loss (nats)"))
		})
	}
}

func TestNarrowCurvesFitTheirWidth(t *testing.T) {
	curves := plots.Curves{X: "step", Y: "loss", Width: 340, Series: []plots.Series{{
		Name: "a name that is long", Steps: []int{0, 40_000, 80_000}, Values: []float64{1, 2, 3},
	}}}
	figure, err := curves.Figure()
	require.NoError(t, err)
	width, height := figure.Size()
	assert.Equal(t, 340, width)
	assert.Greater(t, height, 220)
	assert.Subset(t, texts(t, figure), []string{"0", "50,000"}, "few ticks have room")

	curves.Width = 100
	_, err = curves.Figure()
	assert.ErrorContains(t, err, "a chart 100 points wide is narrower than 240")
}

func TestASeriesThatWasThinnedOutBringsItsOwnMean(t *testing.T) {
	series := plots.Series{Steps: []int{1, 1, 2, 2}, Values: []float64{0, 4, 0, 8}, Smoothed: []float64{1, 1, 2, 2}}
	curves := plots.Curves{Series: []plots.Series{series}, Smooth: 0.9}
	figure, err := curves.Figure()
	require.NoError(t, err)
	assert.Contains(t, figure.Notes()[0], "the lowest and highest of several")
	path := filepath.Join(t.TempDir(), "curve.csv")
	require.NoError(t, figure.SaveCSV(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "series,step,value,smoothed\n,1,0,1\n,1,4,1\n,2,0,2\n,2,8,2\n", string(data))

	curves.Series[0].Smoothed = []float64{1}
	_, err = curves.Figure()
	assert.ErrorContains(t, err, `series "" has 1 smoothed values for 4 values`)
}

func TestLogAxisWithNegativeValuesSaysWhereItIsLinear(t *testing.T) {
	figure, err := plots.Curves{Series: []plots.Series{series("loss", -3, 0.02, 0, 5)}, Log: true}.Figure()
	require.NoError(t, err)
	assert.Equal(t,
		[]string{"The y-axis is linear between about ±0.01 and logarithmic beyond, as some values are ≤ 0."},
		figure.Notes())
}

func TestValuesThatAreNotFiniteAreLeftOutAndCounted(t *testing.T) {
	figure, err := plots.Curves{Series: []plots.Series{
		series("D", 1, math.NaN(), 2, math.Inf(1), math.Inf(-1)),
		series("G", 1, 2),
	}}.Figure()
	require.NoError(t, err)
	assert.Equal(t, []string{"D: 3 of 5 values left out, being NaN or infinite."}, figure.Notes())
	assert.Contains(t, texts(t, figure), figure.Notes()[0], "also under the picture")
}

func TestCurvesCSVHasEveryValue(t *testing.T) {
	figure, err := plots.Curves{Series: []plots.Series{
		{Name: "D", Steps: []int{10, 20, 30}, Values: []float64{1, math.NaN(), 3}},
		{Name: "G, both", Steps: []int{5}, Values: []float64{0.1}},
	}, Smooth: 0.5}.Figure()
	require.NoError(t, err)
	assert.Equal(t,
		"series,step,value,smoothed\nD,10,1,1\nD,20,NaN,NaN\nD,30,3,2.3333333333333335\n\"G, both\",5,0.1,0.1\n",
		savedCSV(t, figure))
}

func TestMarksAreLabelledInOrder(t *testing.T) {
	figure, err := plots.Curves{
		Series: []plots.Series{series("loss", 1, 2, 3)},
		Marks:  []plots.Mark{{Step: 2, Label: "collapsed"}, {Step: 1, Label: "resumed"}, {Step: 1, Label: "slower"}},
	}.Figure()
	require.NoError(t, err)
	plain, err := plots.Curves{Series: []plots.Series{series("loss", 1, 2, 3)}}.Figure()
	require.NoError(t, err)
	dashes := color.NRGBA{R: 0x66, G: 0x66, B: 0x66, A: 0xFF}
	middle := image.Rect(880, 0, 1000, figure.Image().Bounds().Dy()-150)
	assert.Zero(t, count(plain.Image(), middle, dashes))
	assert.Greater(t, count(figure.Image(), middle, dashes), 200)
	assert.Subset(t, texts(t, figure), []string{"collapsed", "resumed", "slower"})
}

func TestAMillionPointsAreFast(t *testing.T) {
	const n = 1_000_000
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, n)
	for i := range values {
		values[i] = random.NormFloat64()
	}
	values[n/3] = 50
	start := time.Now()
	figure, err := plots.Curves{Series: []plots.Series{series("loss", values...)}, Smooth: 0.999}.Figure()
	require.NoError(t, err)
	assert.Less(t, time.Since(start), 10*time.Second, "0.2 s when nothing else runs")
	// The one outlier is visible, alone at the top of the chart.
	pale := color.NRGBA{R: 0xB3, G: 0xD5, B: 0xE8, A: 0xFF}
	assert.Positive(t, count(figure.Image(), image.Rect(550, 120, 750, 400), pale))
}

func TestExtremeCurvesAreDrawnOrRejected(t *testing.T) {
	for _, log := range []bool{false, true} {
		for _, values := range [][]float64{
			{1e300, -1e300}, {math.MaxFloat64, -math.MaxFloat64}, {math.MaxFloat64},
			{5e-324}, {5e-324, 1}, {0, 5e-324}, {-5e-324, 1e300},
			{1e17, 1e17 + 16}, {1e-12, 4e297}, {-1, -1}, {1, math.Nextafter(1, 2)}, {0}, {-1e-320, 1e-320},
		} {
			figure, err := plots.Curves{Series: []plots.Series{series("loss", values...)}, Log: log, Smooth: 0.9}.Figure()
			if err == nil {
				assert.False(t, strings.Contains(svg(t, figure), "NaN"), "log %v, values %v", log, values)
				continue
			}
			assert.NotContains(t, err.Error(), "cannot draw", "log %v, values %v", log, values)
		}
	}
	far := plots.Series{Name: "loss", Steps: []int{math.MaxInt}, Values: []float64{1}}
	figure, err := plots.Curves{Series: []plots.Series{far}}.Figure()
	require.NoError(t, err)
	assert.False(t, strings.Contains(svg(t, figure), "NaN"))
}

func TestBadCurvesAreRejected(t *testing.T) {
	tests := []struct {
		name   string
		curves plots.Curves
		want   string
	}{
		{"no series", plots.Curves{}, "without a series"},
		{"empty series", plots.Curves{Series: []plots.Series{{Name: "D"}}}, "no series has a finite value"},
		{"nothing finite", plots.Curves{Series: []plots.Series{series("D", math.NaN(), math.Inf(1))}},
			"no series has a finite value"},
		{"lengths", plots.Curves{Series: []plots.Series{{Name: "D", Steps: []int{1}, Values: []float64{1, 2}}}},
			`"D" has 1 steps for 2 values`},
		{"order", plots.Curves{Series: []plots.Series{{Name: "D", Steps: []int{5, 3}, Values: []float64{1, 2}}}},
			"step 3 comes after step 5"},
		{"too smooth", plots.Curves{Series: []plots.Series{series("D", 1)}, Smooth: 1}, "smoothing of 1 is outside [0, 1)"},
		{"negative smoothing", plots.Curves{Series: []plots.Series{series("D", 1)}, Smooth: -0.1}, "outside [0, 1)"},
		{"smoothing NaN", plots.Curves{Series: []plots.Series{series("D", 1)}, Smooth: math.NaN()}, "outside [0, 1)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.curves.Figure()
			assert.ErrorContains(t, err, test.want)
		})
	}
}
