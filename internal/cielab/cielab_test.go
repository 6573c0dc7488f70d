package cielab_test

import (
	"image/color"
	"testing"

	"github.com/moelab/moelab/internal/cielab"
	"github.com/stretchr/testify/assert"
)

// The values are those of Bruce Lindbloom's calculator for sRGB and D65.
func TestWhiteBlackAndRedInCIELAB(t *testing.T) {
	for c, want := range map[color.RGBA][3]float64{
		{255, 255, 255, 255}: {100, 0, 0}, {0, 0, 0, 255}: {0, 0, 0}, {255, 0, 0, 255}: {53.24, 80.09, 67.20},
	} {
		got := cielab.Of(c)
		for axis := range want {
			assert.InDelta(t, want[axis], got[axis], 0.05, c)
		}
	}
}

func TestMedianIsOfEachCoordinate(t *testing.T) {
	assert.Equal(t, [3]float64{2, 5, 1}, cielab.Median([][3]float64{{1, 9, 1}, {2, 4, 1}, {70, 5, 0}}))
	assert.Zero(t, cielab.Median[[3]float64](nil))
}
