package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"math/big"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
	"github.com/moelab/moelab/lab"
)

// format is the version of sweep.json.
const format = 1

// maxCells is the largest number of cells: more are a mistake in the specification.
const maxCells = 10_000

// Spec is a specification: what is trained, and in which variants.
type Spec struct {
	Format int `json:"format"`
	// Train is the word after "moelab train", such as "gan", and Preset what the settings start from.
	Train  string `json:"train,omitempty"`
	Preset string `json:"preset,omitempty"`
	// Notebook is the path of a notebook that is run instead. Its parameters are the settings: "seed" is the cell's, and
	// "dir", if it has one, the cell's folder. Code is the SHA-256 of its cells.
	Notebook string `json:"notebook,omitempty"`
	Code     string `json:"code,omitempty"`
	// Set are settings that all cells share, by name.
	Set map[string]json.RawMessage `json:"set,omitempty"`
	// Axes are the settings that vary: there is a cell for each combination of their values and each seed.
	Axes  []Axis   `json:"axes,omitempty"`
	Seeds []uint64 `json:"seeds"`
	// Expectation says in words what should come out, before anything is trained. Compare is the rule that decides it.
	Expectation string      `json:"expectation,omitempty"`
	Compare     *Comparison `json:"compare,omitempty"`
	// Replaced are the expectations and rules of before, which were given up when there were results already.
	Replaced []Replaced `json:"replaced,omitempty"`
	// History are all axes and values of this sweep so far, in the order and the spelling of the cells' names.
	History []Axis `json:"history,omitempty"`
}

// Axis is a setting and its values, as JSON.
type Axis struct {
	Setting string            `json:"setting"`
	Values  []json.RawMessage `json:"values"`
	// Before is the value of all cells from when the setting was no axis, if any: their names do not hold it.
	Before json.RawMessage `json:"before,omitempty"`
}

// Title names what is trained, as in "gan, preset laptop", or the notebook.
func (s Spec) Title() string {
	if s.Notebook != "" {
		return filepath.Base(s.Notebook)
	}
	return s.Train + ", preset " + s.Preset
}

// ParseAxis reads an axis as in "loss=hinge,wgan". Commas within brackets and quotes separate nothing. A value that is
// not JSON is text.
func ParseAxis(text string) (Axis, error) {
	name, values, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return Axis{}, fmt.Errorf("%q is not of the form setting=value,value", text)
	}
	axis := Axis{Setting: name}
	for _, value := range splitValues(values) {
		if !json.Valid([]byte(value)) {
			quoted, err := json.Marshal(value)
			if err != nil {
				return Axis{}, err
			}
			value = string(quoted)
		}
		axis.Values = append(axis.Values, json.RawMessage(value))
	}
	return axis, nil
}

// splitValues splits at the commas outside brackets and quotes.
func splitValues(text string) (values []string) {
	depth, start, quoted := 0, 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' && (i == 0 || text[i-1] != '\\'):
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			values = append(values, text[start:i])
			start = i + 1
		}
	}
	return append(values, text[start:])
}

// ReadSpec reads a specification from a file.
func ReadSpec(path string) (Spec, error) {
	data, err := regularfile.Read(path, regularfile.Note)
	if err != nil {
		return Spec{}, err
	}
	var spec Spec
	err = textfile.UnmarshalJSON(data, &spec)
	if err == nil { // Also of a name that is there twice, of which the last would count.
		_, err = jsontext.NewDecoder(bytes.NewReader(textfile.Decode(data))).ReadValue()
	}
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(textfile.Decode(data)))
		decoder.DisallowUnknownFields() // A mistyped name would change what is trained.
		err = decoder.Decode(&spec)
	}
	if err != nil {
		return Spec{}, fmt.Errorf("read the specification %s: %w", path, err)
	}
	if spec.Format > format {
		return Spec{}, fmt.Errorf("%s has format %d, this version of moelab reads up to %d: update moelab", path,
			spec.Format, format)
	}
	spec.Format = format
	return spec, nil
}

// Check returns an error that names all that is wrong. settings checks the settings of a cell.
func (s Spec) Check(settings func(assignments []string) error) error {
	var checks lab.Checks
	checks.That(s.Train != "" || s.Notebook != "", `"train" is missing: name what to train, such as "gan"`)
	checks.That(s.Notebook == "" || s.Train == "" && s.Preset == "", `a "notebook" goes with no "train" and no "preset"`)
	checks.That(len(s.Seeds) > 0, "seeds are missing: one at least")
	checks.That(!hasTwice(s.Seeds), "a seed is there twice")
	cells := float64(len(s.Seeds))
	names := map[string]bool{"seed": true}
	for name := range s.Set {
		names[name] = true
	}
	for _, axis := range s.Axes {
		checks.That(len(axis.Values) > 0, "%s has no values", axis.Setting)
		checks.That(!names[axis.Setting], "%s is set twice", axis.Setting)
		var texts []string
		for _, value := range axis.Values {
			texts = append(texts, s.key(plain(value)))
		}
		checks.That(!hasTwice(texts), "a value of %s is there twice", axis.Setting)
		names[axis.Setting] = true
		cells *= float64(len(axis.Values))
	}
	checks.That(s.Set["seed"] == nil, `seeds belong into "seeds"`)
	checks.That(cells <= maxCells, "that would be %.3g cells: more than %d are too many", min(cells, 1e99), maxCells)
	if s.Compare != nil {
		s.Compare.check(&checks, s)
	}
	if err := checks.Err(); err != nil {
		return err
	}
	for _, cell := range s.Cells() { // The settings may not go together in one combination only.
		if err := settings(s.assignments(cell)); err != nil {
			return fmt.Errorf("cell %s: %w", cell.Name, err)
		}
	}
	return nil
}

func hasTwice[V comparable](values []V) bool {
	seen := map[V]bool{}
	for _, value := range values {
		if seen[value] {
			return true
		}
		seen[value] = true
	}
	return false
}

// Cell is one combination of the axes' values, and a seed.
type Cell struct {
	// Name is the name of its folder, such as "loss=hinge,seed=1".
	Name string `json:"name"`
	// Values are the values of the axes by setting, as text.
	Values map[string]string `json:"values"`
	Seed   uint64            `json:"seed"`
}

// Cells returns all cells: the first seed of each combination comes before the second of any, so that half a sweep
// says something of all.
func (s Spec) Cells() (cells []Cell) {
	combinations := []map[string]string{{}}
	for _, axis := range s.Axes {
		var longer []map[string]string
		for _, shorter := range combinations {
			for _, value := range axis.Values {
				values := maps.Clone(shorter)
				values[axis.Setting] = plain(value)
				longer = append(longer, values)
			}
		}
		combinations = longer
	}
	for _, seed := range s.Seeds {
		for _, values := range combinations {
			cells = append(cells, Cell{Name: s.name(values, seed), Values: values, Seed: seed})
		}
	}
	return cells
}

// unsafe matches what a folder's name should not hold, on any system.
var unsafe = regexp.MustCompile(`[^A-Za-z0-9=.,+_-]+`)

// name returns the name of a cell's folder. It is readable, and nothing else has it.
func (s Spec) name(values map[string]string, seed uint64) string {
	var parts []string
	for _, axis := range s.Axes {
		if value := values[axis.Setting]; axis.Before == nil || s.key(plain(axis.Before)) != s.key(value) {
			parts = append(parts, axis.Setting+"="+value)
		}
	}
	exact := strings.Join(append(parts, "seed="+strconv.FormatUint(seed, 10)), ",")
	name := unsafe.ReplaceAllString(exact, "-")
	if name != exact || len(name) > 80 {
		name = fmt.Sprintf("%.70s-%08x", name, crc32.ChecksumIEEE([]byte(exact)))
	}
	return name
}

// assignments returns the settings of a cell as "moelab train --set" takes them, in a fixed order.
func (s Spec) assignments(cell Cell) (all []string) {
	for name, value := range s.Set {
		all = append(all, name+"="+plain(value))
	}
	slices.Sort(all)
	for _, axis := range s.Axes {
		all = append(all, axis.Setting+"="+cell.Values[axis.Setting])
	}
	return append(all, "seed="+strconv.FormatUint(cell.Seed, 10))
}

// plain returns a value as it is written in an assignment: text without its quotes.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && !json.Valid([]byte(text)) {
		return text
	}
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil {
		return string(value)
	}
	return compact.String()
}

// key is the same for equal values of an assignment: 1e-3 is 0.001. A notebook may mean text by 1.10.
func (s Spec) key(text string) string {
	if s.Notebook != "" {
		return text
	}
	if whole, ok := new(big.Int).SetString(text, 10); ok {
		return whole.String()
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return text
}

// finite reports whether a number is neither NaN nor infinite.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
