package lab

import (
	"slices"

	"github.com/moelab/moelab/plots"
)

// Curve is a diagram of metrics over the steps of a run.
type Curve struct {
	// Name is the base name of the figure's file.
	Name string
	// Title is the diagram's title, Y the label of the vertical axis, which is logarithmic with Log.
	Title, Y string
	Log      bool
	// Metrics are the names of the metrics, a line each.
	Metrics []string
	// Marks, if set, marks steps.
	Marks func(dir string) ([]plots.Mark, error)
}

// Smoothing is the weight of the past in the exponential mean of a metric that is drawn.
const Smoothing = 0.95

// DrawnLog reports whether any of the curves draws a metric on a logarithmic axis.
func DrawnLog(metric string, curves []Curve) bool {
	return slices.ContainsFunc(curves, func(c Curve) bool { return c.Log && slices.Contains(c.Metrics, metric) })
}

// MetricFigure draws a metric of several runs, their curves laid on each other, on a logarithmic axis if log. The error
// wraps [ErrNoMetric] if a run has not logged it.
func MetricFigure(metric string, log bool, dirs, names []string) (*plots.Figure, error) {
	figure := plots.Curves{Title: metric, X: "iteration", Y: metric, Log: log, Smooth: Smoothing}
	for i, dir := range dirs {
		steps, values, err := ReadMetric(dir, metric)
		if err != nil {
			return nil, err
		}
		figure.Series = append(figure.Series, plots.Series{Name: names[i], Steps: steps, Values: values})
	}
	return figure.Figure()
}

// Figure draws the curve of a run. The error wraps [ErrNoMetric] if the run has not logged a metric.
func (c Curve) Figure(dir string) (*plots.Figure, error) {
	figure := plots.Curves{Title: c.Title, X: "iteration", Y: c.Y, Log: c.Log, Smooth: Smoothing}
	for _, name := range c.Metrics {
		steps, values, err := ReadMetric(dir, name)
		if err != nil {
			return nil, err
		}
		figure.Series = append(figure.Series, plots.Series{Name: name, Steps: steps, Values: values})
	}
	if c.Marks != nil {
		marks, err := c.Marks(dir)
		if err != nil {
			return nil, err
		}
		figure.Marks = marks
	}
	return figure.Figure()
}
