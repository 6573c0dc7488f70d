//go:build slow

package blink

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestShippedNetworkBlinksOnArt measures the shipped network on characters that nobody here drew. They are not in the
// repository: MOELAB_ART names a folder with their blinks and, in "still", the same blinks with the heads held still.
func TestShippedNetworkBlinksOnArt(t *testing.T) {
	art := os.Getenv("MOELAB_ART")
	if art == "" {
		t.Skip("set MOELAB_ART to a folder with the folders blinks and still")
	}
	scores, err := Evaluate(t.Context(), openXLA(t), "", lab.EvaluateOptions{
		Data: filepath.Join(art, "blinks"), Truth: filepath.Join(art, "still"), Cross: true,
	})
	require.NoError(t, err)
	t.Log(scores)
	assert.LessOrEqual(t, scores.Own.ErrorRatio, 0.35)
	assert.LessOrEqual(t, scores.Own.WorstError, 0.55)
	assert.LessOrEqual(t, scores.Own.Closed, 0.30)
	for _, summary := range []Summary{scores.Own, scores.Others} {
		assert.GreaterOrEqual(t, summary.Follow, 0.97)
		assert.GreaterOrEqual(t, summary.LeastFollow, 0.93)
		assert.LessOrEqual(t, summary.After, 4.0)
		assert.LessOrEqual(t, summary.Foreign, 0.01)
	}
}
