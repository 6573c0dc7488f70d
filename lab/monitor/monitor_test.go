package monitor

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moelab/moelab/internal/labtest"
	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/internal/progress"
	"github.com/moelab/moelab/lab"
	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// process is the one that seems to train.
const process = "7 on node1"

// makeRun makes a run that is in training, as long as its lock is held.
func makeRun(t *testing.T, dir string, steps int) *lab.Run {
	t.Helper()
	run, err := lab.Create(dir, lab.Experiment{Name: "gan", Config: map[string]int{"steps": steps}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = run.Close() })
	require.NoError(t, os.WriteFile(run.Path(lockfile.Name), []byte(process+"\n"), 0o644)) // The same on every machine.
	return run
}

// logSteps appends the metrics of some steps, two a second. D falls, G rises.
func logSteps(t *testing.T, run *lab.Run, from, to int) {
	t.Helper()
	file, err := os.OpenFile(run.Path("metrics.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	require.NoError(t, err)
	defer file.Close()
	for step := from; step <= to; step++ {
		_, err := fmt.Fprintf(file, `{"step":%d,"seconds":%g,"values":{"D":%d,"G":%g}}`+"\n", step, float64(step)/2, 100-step,
			float64(step)/8)
		require.NoError(t, err)
	}
}

// end ends the training of a run with a checkpoint.
func end(t *testing.T, run *lab.Run, step int) {
	t.Helper()
	require.NoError(t, labtest.Checkpoint(run.Dir(), int64(step)))
	require.NoError(t, run.Close())
}

func drawn(t *testing.T, columns int, dirs ...string) []string {
	t.Helper()
	m := New(dirs)
	require.NoError(t, m.look(t.Context()))
	var lines []string
	for _, line := range m.lines(columns) {
		lines = append(lines, progress.Fit(line, columns))
		assert.LessOrEqual(t, uniseg.StringWidth(lines[len(lines)-1]), columns)
	}
	return lines
}

func TestARunIsDrawn(t *testing.T) {
	t.Chdir(t.TempDir())
	run := makeRun(t, "runs/hair", 100)
	assert.Equal(t, []string{
		"runs/hair · gan · training by process " + process, "░░░░░░░░░░░░░░░░░░░░ · 0/100 · nothing logged yet",
	}, drawn(t, 79, "runs/hair/"))

	logSteps(t, run, 1, 40)
	for _, name := range []string{"step-00000020.png", "step-00000040.png"} {
		require.NoError(t, os.MkdirAll(run.Path("figures", "progress"), 0o755))
		require.NoError(t, os.WriteFile(run.Path("figures", "progress", name), nil, 0o644))
	}
	require.NoError(t, os.WriteFile(run.Path("measures.json"), []byte(`{"measures":{"FID":0.5,"KID":0.25}}`), 0o644))
	assert.Equal(t, []string{
		"runs/hair · gan · training by process " + process,
		"████████░░░░░░░░░░░░ · 40/100 · 2.0 steps/s · 30s left",
		"D         60  ███▇▇▇▇▇▇▆▆▆▆▆▅▅▅▅▅▅▄▄▄▄▄▄▃▃▃▃▃▂▂▂▂▂▂▁▁▁  60 to 99",
		"G          5  ▁▁▁▂▂▂▂▂▂▃▃▃▃▃▄▄▄▄▄▄▅▅▅▅▅▅▆▆▆▆▆▇▇▇▇▇▇███  0.125 to 5",
		"evaluation: FID 0.5  KID 0.25",
		"newest picture: runs/hair/figures/progress/step-00000040.png",
	}, drawn(t, 79, "runs/hair"))
	assert.Equal(t, []string{
		"runs/hair · gan", "training by process " + process, "████████░░░░░░░░░░░░ · 40/100", "2.0 steps/s · 30s left",
		"D         60  ██▇▇▆▆▆▅▅▄▄▄▃▃▂▂▁▁", "G          5  ▁▁▂▂▃▃▃▄▄▅▅▅▆▆▇▇██",
		"evaluation: FID 0.5  KID 0.25", "newest picture: …ep-00000040.png",
	}, drawn(t, 32, "runs/hair"))
	for columns := range 30 {
		drawn(t, columns, "runs/hair")
	}

	long := time.Now().Add(-200 * time.Second)
	require.NoError(t, os.Chtimes(run.Path("metrics.jsonl"), long, long))
	assert.Equal(t, "runs/hair · gan · training by process "+process+", nothing logged for 3 minutes",
		drawn(t, 79, "runs/hair")[0])

	end(t, run, 40)
	assert.Equal(t, []string{"runs/hair · gan · stopped", "████████░░░░░░░░░░░░ · 40/100"}, drawn(t, 79, "runs/hair")[:2])
	require.NoError(t, os.WriteFile(run.Path("config.json"), []byte("{"), 0o644))
	damaged := drawn(t, 79, "runs/hair")
	assert.Len(t, damaged, 2)
	assert.Regexp(t, `^damaged: .*config\.json`, damaged[1])
}

func TestSeveralRunsHaveARowEach(t *testing.T) {
	dir := t.TempDir()
	a := makeRun(t, filepath.Join(dir, "cells", "a"), 100)
	logSteps(t, a, 1, 10)
	end(t, a, 10)
	logSteps(t, makeRun(t, filepath.Join(dir, "cells", "\x1b[2Jloss=hinge,conditioning=projection,seed=1"), 100), 1, 20)
	assert.Equal(t, []string{
		"2 runs · 1 training · 1 stopped",
		`"cells/\x…ng=projection,seed=1"  training  20/100  40s left  D 80  G 2.5`,
		"cells/a                          stopped   10/100  D 90  G 1.25",
	}, drawn(t, 79, dir))
}

func TestASweepIsMoreThanItsRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	write("ways/sweep.json", `{"format":1,"train":"gan","preset":"smoke","seeds":[1,2,3]}`)
	assert.Equal(t, []string{"ways · 0 of 3 cells have ended"}, drawn(t, 79, "ways"))
	end(t, makeRun(t, "ways/cells/seed=1", 9), 9)
	write("ways/results/seed=1.json", `{"name":"seed=1","seed":1}`)
	assert.Equal(t, []string{
		"ways · 1 of 3 cells have ended", "1 run · 1 finished", "cells/seed=1  finished  9/9",
	}, drawn(t, 79, "ways"))

	var out bytes.Buffer
	err := New([]string{"ways"}).Watch(t.Context(), &out, nil)
	require.ErrorIs(t, err, ErrNotFinished, "the runs that there are have ended, but there are to be more")
	require.EqualError(t, err, "ways: 1 of 3 cells have ended: not finished")
	assert.Equal(t, "ways: 1 of 3 cells have ended\nways/cells/seed=1: finished · 9/9\n", out.String())

	write("ways/results/seed=2.json", `{"name":"seed=2","seed":2}`)
	write("ways/results/seed=3.json", `{"name":"seed=3","seed":3,"failed":"out of memory"}`)
	require.EqualError(t, New([]string{"ways"}).Watch(t.Context(), &out, nil),
		"ways: 3 of 3 cells have ended, 1 of them in failure: not finished")
	write("ways/results/seed=3.json", `{"name":"seed=3","seed":3}`)
	require.NoError(t, New([]string{"ways"}).Watch(t.Context(), &out, nil))
	write("ways/sweep.json", "{")
	require.ErrorContains(t, New([]string{"ways"}).Watch(t.Context(), &out, nil), "read the specification ways/sweep.json")
}

func TestALogHasALineWhenSomethingHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		t.Chdir(t.TempDir())
		run := makeRun(t, "run", 100)
		var out bytes.Buffer
		done := make(chan error)
		go func() { done <- New([]string{"run"}).Watch(t.Context(), &out, nil) }()
		time.Sleep(2500 * time.Millisecond)
		logSteps(t, run, 1, 20)
		time.Sleep(30 * time.Second)
		logSteps(t, run, 21, 30)
		time.Sleep(170 * time.Second)
		logSteps(t, run, 31, 100)
		end(t, run, 100)
		require.NoError(t, <-done)
		assert.Equal(t, strings.ReplaceAll(`run: training by process N · 0/100 · nothing logged yet
run: training by process N · 30/100 · 2.0 steps/s · 35s left · D 70  G 3.75
run: finished · 100/100 · D 0  G 12.5
`, "process N", "process "+process), out.String())
	})
}

func TestTheEndIsThatOfTheRuns(t *testing.T) {
	dir := t.TempDir()
	a, b := makeRun(t, filepath.Join(dir, "a"), 100), makeRun(t, filepath.Join(dir, "b"), 100)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := New([]string{dir}).Watch(ctx, &bytes.Buffer{}, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded, "they are in training")
	end(t, a, 100)
	end(t, b, 40)
	err = New([]string{dir}).Watch(t.Context(), &bytes.Buffer{}, nil)
	require.ErrorIs(t, err, ErrNotFinished)
	require.EqualError(t, err, "1 of 2 runs are stopped or damaged: not finished")
	require.NoError(t, New([]string{a.Dir()}).Watch(t.Context(), &bytes.Buffer{}, nil))
	require.EqualError(t, New([]string{b.Dir()}).Watch(t.Context(), &bytes.Buffer{}, nil),
		b.Dir()+" is stopped at step 40 of 100: not finished")
	require.NoError(t, os.WriteFile(b.Path("measures.json"), []byte("{"), 0o644))
	require.EqualError(t, New([]string{b.Dir()}).Watch(t.Context(), &bytes.Buffer{}, nil),
		b.Dir()+" is damaged at step 40 of 100: not finished")
	err = New([]string{t.TempDir()}).Watch(t.Context(), &bytes.Buffer{}, nil)
	require.ErrorIs(t, err, lab.ErrNotARun)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	require.ErrorContains(t, New([]string{a.Dir()}).Watch(t.Context(), full, nil), "no space left")
}

func TestATerminalIsDrawnAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := makeRun(t, filepath.Join(t.TempDir(), "run"), 100)
		var out bytes.Buffer
		screen := progress.ScreenOf(&out, func() (int, int) { return 80, 24 })
		done := make(chan error)
		go func() { done <- New([]string{run.Dir()}).Watch(t.Context(), nil, screen) }()
		time.Sleep(10 * time.Second)
		before := out.String()
		logSteps(t, run, 1, 20)
		time.Sleep(1500 * time.Millisecond)
		assert.Contains(t, strings.TrimPrefix(out.String(), before), "20/100 · 2.0 steps/s · 40s left\x1b[K\n")
		end(t, run, 20)
		require.ErrorIs(t, <-done, ErrNotFinished)
		assert.Contains(t, out.String(), "stopped\x1b[K\n")
	})
}
