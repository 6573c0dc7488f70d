package serve

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moelab/moelab/internal/textfile"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/lab/sweep"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"add":   func(a, b int) int { return a + b },
	"bytes": bytesText, "duration": durationText, "number": numberText,
	"numbers": numbersText, "percent": percentText, "when": whenText,
}).Parse(pageText))

// frame is what every page shows around its content.
type frame struct {
	Folder, Title string // Folder is the whole path.
	Load          load
	Content       any
}

// page serves a template with the content that read returns for a request.
func (s *Server) page(name string, read func(r *http.Request) (title string, content any, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		title, content, err := read(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.write(w, r, http.StatusOK, name, title, content)
	}
}

// write writes a page.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, name, title string, content any) {
	f := frame{textfile.Shown(s.listing.dir), title, s.meter.now(r.Context()), content}
	var text bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&text, name, f); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text.Bytes()) // An error is the reader's.
}

// fail says why a page cannot be shown.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, errNotFound), errors.Is(err, errNoRun):
		status = http.StatusNotFound
	case errors.As(err, new(requestError)):
		status = http.StatusBadRequest
	}
	s.write(w, r, status, "failure", "Nothing to show", err.Error())
}

// named returns the runs that an address names, each once. No other path is ever opened.
func (s *Server) named(r *http.Request) (named []run, err error) {
	all, err := s.listing.all(r.Context())
	if err != nil {
		return nil, err
	}
	for _, key := range r.URL.Query()["run"] {
		found, ok := all[key]
		if !ok {
			return nil, errNoRun
		}
		if !slices.ContainsFunc(named, func(r run) bool { return r.Key == key }) {
			named = append(named, found)
		}
	}
	return named, nil
}

// shortNames are names of runs that tell them apart: the last parts of their paths.
func shortNames(runs []run) []string {
	for parts := 1; ; parts++ {
		var names []string
		unique := map[string]bool{}
		whole := true
		for _, r := range runs {
			all := strings.Split(r.Key, "/")
			whole = whole && parts >= len(all)
			name := textfile.Shown(strings.Join(all[max(len(all)-parts, 0):], "/"))
			names, unique[name] = append(names, name), true
		}
		if whole || len(unique) == len(runs) {
			return names
		}
	}
}

// index is the page of all runs.
type index struct {
	Runs   []run
	All    int
	Sweeps []sweepLine
	// Find, State and Sort are what the address asks for.
	Find, State, Sort string
	States            []lab.Condition
	Sorts             []string
}

// sweepLine is a sweep in the list.
type sweepLine struct {
	Key                            string
	Runs, Finished, Going, Damaged int
}

// Shown is the key as it may be shown.
func (s sweepLine) Shown() string { return textfile.Shown(s.Key) }

// orders are what runs can be sorted by. Of equal ones the order by name stays.
var orders = map[string]func(a, b run) int{
	"name":    func(a, b run) int { return cmp.Compare(a.Key, b.Key) },
	"kind":    func(a, b run) int { return cmp.Compare(a.Name, b.Name) },
	"state":   func(a, b run) int { return cmp.Compare(a.Condition, b.Condition) },
	"step":    func(a, b run) int { return cmp.Compare(b.Step, a.Step) },
	"size":    func(a, b run) int { return cmp.Compare(b.Bytes, a.Bytes) },
	"changed": func(a, b run) int { return b.Changed.Compare(a.Changed) },
}

func (s *Server) indexPage(r *http.Request) (string, any, error) {
	all, err := s.listing.all(r.Context())
	if err != nil {
		return "", nil, err
	}
	query := r.URL.Query()
	page := index{
		All: len(all), Find: query.Get("find"), State: query.Get("state"), Sort: cmp.Or(query.Get("sort"), "name"),
		States: []lab.Condition{lab.InTraining, lab.Stopped, lab.Finished, lab.Damaged},
		Sorts:  slices.Sorted(maps.Keys(orders)),
	}
	order, ok := orders[page.Sort]
	if !ok {
		return "", nil, requestError("runs are sorted by " + strings.Join(page.Sorts, ", "))
	}
	find := strings.ToLower(page.Find)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		run := all[key]
		text := strings.ToLower(run.Key + " " + run.Name)
		if strings.Contains(text, find) && (page.State == "" || page.State == string(run.Condition)) {
			page.Runs = append(page.Runs, run)
		}
	}
	slices.SortStableFunc(page.Runs, order)
	for _, key := range s.listing.sweeps(all) {
		page.Sweeps = append(page.Sweeps, countCells(key, all))
	}
	return "Runs", page, nil
}

// countCells counts the runs of a sweep.
func countCells(key string, all map[string]run) sweepLine {
	line := sweepLine{Key: key}
	for _, run := range all {
		if path.Dir(run.Key) != path.Join(key, "cells") {
			continue
		}
		line.Runs++
		switch run.Condition {
		case lab.Finished:
			line.Finished++
		case lab.InTraining:
			line.Going++
		case lab.Damaged:
			line.Damaged++
		}
	}
	return line
}

// runView is the page of a run.
type runView struct {
	Run     run
	Look    lookForm
	Charts  []chart
	Samples samples
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
		look := l
		look.Log = l.Log || curve.Log
		charts = append(charts, chart{curve.Title, curve.Y, metrics, look, []run{r}})
		drawn := func(metric string) bool { return slices.Contains(metrics, metric) }
		left = slices.DeleteFunc(slices.Clone(left), drawn)
	}
	for _, metric := range left {
		charts = append(charts, chart{metric, metric, []string{metric}, l, []run{r}})
	}
	return charts
}

// metricsOf lists the metrics of runs: those of their last lines, and all that their curves were found to have. A page
// does not wait until a long file is read.
func (s *Server) metricsOf(runs ...run) []string {
	all := map[string]bool{}
	for _, r := range runs {
		for name := range r.Values {
			all[name] = true
		}
		for _, name := range s.histories.of(r.Key).names() {
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
	for _, metric := range s.metricsOf(runs...) {
		page.Charts = append(page.Charts, chart{metric, metric, []string{metric}, page.Look.look, runs})
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

// sweepView is the page of a sweep.
type sweepView struct {
	sweepLine
	Spec     sweep.Spec
	Progress sweep.Progress
	Head     []string
	Rows     [][]string
	Measures []string
	Failed   []sweep.Result
	Decision *sweep.Decision
	Keys     []string // Of its runs.
}

// sweepOf opens the sweep that an address names.
func (s *Server) sweepOf(r *http.Request) (*sweep.Sweep, error) {
	all, err := s.listing.all(r.Context())
	if err != nil {
		return nil, err
	}
	key := r.URL.Query().Get("sweep")
	if !slices.Contains(s.listing.sweeps(all), key) {
		return nil, errNotFound
	}
	dir := filepath.Join(s.listing.dir, filepath.FromSlash(key))
	if err := lab.CheckLinks(dir); err != nil { // Package sweep would follow them.
		return nil, fmt.Errorf("%s is not shown: %w", textfile.Shown(key), err)
	}
	return sweep.Open(dir)
}

func (s *Server) sweepPage(r *http.Request) (string, any, error) {
	opened, err := s.sweepOf(r)
	if err != nil {
		return "", nil, err
	}
	all, err := s.listing.all(r.Context())
	if err != nil {
		return "", nil, err
	}
	page := sweepView{sweepLine: countCells(r.URL.Query().Get("sweep"), all), Spec: opened.Spec()}
	if page.Progress, err = opened.Progress(); err != nil {
		return "", nil, err
	}
	results, err := opened.Results()
	if err != nil {
		return "", nil, err
	}
	page.Head, page.Rows = sweep.Summary(results)
	page.Measures = sweep.MeasureNames(results)
	for _, result := range results {
		if result.Failed != "" {
			page.Failed = append(page.Failed, result)
		}
	}
	if rule := page.Spec.Compare; rule != nil {
		decision := rule.Decide(results)
		page.Decision = &decision
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if path.Dir(key) == path.Join(page.Key, "cells") {
			page.Keys = append(page.Keys, key)
		}
	}
	return page.Shown(), page, nil
}

// Dots is the address of the figure of a measure, which changes when there is more to draw.
func (v sweepView) Dots(measure string) string {
	return "dots.svg?" + url.Values{
		"sweep": {v.Key}, "measure": {measure}, "done": {strconv.Itoa(v.Progress.Done)},
	}.Encode()
}

func bytesText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f kB", float64(n)/1e3)
}

func durationText(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

func numberText(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// numbersText lists numbers on a line that breaks between them. A page of many runs has no time for an element of each.
func numbersText(numbers map[string]float64) string {
	const fixed = "\u00a0" // Holds a name and its number together.
	var parts []string
	for _, p := range pairs(numbers) {
		parts = append(parts, p.Name+fixed+p.Value+fixed)
	}
	return strings.Join(parts, " ")
}

func percentText(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func whenText(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
