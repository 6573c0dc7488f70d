//go:build slow

package main

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/moelab/moelab/lab/sweep"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var manySeeds = flag.Int("many", 200, "number of cells of TestSweepOfManyCells")

// TestSweepOfManyCells runs a sweep of 200 cells twice: undisturbed, and killed at 20 random moments. The results are
// the same, and a sweep takes at most a tenth longer than its commands by hand.
func TestSweepOfManyCells(t *testing.T) {
	t.Setenv(asCommand, "1")
	arguments := func(dir string) []string {
		return []string{
			"sweep", "blink", "--preset", "smoke", "--steps", "2", "--seeds", fmt.Sprint(*manySeeds), "--out", dir,
			"--backend", "go",
		}
	}
	undisturbed, killed := filepath.Join(t.TempDir(), "undisturbed"), filepath.Join(t.TempDir(), "killed")
	start := time.Now()
	succeed(t, arguments(undisturbed)...)
	lasts := time.Since(start)

	start = time.Now()
	const byHand = 10
	for seed := 1; seed <= byHand; seed++ {
		dir := filepath.Join(t.TempDir(), "run")
		for _, line := range [][]string{
			{"train", "blink", "--preset", "smoke", "--set", "steps=2", "--set", fmt.Sprint("seed=", seed), "--run", dir},
			{"eval", "--run", dir},
		} {
			output, err := exec.CommandContext(t.Context(), os.Args[0], append(line, "--backend", "go")...).CombinedOutput()
			require.NoError(t, err, "%s", output)
		}
	}
	alone := time.Since(start) / byHand
	inSweep := lasts / time.Duration(*manySeeds)
	t.Logf("%v a cell in a sweep of %d, %v by hand: %.3f of it", inSweep, *manySeeds, alone,
		inSweep.Seconds()/alone.Seconds())
	assert.Less(t, inSweep.Seconds(), 1.1*alone.Seconds())

	random := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(2*random.Float64()*float64(lasts)/21))
		command := exec.CommandContext(ctx, os.Args[0], arguments(killed)...)
		command.Cancel = func() error { return command.Process.Signal(syscall.SIGKILL) }
		_ = command.Run()
		cancel()
	}
	succeed(t, arguments(killed)...)
	assert.Equal(t, resultsOf(t, undisturbed), resultsOf(t, killed))
}

// resultsOf reads results.csv without the times.
func resultsOf(t *testing.T, dir string) [][]string {
	t.Helper()
	s, err := sweep.Open(dir)
	require.NoError(t, err)
	progress, err := s.Progress()
	require.NoError(t, err)
	assert.Equal(t, sweep.Progress{Cells: *manySeeds, Done: *manySeeds}, progress)
	file, err := os.Open(filepath.Join(dir, "results.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	at := slices.Index(rows[0], "seconds")
	for i := range rows {
		rows[i] = slices.Delete(rows[i], at, at+1)
	}
	return rows
}
