package plots_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/plots"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDotsKeepTheirNumbers(t *testing.T) {
	figure, err := goldenDots().Figure()
	require.NoError(t, err)
	assert.Equal(t, []string{"2 values are NaN or infinite."}, figure.Notes())
	path := filepath.Join(t.TempDir(), "dots.csv")
	require.NoError(t, figure.SaveCSV(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 13, bytes.Count(text, []byte("\n")))
	assert.Contains(t, string(text), "conditioning=hidden,+Inf\n")
	assert.Contains(t, string(text), "conditioning=hidden,NaN\n")
}

func TestDotsThatCannotBeDrawn(t *testing.T) {
	for want, dots := range map[string]plots.Dots{
		"1 names for 2 rows":     {Names: []string{"a"}, Values: [][]float64{{1}, {2}}},
		"without a finite value": {Names: []string{"a", "b"}, Values: [][]float64{{math.NaN()}, nil}},
		"is too large to draw":   {Names: []string{"a"}, Values: [][]float64{{1e308}}},
	} {
		_, err := dots.Figure()
		assert.ErrorContains(t, err, want)
	}
	_, err := plots.Dots{Names: []string{"a"}, Values: [][]float64{{2, 2, 2}}}.Figure()
	require.NoError(t, err)
}
