package serve

import (
	"context"
	"maps"
	"math"
	"os"
	"slices"
	"sync"

	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

const (
	// mostPoints is the number of points that a series has at most: a longer one is thinned out.
	mostPoints = 4096
	// mostNames is the number of metrics of a run that are followed.
	mostNames = 64
)

// history is what a run has logged, thinned out. It reads a growing file only from where it was.
type history struct {
	reading sync.Mutex // One reads, and meanwhile others see what was read so far.
	tail    lab.MetricsTail

	mutex  sync.Mutex
	series map[string]*series
}

// follow reads what was added to a file since. When ctx ends, the next call goes on.
func (h *history) follow(ctx context.Context, file *os.File) error {
	h.reading.Lock()
	defer h.reading.Unlock()
	return h.tail.Read(ctx, file, h.forget, h.add)
}

// forget begins anew.
func (h *history) forget() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.series = nil
}

// add adds what a step has logged.
func (h *history) add(m lab.Metric) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if m.Step > math.MaxInt32 {
		return
	}
	if h.series == nil {
		h.series = map[string]*series{}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Values)) { // The same ones each time.
		value, s := m.Values[name], h.series[name]
		if s == nil {
			if len(h.series) == mostNames {
				continue
			}
			s = &series{every: 1}
			h.series[name] = s
		}
		s.add(int(m.Step), value)
	}
}

// names lists the metrics.
func (h *history) names() []string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return slices.Sorted(maps.Keys(h.series))
}

// draw returns a metric as plots draws it, with an exponential mean of some weight. ok is false if it was never logged.
func (h *history) draw(metric string, weight float64) (drawn plots.Series, ok bool) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	s := h.series[metric]
	if s == nil {
		return drawn, false
	}
	return s.draw(weight), true
}

// series are the values of a metric. Each point stands for as many of them as every says; the last may for fewer.
type series struct {
	every  int
	points []point
}

// point stands for count values, the last of which is that of step.
type point struct {
	step, count     int
	low, high, mean float64
}

// add adds the value of a step. Steps that do not increase are left out: plots does not draw them.
func (s *series) add(step int, value float64) {
	next := point{step: step, count: 1, low: value, high: value, mean: value}
	if len(s.points) == 0 {
		s.points = append(s.points, next)
		return
	}
	last := &s.points[len(s.points)-1]
	switch {
	case step <= last.step:
		return
	case last.count < s.every:
		last.merge(next)
		return
	case len(s.points) == mostPoints:
		s.halve()
	}
	s.points = append(s.points, next)
}

// halve merges neighbours.
func (s *series) halve() {
	for i := range len(s.points) / 2 {
		s.points[i] = s.points[2*i]
		s.points[i].merge(s.points[2*i+1])
	}
	s.points = s.points[:len(s.points)/2]
	s.every *= 2
}

// merge adds what a later point stands for.
func (p *point) merge(later point) {
	p.count += later.count
	p.mean += (later.mean - p.mean) * float64(later.count) / float64(p.count)
	p.low, p.high = min(p.low, later.low), max(p.high, later.high)
	p.step = later.step
}

// draw returns the series as plots draws it: of points that stand for several values, the extremes.
func (s *series) draw(weight float64) (drawn plots.Series) {
	if s.every == 1 {
		for _, p := range s.points {
			drawn.Steps, drawn.Values = append(drawn.Steps, p.step), append(drawn.Values, p.mean)
		}
		return drawn
	}
	mean, start := 0.0, 1.0 // As in plots, which begins at 0 and corrects for it.
	for _, p := range s.points {
		keep := math.Pow(weight, float64(p.count))
		mean = keep*mean + (1-keep)*p.mean
		start *= keep
		drawn.Steps = append(drawn.Steps, p.step, p.step)
		drawn.Values = append(drawn.Values, p.low, p.high)
		drawn.Smoothed = append(drawn.Smoothed, mean/(1-start), mean/(1-start))
	}
	return drawn
}
