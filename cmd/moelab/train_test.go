package main

import (
	"context"
	"fmt"
	"image"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// progressLines are the lines that tell in a log how far a training is, if it takes so long.
var progressLines = regexp.MustCompile(`(?m)^\d+/\d+ · .*\n`)

// TestARunIsTrainedInterruptedContinuedSampledAndEvaluated follows one run of the smallest pictures through its life.
// The steps share the run because compiling takes most of the time.
func TestARunIsTrainedInterruptedContinuedSampledAndEvaluated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	p := start(
		t, "train", "gan", "--preset", "smoke", "--run", dir, "--steps", "1000000", "--save-every", "1000000", "--set",
		"seed=7", "--set", "size=8",
	)
	require.Eventually(t, func() bool {
		metrics, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
		return err == nil && strings.Count(string(metrics), "\n") >= 2
	}, 3*time.Minute, 20*time.Millisecond, p.says(t))

	t.Run("a run in training is locked", func(t *testing.T) {
		status, _, stderr := moelab(t, "train", "gan", "--run", dir)
		assert.Equal(t, statusFailed, status)
		assert.Contains(t, stderr, "is being trained by process "+strconv.Itoa(p.Process.Pid))
		assert.Equal(t, 1, strings.Count(stderr, "\n"))
	})

	status, output := p.signal(t, syscall.SIGINT)
	assert.Equal(t, statusInterrupted, status)
	output = progressLines.ReplaceAllString(output, "")
	var stopped int
	_, err := fmt.Sscanf(output, "moelab: stopped after step %d of 1000000, saved", &stopped)
	require.NoError(t, err, output)
	assert.Equal(t, 1, strings.Count(output, "\n"), output)

	t.Run("the same command goes on", func(t *testing.T) {
		steps := strconv.Itoa(stopped + 2)
		printed := succeed(t, "train", "gan", "--run", dir, "--steps", steps)
		assert.Contains(t, printed, "step "+steps)
		run, err := lab.Open(dir)
		require.NoError(t, err)
		metrics, err := run.Metrics()
		require.NoError(t, err)
		require.Len(t, metrics, stopped+2)
		for i, metric := range metrics {
			assert.EqualValues(t, i+1, metric.Step)
		}
		var config gan.Config
		_, seed, err := run.Experiment(&config)
		require.NoError(t, err)
		assert.EqualValues(t, 7, seed, "the run's own settings must be kept")
		assert.Equal(t, 8, config.Size)

		assert.Contains(t, succeed(t, "train", "gan", "--run", dir), "nothing was left to train")
	})

	t.Run("sample", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "samples")
		args := []string{"sample", "--run", dir, "--colour", "blue,green", "-n", "2", "--seed", "3", "-o"}
		assert.Contains(t, succeed(t, append(args, out)...), "4 portraits and grid.png")
		drawn := files(t, out)
		names := []string{"0001_blue.png", "0002_green.png", "0003_blue.png", "0004_green.png", "grid.png"}
		assert.Equal(t, names, slices.Sorted(maps.Keys(drawn)))
		for _, name := range names[:4] {
			assert.Equal(t, image.Pt(8, 8), pictureSize(t, filepath.Join(out, name)))
		}
		assert.NotEqual(t, drawn["0001_blue.png"], drawn["0003_blue.png"], "another noise vector must give another portrait")

		again := filepath.Join(t.TempDir(), "again")
		succeed(t, append(args, again)...)
		assert.Equal(t, drawn, files(t, again), "the same seed must draw the same")
		raw := filepath.Join(t.TempDir(), "raw")
		succeed(t, append(append([]string{}, args...), raw, "--raw")...)
		assert.NotEqual(t, drawn, files(t, raw), "the last weights are not their average")
	})

	t.Run("eval", func(t *testing.T) {
		assert.Regexp(
			t, `^asked-for hair colour seen in \d+\.\d % of 90 portraits`, succeed(t, "eval", "gan", "--run", dir, "-n", "90"),
		)
		for _, name := range []string{"evaluation.json", "figures/accuracy.png", "figures/neighbours.png"} {
			assert.FileExists(t, filepath.Join(dir, name))
		}

		network := filepath.Join("..", "..", "internal", "onnxnet", "testdata", "wd14.onnx")
		succeed(
			t, "eval", "gan", "--run", dir, "-n", "90", "--features", network, "--features-input", "unit", "--features-output",
			"features",
		)
		evaluation, err := os.ReadFile(filepath.Join(dir, "evaluation.json"))
		require.NoError(t, err)
		assert.Contains(t, string(evaluation), `"features": "wd14.onnx's features"`)

		data := filepath.Join(t.TempDir(), "data")
		succeed(t, "data", "draw", "-n", "360", "--size", "16", "--seed", "9", "--out", data)
		assert.Contains(
			t, succeed(t, "eval", "gan", "--run", dir, "-n", "90", "--data", data), "36 of each",
			"one in ten of other pictures is held out",
		)
		judges, err := filepath.Glob(filepath.Join(dir, "judge_*"))
		require.NoError(t, err)
		assert.Len(t, judges, 1, "a judge of those pictures, in addition to the run's own")
	})

	t.Run("without a run", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "samples")
		succeed(t, "sample", "--colour", "silver", "-n", "10", "-o", out)
		assert.Len(t, files(t, out), 11)
		assert.Equal(t, image.Pt(64, 64), pictureSize(t, filepath.Join(out, "0001_silver.png")))
		one, many := pictureSize(t, filepath.Join(out, "0001_silver.png")), pictureSize(t, filepath.Join(out, "grid.png"))
		assert.Greater(t, many.X, 8*one.X, "rows of eight")
		assert.Less(t, many.Y, many.X)
	})

	t.Run("bad input", func(t *testing.T) { testBadRuns(t, dir) })
}

// testBadRuns damages copies of a run and checks that commands report it.
func testBadRuns(t *testing.T, dir string) {
	checkpoints, err := filepath.Glob(filepath.Join(dir, "checkpoints", "step-*"))
	require.NoError(t, err)
	require.NotEmpty(t, checkpoints)
	config := func(old, new string) func(*testing.T, string) {
		return func(t *testing.T, run string) {
			path := filepath.Join(run, "config.json")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(data), old)
			require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o644))
		}
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, run string) { require.NoError(t, os.RemoveAll(filepath.Join(run, name))) }
	}
	whole := func(*testing.T, string) {}
	damaged := func(t *testing.T, run string) {
		for _, checkpoint := range checkpoints {
			path := filepath.Join(run, "checkpoints", filepath.Base(checkpoint), "weights.safetensors")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			data[len(data)/2] ^= 1
			require.NoError(t, os.WriteFile(path, data, 0o644))
		}
	}
	truncated := func(t *testing.T, run string) {
		require.NoError(t, os.Truncate(filepath.Join(run, "config.json"), 200))
	}
	train, eval := []string{"train", "gan"}, []string{"eval", "gan"}
	sample := []string{"sample", "-o", filepath.Join(t.TempDir(), "samples")}
	with := func(args []string, more ...string) []string { return append(args[:len(args):len(args)], more...) }
	for _, c := range []struct {
		name   string
		damage func(*testing.T, string)
		args   []string
		says   string
	}{
		{"another experiment", config(`"gan"`, `"judge"`), train, `is of a run of "judge", not of "gan"`},
		{
			"another experiment", config(`"gan"`, `"judge"`),
			with(train, "--preset", "smoke"), `is of a run of "judge", not of "gan"`,
		},
		{"another experiment", config(`"gan"`, `"judge"`), sample, `is of a run of "judge", not of "gan"`},
		{"another setting", whole, with(train, "--set", "batch=5"), "batch is 4, not 5"},
		{"another preset", whole, with(train, "--preset", "laptop"), "holds another experiment"},
		{"another seed", whole, with(train, "--set", "seed=8"), "has seed 7, not 8"},
		{"no config.json", remove("config.json"), train, "holds other files, such as checkpoints, but no config.json"},
		{"no config.json", remove("config.json"), sample, "there is no config.json"},
		{"half a config.json", truncated, train, "config.json is damaged"},
		{"half a config.json", truncated, eval, "config.json is damaged"},
		{"newer", config(`"format": 1`, `"format": 9`), train, "update moelab"},
		{"newer", config(`"format": 1`, `"format": 9`), sample, "update moelab"},
		{"unknown setting", config(`"batch": 4`, `"batch": 4, "novelty": 1`), train, `there is no setting "novelty"`},
		{"unknown setting", config(`"batch": 4`, `"batch": 4, "novelty": 1`), sample, `there is no setting "novelty"`},
		{"another size", config(`"size": 8`, `"size": 32`), train, "size is 32, not 8"},
		{"another size", config(`"size": 8`, `"size": 32`), sample, "size is 32, not 8"},
		{"another size", config(`"size": 8`, `"size": 32`), []string{"figures"}, "size is 32, not 8"},
		{"a batch below nothing", config(`"batch": 4`, `"batch": -4`), train, "batch is -4"},
		{"a batch below nothing", config(`"batch": 4`, `"batch": -4`), sample, "batch is -4"},
		{"a batch below nothing", config(`"batch": 4`, `"batch": -4`), []string{"figures"}, "batch is -4"},
		{"a batch below nothing", config(`"batch": 4`, `"batch": -4`), []string{"figures", "gan"}, "batch is -4"},
		{"no checkpoint", remove("checkpoints"), sample, "nothing was trained there yet"},
		{"no checkpoint", remove("checkpoints"), eval, "nothing was trained there yet"},
		{"damaged checkpoints", damaged, sample, "damaged"},
		{"damaged checkpoints", damaged, train, "damaged"},
		{"unknown colour", whole, with(sample, "--colour", "mauve"), `no class "mauve"`},
		{"file for a folder", whole, []string{"sample", "-o", "main.go"}, "not a directory"},
	} {
		t.Run(c.name+" "+c.args[0], func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			require.NoError(t, os.CopyFS(run, os.DirFS(dir)))
			c.damage(t, run)
			before := files(t, run)
			status, stdout, stderr := moelab(t, with(c.args, "--run", run)...)
			assert.Equal(t, statusUsage, status)
			assert.Empty(t, stdout)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			for _, line := range lines[:len(lines)-1] {
				assert.True(t, strings.HasPrefix(line, "moelab: warning: "), line)
			}
			assert.Contains(t, lines[len(lines)-1], c.says)
			after := files(t, run)
			delete(before, ".lock") // It holds the process that trained last.
			delete(after, ".lock")
			assert.Equal(t, before, after, "nothing may be lost")
		})
	}
}

// novelConfig is the configuration of a kind of experiment that this command has no words for.
type novelConfig struct {
	Width int `json:"width"`
	lab.Schedule
}

func (c novelConfig) Validate() error {
	var checks lab.Checks
	checks.That(c.Width >= 1, "width is %d: it must be at least 1", c.Width)
	c.Schedule.Check(&checks)
	return checks.Err()
}

func TestANewKindIsTrainedWithoutAWordInTheCommand(t *testing.T) {
	var trained novelConfig
	kind := &lab.Kind[novelConfig]{
		Name: "novel", Title: "something new", Usual: "tiny", Presets: map[string]novelConfig{"tiny": {Width: 2}},
		Train: func(
			_ context.Context, _ string, config novelConfig, _ lab.TrainOptions,
		) (summary lab.Summary, err error) {
			trained = config
			return summary, nil
		},
	}
	dir := filepath.Join(t.TempDir(), "run")
	train := func(args ...string) error {
		command := newTrainKindCommand(kind)
		command.SetArgs(append(args, "--run", dir, "--backend", "go"))
		command.SetOut(io.Discard)
		command.SilenceErrors, command.SilenceUsage = true, true
		return command.ExecuteContext(t.Context())
	}
	require.NoError(t, train("--steps", "7", "--set", "width=3"))
	assert.Equal(t, novelConfig{Width: 3, Schedule: lab.Schedule{Steps: 7}}, trained)
	assert.ErrorContains(t, train("--set", "width=0"), "width is 0: it must be at least 1")
	assert.ErrorContains(t, train("--preset", "vast"), `there is no preset "vast"; there are tiny`)
	kind.Train = nil
	assert.ErrorIs(t, train(), lab.ErrNotOffered)
}

func TestNoTrainingHasItsRunWithinItsData(t *testing.T) {
	data := t.TempDir()
	for _, kind := range []string{"gan", "sr", "blink"} {
		for _, flag := range []string{"--data=" + data, "--set=data=" + data} {
			dir := filepath.Join(data, "run")
			status, stdout, stderr := moelab(t, "train", kind, "--run", dir, flag)
			assert.Equal(t, statusUsage, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, "the run directory "+dir+" lies in the data, "+data)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			assert.NoDirExists(t, dir)
		}
	}
}
