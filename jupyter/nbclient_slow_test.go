//go:build slow

package jupyter

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// executeSeconds runs a notebook by nbclient and prints the seconds from the kernel's start to its end.
const executeSeconds = `
import sys, time, nbformat
from nbclient import NotebookClient
nb = nbformat.read(sys.argv[1], as_version=4)
start = time.perf_counter()
NotebookClient(nb, timeout=None).execute()
print(time.perf_counter() - start)
`

// TestRunTakesNoLongerThanNbclient runs notebooks alternately by both, with the same kernel. It needs an idle machine.
func TestRunTakesNoLongerThanNbclient(t *testing.T) {
	many := func(n int, cell func(i int) string) (cells []string) {
		for i := range n {
			cells = append(cells, cell(i))
		}
		return cells
	}
	for name, nb := range map[string]*Notebook{
		"4000 flushed pieces of one line": notebook("python3", "for i in range(4000): print(i, end=' ', flush=True)"),
		"100 Python cells": notebook("python3",
			many(100, func(i int) string { return fmt.Sprintf("x = %d\nprint(x)", i) })...),
		"5 Go cells": notebook(KernelName, many(5, func(i int) string {
			return fmt.Sprintf("func f%d() int { return %[1]d }\n%%%%\nfmt.Println(f%[1]d())", i)
		})...),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "notebook.ipynb")
			require.NoError(t, nb.Write(path))
			var ours, theirs []float64
			const runs = 5
			for range runs {
				read, err := Read(path)
				require.NoError(t, err)
				start := time.Now()
				require.NoError(t, Run(t.Context(), read, Options{}))
				ours = append(ours, time.Since(start).Seconds())

				said, err := exec.CommandContext(t.Context(), oracle.Python(), "-c", executeSeconds, path).Output()
				require.NoError(t, err)
				seconds, err := strconv.ParseFloat(strings.TrimSpace(string(said)), 64)
				require.NoError(t, err)
				theirs = append(theirs, seconds)
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			ratio := ours[runs/2] / theirs[runs/2]
			t.Logf("%.2f s, nbclient %.2f s: %.2f of it (%.2f and %.2f)", ours[runs/2], theirs[runs/2], ratio, ours, theirs)
			assert.LessOrEqual(t, ratio, 1.0)
		})
	}
}

// TestACellThatDidNotChangeIsBuiltInASecond runs a cell, the same again, another one, and the first once more, in two
// sessions. Only a program that lies there still is not linked anew, which takes a second for one with all of moelab.
func TestACellThatDidNotChangeIsBuiltInASecond(t *testing.T) {
	for name, cell := range map[string]string{
		"of the standard library": "import \"slices\"\nvar xs = []int{3, 1, 2}\n%%\nslices.Sort(xs)\nfmt.Println(xs)",
		"of moelab, with XLA": "import (\n\"github.com/moelab/moelab/gan\"\n\"github.com/moelab/moelab/xla\"\n)\n" +
			"var open = xla.Open\n%%\nfmt.Println(len(gan.Experiment.Presets) > 0, open != nil)",
	} {
		t.Run(name, func(t *testing.T) {
			var took []time.Duration
			for range 2 {
				nb := notebook(KernelName, cell, cell, "%%\nfmt.Println()", cell)
				require.NoError(t, Run(t.Context(), nb, Options{}))
				for _, c := range nb.Cells {
					times, ok := c.Metadata[timesKey].(map[string]any)
					require.True(t, ok)
					at := func(key string) time.Time {
						text, _ := times[key].(string)
						at, err := time.Parse(time.RFC3339Nano, text)
						require.NoError(t, err)
						return at
					}
					took = append(took, at("shell.execute_reply").Sub(at("iopub.execute_input")))
				}
			}
			t.Log(took)
			assert.Less(t, took[1], time.Second, "again")
			for _, linked := range []int{3, 4} { // After another cell, and in a new session.
				assert.Less(t, took[linked], 2*time.Second)
			}
		})
	}
}
