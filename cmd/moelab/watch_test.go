package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/labtest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWatchEndsWithTheRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r, err := lab.Create(dir, lab.Experiment{Name: "gan", Config: map[string]int{"steps": 9}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, statusInterrupted, run(ctx, []string{"watch", dir}, os.Stderr, os.Stderr), "it is in training")

	require.NoError(t, r.Close())
	status, stdout, stderr := moelab(t, "watch", dir)
	assert.Equal(t, statusFailed, status)
	assert.Equal(t, dir+": stopped · 0/9\n", stdout)
	assert.Equal(t, "moelab: "+dir+" is stopped at step 0 of 9: not finished\n", stderr)

	require.NoError(t, labtest.Checkpoint(dir, 9))
	assert.Equal(t, dir+": finished · 9/9\n", succeed(t, "watch", dir))

	for want, args := range map[string][]string{
		"name the run directory": nil, "look for runs in nowhere": {"nowhere"}, "not a run directory": {t.TempDir()},
	} {
		status, _, stderr := moelab(t, append([]string{"watch"}, args...)...)
		assert.Equal(t, statusUsage, status)
		assert.Contains(t, stderr, want)
	}
}
