// Package monitor shows runs and sweeps while they are trained: in a terminal that lives, or as lines in a file.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moelab/moelab/internal/lockfile"
	"github.com/moelab/moelab/internal/progress"
	"github.com/moelab/moelab/internal/textfile"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/lab/sweep"
)

// ErrNotFinished is wrapped if a run that is not finished is not in training any more.
var ErrNotFinished = errors.New("not finished")

// Monitor looks at runs again and again.
type Monitor struct {
	dirs []string
	runs map[string]*lab.Follower // By their folders.
	// sweeps are how far the folders of dirs are that are sweeps.
	sweeps map[string]sweep.Progress
	// goesOn is true while something is in training, or a sweep is filled.
	goesOn bool
}

// New returns a monitor of run directories, and of all runs below other folders.
func New(dirs []string) *Monitor {
	m := &Monitor{runs: map[string]*lab.Follower{}}
	for _, dir := range dirs {
		m.dirs = append(m.dirs, filepath.Clean(dir))
	}
	return m
}

// The times between two looks, and between two lines in a log.
const lookEvery, lineEvery = time.Second, time.Minute

// Watch shows the runs until none is in training, or ctx ends: on a screen or, if it is nil, in lines of a log, when
// something has changed, at most once a minute. The error wraps [ErrNotFinished] if a run is not finished then.
func (m *Monitor) Watch(ctx context.Context, w io.Writer, screen *progress.Screen) error {
	log := log{w: w, said: map[string]string{}}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := m.look(ctx); err != nil {
			return err
		}
		if screen != nil {
			screen.Show(m.lines(screen.Columns()))
		} else if err := log.show(m.sentences(), !m.goesOn); err != nil {
			return err
		}
		if !m.goesOn {
			return m.outcome()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// look looks at all runs, and for new ones. Runs that have vanished are forgotten, if it is not all of a folder.
func (m *Monitor) look(ctx context.Context) error {
	m.goesOn, m.sweeps = false, map[string]sweep.Progress{}
	there := map[string]*lab.Follower{}
	for _, dir := range m.dirs {
		found, err := lab.FindRuns(ctx, dir)
		if err != nil {
			return err
		}
		isSweep, err := m.lookAtSweep(dir)
		if err != nil {
			return err
		}
		_, held, err := lockfile.Owner(dir) // Of a sweep, between two of its cells.
		if err != nil {
			return fmt.Errorf("look at the lock of %s: %w", dir, err)
		}
		if len(found) == 0 && !held && !isSweep {
			return fmt.Errorf("%s: %w, nor is there one below it", dir, lab.ErrNotARun)
		}
		m.goesOn = m.goesOn || held
		for _, run := range found {
			there[run] = m.runs[run]
		}
	}
	for dir, run := range there {
		if run == nil {
			run = lab.Follow(dir)
		}
		switch _, err := run.Look(); {
		case errors.Is(err, lab.ErrNotARun):
			delete(there, dir)
			continue
		case err != nil:
			return err
		}
		there[dir] = run
		m.goesOn = m.goesOn || run.Status.Condition == lab.InTraining
	}
	m.runs = there
	return nil
}

// lookAtSweep looks how far a sweep is, if the folder is one.
func (m *Monitor) lookAtSweep(dir string) (isSweep bool, err error) {
	opened, err := sweep.Open(dir)
	if errors.Is(err, sweep.ErrNotASweep) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	progress, err := opened.Progress()
	m.sweeps[dir] = progress
	m.goesOn = m.goesOn || len(progress.Running) > 0
	return true, err
}

// outcome returns an error unless all runs and sweeps are finished.
func (m *Monitor) outcome() error {
	for _, dir := range slices.Sorted(maps.Keys(m.sweeps)) {
		if p := m.sweeps[dir]; p.Done < p.Cells || p.Failed > 0 {
			return fmt.Errorf("%s: %v: %w", textfile.Shown(dir), p, ErrNotFinished)
		}
	}
	unfinished := 0
	text := ""
	for _, dir := range slices.Sorted(maps.Keys(m.runs)) {
		if s := m.runs[dir].Status; s.Condition != lab.Finished {
			unfinished++
			text = fmt.Sprintf("%s is %s at step %d of %d", textfile.Shown(dir), s.Condition, s.Step, s.Steps)
		}
	}
	switch {
	case unfinished == 0:
		return nil
	case len(m.runs) > 1:
		text = fmt.Sprintf("%d of %d runs are stopped or damaged", unfinished, len(m.runs))
	}
	return fmt.Errorf("%s: %w", text, ErrNotFinished)
}

// log prints sentences about runs.
type log struct {
	w    io.Writer
	said map[string]string // The last one, by the run's folder.
	next time.Time         // When it may print again.
}

// show prints what has changed, unless it is too soon; the last ones are printed in any case.
func (l *log) show(sentences map[string]string, last bool) error {
	now := time.Now()
	if now.Before(l.next) && !last {
		return nil
	}
	for _, dir := range slices.Sorted(maps.Keys(sentences)) {
		if sentences[dir] == l.said[dir] {
			continue
		}
		if _, err := fmt.Fprintf(l.w, "%s: %s\n", textfile.Shown(dir), progress.Printable(sentences[dir])); err != nil {
			return err
		}
		l.said[dir], l.next = sentences[dir], now.Add(lineEvery)
	}
	return nil
}

// sentences describes the runs on a line each, by their folders.
func (m *Monitor) sentences() map[string]string {
	all := map[string]string{}
	for dir, progress := range m.sweeps {
		all[dir] = progress.String()
	}
	for dir, run := range m.runs {
		text := append([]string{state(run)}, pace(run)...)
		if numbers := numbersOf(run.Status.Values); len(numbers) > 0 {
			text = append(text, strings.Join(numbers, "  "))
		}
		all[dir] = strings.Join(text, " · ")
	}
	return all
}

// lines draws the runs for a terminal with a number of columns.
func (m *Monitor) lines(columns int) []string {
	var lines []string
	for _, dir := range slices.Sorted(maps.Keys(m.sweeps)) {
		lines = append(lines, wrap([]string{textfile.Shown(dir), m.sweeps[dir].String()}, " · ", columns)...)
	}
	names := slices.Sorted(maps.Keys(m.runs))
	switch {
	case len(names) == 0:
		return lines
	case len(names) == 1 && names[0] == m.dirs[0]:
		return runLines(names[0], m.runs[names[0]], columns)
	}
	return append(lines, m.table(names, columns)...)
}
