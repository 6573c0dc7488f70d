package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
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
	// blockBytes is how much is read at once. A longer line is passed over.
	blockBytes = 1 << 18
	// tailBytes is how much of what was read before is compared, to notice that a file is no longer the same.
	tailBytes = 512
)

// history is what a run has logged, thinned out. It reads a growing file only from where it was.
type history struct {
	reading sync.Mutex // One reads, and meanwhile others see what was read so far.
	read    int64      // Bytes of the file that are in the series,
	tail    []byte     // of which these are the last.
	amid    bool       // They end amid a line that is passed over.

	mutex  sync.Mutex
	series map[string]*series
}

// follow reads what was added to a file since. One that was cut or replaced, as by a training that resumes, is read
// anew. When ctx ends, the next call goes on.
func (h *history) follow(ctx context.Context, file *os.File) error {
	h.reading.Lock()
	defer h.reading.Unlock()
	same, err := h.isContinued(file)
	if err != nil {
		return err
	}
	if !same {
		h.forget()
	}
	block := make([]byte, blockBytes)
	for ctx.Err() == nil {
		n, err := file.ReadAt(block, h.read)
		if err != nil && err != io.EOF {
			return err
		}
		whole := bytes.LastIndexByte(block[:n], '\n') + 1
		if whole == 0 && n == len(block) { // A line without end.
			whole = n
			h.amid = true
		}
		if whole == 0 {
			return nil
		}
		h.take(block[:whole])
	}
	return ctx.Err()
}

// forget begins anew.
func (h *history) forget() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.read, h.tail, h.amid, h.series = 0, nil, false, nil
}

// isContinued reports whether a file still holds what was read of it.
func (h *history) isContinued(file *os.File) (bool, error) {
	tail := make([]byte, len(h.tail))
	_, err := file.ReadAt(tail, h.read-int64(len(tail)))
	if err == io.EOF {
		return len(tail) == 0, nil
	}
	return bytes.Equal(tail, h.tail), err
}

// take adds the lines of a block.
func (h *history) take(block []byte) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.series == nil {
		h.series = map[string]*series{}
	}
	for line := range bytes.Lines(block) {
		ends := bytes.HasSuffix(line, []byte("\n"))
		if !h.amid {
			h.add(line)
		}
		h.amid = h.amid && !ends
	}
	h.read += int64(len(block))
	h.tail = bytes.Clone(block[max(len(block)-tailBytes, 0):])
}

// add adds a line. One that cannot be read is left out, as by [lab.Run.Metrics].
func (h *history) add(line []byte) {
	var m lab.Metric
	if json.Unmarshal(line, &m) != nil || m.Step <= 0 || m.Step > math.MaxInt32 {
		return
	}
	for name, value := range m.Values {
		s := h.series[name]
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
