package sweep

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"al.essio.dev/pkg/shellescape"
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/internal/textfile"
	"github.com/moelab/moelab/plots"
	"gonum.org/v1/gonum/stat"
)

const (
	tableName  = "results.csv"
	reportName = "report.html"
)

// WriteResults writes results.csv and report.html. Several processes may do so at once, on several hosts: the last one
// has read all that the others have.
func (s *Sweep) WriteResults() (err error) {
	if err := s.isThere(); err != nil {
		return err
	}
	folder := filepath.Join(s.dir, resultsName)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	lock := lockfile.New(filepath.Join(folder, lockfile.Name))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("lock %s: %w", folder, err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	outcome, err := s.Outcome()
	if err != nil {
		return err
	}
	err = atomicfile.Write(filepath.Join(s.dir, tableName), func(file *os.File) error {
		return csv.NewWriter(file).WriteAll(table(outcome.Results))
	})
	if err != nil {
		return err
	}
	page, err := s.report(outcome)
	if err != nil {
		return fmt.Errorf("write the report of %s: %w", s.dir, err)
	}
	var text bytes.Buffer
	if err := reportTemplate.Execute(&text, page); err != nil {
		return fmt.Errorf("write the report of %s: %w", s.dir, err)
	}
	return atomicfile.WriteBytes(filepath.Join(s.dir, reportName), text.Bytes())
}

// table returns the rows of results.csv.
func table(results []Result) [][]string {
	settings, measures := SettingNames(results), MeasureNames(results)
	rows := [][]string{slices.Concat([]string{"cell"}, settings, []string{"seed", "failed", "step", "seconds"}, measures)}
	for _, result := range results {
		row := []string{result.Name}
		for _, name := range settings {
			row = append(row, result.Values[name])
		}
		row = append(row, strconv.FormatUint(result.Seed, 10), result.Failed, strconv.FormatInt(result.Step, 10),
			strconv.FormatFloat(result.Seconds, 'f', 3, 64))
		for _, name := range measures {
			text := ""
			if value, ok := result.Measures[name]; ok {
				text = strconv.FormatFloat(value, 'g', -1, 64)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	return rows
}

// SettingNames lists the axes of some results.
func SettingNames(results []Result) []string {
	names := map[string]bool{}
	for _, result := range results {
		for name := range result.Values {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Spread is a mean and the standard deviation of N values.
type Spread struct {
	N               int
	Mean, Deviation float64
}

// SpreadOf returns the spread of some values.
func SpreadOf(values []float64) Spread {
	s := Spread{N: len(values)}
	if s.N > 0 {
		s.Mean = stat.Mean(values, nil)
	}
	if s.N > 1 {
		s.Deviation = stat.StdDev(values, nil)
	}
	return s
}

// String is as in "0.412 ± 0.031"; "–" without a value.
func (s Spread) String() string {
	switch s.N {
	case 0:
		return "–"
	case 1:
		return decimals(s.Mean)
	}
	return decimals(s.Mean) + " ± " + decimals(s.Deviation)
}

// decimals shows three decimals, or the first digits of a number that has none there.
func decimals(v float64) string {
	if v != 0 && math.Abs(v) < 0.01 {
		return fmt.Sprintf("%.2g", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// Summary is the table of a sweep: a line for each combination of values, with the mean and the spread of each measure.
func Summary(results []Result) (head []string, rows [][]string) {
	settings, measures := SettingNames(results), MeasureNames(results)
	head = slices.Concat(settings, []string{"seeds", "failed"}, measures)
	for _, group := range Groups(results) {
		var row []string
		for _, name := range settings {
			row = append(row, group.Values[name])
		}
		failed := 0
		for _, result := range group.Results {
			if result.Failed != "" {
				failed++
			}
		}
		row = append(row, strconv.Itoa(len(group.Results)), strconv.Itoa(failed))
		for _, name := range measures {
			row = append(row, SpreadOf(group.Measure(name)).String())
		}
		rows = append(rows, row)
	}
	return head, rows
}

// Figure draws a measure of some results: a row for each combination of values, a dot for each seed.
func Figure(results []Result, measure string) (*plots.Figure, error) {
	dots := plots.Dots{Title: measure, X: "a dot for each seed; line and bar: mean and standard deviation"}
	for _, group := range Groups(results) {
		name := valuesText(group.Values)
		if name == "" {
			name = "all"
		}
		dots.Names = append(dots.Names, name)
		dots.Values = append(dots.Values, group.Measure(measure))
	}
	return dots.Figure()
}

// Outcome is what has come out of a sweep so far.
type Outcome struct {
	Spec Spec
	Progress
	Results, Failed []Result
	// Earlier are the names of cells that do not count, since the specification has them no more.
	Earlier []string
	// Measures are the names of all measures.
	Measures []string
	// Head and Rows are the table of [Summary].
	Head []string
	Rows [][]string
	// Decision is that of the specification's rule, if it has one.
	Decision *Decision
}

// Outcome looks at the folder.
func (s *Sweep) Outcome() (o Outcome, err error) {
	o.Spec = s.spec
	if o.Progress, o.Results, err = s.look(); err != nil {
		return o, err
	}
	for _, result := range o.Results {
		if result.Failed != "" {
			o.Failed = append(o.Failed, result)
		}
	}
	if o.Earlier, err = s.Earlier(); err != nil {
		return o, err
	}
	o.Measures = MeasureNames(o.Results)
	o.Head, o.Rows = Summary(o.Results)
	if rule := s.spec.Compare; rule != nil {
		decision := rule.Decide(o.Results)
		o.Decision = &decision
	}
	return o, nil
}

// OutcomeHTML are the templates "outcome" and "failed", which show an [Outcome] in the report and on the live page.
//
//go:embed outcome.html
var OutcomeHTML string

//go:embed report.html
var reportHTML string

var reportTemplate = template.Must(template.Must(template.New("report").Parse(OutcomeHTML)).Parse(reportHTML))

// report is what report.html shows.
type report struct {
	Name string // Of the folder.
	Outcome
	Figures []figure
	Command string
}

type figure struct {
	Name string
	PNG  template.URL
}

// report draws an outcome.
func (s *Sweep) report(outcome Outcome) (report, error) {
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return report{}, err
	}
	p := report{Name: textfile.Shown(filepath.Base(dir)), Outcome: outcome}
	for _, measure := range outcome.Measures {
		drawn, err := Figure(outcome.Results, measure)
		if err != nil {
			return p, err
		}
		var png bytes.Buffer
		if err := drawn.WritePNG(&png); err != nil {
			return p, err
		}
		p.Figures = append(p.Figures, figure{measure,
			template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png.Bytes()))})
	}
	if cells := s.spec.Cells(); len(cells) > 0 {
		commands, err := s.commands(cells[0])
		if err != nil {
			return p, err
		}
		p.Command = "moelab " + shellescape.QuoteCommand(commands[0])
	}
	return p, nil
}
