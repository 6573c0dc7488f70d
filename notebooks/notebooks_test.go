// Package notebooks_test runs whole notebooks, as "moelab run" does, with trainings of a step or two.
package notebooks_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/jupyter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// command is the path of the program.
var command string

// TestMain builds the command, and installs the kernel into a separate data directory for Jupyter.
func TestMain(m *testing.M) {
	status, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

func runTests(m *testing.M) (status int, err error) {
	dir, err := os.MkdirTemp("", "moelab-notebooks-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	command = filepath.Join(dir, "moelab")
	os.Setenv("JUPYTER_DATA_DIR", dir)
	os.Setenv("XLA_FLAGS", "--xla_backend_optimization_level=0") // Nearly all of the time goes into compiling.
	for _, args := range [][]string{{"go", "build", "-o", command, "../cmd/moelab"}, {command, "kernel", "install"}} {
		if output, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return 1, fmt.Errorf("%v: %w\n%s", args, err, output)
		}
	}
	return m.Run(), nil
}

// moelab runs a command line that must work.
func moelab(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	run := exec.CommandContext(t.Context(), command, args...)
	run.Stdout, run.Stderr = &out, &errs
	require.NoError(t, run.Run(), "%v\n%s%s", args, &out, &errs)
	return out.String(), errs.String()
}

func TestNotebooksAreStoredWithoutOutputs(t *testing.T) {
	paths, err := filepath.Glob("*.ipynb")
	require.NoError(t, err)
	stored := 0
	for _, path := range paths {
		if strings.HasSuffix(path, ".executed.ipynb") {
			continue // Not stored: .gitignore has them.
		}
		stored++
		nb, err := jupyter.Read(path)
		require.NoError(t, err)
		for i, cell := range nb.Cells {
			assert.Empty(t, cell.Outputs, "%s, cell %d", path, i+1)
			assert.Nil(t, cell.ExecutionCount, "%s, cell %d", path, i+1)
		}
	}
	assert.NotZero(t, stored)
}

// runNotebook runs a stored notebook with parameters, and returns its output, its page, and its number of pictures.
func runNotebook(t *testing.T, notebook string, parameters ...string) (printed, page string, pictures int) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"run", notebook, "-o", filepath.Join(dir, "executed.ipynb")}
	for _, parameter := range parameters {
		args = append(args, "-p", parameter)
	}
	stdout, stderr := moelab(t, args...)
	assert.Contains(t, stdout, "wrote "+dir)
	assert.NotContains(t, stderr, "\r", "a log has no bars")
	assert.Regexp(t, `(?m)^\[1/\d+\] \w`, stderr, "it says which cell it is at")
	return readExecuted(t, filepath.Join(dir, "executed.ipynb"))
}

// readExecuted returns the output of an executed notebook, its page, and its number of pictures.
func readExecuted(t *testing.T, path string) (printed, page string, pictures int) {
	t.Helper()
	nb, err := jupyter.Read(path)
	require.NoError(t, err)
	html, err := os.ReadFile(strings.TrimSuffix(path, ".ipynb") + ".html")
	require.NoError(t, err)
	page = string(html)
	for i, cell := range nb.Cells {
		if cell.Type == jupyter.CodeCell {
			assert.NotNil(t, cell.ExecutionCount, "cell %d was not run", i+1)
		}
		for _, output := range cell.Outputs {
			printed += output.Text
			if picture, ok := output.Data["image/png"].(string); ok {
				pictures++
				assert.Contains(t, page, strings.ReplaceAll(picture, "\n", ""), "the page lacks a picture of cell %d", i+1)
			}
		}
	}
	assert.NotRegexp(t, `(?i)(src|href)="https?://[^"]*\.(js|css|png)"`, page, "the page must hold all that it shows")
	return printed, page, pictures
}

func TestTheConditioningNotebookRunsWhole(t *testing.T) {
	dir := t.TempDir()
	printed, _, pictures := runNotebook(t, "conditioning.ipynb", "preset=smoke", "size=0", "steps=2", "dir="+dir)
	for _, row := range []string{"input", "hidden", "ac-gan", "projection", "real"} {
		assert.Regexp(t, `(?m)^`+row+` +\d+\.\d % +\d+\.\d+ +-?\d+\.\d+ ± \d+\.\d+ +\d\.\d+$`, printed)
	}
	assert.Equal(t, 5, pictures)
	for _, name := range []string{"compared_1", "compared_2", "compared_3", "losses_ac-gan", "losses_projection"} {
		assert.FileExists(t, filepath.Join(dir, "figures", name+".png"))
	}
}

func TestASweepRunsTheAttributesNotebookWhole(t *testing.T) {
	dir := t.TempDir()
	sweep, cell := filepath.Join(dir, "sweep"), "conditioning=ac-gan,seed=1"
	var spec bytes.Buffer
	require.NoError(t, json.NewEncoder(&spec).Encode(map[string]any{
		"notebook": "attributes.ipynb", "set": map[string]any{"preset": "smoke", "attributes": "length"},
		"axes":  []any{map[string]any{"setting": "conditioning", "values": []string{"ac-gan"}}},
		"seeds": []int{1},
	}))
	path := filepath.Join(dir, "study.json")
	require.NoError(t, os.WriteFile(path, spec.Bytes(), 0o644))
	stdout, _ := moelab(t, "sweep", path, "--out", sweep)
	assert.Regexp(t, `(?m)^conditioning +seeds +failed.* +accuracy +accuracy of length `, stdout)
	assert.Regexp(t, `(?m)^ac-gan +1 +0 +.*\d\.\d{3}`, stdout)

	printed, _, pictures := readExecuted(t, filepath.Join(sweep, "notebooks", cell+".ipynb"))
	assert.Regexp(t, `length: known of 180 of 180 portraits`, printed)
	assert.Regexp(t, `asked-for length: \d+\.\d % \(judge: \d+\.\d %, chance: 33\.3 %\)`, printed)
	assert.Equal(t, 5, pictures)
	for _, name := range []string{"data_length", "losses", "attributes_1", "attributes_2", "attributes_3"} {
		assert.FileExists(t, filepath.Join(sweep, "cells", cell, "figures", name+".png"))
	}
}

func TestTheHairColourNotebookRunsWhole(t *testing.T) {
	dir := t.TempDir()
	printed, page, pictures := runNotebook(t, "hair_colour.ipynb", "preset=smoke", "dir="+dir)
	const number = `asked-for hair colour seen in \d+\.\d % of 450 portraits`
	assert.Regexp(t, number, printed)
	assert.Regexp(t, number, page)

	names := []string{
		"data",
		"losses",
		"penalty",
		"progress",
		"samples",
		"one_noise_three_colours",
		"noise_by_colour",
		"accuracy",
		"neighbours",
		"watch",
		"film",
		"between_noise",
		"between_colours",
		"average",
	}
	assert.GreaterOrEqual(t, pictures, len(names))
	for _, name := range names {
		assert.FileExists(t, filepath.Join(dir, "figures", name+".png"))
	}
	data, err := os.ReadFile(filepath.Join(dir, "evaluation.json"))
	require.NoError(t, err)
	var evaluation struct {
		Accuracy float64 `json:"accuracy"`
		Samples  int     `json:"samples"`
	}
	require.NoError(t, json.Unmarshal(data, &evaluation))
	assert.Equal(t, 450, evaluation.Samples)
	assert.True(t, evaluation.Accuracy >= 0 && evaluation.Accuracy <= 1)
}

func TestTheSuperResolutionNotebookRunsWhole(t *testing.T) {
	dir := t.TempDir()
	run, portraits := filepath.Join(dir, "run"), filepath.Join(dir, "portraits")
	moelab(t, "train", "gan", "--preset", "smoke", "--steps", "1", "--run", portraits)
	printed, page, pictures := runNotebook(
		t, "super_resolution.ipynb", "preset=smoke", "vgg=random", "measured=1", "dir="+run, "portraits="+portraits,
	)
	const row = `(?m)^SRGAN +\d+\.\d\d +\d`
	assert.Regexp(t, row, printed)
	assert.Regexp(t, row, page)

	names := []string{
		"lost", "batch_normalisation", "generators", "relativistic", "features", "pretraining", "losses", "distances",
		"progress", "restored1", "restored2", "colours", "portraits", "real_weights",
	}
	assert.GreaterOrEqual(t, pictures, len(names))
	for _, name := range names {
		assert.FileExists(t, filepath.Join(run, "figures", name+".png"))
	}
	data, err := os.ReadFile(filepath.Join(run, "evaluation.json"))
	require.NoError(t, err)
	var evaluation esrgan.Evaluation
	require.NoError(t, json.Unmarshal(data, &evaluation))
	var restorers []string
	for _, restorer := range evaluation.Restorers {
		restorers = append(restorers, restorer.Name)
	}
	assert.Equal(t, []string{"bicubic", "L1", "SRGAN", "ESRGAN"}, restorers)
}

func TestTheNotebookFromNoiseToBlinkRunsWhole(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	_, _, pictures := runNotebook(t, "from_noise_to_blink.ipynb", "anime=false", "colours=pink", "dir="+out)
	assert.GreaterOrEqual(t, pictures, 5)
	for _, name := range []string{"sample_pink.png", "large_pink.png", "strip.png", "blink.png"} {
		assert.FileExists(t, filepath.Join(out, name))
	}
}
