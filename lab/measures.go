package lab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"path/filepath"

	"github.com/moelab/moelab/internal/checkedjson"
	"github.com/moelab/moelab/internal/regularfile"
)

// measuresName is the file of a run with the numbers of its last evaluation.
const measuresName = "measures.json"

// measures is that file.
type measures struct {
	// Step is that of the checkpoint that was measured.
	Step     int64              `json:"step"`
	Measures map[string]float64 `json:"measures"`
}

// writeMeasures writes the numbers of an evaluation into a run. Those that are not finite are left out: JSON has none.
func writeMeasures(dir string, evaluation Evaluation) error {
	steps, err := (&Run{dir: dir}).checkpointSteps()
	if err != nil {
		return err
	}
	m := measures{Measures: maps.Clone(evaluation.Measures())}
	if len(steps) > 0 {
		m.Step = steps[len(steps)-1]
	}
	maps.DeleteFunc(m.Measures, func(_ string, v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	text, err := checkedjson.File(m)
	if err != nil {
		return fmt.Errorf("write the measures of %s: %w", dir, err)
	}
	return WriteFile(filepath.Join(dir, measuresName), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// ReadMeasures returns the numbers of the last evaluation of a run by name, nil if it was not evaluated by way of its
// [Kind].
func ReadMeasures(dir string) (map[string]float64, error) {
	path := filepath.Join(dir, measuresName)
	data, err := regularfile.Read(path, regularfile.Note)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var m measures
	if err == nil {
		err = checkedjson.Unmarshal(data, &m)
	}
	if err != nil {
		return nil, fmt.Errorf("read the measures in %s: %w; evaluate the run again", path, err)
	}
	return m.Measures, nil
}
