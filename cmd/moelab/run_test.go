package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/jupyter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notebook writes a notebook for a kernel, with code cells of which the first holds the parameters, into a folder of its own.
func notebook(t *testing.T, kernel string, cells ...string) string {
	t.Helper()
	nb := &jupyter.Notebook{Metadata: map[string]any{"kernelspec": map[string]any{"name": kernel, "display_name": kernel, "language": "go"}}}
	for i, source := range cells {
		cell := &jupyter.Cell{Type: jupyter.CodeCell, Source: source, Metadata: map[string]any{}}
		if i == 0 {
			cell.Metadata["tags"] = []any{"parameters"}
		}
		nb.Cells = append(nb.Cells, cell)
	}
	path := filepath.Join(t.TempDir(), "test.ipynb")
	require.NoError(t, nb.Write(path))
	return path
}

// executed is where the outputs of a notebook are put.
func executed(path string) string { return strings.TrimSuffix(path, ".ipynb") + ".executed.ipynb" }

const greeting = "var (\n\tname = \"nobody\" // who is greeted\n\ttimes = 1\n)"

func TestRunWritesTheNotebookWithItsOutputsAndAPage(t *testing.T) {
	path := notebook(t, jupyter.KernelName, greeting, "%%\nfmt.Println(\"hello\", strings.Repeat(name, times))")
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	status, stdout, stderr := moelab(t, "run", path, "-p", "name=moe", "-p", "times=2")
	require.Zero(t, status, stderr)
	page := strings.TrimSuffix(executed(path), ".ipynb") + ".html"
	assert.Equal(t, "wrote "+executed(path)+"\nwrote "+page+"\n", stdout)
	assert.Contains(t, stderr, "[3/3] fmt.Println")
	assert.Contains(t, stderr, "\n      hello moemoe\n[3/3] done in ")

	for _, output := range []string{executed(path), page} {
		data, err := os.ReadFile(output)
		require.NoError(t, err)
		assert.Contains(t, string(data), "hello moemoe")
	}
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after, "the notebook itself must stay as it is")
}

func TestAFailingCellEndsTheRunWithItsError(t *testing.T) {
	for name, c := range map[string]struct{ cell, says, ends string }{
		"exit":    {"%%\nfmt.Println(\"before\")\nos.Exit(3)", "      before\n", "exit status 3"},
		"panic":   {"%%\npanic(\"oh no\")", "      panic: oh no\n", "exit status 2"},
		"compile": {"%%\nfmt.Println(unheard)", "undefined: unheard", "undefined: unheard"},
	} {
		t.Run(name, func(t *testing.T) {
			path := notebook(t, jupyter.KernelName, greeting, c.cell, "%%\nfmt.Println(\"never\")")
			status, stdout, stderr := moelab(t, "run", "--no-html", path)
			assert.Equal(t, statusFailed, status)
			assert.Equal(t, "wrote "+executed(path)+"\n", stdout)
			assert.Contains(t, stderr, c.says)
			assert.NotContains(t, stderr, "\x1b", "a log has no colours")
			assert.Regexp(t, `\n\[2/3\] failed in .*\nmoelab: cell 2 failed: .*`+c.ends+`\n$`, stderr)

			nb, err := jupyter.Read(executed(path))
			require.NoError(t, err)
			outputs := nb.Cells[1].Outputs
			require.NotEmpty(t, outputs)
			assert.Equal(t, jupyter.ErrorOutput, outputs[len(outputs)-1].Type)
			assert.Empty(t, nb.Cells[2].Outputs)
		})
	}
}

func TestACellThatTakesTooLongIsStopped(t *testing.T) {
	path := notebook(t, jupyter.KernelName, "%%\ntime.Sleep(time.Hour)")
	status, _, stderr := moelab(t, "run", "--timeout", "2s", path)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, stderr, "moelab: cell 1 was stopped: it ran longer than 2s\n")
	assert.FileExists(t, executed(path))
}

func TestCtrlCStopsTheCellAndSaves(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			path := notebook(t, jupyter.KernelName, "%%\nfmt.Println(\"sleeping\")\ntime.Sleep(time.Hour)")
			p := start(t, "run", path)
			require.Eventually(t, func() bool { return strings.Contains(p.says(t), "      sleeping\n") }, time.Minute, 50*time.Millisecond)
			status, output := p.signal(t, signal)
			assert.Equal(t, statusInterrupted, status)
			assert.Contains(t, output, "wrote "+executed(path))
			nb, err := jupyter.Read(executed(path))
			require.NoError(t, err)
			require.NotEmpty(t, nb.Cells[0].Outputs)
			assert.Equal(t, "sleeping\n", nb.Cells[0].Outputs[0].Text)
		})
	}
}

func TestRunRefusesWhatCannotRunBeforeAnythingRuns(t *testing.T) {
	good := notebook(t, jupyter.KernelName, greeting, "%%\nfmt.Println(name)")
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "file.ipynb")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no JSON":           {[]string{file("hello {")}, "not a notebook"},
		"empty":             {[]string{file("")}, "not a notebook"},
		"a list":            {[]string{file("[1, 2]")}, "not a notebook"},
		"cut short":         {[]string{file(`{"cells": [{"cell_type": "co`)}, "not a notebook"},
		"nbformat 3":        {[]string{file(`{"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}`)}, "nbformat 3"},
		"unknown kernel":    {[]string{notebook(t, "nosuch", "1")}, `"nosuch" is not installed for Jupyter; these are: moelab`},
		"no kernel":         {[]string{notebook(t, "", "1")}, "the notebook names no kernel"},
		"unknown parameter": {[]string{good, "-p", "nmae=x"}, "the notebook has no parameter nmae; it has: name string, times int"},
		"wrong type":        {[]string{good, "-p", "times=often"}, "times=often: the parameter is of type int"},
		"no value":          {[]string{good, "-p", "times"}, "not of the form name=value"},
		"no folder":         {[]string{good, "-o", filepath.Join(t.TempDir(), "none", "x.ipynb")}, "name another file with -o"},
		"a folder":          {[]string{good, "-o", t.TempDir()}, "the name of a notebook ends with .ipynb"},
		"no notebook":       {[]string{good, "-o", "x.html"}, "the name of a notebook ends with .ipynb"},
	} {
		t.Run(name, func(t *testing.T) {
			old := executed(c.args[0])
			require.NoError(t, os.WriteFile(old, []byte("precious"), 0o644))
			status, stdout, stderr := moelab(t, append([]string{"run"}, c.args...)...)
			assert.Equal(t, statusUsage, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.says)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			data, err := os.ReadFile(old)
			require.NoError(t, err)
			assert.Equal(t, "precious", string(data), "an earlier run's outputs must not be lost")
		})
	}
}

func TestATerminalHasOneLineForABarAndALogNone(t *testing.T) {
	bar := func(text string) *jupyter.Output {
		return &jupyter.Output{Type: jupyter.DisplayOutput, Data: map[string]any{"text/html": "<progress></progress>", "text/plain": text}}
	}
	show := func(columns func() int) string {
		var b bytes.Buffer
		r := &reporter{w: &b, columns: columns, titles: map[*jupyter.Cell]string{}}
		r.CellStarted(1, 2, nil)
		r.Stream("stdout", "he")
		r.Stream("stdout", "llo\nthere")
		r.Display(bar("1/9"))
		r.Display(bar("2/9 · a text that is too long for it"))
		r.Display(&jupyter.Output{Type: jupyter.DisplayOutput, Data: map[string]any{"image/png": "…", "text/plain": "<Figure>"}})
		r.Stream("stderr", "\x1b[31mred\x1b[0m\n")
		r.CellFinished(1, 2, nil, time.Second, nil)
		return b.String()
	}
	assert.Equal(t, "[1/2] \n      hello\n      there\n      (picture)\n      red\n[1/2] done in 1s\n", show(nil))
	assert.Equal(t, "[1/2] \n      hello\n      there\n\r\x1b[K      1/9\r\x1b[K      2/9 · a text \n      (picture)\n      \x1b[31mred\x1b[0m\n[1/2] done in 1s\n",
		show(func() int { return 20 }))
}

func TestCellsAreCalledByTheirHeadings(t *testing.T) {
	code := func(source string) *jupyter.Cell { return &jupyter.Cell{Type: jupyter.CodeCell, Source: source} }
	text := func(source string) *jupyter.Cell {
		return &jupyter.Cell{Type: jupyter.MarkdownCell, Source: source}
	}
	cells := []*jupyter.Cell{code("\n%%\nx := 1"), text("# A\n\ntext\n\n## B\n#hashtag"), code("y"), text("text"), code("z")}
	of := titles(&jupyter.Notebook{Cells: cells})
	assert.Equal(t, map[*jupyter.Cell]string{cells[0]: "x := 1", cells[2]: "B", cells[4]: "B"}, of)
}

func TestNotebooksAreStoredWithoutOutputs(t *testing.T) {
	paths, err := filepath.Glob("../../notebooks/*.ipynb")
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

// runNotebook runs a stored notebook with parameters, and returns what it printed, its page, and its number of pictures.
func runNotebook(t *testing.T, notebook string, parameters ...string) (printed, page string, pictures int) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"run", notebook, "-o", filepath.Join(dir, "executed.ipynb")}
	for _, parameter := range parameters {
		args = append(args, "-p", parameter)
	}
	status, stdout, stderr := moelab(t, args...)
	require.Zero(t, status, stderr)
	assert.Contains(t, stdout, "wrote "+dir)
	assert.NotContains(t, stderr, "\r", "a log has no bars")
	assert.Regexp(t, `(?m)^\[1/\d+\] \w`, stderr, "it says which cell it is at")

	nb, err := jupyter.Read(filepath.Join(dir, "executed.ipynb"))
	require.NoError(t, err)
	html, err := os.ReadFile(filepath.Join(dir, "executed.html"))
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

func TestTheHairColourNotebookRunsWhole(t *testing.T) {
	dir := t.TempDir()
	printed, page, pictures := runNotebook(t, "../../notebooks/hair_colour.ipynb", "preset=smoke", "dir="+dir)
	const number = `asked-for hair colour seen in \d+\.\d % of 450 portraits`
	assert.Regexp(t, number, printed)
	assert.Regexp(t, number, page)

	names := []string{"data", "losses", "penalty", "progress", "samples", "one_noise_three_colours", "noise_by_colour", "accuracy"}
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
	succeed(t, "train", "gan", "--preset", "smoke", "--steps", "1", "--run", portraits)
	printed, page, pictures := runNotebook(t, "../../notebooks/super_resolution.ipynb", "preset=smoke", "vgg=random", "measured=1", "dir="+run, "portraits="+portraits)
	const row = `(?m)^SRGAN +\d+\.\d\d +\d`
	assert.Regexp(t, row, printed)
	assert.Regexp(t, row, page)

	names := []string{
		"lost", "batch_normalisation", "generators", "relativistic", "features", "pretraining", "losses", "distances", "progress",
		"restored1", "restored2", "colours", "portraits", "real_weights",
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
	t.Setenv("XLA_FLAGS", "--xla_backend_optimization_level=0")
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	_, _, pictures := runNotebook(t, "../../notebooks/from_noise_to_blink.ipynb", "preset=smoke", "anime=false", "colours=pink", "portraits="+filepath.Join(dir, "portraits"), "dir="+out)
	assert.GreaterOrEqual(t, pictures, 5)
	for _, name := range []string{"sample_pink.png", "large_pink.png", "strip.png", "blink.png"} {
		assert.FileExists(t, filepath.Join(out, name))
	}
}
