package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/safetensors"
)

// Condition is what goes on in a run directory.
type Condition string

// The conditions of a run.
const (
	InTraining Condition = "training"
	Stopped    Condition = "stopped"
	Finished   Condition = "finished"
	Damaged    Condition = "damaged"
)

// Status is what a run directory shows at a glance, without its weights being read.
type Status struct {
	// Name is that of the experiment.
	Name      string
	Condition Condition
	// Process is the one that trains, with its host, as in "7 on node1", and Fault what is damaged.
	Process, Fault string
	// Step is the last logged one while it trains, that of the newest checkpoint otherwise; Steps is the one to reach.
	Step, Steps int64
	// Seconds is the training time so far, and Rate the steps per second of late; 0 if too few are logged.
	Seconds, Rate float64
	// Values are the last logged metrics.
	Values map[string]float64
	// Changed is when it was last logged to.
	Changed time.Time
}

// Left returns the time to the last step at the present rate; 0 if it is not known.
func (s Status) Left() time.Duration {
	if s.Rate <= 0 || s.Step >= s.Steps {
		return 0
	}
	return time.Duration(float64(s.Steps-s.Step) / s.Rate * float64(time.Second))
}

// Damage notes that something beside the weights is damaged. A training goes on all the same.
func (s *Status) Damage(err error) {
	s.Fault = err.Error()
	if s.Condition != InTraining {
		s.Condition = Damaged
	}
}

// ReadStatus looks at a run directory. It disturbs no training. The error wraps [ErrNotARun] if there is no
// config.json; if there is a damaged one, or one of a newer moelab, the status says so.
func ReadStatus(dir string) (Status, error) {
	run := &Run{dir: dir}
	var status Status
	file, err := run.read()
	switch {
	case errors.Is(err, ErrNotARun) && !errors.Is(err, ErrDamaged):
		return status, err
	case err != nil: // One that cannot be read must not hide the others of a list.
		return Status{Condition: Damaged, Fault: err.Error()}, nil
	}
	status.Name = file.Experiment
	var config struct {
		Steps int64 `json:"steps"`
	}
	if err := json.Unmarshal(file.Config, &config); err != nil {
		return Status{Name: file.Experiment, Condition: Damaged, Fault: err.Error()}, nil
	}
	status.Steps = config.Steps
	if err := status.readMetrics(run); err != nil {
		status.Damage(err)
		return status, nil
	}
	steps, err := run.checkpointSteps()
	if err != nil {
		status.Damage(err)
		return status, nil
	}
	owner, held, err := lockfile.Owner(dir)
	if err != nil {
		status.Damage(fmt.Errorf("look at the lock of %s: %w", dir, err))
		return status, nil
	}
	switch {
	case held:
		status.Condition, status.Process = InTraining, owner
		return status, nil
	case len(steps) == 0:
		status.Step = 0
	default:
		status.Step, status.Fault = run.newestWhole(steps)
	}
	switch {
	case len(steps) > 0 && status.Step == 0:
		status.Condition = Damaged
	case len(steps) > 0 && status.Step >= status.Steps:
		status.Condition = Finished
	default:
		status.Condition = Stopped
	}
	return status, nil
}

// newestWhole returns the newest step of which the weights are as long as they should be, 0 if there is none, and what
// is wrong with a newer one.
func (r *Run) newestWhole(steps []int64) (step int64, fault string) {
	for _, step := range slices.Backward(steps) {
		err := safetensors.Check(r.Path(checkpointsName, checkpointName(step), weightsName))
		if err == nil {
			return step, fault
		}
		if fault == "" {
			fault = err.Error()
		}
	}
	return 0, fault
}

// tailBytes is how much of metrics.jsonl is read.
const tailBytes = 1 << 16

// readMetrics reads the last lines of metrics.jsonl.
func (s *Status) readMetrics(run *Run) error {
	file, _, err := regularfile.Open(run.Path(metricsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	start := max(info.Size()-tailBytes, 0)
	data, err := io.ReadAll(io.NewSectionReader(file, start, info.Size()-start))
	if err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	s.Changed = info.ModTime()
	var first, last Metric
	for line := range bytes.Lines(data) {
		var m Metric
		if json.Unmarshal(line, &m) != nil || m.Step == 0 { // The first may be the end of a line.
			continue
		}
		if first.Step == 0 {
			first = m
		}
		last = m
	}
	s.Step, s.Seconds, s.Values = last.Step, last.Seconds, last.Values
	if last.Seconds > first.Seconds {
		s.Rate = float64(last.Step-first.Step) / (last.Seconds - first.Seconds)
	}
	return nil
}
