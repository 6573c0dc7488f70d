package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/checkedjson"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/jupyter"
	"github.com/moelab/moelab/lab"
)

// Result is how a cell ended.
type Result struct {
	Cell
	// Failed is the reason if it failed, in the words of its process.
	Failed string `json:"failed,omitempty"`
	// Step and Seconds are those of its training; a notebook has no step, and the seconds of the whole.
	Step    int64   `json:"step"`
	Seconds float64 `json:"seconds"`
	// Measures are those of the evaluation, by name.
	Measures map[string]float64 `json:"measures,omitempty"`
	Ended    time.Time          `json:"ended"`
}

const (
	specName      = "sweep.json"
	notebookName  = "notebook.ipynb"
	cellsName     = "cells"
	notebooksName = "notebooks"
	logsName      = "logs"
	resultsName   = "results"
)

// resultPath returns the file of a cell's result.
func (s *Sweep) resultPath(cell Cell) string {
	return filepath.Join(s.dir, resultsName, cell.Name+".json")
}

// result reads a cell's result. ok is false if it has not ended. A result that is damaged is that of a cell that has
// failed, so that the others can be seen.
func (s *Sweep) result(cell Cell) (result Result, ok bool, err error) {
	path := s.resultPath(cell)
	data, err := regularfile.Read(path, regularfile.Note)
	if errors.Is(err, fs.ErrNotExist) {
		return result, false, nil
	}
	if err == nil {
		err = checkedjson.Unmarshal(data, &result)
	}
	if err == nil && (result.Name != cell.Name || result.Seed != cell.Seed) { // It was copied or renamed.
		err = fmt.Errorf("it is not of this cell, but of %q", result.Name)
	}
	if err != nil {
		return Result{Cell: cell, Failed: fmt.Sprintf("read %s: %v", path, err)}, true, nil
	}
	if result.Failed != "" { // Those of an earlier training, or of a part of this one.
		result.Measures = nil
	}
	return result, true, nil
}

// save writes a cell's result.
func (s *Sweep) save(result Result) error {
	data, err := checkedjson.File(result)
	if err != nil {
		return fmt.Errorf("write the result of %s: %w", result.Name, err)
	}
	path := s.resultPath(result.Cell)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, data)
}

// Results returns the results of the cells that have ended, in their order.
func (s *Sweep) Results() (results []Result, err error) {
	for _, cell := range s.spec.Cells() {
		result, ok, err := s.ended(cell)
		if err != nil {
			return nil, err
		}
		if ok {
			results = append(results, result)
		}
	}
	return results, nil
}

// Earlier returns the names of cells that have ended and that the specification has no more. They are kept, and count
// again once it has.
func (s *Sweep) Earlier() (names []string, err error) {
	named := map[string]bool{}
	for _, cell := range s.spec.Cells() {
		named[cell.Name+".json"] = true
	}
	entries, err := os.ReadDir(filepath.Join(s.dir, resultsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, entry := range entries {
		name := entry.Name()
		if filepath.Ext(name) != ".json" || named[name] || name[0] == '.' {
			continue
		}
		names = append(names, name[:len(name)-len(".json")])
	}
	return names, nil
}

// readNotebook fills in what an executed notebook has recorded.
func (r *Result) readNotebook(path string) error {
	nb, err := jupyter.Read(path)
	if err != nil {
		return err
	}
	r.Measures = nb.Measures()
	return nil
}

// readRun fills in what a trained run says of itself.
func (r *Result) readRun(dir string) error {
	status, err := lab.ReadStatus(dir)
	if err != nil {
		return err
	}
	r.Step, r.Seconds = status.Step, status.Seconds
	r.Measures, err = lab.ReadMeasures(dir)
	return err
}

// MeasureNames lists the measures of some results.
func MeasureNames(results []Result) (names []string) {
	for _, result := range results {
		for name := range result.Measures {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// Group is the results of one combination of values, with all seeds.
type Group struct {
	Values  map[string]string
	Results []Result
}

// Groups sorts results by their values, in the order of their first.
func Groups(results []Result) (groups []Group) {
	for _, result := range results {
		at := slices.IndexFunc(groups, func(g Group) bool { return maps.Equal(g.Values, result.Values) })
		if at < 0 {
			groups = append(groups, Group{Values: result.Values})
			at = len(groups) - 1
		}
		groups[at].Results = append(groups[at].Results, result)
	}
	return groups
}

// Measure returns a measure of the group's results that have it.
func (g Group) Measure(name string) (values []float64) {
	for _, result := range g.Results {
		if value, ok := result.Measures[name]; ok && !math.IsNaN(value) {
			values = append(values, value)
		}
	}
	return values
}
