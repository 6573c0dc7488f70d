package serve

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/moelab/moelab/lab"
)

// comparison is the page of several runs.
type comparison struct {
	Runs    []run
	Names   []string
	Look    lookForm
	Parts   []part
	Charts  []chart
	Samples samples
}

// part is a part of the table that compares runs.
type part struct {
	Title string
	Rows  []row
}

// row has a value for each run.
type row struct {
	Name   string
	Values []string
}

func (s *Server) comparePage(r *http.Request) (string, any, error) {
	runs, err := s.named(r)
	if err == nil && (len(runs) == 0 || len(runs) > mostCurves) {
		err = requestError(fmt.Sprintf("choose 1 to %d runs in the list, not %d", mostCurves, len(runs)))
	}
	if err != nil {
		return "", nil, err
	}
	page := comparison{Runs: runs, Names: shortNames(runs)}
	if page.Look, err = readLookForm(r.URL.Query(), runs); err != nil {
		return "", nil, err
	}
	page.Samples = s.readSamples(runs, page.Look.At)
	if page.Parts, err = compared(runs); err != nil {
		return "", nil, err
	}
	var curves []lab.Curve
	for _, r := range runs {
		curves = append(curves, s.curvesOf(r)...)
	}
	for _, metric := range s.metricsOf(runs...) {
		look := page.Look.of(lab.DrawnLog(metric, curves))
		page.Charts = append(page.Charts, chart{metric, metric, []string{metric}, look, runs})
	}
	return fmt.Sprintf("%d runs compared", len(runs)), page, nil
}

// compared puts settings that differ, and numbers, side by side.
func compared(runs []run) (parts []part, err error) {
	var readable []string
	for _, r := range runs {
		if r.Condition != lab.Damaged {
			readable = append(readable, r.dir)
		}
	}
	settings := part{Title: "Settings that differ"}
	if len(readable) == len(runs) {
		differences, err := lab.Differences(readable)
		if err != nil {
			return nil, err
		}
		for _, d := range differences {
			settings.Rows = append(settings.Rows, row{d.Setting, d.Values})
		}
	}
	numbers := func(title string, of func(r run) map[string]float64) part {
		p := part{Title: title}
		names := map[string]bool{}
		for _, r := range runs {
			for name := range of(r) {
				names[name] = true
			}
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			line := row{Name: name}
			for _, r := range runs {
				text := ""
				if value, ok := of(r)[name]; ok {
					text = numberText(value)
				}
				line.Values = append(line.Values, text)
			}
			p.Rows = append(p.Rows, line)
		}
		return p
	}
	return []part{
		settings,
		numbers("Evaluation", func(r run) map[string]float64 { return r.Measures }),
		numbers("Last metrics", func(r run) map[string]float64 { return r.Values }),
	}, nil
}
