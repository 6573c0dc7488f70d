package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	ossignal "os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moelab/moelab/internal/progress"
	"github.com/moelab/moelab/jupyter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notebook writes a notebook for a kernel into its own folder. The first of its code cells holds the parameters.
func notebook(t *testing.T, kernel string, cells ...string) string {
	t.Helper()
	nb := &jupyter.Notebook{Metadata: map[string]any{
		"kernelspec": map[string]any{"name": kernel, "display_name": kernel, "language": "go"}}}
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

// executed returns the path of the executed notebook.
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

func TestParametersComeFromManyPlaces(t *testing.T) {
	path := notebook(t, jupyter.KernelName, greeting, "%%\nfmt.Println(name, times, sizes)")
	file := filepath.Join(t.TempDir(), "parameters.yaml")
	require.NoError(t, os.WriteFile(file, []byte("name: file\ntimes: 1\nsizes: [1, 2]"), 0o644))
	status, _, stderr := moelab(t, "run", path, "-f", file, "-y", "{name: yaml, times: 2}", "--parameter", "name=argument",
		"--parameters_raw", "name=007", "--no-html")
	require.Zero(t, status, stderr)
	assert.Contains(t, stderr, "      007 2 [1 2]\n")
	assert.Contains(t, stderr, "moelab: warning: "+path+": bad parameter: the notebook has no parameter sizes; "+
		"it has: name string, times int; set all the same\n")
}

func TestParametersAreWrittenAsPapermillsUsersDo(t *testing.T) {
	path := notebook(t, jupyter.KernelName, greeting, "1")
	dir := t.TempDir()
	encoded := base64.StdEncoding.EncodeToString([]byte("{name: base64, times: 7}"))
	printed := succeed(t, "run", path, "-b", encoded, "-p", "name", "moe", "-r", "extra", "-3", "--inject-paths",
		"--prepare-only", "-o", filepath.Join(dir, "{name}-{times}.ipynb"))
	out := filepath.Join(dir, "moe-7.ipynb")
	assert.Equal(t, "wrote "+out+"\n", printed)
	nb, err := jupyter.Read(out)
	require.NoError(t, err)
	var source string
	for _, cell := range nb.Cells {
		source += cell.Source + "\n"
	}
	for _, want := range []string{
		`name string = "moe"`, "times int = 7", `extra string = "-3"`,
		fmt.Sprintf("PAPERMILL_INPUT_PATH string = %q", path), fmt.Sprintf("PAPERMILL_OUTPUT_PATH string = %q", out),
	} {
		assert.Contains(t, source, want)
	}
	assert.Equal(t, []string{"run", "-p", "a", "--strict"}, pairs([]string{"run", "-p", "a", "--strict"}))
	assert.Equal(t, []string{"run", "--", "-p", "a", "b"}, pairs([]string{"run", "--", "-p", "a", "b"}))
	assert.Equal(t, []string{"sweep", "-p", "a", "b"}, pairs([]string{"sweep", "-p", "a", "b"}))
}

func TestNamesOfResultsHoldParameters(t *testing.T) {
	values, err := jupyter.ParseArguments([]string{"n=3", "lr=0.5", "name=moe", "third=0.333333333"}, jupyter.Argument)
	require.NoError(t, err)
	for path, want := range map[string]string{
		"{n}-{lr}-{name}.ipynb": "3-0.5-moe.ipynb", "{n:03d}.ipynb": "003.ipynb", "{lr:.2f}/{lr:g}": "0.50/0.5",
		"{third:g}": "0.333333",
		"{{n}}":     "{n}", "{{{n}}}": "{3}", "plain": "plain",
	} {
		got, err := fill(path, values)
		require.NoError(t, err, path)
		assert.Equal(t, want, got)
	}
}

func TestARunGoesOnWhereItFailed(t *testing.T) {
	first := "%%\nfmt.Println(\"once\")\nos.WriteFile(\"times\", []byte{1}, 0o600)"
	path := notebook(t, jupyter.KernelName, greeting, first, "%%\nfmt.Println(name, nothing)")
	status, _, stderr := moelab(t, "run", path, "-p", "name=moe", "--no-html")
	require.Equal(t, statusFailed, status, stderr)
	require.NoError(t, os.Remove(filepath.Join(filepath.Dir(path), "times")))

	nb, err := jupyter.Read(path)
	require.NoError(t, err)
	nb.Cells[2].Source = "%%\nfmt.Println(name)"
	require.NoError(t, nb.Write(path))
	status, _, stderr = moelab(t, "run", path, "--no-html", "--resume")
	require.Zero(t, status, stderr)
	assert.Contains(t, stderr, "moelab: warning: parameters stay as before: var name string = \"moe\"\n")
	assert.Contains(t, stderr, "[4/4]")
	assert.NotContains(t, stderr, "[3/4]")
	nb, err = jupyter.Read(executed(path))
	require.NoError(t, err)
	assert.Equal(t, "once\n", nb.Cells[2].Outputs[0].Text)
	assert.Equal(t, "moe\n", nb.Cells[3].Outputs[0].Text)
	assert.NoFileExists(t, filepath.Join(filepath.Dir(path), "times"), "the cell ran again")

	status, stdout, _ := moelab(t, "run", path, "-p", "name=moe", "--no-html", "--resume")
	assert.Zero(t, status)
	assert.Equal(t, executed(path)+" is complete already\n", stdout)
	status, _, stderr = moelab(t, "run", path, "--from", "9")
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "moelab: --from is 9, but the notebook has 4 cells\n", "with that of the parameters")
}

func TestSeveralNotebooksRunAndOneThatFailsDoesNotEndTheOthers(t *testing.T) {
	dir := t.TempDir()
	for name, code := range map[string]string{
		"a": "%%\nfmt.Println(\"this is a\")", "b": "%%\nos.Exit(1)", "below/c": "%%\nfmt.Println(name)",
	} {
		nb, err := jupyter.Read(notebook(t, jupyter.KernelName, greeting, code))
		require.NoError(t, err)
		path := filepath.Join(dir, name+".ipynb")
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, nb.Write(path))
		require.NoError(t, nb.Write(filepath.Join(dir, "old.executed.ipynb")))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "d.ipynb"), []byte("{"), 0o644))
	results := filepath.Join(t.TempDir(), "results")
	status, stdout, stderr := moelab(t, "run", dir, "--jobs", "2", "-o", results, "--no-html", "--cwd", dir)
	assert.Equal(t, statusFailed, status)
	assert.Regexp(t, dir+"/a.ipynb: done in .*\n"+dir+"/b.ipynb: cell 2 failed: exit status 1\n"+
		dir+"/below/c.ipynb: done in .*\n"+dir+"/d.ipynb: not a notebook.*\n$", stdout)
	assert.Contains(t, stderr, dir+"/a.ipynb: [2/2]")
	assert.NotContains(t, stderr, "      this is a")
	assert.True(t, strings.HasSuffix(stderr, "moelab: 2 of 4 notebooks failed\n"), stderr)
	for _, name := range []string{"a", "b", "below/c"} {
		assert.FileExists(t, filepath.Join(results, name+".executed.ipynb"))
	}
	assert.NoFileExists(t, filepath.Join(results, "old.executed.executed.ipynb"))

	status, _, stderr = moelab(t, "run", dir, "-o", "x.ipynb")
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "name a folder for the results of several notebooks")
	status, _, stderr = moelab(t, "run", filepath.Join(dir, "a.ipynb"), filepath.Join(dir, "below", "..", "a.ipynb"),
		"-o", results)
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "would both be written to "+filepath.Join(results, "a.executed.ipynb"))
}

func TestResultsStayIfTheKernelDoesNotStart(t *testing.T) {
	path := notebook(t, jupyter.KernelName, "1")
	require.NoError(t, os.WriteFile(executed(path), []byte("of before"), 0o644))
	status, stdout, stderr := moelab(t, "run", path, "--start-timeout", "1ms")
	assert.Equal(t, statusFailed, status)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "moelab: the kernel did not start: ")
	text, err := os.ReadFile(executed(path))
	require.NoError(t, err)
	assert.Equal(t, "of before", string(text))
}

func TestANotebookIsPreparedFromStandardInputToStandardOutput(t *testing.T) {
	path := notebook(t, jupyter.KernelName, greeting, "%%\nfmt.Println(name)")
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	old := os.Stdin
	os.Stdin = file
	defer func() { os.Stdin = old }()
	status, stdout, stderr := moelab(t, "run", "-", "-p", "name=moe", "--prepare-only", "--report-mode")
	require.Zero(t, status, stderr)
	assert.Empty(t, stderr)
	nb, err := jupyter.Decode([]byte(stdout))
	require.NoError(t, err)
	assert.Equal(t, "// Parameters\nvar name string = \"moe\"", nb.Cells[1].Source)
	assert.Equal(t, map[string]any{"source_hidden": true}, nb.Cells[2].Metadata["jupyter"])
	assert.Empty(t, nb.Cells[2].Outputs)
	assert.Equal(t, map[string]any{"parameters": map[string]any{"name": "moe"}, "input_path": "-", "output_path": "-"},
		nb.Metadata["papermill"])
}

func TestHelpNotebookShowsTheParameters(t *testing.T) {
	path := notebook(t, jupyter.KernelName, greeting)
	status, stdout, stderr := moelab(t, "run", path, "--help-notebook")
	require.Zero(t, status, stderr)
	assert.Equal(t, "Parameters of "+path+":\n  name: string  (default \"nobody\")  who is greeted\n"+
		"  times: int    (default 1)         \n", stdout)
	assert.NoFileExists(t, executed(path))
}

func TestErrorsMayBeAllowed(t *testing.T) {
	path := notebook(t, jupyter.KernelName, greeting, "%%\nos.Exit(1)", "%%\nfmt.Println(os.Getwd())")
	dir := t.TempDir()
	status, _, stderr := moelab(t, "run", path, "--allow-errors", "--cwd", dir, "--no-html")
	require.Zero(t, status, stderr)
	assert.Contains(t, stderr, dir+" <nil>")
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
	for _, flag := range []string{"--timeout=2s", "--execution-timeout=2"} { // The second is papermill's, in seconds.
		status, _, stderr := moelab(t, "run", flag, path)
		assert.Equal(t, statusFailed, status, flag)
		assert.Contains(t, stderr, "moelab: cell 1 was stopped: it ran longer than 2s\n", flag)
	}
	assert.FileExists(t, executed(path))
}

func TestCtrlCStopsTheCellAndSaves(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			if ossignal.Ignored(signal) {
				t.Skip("the signal is ignored here, as under nohup")
			}
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			path := notebook(t, jupyter.KernelName, "%%\nfmt.Println(\"sleeping\")\ntime.Sleep(time.Hour)")
			p := start(t, "run", path)
			require.Eventually(t, func() bool { return strings.Contains(p.says(t), "      sleeping\n") }, time.Minute,
				50*time.Millisecond)
			status, output := p.signal(t, signal)
			assert.Equal(t, statusInterrupted, status)
			assert.Contains(t, output, "wrote "+executed(path))
			nb, err := jupyter.Read(executed(path))
			require.NoError(t, err)
			require.NotEmpty(t, nb.Cells[0].Outputs)
			assert.Equal(t, "sleeping\n", nb.Cells[0].Outputs[0].Text)
			left, err := filepath.Glob(filepath.Join(tmp, "moelab-kernel-*"))
			require.NoError(t, err)
			assert.Empty(t, left, "the connection's key is left")
		})
	}
}

func TestAKilledRunLeavesTheOutputsSoFar(t *testing.T) {
	path := notebook(t, jupyter.KernelName,
		"%%\nfmt.Println(\"first\")", "%%\nfmt.Println(\"second\")\ntime.Sleep(time.Hour)")
	p := start(t, "run", path)
	require.Eventually(t, func() bool {
		data, err := os.ReadFile(executed(path))
		return err == nil && strings.Contains(string(data), `"second\n"`)
	}, time.Minute, 50*time.Millisecond, "%s", p.says(t))
	p.signal(t, syscall.SIGKILL)
	nb, err := jupyter.Read(executed(path))
	require.NoError(t, err)
	assert.Equal(t, "first\n", nb.Cells[0].Outputs[0].Text)
}

func TestRunRejectsInvalidArgumentsBeforeAnythingRuns(t *testing.T) {
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
		"no JSON":    {[]string{file("hello {")}, "not a notebook"},
		"empty":      {[]string{file("")}, "not a notebook"},
		"a list":     {[]string{file("[1, 2]")}, "not a notebook"},
		"cut short":  {[]string{file(`{"cells": [{"cell_type": "co`)}, "not a notebook"},
		"nbformat 1": {[]string{file(`{"cells": [], "nbformat": 1}`)}, "nbformat 1"},
		"unknown kernel": {[]string{notebook(t, "nosuch", "1")},
			`"nosuch" is not installed for Jupyter; these are: moelab`},
		"unknown parameter": {[]string{good, "-p", "nmae=x", "--strict"},
			"the notebook has no parameter nmae; it has: name string, times int"},
		"wrong type":   {[]string{good, "-p", "times=often"}, "times=often: the parameter is of type int"},
		"not YAML":     {[]string{good, "-y", "times: ["}, "moelab: -y: bad parameter: it is not YAML"},
		"no object":    {[]string{good, "-f", file("- 1")}, "it is not an object of names and values"},
		"no file":      {[]string{good, "-f", "none.yaml"}, "-f: open none.yaml: no such file"},
		"raw number":   {[]string{good, "-r", "times=3"}, `the parameter is of type int, and "3" is not`},
		"no base64":    {[]string{good, "-b", "*"}, "-b: it is not base64"},
		"no such name": {[]string{good, "-o", "{size}.ipynb"}, "no value is given for {size}: add -p size=VALUE"},
		"no number":    {[]string{good, "-p", "name=moe", "-o", "{name:03d}.ipynb"}, `name is "moe": it is no number`},
		"no format":    {[]string{good, "-p", "name=moe", "-o", "{name!r}.ipynb"}, "{name!r} is no parameter"},
		"no duration":  {[]string{good, "--timeout", "soon"}, `--timeout is "soon": it must be a duration`},
		"standard out": {[]string{good, "-o", "-", "--resume"}, "name it with -o"},
		"old octal":    {[]string{good, "-y", "times: 010"}, "one number in YAML 1.1 and another in YAML 1.2"},
		"no value":     {[]string{good, "-p", "times"}, "not of the form name=value"},
		"below a file": {[]string{good, "-o", filepath.Join(good, "none", "x.ipynb")}, "not a folder: name another file"},
		"a folder":     {[]string{good, "-o", t.TempDir()}, "the name of a notebook ends with .ipynb"},
		"no cell":      {[]string{good, "--from", "0"}, "--from is 0: cells are counted from 1"},
		"no folder":    {[]string{good, "--cwd", "none"}, `--cwd is "none": it must be a folder`},
		"no job":       {[]string{good, "--jobs", "0"}, "--jobs is 0: it must be at least 1"},
		"two starts":   {[]string{good, "--from", "1", "--resume"}, "exclude each other"},
		"no notebook":  {[]string{good, "-o", "x.html"}, "the name of a notebook ends with .ipynb"},
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

func TestATerminalHasOneLineForABarAndAShortLogNone(t *testing.T) {
	bar := func(text string) *jupyter.Output {
		return &jupyter.Output{Type: jupyter.DisplayOutput,
			Data: map[string]any{"text/html": "<progress></progress>", "text/plain": text}}
	}
	show := func(columns func() int) string {
		var b bytes.Buffer
		r := &reporter{w: &b, bar: progress.In(&b, columns, ""), titles: map[*jupyter.Cell]string{}}
		r.CellStarted(1, 2, nil)
		r.Stream("stdout", "he")
		r.Stream("stdout", "llo\nthere")
		r.Display(bar("1/9"))
		r.Display(bar("2/9 · a text that is too long for it"))
		r.Display(&jupyter.Output{Type: jupyter.DisplayOutput,
			Data: map[string]any{"image/png": "…", "text/plain": "<Figure>"}})
		r.Stream("stderr", "\x1b[31mred\x1b[0m\n")
		r.CellFinished(1, 2, nil, time.Second, nil)
		return b.String()
	}
	assert.Equal(t, "[1/2] \n      hello\n      there\n      (picture)\n      red\n[1/2] done in 1s\n", show(nil))
	assert.Equal(t, "[1/2] \n      hello\n      there\n\r\x1b[K      1/9\r\x1b[K      2/9 · a text \n"+
		"      (picture)\n      \x1b[31mred\x1b[0m\n[1/2] done in 1s\n",
		show(func() int { return 20 }))
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		r := newReporter(&b, &jupyter.Notebook{})
		r.Stream("stdout", "there")
		time.Sleep(10 * time.Second)
		r.Display(bar("1/9"))
		time.Sleep(59 * time.Second)
		r.Display(bar("2/9"))
		r.Stream("stdout", "end\n")
		time.Sleep(time.Second)
		r.Display(bar("3/9"))
		r.Display(bar("9/9"))
		r.CellFinished(1, 2, nil, time.Second, nil)
		assert.Equal(t, "      there\n      1/9\n      end\n      3/9\n      9/9\n[1/2] done in 1s\n", b.String(),
			"a log has a line soon, a line a minute, and the last one")
	})
}

func TestCellsAreCalledByTheirHeadings(t *testing.T) {
	code := func(source string) *jupyter.Cell { return &jupyter.Cell{Type: jupyter.CodeCell, Source: source} }
	text := func(source string) *jupyter.Cell {
		return &jupyter.Cell{Type: jupyter.MarkdownCell, Source: source}
	}
	cells := []*jupyter.Cell{code("\n%%\nx := 1"), text("# A\n\ntext\n\n## B\n#hashtag"), code("y"), text("text"),
		code("z")}
	of := titles(&jupyter.Notebook{Cells: cells})
	assert.Equal(t, map[*jupyter.Cell]string{cells[0]: "x := 1", cells[2]: "B", cells[4]: "B"}, of)
}
