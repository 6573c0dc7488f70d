package lab

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Metric is one line of metrics.jsonl: the measurements of a step.
type Metric struct {
	// Step counts iterations from 1.
	Step int64 `json:"step"`
	// Seconds is the training time so far, over all parts of the run.
	Seconds float64 `json:"seconds"`
	// Values are the numbers by name, such as the losses.
	Values map[string]float64 `json:"values"`
}

// ErrNoMetric is wrapped by the error of [ReadMetric] if the run has logged no such number.
var ErrNoMetric = fmt.Errorf("no such number was logged: %w", ErrLacks)

const metricsName = "metrics.jsonl"

// Metrics reads the logged metrics. A last line that a crash cut short is left out.
func (r *Run) Metrics() ([]Metric, error) {
	file, err := os.Open(r.Path(metricsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // Not trained yet.
	}
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer file.Close()
	var metrics []Metric
	decoder := json.NewDecoder(bufio.NewReader(file))
	for {
		var m Metric
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return metrics, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s after step %d: %w", r.Path(metricsName), lastStep(metrics), err)
		}
		metrics = append(metrics, m)
	}
}

// lastStep returns the step of the last metric, 0 if there is none.
func lastStep(metrics []Metric) int64 {
	if len(metrics) == 0 {
		return 0
	}
	return metrics[len(metrics)-1].Step
}

// metricsLog appends to metrics.jsonl.
type metricsLog struct {
	file *os.File
	size int64
}

// openMetrics opens metrics.jsonl and truncates it to size: lines after the checkpoint that a training resumes from
// will be logged again. If the file is shorter, warn gets an error, and its complete lines stay.
func (r *Run) openMetrics(size int64, warn func(error)) (*metricsLog, error) {
	path := r.Path(metricsName)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	if length := int64(len(data)); length < size {
		warn(fmt.Errorf("%s is %d bytes long, but was %d at the checkpoint: lines are lost", path, length, size))
		size = int64(bytes.LastIndexByte(data, '\n') + 1)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	if err := file.Truncate(size); err != nil {
		return nil, errors.Join(fmt.Errorf("cut %s to the checkpoint: %w", path, err), file.Close())
	}
	return &metricsLog{file: file, size: size}, nil
}

// append writes one line.
func (l *metricsLog) append(m Metric) error {
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("log metrics of step %d: %w", m.Step, err)
	}
	n, err := l.file.Write(append(line, '\n'))
	l.size += int64(n)
	if err != nil {
		return fmt.Errorf("log metrics of step %d: %w", m.Step, err)
	}
	return nil
}

// Close syncs and closes the file.
func (l *metricsLog) Close() error { return errors.Join(l.file.Sync(), l.file.Close()) }

// ReadMetric returns the values of a metric of a run and their steps. It is an error if nothing was logged yet.
func ReadMetric(dir, name string) (steps []int, values []float64, err error) {
	run, err := Open(dir)
	if err != nil {
		return nil, nil, err
	}
	metrics, err := run.Metrics()
	if err != nil {
		return nil, nil, err
	}
	for _, m := range metrics {
		if value, ok := m.Values[name]; ok {
			steps, values = append(steps, int(m.Step)), append(values, value)
		}
	}
	if len(steps) == 0 {
		return nil, nil, fmt.Errorf("draw %q of %s: %w", name, dir, ErrNoMetric)
	}
	return steps, values, nil
}
