package blink

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writeRun writes the parts of a trained run that are read here.
func writeRun(t *testing.T, dir, metrics string) {
	t.Helper()
	require.NoError(
		t,
		os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"format": 1, "experiment": "blink", "config": {}}`), 0o644),
	)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "metrics.jsonl"), []byte(metrics), 0o644))
}

func TestDHasWonWhereItStaysAhead(t *testing.T) {
	const guesses, wins = 0.5, 1.0
	for name, c := range map[string]struct {
		ranking []float64
		step    int // 0: D does not win.
	}{
		"from the beginning": {slices.Repeat([]float64{wins}, 40), 1},
		"later":              {slices.Concat(slices.Repeat([]float64{guesses}, 60), slices.Repeat([]float64{wins}, 60)), 61},
		"not to the end":     {slices.Concat(slices.Repeat([]float64{wins}, 60), slices.Repeat([]float64{guesses}, 60)), 0},
		"never":              {slices.Repeat([]float64{wins, guesses}, 60), 0},
		"too few steps":      {[]float64{wins, wins}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var metrics strings.Builder
			for i, r := range c.ranking {
				fmt.Fprintf(&metrics, "{\"step\":%d,\"seconds\":1,\"values\":{%q:%g}}\n", i+1, metricRanking, r)
			}
			writeRun(t, dir, metrics.String())
			step, won, err := lab.Won(dir, metricRanking)
			require.NoError(t, err)
			assert.Equal(t, c.step, step)
			assert.Equal(t, c.step > 0, won)
			verdict, err := Verdict(dir, Evaluation{Own: Summary{ErrorRatio: 1.5, Closes: 0.2}})
			require.NoError(t, err)
			if won {
				assert.Equal(
					t,
					fmt.Sprintf(
						"hardly blinks: the eyes close 20 %% of the way, "+
							"and the error is 1.50 times that of repeating the picture; D wins from step %d on",
						c.step,
					),
					verdict,
				)
			} else {
				assert.Contains(t, verdict, "D does not win")
			}
		})
	}
}

func TestVerdictsFollowFromTheNumbers(t *testing.T) {
	dir := t.TempDir() // A run without a D.
	writeRun(t, dir, "{\"step\":1,\"seconds\":1,\"values\":{}}\n")
	_, _, err := lab.Won(dir, metricRanking)
	require.ErrorIs(t, err, lab.ErrNoMetric)
	for says, own := range map[string]Summary{
		"hardly blinks: the eyes close 10 %":                {ErrorRatio: 0.99, Closes: 0.1},
		"spoils the picture: the error is 1.20":             {ErrorRatio: 1.2, Closes: 0.5},
		"blinks in part: the eyes close 80 %":               {ErrorRatio: 0.8, Closes: 0.8},
		"blinks: the error is 0.50 times that of repeating": {ErrorRatio: 0.5, Closes: 0.95, Follow: 0.99},
	} {
		verdict, err := Verdict(dir, Evaluation{Own: own})
		require.NoError(t, err)
		assert.Contains(t, verdict, says)
	}
}
