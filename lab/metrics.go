package lab

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"log/slog"
	"os"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
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

// damagedSuffix ends the name of the copy of metrics that are not what they were.
const damagedSuffix = ".damaged"

// Metrics reads the logged metrics. A last line that a crash cut short is left out. A file that was changed or lost
// since the newest checkpoint is logged as a warning, and so are lines that cannot be read, which are left out too.
func (r *Run) Metrics() ([]Metric, error) {
	state, saved := r.newestState() // Read first: a training appends to the file.
	data, err := regularfile.Read(r.Path(metricsName), regularfile.List)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	if saved {
		if fault := state.metricsFault(data); fault != "" {
			slog.Warn(fmt.Sprintf("%s %s at the checkpoint of step %d", r.Path(metricsName), fault, state.Step))
		}
	}
	metrics, unread := parseMetrics(data)
	if unread != nil {
		slog.Warn(fmt.Sprintf("%s: %v; restore the file if there is a copy", r.Path(metricsName), unread))
	}
	return metrics, nil
}

// parseMetrics reads lines. unread describes those that cannot be read, nil if there are none: the first of them, and
// their number.
func parseMetrics(data []byte) (metrics []Metric, unread error) {
	number, left := 0, 0
	var first error
	for line := range bytes.Lines(data) {
		number++
		var m Metric
		err := textfile.PlainJSON(line, json.Unmarshal(line, &m))
		switch {
		case err == nil:
			metrics = append(metrics, m)
		case !bytes.HasSuffix(line, []byte("\n")): // A crash cut it short.
		default:
			left++
			first = cmp.Or(first, fmt.Errorf("line %d: %w", number, err))
		}
	}
	switch left {
	case 0:
		return metrics, nil
	case 1:
		return metrics, fmt.Errorf("%w: the line is left out", first)
	default:
		return metrics, fmt.Errorf("%w: %d such lines are left out", first, left)
	}
}

// metricsLog appends to metrics.jsonl.
type metricsLog struct {
	file *os.File
	size int64
	sum  hash.Hash // Of all that was written.
}

// openMetrics opens metrics.jsonl and truncates it to its length in a state: lines after the checkpoint that a training
// resumes from will be logged again. If the file is not as it was at the checkpoint, its intact lines stay, a copy is
// kept, and warn gets an error.
func (r *Run) openMetrics(state State, warn func(error)) (*metricsLog, error) {
	path := r.Path(metricsName)
	data, err := regularfile.Read(path, regularfile.List)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	if fault := state.metricsFault(data); fault != "" {
		intact, lines := intactMetrics(data, state.Step)
		text := fmt.Sprintf("%s %s at the checkpoint of step %d: %d lines are kept", path, fault, state.Step, lines)
		if len(data) > 0 {
			if err := atomicfile.WriteBytes(path+damagedSuffix, data); err != nil {
				return nil, fmt.Errorf("keep a copy of the damaged metrics: %w", err)
			}
			text += fmt.Sprintf(", and the whole file as %s", metricsName+damagedSuffix)
		}
		if err := atomicfile.WriteBytes(path, intact); err != nil {
			return nil, fmt.Errorf("mend metrics: %w", err)
		}
		warn(errors.New(text))
		data = intact
	} else {
		data = data[:state.MetricsBytes]
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	log := &metricsLog{file: file, size: int64(len(data)), sum: sha256.New()}
	log.sum.Write(data) // It never fails.
	if err := file.Truncate(log.size); err != nil {
		return nil, errors.Join(fmt.Errorf("cut %s to the checkpoint: %w", path, err), file.Close())
	}
	return log, nil
}

// few is a number of lines of metrics.jsonl that are no loss.
const few = 10

// keepMetrics keeps a copy of the metrics of a run without a checkpoint, before they are logged anew. It is normal that
// there are some: those of a training that was killed before it first saved, after saveEvery steps, if not 0, or after
// the last one. If the metrics go beyond the former or reach the latter, there was a checkpoint, which is lost, and
// warn gets an error. (One that was killed while it saved its last step is the exception, and rare.) Otherwise it
// cannot be known: a training also saves when it is interrupted. Then the copy is made without a word, unless the lines
// are few, or it would replace another copy.
func (r *Run) keepMetrics(saveEvery, steps int64, warn func(error)) error {
	path := r.Path(metricsName)
	data, err := regularfile.Read(path, regularfile.List)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	metrics, _ := parseMetrics(data)
	last := int64(0)
	for _, m := range metrics {
		last = max(last, m.Step)
	}
	copied := path + damagedSuffix
	_, err = os.Lstat(copied)
	lost := last > 0 && last >= steps || saveEvery > 0 && last > saveEvery
	if !lost && (len(metrics) <= few || err == nil) {
		return nil
	}
	if err := atomicfile.WriteBytes(copied, data); err != nil {
		return fmt.Errorf("keep a copy of the metrics: %w", err)
	}
	if lost {
		warn(fmt.Errorf("%s has no checkpoint, but metrics up to step %d: it is trained anew, and they are kept as %s",
			r.dir, last, metricsName+damagedSuffix))
	}
	return nil
}

// metricsFault says how the content of metrics.jsonl differs from what it was at a checkpoint, "" if it does not.
func (s State) metricsFault(data []byte) string {
	if length := int64(len(data)); s.MetricsBytes < 0 || length < s.MetricsBytes {
		return fmt.Sprintf("has %d bytes, but had %d", length, s.MetricsBytes)
	}
	sum := sha256.Sum256(data[:s.MetricsBytes])
	if s.MetricsSHA256 != "" && hex.EncodeToString(sum[:]) != s.MetricsSHA256 {
		return "is not what it was"
	}
	return ""
}

// intactMetrics returns the lines of metrics.jsonl that can be read, up to a step, and their number.
func intactMetrics(data []byte, upTo int64) (intact []byte, lines int) {
	last := int64(0)
	for line := range bytes.Lines(data) {
		var m Metric
		if !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &m) != nil || m.Step <= last || m.Step > upTo {
			continue
		}
		intact, lines, last = append(intact, line...), lines+1, m.Step
	}
	return intact, lines
}

// checksum returns the SHA-256 of the file, in hexadecimal.
func (l *metricsLog) checksum() string { return hex.EncodeToString(l.sum.Sum(nil)) }

// append writes one line.
func (l *metricsLog) append(m Metric) error {
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("log metrics of step %d: %w", m.Step, err)
	}
	line = append(line, '\n')
	n, err := l.file.Write(line)
	l.size += int64(n)
	l.sum.Write(line[:n])
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
