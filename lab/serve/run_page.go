package serve

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/moelab/moelab/lab"
)

// runView is the page of a run.
type runView struct {
	Run    run
	Look   lookForm
	Charts []chart
	// NotDrawn is how many metrics are too many to be followed.
	NotDrawn int
	Samples  samples
	// Numbers are the last metrics, and Settings those of config.json.
	Numbers, Measures []pair
	Settings          []pair
	Figures           []figure
}

// pair is a line of a table.
type pair struct{ Name, Value string }

// lookForm is the form that chooses the look of curves.
type lookForm struct {
	look
	Keys       []string
	Smoothings []float64
	At         int
}

func (s *Server) runPage(r *http.Request) (string, any, error) {
	runs, err := s.named(r)
	if err == nil && len(runs) != 1 {
		err = requestError("this page shows one run")
	}
	if err != nil {
		return "", nil, err
	}
	page := runView{Run: runs[0]}
	if page.Look, err = readLookForm(r.URL.Query(), runs); err != nil {
		return "", nil, err
	}
	page.Samples = s.readSamples(runs, page.Look.At)
	page.Numbers, page.Measures = pairs(page.Run.Values), pairs(page.Run.Measures)
	if page.Run.Condition == lab.Damaged {
		page.Figures = s.figures(page.Run, nil)
		return page.Run.Shown(), page, nil
	}
	curves := s.curvesOf(page.Run)
	page.Charts = s.runCharts(page.Run, curves, page.Look.look)
	if left := len(page.Run.Values) - mostNames; left > 0 {
		page.NotDrawn = left
	}
	page.Figures = s.figures(page.Run, curves)
	settings, err := lab.ReadSettings(page.Run.dir)
	if err != nil {
		return "", nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		page.Settings = append(page.Settings, pair{name, settings[name]})
	}
	return page.Run.Shown(), page, nil
}

func readLookForm(query url.Values, runs []run) (form lookForm, err error) {
	form.look, err = readLook(query)
	form.Smoothings = smoothings
	if !slices.Contains(smoothings, form.Smooth) {
		form.Smoothings = append(slices.Clone(smoothings), form.Smooth)
	}
	for _, r := range runs {
		form.Keys = append(form.Keys, r.Key)
	}
	form.At = -1
	if at, err := strconv.Atoi(query.Get("at")); err == nil {
		form.At = at
	}
	return form, err
}

// runCharts are the curves of a run as its kind draws them, then the metrics that those leave out.
func (s *Server) runCharts(r run, curves []lab.Curve, l look) (charts []chart) {
	names := s.metricsOf(r)
	left := names
	for _, curve := range curves {
		lacks := func(metric string) bool { return !slices.Contains(names, metric) }
		metrics := slices.DeleteFunc(slices.Clone(curve.Metrics), lacks)
		if len(metrics) == 0 {
			continue
		}
		charts = append(charts, chart{curve.Title, curve.Y, metrics, l.of(curve.Log), []run{r}})
		drawn := func(metric string) bool { return slices.Contains(metrics, metric) }
		left = slices.DeleteFunc(slices.Clone(left), drawn)
	}
	for _, metric := range left {
		charts = append(charts, chart{metric, metric, []string{metric}, l, []run{r}})
	}
	return charts
}

// metricsOf lists the metrics of runs that are followed: those of their last lines, and all that their curves were
// found to have. A page does not wait until a long file is read.
func (s *Server) metricsOf(runs ...run) []string {
	all := map[string]bool{}
	for _, r := range runs {
		last := slices.Sorted(maps.Keys(r.Values))
		for _, name := range slices.Concat(s.histories.of(r.Key).names(), last[:min(len(last), mostNames)]) {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// curvesOf are the curves of a run's kind. A run whose settings are wrong, or of an unknown kind, has none.
func (s *Server) curvesOf(r run) []lab.Curve {
	for _, kind := range s.kinds {
		if kind.IsOf(r.Name) {
			curves, _ := kind.CurvesOf(r.dir) // Its metrics are drawn one by one.
			return curves
		}
	}
	return nil
}

// pairs lists numbers by name.
func pairs(numbers map[string]float64) (all []pair) {
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		all = append(all, pair{name, numberText(numbers[name])})
	}
	return all
}
