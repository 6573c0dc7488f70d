package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/tensorboard"
)

// eventsName is the folder in a run for TensorBoard's event files.
const eventsName = "tensorboard"

// eventLog writes TensorBoard's event files of a training. They only repeat what the run holds, so a fault is a
// warning, and the training goes on without them. A nil eventLog writes nothing.
type eventLog struct {
	run    *Run
	writer *tensorboard.Writer
	failed func(error)
}

// openEvents starts an event file for a training that goes on from a state, and adds what earlier parts of the training
// have logged without event files.
func (r *Run) openEvents(state State, warn func(error)) *eventLog {
	writer, last, fresh, err := tensorboard.Resume(r.Path(eventsName), state.Step)
	log := &eventLog{run: r, writer: writer, failed: func(err error) {
		warn(fmt.Errorf("write %s: %w; the training goes on without its event files", r.Path(eventsName), err))
	}}
	if err == nil {
		err = log.catchUp(state, last, fresh)
	}
	if err != nil {
		log.fail(err)
	}
	return log
}

// catchUp writes the settings, if the folder is fresh, and what the run has logged after a step.
func (l *eventLog) catchUp(state State, last int64, fresh bool) error {
	now := time.Now()
	if fresh {
		text, err := settingsTable(state.Config)
		if err == nil {
			err = l.writer.Text(0, now, "settings", text)
		}
		if err != nil {
			return err
		}
	}
	data, err := regularfile.Read(l.run.Path(metricsName), regularfile.List) // It has just been cut to the state's step.
	if err != nil {
		return err
	}
	metrics, _ := parseMetrics(data)
	for _, m := range metrics {
		if m.Step <= last {
			continue
		}
		at := now.Add(-time.Duration((state.Seconds - m.Seconds) * float64(time.Second)))
		if err := errors.Join(l.writer.Scalars(m.Step, at, m.Values), l.addPicture(m.Step, at)); err != nil {
			return err
		}
	}
	return nil
}

// settingsTable formats a configuration as a table in Markdown.
func settingsTable(config json.RawMessage) (string, error) {
	values, err := settings(config)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString("setting | value\n--- | ---\n")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&text, "%s | `%s`\n", name, strings.ReplaceAll(values[name], "|", `\|`))
	}
	return text.String(), nil
}

// scalars writes what a step has logged.
func (l *eventLog) scalars(m Metric) {
	if l == nil || l.writer == nil {
		return
	}
	if err := l.writer.Scalars(m.Step, time.Now(), m.Values); err != nil {
		l.fail(err)
	}
}

// picture writes what a step has drawn.
func (l *eventLog) picture(step int64) {
	if l == nil || l.writer == nil {
		return
	}
	if err := l.addPicture(step, time.Now()); err != nil {
		l.fail(err)
	}
}

// addPicture writes the strip of a step, if it has one.
func (l *eventLog) addPicture(step int64, at time.Time) error {
	path := filepath.Join(l.run.dir, StripName(step))
	encoded, err := regularfile.Read(path, regularfile.List)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = l.writer.PNG(step, at, "samples", encoded)
	}
	return err
}

// fail ends the event files.
func (l *eventLog) fail(err error) {
	l.failed(errors.Join(err, l.Close()))
}

// Close closes the event file.
func (l *eventLog) Close() error {
	if l == nil || l.writer == nil {
		return nil
	}
	writer := l.writer
	l.writer = nil
	return writer.Close()
}
