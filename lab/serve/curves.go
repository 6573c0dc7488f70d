package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"sync"

	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/lab/sweep"
	"github.com/moelab/moelab/plots"
)

const (
	// mostCurves is the number of curves in a chart. More could not be told apart.
	mostCurves = 21
	// mostHistories is the number of runs whose metrics are kept in memory.
	mostHistories = 32
	// mostWidth is the largest width of a chart, in points.
	mostWidth = 2000
)

// histories are those of the runs that were looked at last.
type histories struct {
	mutex sync.Mutex
	byKey map[string]*history
	used  []string // The latest last.
}

// of returns the history of a run.
func (h *histories) of(key string) *history {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.byKey == nil {
		h.byKey = map[string]*history{}
	}
	h.used = append(slices.DeleteFunc(h.used, func(k string) bool { return k == key }), key)
	if len(h.used) > mostHistories {
		delete(h.byKey, h.used[0])
		h.used = h.used[1:]
	}
	if h.byKey[key] == nil {
		h.byKey[key] = &history{}
	}
	return h.byKey[key]
}

// history returns what a run has logged so far.
func (s *Server) history(ctx context.Context, r run) (*history, error) {
	h := s.histories.of(r.Key)
	file, _, err := s.open(path.Join(r.Key, "metrics.jsonl"))
	if errors.Is(err, errNotFound) { // Nothing was logged yet.
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := h.follow(ctx, file); err != nil {
		return nil, fmt.Errorf("read the metrics of %s: %w", r.Key, err)
	}
	return h, nil
}

// look is how curves are drawn.
type look struct {
	Scale  string
	Smooth float64
}

// The scales. Usual is as the kind of run draws a curve itself.
const (
	usualScale  = ""
	linearScale = "linear"
	logScale    = "log"
)

// of returns the look of a curve that a kind of run draws on a logarithmic scale, or does not.
func (l look) of(log bool) look {
	if l.Scale == usualScale && log {
		l.Scale = logScale
	}
	return l
}

// smoothings are the weights to choose from; see [plots.Curves].
var smoothings = []float64{0, 0.8, lab.Smoothing, 0.99, 0.999}

// readLook reads the look that an address asks for.
func readLook(query url.Values) (l look, err error) {
	l.Scale = query.Get("scale")
	if !slices.Contains([]string{usualScale, linearScale, logScale}, l.Scale) {
		return l, requestError("scale must be linear or log")
	}
	l.Smooth = lab.Smoothing
	if text := query.Get("smooth"); text != "" {
		l.Smooth, err = strconv.ParseFloat(text, 64)
		if err != nil || !(l.Smooth >= 0 && l.Smooth < 1) {
			return l, requestError("smooth must be a number in [0, 1)")
		}
	}
	return l, nil
}

// chart is a diagram of metrics of runs.
type chart struct {
	Title, Y string
	Metrics  []string
	look     look
	runs     []run
}

// address is where the chart is drawn, with a width in points. It changes when there is more to draw.
func (c chart) address(width int) string {
	query := url.Values{
		"title": {c.Title}, "y": {c.Y}, "metric": c.Metrics, "scale": {c.look.Scale},
		"smooth": {strconv.FormatFloat(c.look.Smooth, 'g', -1, 64)}, "width": {strconv.Itoa(width)},
	}
	version := 0
	for _, r := range c.runs {
		query.Add("run", r.Key)
		version += int(r.Step)
	}
	query.Set("step", strconv.Itoa(version))
	return "curve.svg?" + query.Encode()
}

// Wide and Narrow are the addresses of the chart for a desk and for a phone.
func (c chart) Wide() string   { return c.address(600) }
func (c chart) Narrow() string { return c.address(340) }

// curve draws a chart from its address.
func (s *Server) curve(r *http.Request) (*plots.Figure, error) {
	query := r.URL.Query()
	l, err := readLook(query)
	if err != nil {
		return nil, err
	}
	width, err := readWidth(query)
	if err != nil {
		return nil, err
	}
	runs, err := s.named(r)
	if err != nil {
		return nil, err
	}
	metrics := query["metric"]
	if n := len(runs) * len(metrics); n == 0 || n > mostCurves {
		return nil, requestError(fmt.Sprintf("a chart has 1 to %d curves, not %d", mostCurves, n))
	}
	curves := plots.Curves{
		Title: query.Get("title"), X: "iteration", Y: query.Get("y"), Width: width,
		Log: l.Scale == logScale, Smooth: l.Smooth,
	}
	names, logged := shortNames(runs), false
	for i, run := range runs {
		history, err := s.history(r.Context(), run)
		if err != nil {
			return nil, err
		}
		for _, metric := range metrics {
			series, ok := history.draw(metric, l.Smooth)
			logged = logged || ok
			switch {
			case !ok: // Without a name or values it takes a colour, so that each run has its own in all charts.
			case len(runs) > 1 && len(metrics) > 1:
				series.Name = names[i] + " " + metric
			case len(runs) > 1:
				series.Name = names[i]
			default:
				series.Name = metric
			}
			curves.Series = append(curves.Series, series)
		}
	}
	if !logged {
		return nil, requestError("none of the runs has logged this")
	}
	return curves.Figure()
}

// readWidth reads the width of a chart.
func readWidth(query url.Values) (int, error) {
	text := query.Get("width")
	if text == "" {
		return 0, nil
	}
	width, err := strconv.Atoi(text)
	if err != nil || width < 1 || width > mostWidth {
		return 0, requestError(fmt.Sprintf("width must be a number of points, at most %d", mostWidth))
	}
	return width, nil
}

// dots draws a measure of a sweep.
func (s *Server) dots(r *http.Request) (*plots.Figure, error) {
	opened, err := s.sweepOf(r)
	if err != nil {
		return nil, err
	}
	results, err := opened.Results()
	if err != nil {
		return nil, err
	}
	measure := r.URL.Query().Get("measure")
	if !slices.Contains(sweep.MeasureNames(results), measure) {
		return nil, requestError("the sweep has no such measure")
	}
	return sweep.Figure(results, measure)
}

// drawingPolicy lets a picture that is opened by itself do nothing.
const drawingPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// drawing serves a figure as SVG.
func (s *Server) drawing(draw func(r *http.Request) (*plots.Figure, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		figure, err := draw(r)
		var svg bytes.Buffer
		if err == nil {
			err = figure.WriteSVG(&svg)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Content-Security-Policy", drawingPolicy)
		w.Write(svg.Bytes()) // An error is the reader's.
	}
}
