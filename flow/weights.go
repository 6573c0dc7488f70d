package flow

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// round is OpenCV's cvRound.
func round(x float64) int { return int(math.RoundToEven(x)) }

// gaussian returns 2·radius + 1 weights whose sum is 1.
func gaussian(radius int, sigma float64) []float64 {
	weights := make([]float64, 2*radius+1)
	for i := range weights {
		if x := float64(i - radius); x != 0 {
			weights[i] = math.Exp(-x * x / (2 * sigma * sigma))
		} else {
			weights[i] = 1
		}
	}
	floats.Scale(1/floats.Sum(weights), weights)
	return weights
}

// linear returns the matrix, [to, from], that resamples by linear interpolation: OpenCV's INTER_LINEAR.
func linear(from, to int) *mat.Dense {
	m := mat.NewDense(to, from, nil)
	for i := range to {
		at := (float64(i)+0.5)*float64(from)/float64(to) - 0.5
		whole := math.Floor(at)
		fraction := at - whole
		low, high := max(int(whole), 0), min(int(whole)+1, from-1)
		m.Set(i, low, m.At(i, low)+1-fraction)
		m.Set(i, high, m.At(i, high)+fraction)
	}
	return m
}

// area returns the matrix, [to, from], that shrinks by averaging the area that each pixel covers: OpenCV's INTER_AREA.
func area(from, to int) *mat.Dense {
	m := mat.NewDense(to, from, nil)
	size := float64(from) / float64(to)
	for i := range to {
		begin, end := float64(i)*size, float64(i+1)*size
		for j := int(begin); j < from && float64(j) < end; j++ {
			covered := min(end, float64(j+1)) - max(begin, float64(j))
			m.Set(i, j, covered/size)
		}
	}
	return m
}

// reflect maps the index of a pixel outside to one inside, mirrored without repeating the border: OpenCV's
// BORDER_REFLECT_101.
func reflect(i, length int) int {
	if length == 1 {
		return 0
	}
	period := 2 * (length - 1)
	i = ((i % period) + period) % period
	return min(i, period-i)
}
