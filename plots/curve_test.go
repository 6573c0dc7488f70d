package plots

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

func TestSmoothIsTheDebiasedExponentialMean(t *testing.T) {
	// By hand: 1; (0.5·1+2)/1.5; (0.25·1+0.5·2+3)/1.75.
	assert.InDeltaSlice(t, []float64{1, 2.5 / 1.5, 4.25 / 1.75}, smooth([]float64{1, 2, 3}, 0.5), 1e-12)
	for _, v := range smooth([]float64{7, 7, 7, 7}, 0.99) {
		assert.InDelta(t, 7, v, 1e-9, "a constant stays what it is from the start")
	}
	smoothed := smooth([]float64{4, math.NaN(), 4}, 0.9)
	assert.True(t, math.IsNaN(smoothed[1]))
	assert.InDelta(t, 4, smoothed[2], 1e-12, "values that are not finite are passed over")
}

func TestDecimateKeepsTheExtremesOfEachColumn(t *testing.T) {
	const n, columns = 200_000, 1800
	random := rand.New(rand.NewPCG(3, 4))
	steps, values := make([]float64, n), make([]float64, n)
	lows, highs := map[int]float64{}, map[int]float64{}
	x := span{0, n - 1}
	for i := range n {
		steps[i], values[i] = float64(i), random.NormFloat64()
		column := columnOf(steps[i], x, columns)
		if _, seen := lows[column]; !seen {
			lows[column], highs[column] = values[i], values[i]
		}
		lows[column], highs[column] = min(lows[column], values[i]), max(highs[column], values[i])
	}
	segments := decimate(steps, values, x, columns)
	require.Len(t, segments, 1)
	assert.LessOrEqual(t, len(segments[0]), 4*(columns+1))
	keptLows, keptHighs := map[int]float64{}, map[int]float64{}
	last := -1.0
	for _, point := range segments[0] {
		require.Greater(t, point.X, last, "in order")
		last = point.X
		require.Equal(t, values[int(point.X)], point.Y)
		column := columnOf(point.X, x, columns)
		if _, seen := keptLows[column]; !seen {
			keptLows[column], keptHighs[column] = point.Y, point.Y
		}
		keptLows[column], keptHighs[column] = min(keptLows[column], point.Y), max(keptHighs[column], point.Y)
	}
	assert.Equal(t, lows, keptLows)
	assert.Equal(t, highs, keptHighs)
}

func TestDecimateKeepsEveryPointOfAShortCurveAndCutsAtNaN(t *testing.T) {
	nan := math.NaN()
	segments := decimate([]float64{0, 1, 2, 3, 4, 5, 6}, []float64{nan, 1, 2, nan, nan, 5, nan}, span{0, 6}, 1800)
	assert.Equal(t, []plotter.XYs{{{X: 1, Y: 1}, {X: 2, Y: 2}}, {{X: 5, Y: 5}}}, segments)
}

func TestMarkMovedFromTheRightEdgeCoversNoOtherLabel(t *testing.T) {
	rows := func(last string) []int {
		marks := []Mark{{Step: 8, Label: "resumed"}, {Step: 10, Label: last}}
		return markRows(marks, []vg.Length{700, 870}, 886, textStyle(noteSize, ink))
	}
	assert.Equal(t, []int{0, 0}, rows("collapsed"))
	assert.Equal(t, []int{1, 0}, rows("a long label at the right edge"))
}

func TestScalesAreMonotoneAndInvertible(t *testing.T) {
	for name, test := range map[string]struct {
		scale  valueScale
		values []float64
	}{
		"linear":      {valueScale{}, []float64{-5, 0, 1e-3, 2, 1e6}},
		"logarithmic": {valueScale{logarithmic: true}, []float64{1e-9, 1e-3, 1, 5, 1e12}},
		"asinh":       {valueScale{linear: 0.01}, []float64{-1e5, -1, -0.001, 0, 0.001, 0.01, 3, 1e9}},
	} {
		last := math.Inf(-1)
		for _, v := range test.values {
			assert.InDelta(t, v, test.scale.backward(test.scale.forward(v)), 1e-9*math.Abs(v), name)
			at := test.scale.Normalize(test.values[0], test.values[len(test.values)-1], v)
			assert.Greater(t, at, last, name)
			last = at
		}
		assert.InDelta(t, 1, last, 1e-12, name)
	}
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	assert.Equal(t, "1,234,567", formatNumber(1234567, 0))
	assert.Equal(t, "−12.50", formatNumber(-12.5, 2))
	assert.Equal(t, "0.0", formatNumber(-0.01, 1), "no negative zero")
	assert.Equal(t, "0.001", formatShort(0.001))
	assert.Equal(t, "1e−7", formatShort(1e-7))
	assert.Equal(t, "−1.5e12", formatShort(-1.5e12))
	assert.Equal(t, "1,423", formatValue(1422.6))
	assert.Equal(t, "0.0123", formatValue(0.012345))
	assert.Equal(t, "1,200", formatValue(1200))
	assert.Equal(t, "<1 %", formatPercent(1, 1000))
	assert.Equal(t, ">99 %", formatPercent(999, 1000))
	assert.Equal(t, "100 %", formatPercent(1000, 1000))
}
