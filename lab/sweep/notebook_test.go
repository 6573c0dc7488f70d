package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/moelab/moelab/jupyter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// execute stands for "moelab run": it writes the notebook with what a kernel would have recorded.
func execute(args []string) error {
	nb, err := jupyter.Read(args[0])
	if err != nil {
		return err
	}
	values := map[string]string{}
	out := ""
	for i := 1; i+1 < len(args); i += 2 {
		switch name, value, _ := strings.Cut(args[i+1], "="); args[i] {
		case "-p", "-r":
			values[name] = value
		case "-o":
			out = args[i+1]
		case "--cwd":
			if _, err := os.Stat(filepath.Join(args[i+1], "original.ipynb")); err != nil {
				return err
			}
		}
	}
	if !filepath.IsAbs(values["dir"]) {
		return fmt.Errorf("dir is %q", values["dir"])
	}
	rate, errRate := strconv.ParseFloat(values["rate"], 64)
	seed, errSeed := strconv.ParseFloat(values["seed"], 64)
	if err := errors.Join(errRate, errSeed); err != nil {
		return err
	}
	nb.Cells[1].Outputs = []*jupyter.Output{{Type: jupyter.DisplayOutput, Data: map[string]any{
		jupyter.MeasuresMIME: map[string]any{"score": rate + seed/100, "letters": len(values["name"])},
	}}}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	if err := nb.Write(out); err != nil {
		return err
	}
	if rate == 3 {
		return errors.New("cell 2: undefined: x")
	}
	return nil
}

// notebookSpec writes a notebook and returns a sweep of it.
func notebookSpec(t *testing.T) Spec {
	t.Helper()
	path := filepath.Join(t.TempDir(), "original.ipynb")
	nb := &jupyter.Notebook{
		Metadata: map[string]any{"kernelspec": map[string]any{"name": "gonb", "language": "go"}},
		Cells: []*jupyter.Cell{
			{
				Type: jupyter.CodeCell, Metadata: map[string]any{"tags": []any{"parameters"}},
				Source: "var (\n\tdir = \"runs\"\n\trate = 0.5\n\tseed = 1\n\tname = \"x\"\n)",
			},
			{Type: jupyter.CodeCell, Source: "%%\nfmt.Println(rate)"},
		},
	}
	require.NoError(t, nb.Write(path))
	return Spec{
		Format: 1, Notebook: path, Set: map[string]json.RawMessage{"name": json.RawMessage(`"1e+3"`)},
		Axes: []Axis{{Setting: "rate", Values: values(0.5, 1)}}, Seeds: []uint64{1, 2},
	}
}

func checkNotebook(spec *Spec) error {
	parameters, err := spec.CheckNotebook()
	if err != nil {
		return err
	}
	return spec.Check(parameters)
}

func TestSweepRunsANotebookWithEachParameter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	spec := notebookSpec(t)
	spec.Axes[0].Values = values(0.5, 1, 3)
	require.NoError(t, checkNotebook(&spec))
	s := runSweep(t, dir, spec, Options{Jobs: 2})
	results, err := s.Results()
	require.NoError(t, err)
	require.Len(t, results, 6)
	for _, result := range results {
		rate, err := strconv.ParseFloat(result.Values["rate"], 64)
		require.NoError(t, err)
		want := map[string]float64{"score": rate + float64(result.Seed)/100, "letters": 4}
		if rate == 3 { // What it recorded before it failed does not count.
			want = nil
		}
		assert.Equal(t, want, result.Measures)
		assert.Equal(t, rate == 3, result.Failed == "cell 2: undefined: x", "a notebook that fails is a row")
		assert.FileExists(t, filepath.Join(dir, "notebooks", result.Name+".ipynb"))
	}
	report, err := os.ReadFile(filepath.Join(dir, reportName))
	require.NoError(t, err)
	assert.Contains(t, string(report), "A sweep of original.ipynb: 6 of 6 cells have ended, "+
		"2 of them in failure.")

	begun := 0
	runSweep(t, dir, spec, Options{Changed: func(Cell, *Result) { begun++ }})
	assert.Zero(t, begun, "nothing is done twice")
}

func TestNotebookOfASweepIsKeptAsItBegan(t *testing.T) {
	dir := t.TempDir()
	spec := notebookSpec(t)
	require.NoError(t, checkNotebook(&spec))
	runSweep(t, dir, spec, Options{})

	nb, err := jupyter.Read(spec.Notebook)
	require.NoError(t, err)
	nb.Cells[1].ExecutionCount = &[]int{7}[0]
	require.NoError(t, nb.Write(spec.Notebook))
	require.NoError(t, checkNotebook(&spec))
	runSweep(t, dir, spec, Options{}) // Run by hand meanwhile: its code is the same.

	nb.Cells[1].Source = "%%\nfmt.Println(2 * rate)"
	require.NoError(t, nb.Write(spec.Notebook))
	require.NoError(t, checkNotebook(&spec))
	_, err = Create(dir, spec)
	assert.ErrorContains(t, err, "axes and seeds may change, what all cells share may not; name another folder")
}

func TestWrongParametersOfANotebookAreSaid(t *testing.T) {
	for want, change := range map[string]func(s *Spec){
		`no parameter "rat", but dir, rate, seed, name`: func(s *Spec) { s.Axes[0].Setting = "rat" },
		`the cell's own folder`:                         func(s *Spec) { s.Set["dir"] = json.RawMessage(`"x"`) },
		"rate=fast":                                     func(s *Spec) { s.Axes[0].Values = values("fast") },
		"no-such.ipynb":                                 func(s *Spec) { s.Notebook = "no-such.ipynb" },
	} {
		spec := notebookSpec(t)
		change(&spec)
		assert.ErrorContains(t, checkNotebook(&spec), want)
	}
}
