package plots

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"
)

// curve is a Series prepared for drawing.
type curve struct {
	name     string
	steps    []float64
	values   []float64 // as given, NaN and Inf among them
	smoothed []float64 // NaN where values is not finite; nil without smoothing
	skipped  int       // number of values that are not finite
}

func newCurve(series Series, weight float64) curve {
	c := curve{name: series.Name, steps: make([]float64, len(series.Steps)), values: slices.Clone(series.Values)}
	for i, step := range series.Steps {
		c.steps[i] = float64(step)
		if !isFinite(c.values[i]) {
			c.skipped++
		}
	}
	switch {
	case weight > 0 && series.Smoothed != nil:
		c.smoothed = slices.Clone(series.Smoothed)
	case weight > 0:
		c.smoothed = smooth(c.values, weight)
	}
	return c
}

// smooth is the exponential mean m ← weight·m + (1-weight)·v, divided by 1-weightⁿ to correct for its start
// from 0, as Adam does. Values that are not finite do not change the mean.
func smooth(values []float64, weight float64) []float64 {
	smoothed := make([]float64, len(values))
	mean, start := 0.0, 1.0
	for i, v := range values {
		if !isFinite(v) {
			smoothed[i] = math.NaN()
			continue
		}
		mean = weight*mean + (1-weight)*v
		start *= weight
		smoothed[i] = mean / (1 - start)
	}
	return smoothed
}

// span is a closed interval.
type span struct{ low, high float64 }

func (s span) with(v float64) span { return span{min(s.low, v), max(s.high, v)} }

// ranges returns the ranges of the steps, marks included, and of the finite values.
func ranges(curves []curve, marks []Mark) (x, y span, err error) {
	x = span{math.Inf(1), math.Inf(-1)}
	y = x
	for _, curve := range curves {
		for i, v := range curve.values {
			x = x.with(curve.steps[i])
			if isFinite(v) {
				y = y.with(v)
			}
		}
	}
	for _, mark := range marks {
		x = x.with(float64(mark.Step))
	}
	if y.low > y.high {
		return x, y, errors.New("plots: no series has a finite value, so there is no curve to draw")
	}
	if largest := max(-y.low, y.high); largest > 1/tiny {
		return x, y, fmt.Errorf("plots: a value of magnitude %g is too large to draw", largest)
	}
	if x.low == x.high {
		air := max(1, 1e-9*math.Abs(x.low)) // 1 is lost in the rounding of huge steps
		x = span{x.low - air, x.high + air}
	}
	return x, y, nil
}

// columns is the number of columns that a curve is reduced to, more than the chart has pixels across.
func (c Curves) columns() int { return pixelsPerPoint * int(c.width()) }

// decimate cuts a curve into segments at values that are not finite. Of many points in one column of pixels it keeps
// the visible ones: first, lowest, highest and last.
func decimate(steps, values []float64, x span, columns int) []plotter.XYs {
	var segments []plotter.XYs
	var segment plotter.XYs
	each := len(values) <= 4*columns
	for start := 0; start < len(values); {
		end := start + 1
		for column := columnOf(steps[start], x, columns); !each && end < len(values) &&
			columnOf(steps[end], x, columns) == column; {
			end++
		}
		kept, broken := extremes(steps[start:end], values[start:end])
		segment = append(segment, kept...)
		if broken && len(segment) > 0 {
			segments = append(segments, segment)
			segment = nil
		}
		start = end
	}
	if len(segment) > 0 {
		segments = append(segments, segment)
	}
	return segments
}

func columnOf(step float64, x span, columns int) int {
	return int((step - x.low) / (x.high - x.low) * float64(columns))
}

// extremes returns the first, lowest, highest and last finite point, in order, and whether any point is not finite.
func extremes(steps, values []float64) (points plotter.XYs, broken bool) {
	first, low, high, last := -1, -1, -1, -1
	for i, v := range values {
		if !isFinite(v) {
			broken = true
			continue
		}
		if first < 0 {
			first, low, high = i, i, i
		}
		if v < values[low] {
			low = i
		}
		if v > values[high] {
			high = i
		}
		last = i
	}
	if first < 0 {
		return nil, broken
	}
	order := []int{first, low, high, last}
	slices.Sort(order)
	for _, i := range slices.Compact(order) {
		points = append(points, plotter.XY{X: steps[i], Y: values[i]})
	}
	return points, broken
}
