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

func TestConfusionShowsSharesOfRowsAndCounts(t *testing.T) {
	matrix := plots.Confusion{
		Title:   "Hair colour",
		Classes: []string{"blonde", "blue", "green"},
		Counts:  [][]int{{200, 0, 0}, {1, 150, 49}, {0, 0, 0}},
		Asked:   "asked for",
	}
	assert.InDelta(t, 350.0/400, matrix.Accuracy(), 1e-12)
	figure, err := matrix.Figure()
	require.NoError(t, err)
	written := texts(t, figure)
	assert.Subset(t, written, []string{
		"350 of 400 seen as asked (87.5 %)", "asked for", "seen",
		"100 %", "<1 %", "75 %", "24 %", "49", "n = 200", "n = 0",
	})
	assert.Equal(t, 2, strings.Count(strings.Join(written, "\n"), "blue"), "beside its row and above its column")
	cell := 60 * 2 * 60 * 2 // within a cell of 64 points
	bounds := figure.Image().Bounds()
	assert.Greater(t, count(figure.Image(), bounds, plots.Palette[0]), cell*8/10, "one cell has a share of 1")
	empty := color.NRGBA{R: 0xF4, G: 0xF6, B: 0xF8, A: 0xFF}
	assert.Greater(t, count(figure.Image(), bounds, empty), 5*cell, "five have none")
	assert.Equal(t,
		"asked for \\ seen,blonde,blue,green\nblonde,200,0,0\nblue,1,150,49\ngreen,0,0,0\n",
		savedCSV(t, figure))
}

func TestConfusionOfManyClassesStillFits(t *testing.T) {
	const n = 60
	matrix := plots.Confusion{Classes: make([]string, n), Counts: make([][]int, n)}
	for i := range n {
		matrix.Classes[i] = "class " + strings.Repeat("i", i%5)
		matrix.Counts[i] = make([]int, n)
		matrix.Counts[i][i] = 10
	}
	figure, err := matrix.Figure()
	require.NoError(t, err)
	width, _ := figure.Size()
	assert.Less(t, width, 1100)
}

func TestBadConfusionIsRejected(t *testing.T) {
	two := []string{"a", "b"}
	for want, matrix := range map[string]plots.Confusion{
		"without classes":              {},
		"1 rows of counts for 2":       {Classes: two, Counts: [][]int{{1, 2}}},
		`1 counts in the row of "b"`:   {Classes: two, Counts: [][]int{{1, 2}, {1}}},
		`a count of -1 in the row`:     {Classes: two, Counts: [][]int{{1, 2}, {1, -1}}},
		"counts are all 0":             {Classes: two, Counts: [][]int{{0, 0}, {0, 0}}},
		"1 class colours for 2 class ": {Classes: two, Colours: []color.Color{color.Black}, Counts: [][]int{{1, 0}, {0, 1}}},
	} {
		_, err := matrix.Figure()
		assert.ErrorContains(t, err, want)
	}
	assert.Zero(t, plots.Confusion{}.Accuracy())
	assert.Zero(t, plots.Confusion{Counts: [][]int{{}, {0}}}.Accuracy())
}

func TestBarsAreAsLongAsTheirValues(t *testing.T) {
	figure, err := plots.Bars{
		Title:  "Portraits",
		X:      "pictures",
		Names:  []string{"blue", "red", "none"},
		Values: []float64{4000, 1000, 0},
	}.Figure()
	require.NoError(t, err)
	picture := figure.Image()
	lengths := map[int]bool{}
	for y := range picture.Bounds().Dy() {
		row := picture.Bounds()
		row.Min.Y, row.Max.Y = y, y+1
		lengths[count(picture, row, plots.Palette[0])] = true
	}
	longest := 0
	for length := range lengths {
		longest = max(longest, length)
	}
	assert.Greater(t, longest, 1400)
	found := false
	for length := range lengths {
		found = found || math.Abs(float64(length)-float64(longest)/4) <= 2
	}
	assert.True(t, found, "a bar a quarter as long as %d: %v", longest, lengths)
	assert.Contains(t, texts(t, figure), "4,000")
	assert.Equal(t, "name,value\nblue,4000\nred,1000\nnone,0\n", savedCSV(t, figure))
}

func TestBadBarsAreRejected(t *testing.T) {
	for want, bars := range map[string]plots.Bars{
		"without a value":           {},
		"1 names for 2 bars":        {Names: []string{"a"}, Values: []float64{1, 2}},
		`"a" cannot be -1 long`:     {Names: []string{"a"}, Values: []float64{-1}},
		`"a" cannot be NaN long`:    {Names: []string{"a"}, Values: []float64{math.NaN()}},
		"2 bar colours for 1 bar l": {Names: []string{"a"}, Values: []float64{1}, Colours: make([]color.Color, 2)},
	} {
		_, err := bars.Figure()
		assert.ErrorContains(t, err, want)
	}
}
