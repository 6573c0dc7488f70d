package monitor

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moelab/moelab/internal/progress"
	"github.com/moelab/moelab/internal/textfile"
	"github.com/moelab/moelab/lab"
	"github.com/rivo/uniseg"
)

// state says what goes on in a run.
func state(run *lab.Follower) string {
	s := run.Status
	text := string(s.Condition)
	if s.Process != "" {
		text += " by process " + s.Process
	}
	if run.Stage != "" {
		text += ", " + run.Stage
	}
	if s.Fault != "" {
		text += ": " + s.Fault
	}
	if quiet := time.Since(s.Changed).Truncate(time.Minute); s.Condition == lab.InTraining && s.Values != nil &&
		quiet >= quietFrom {
		text += fmt.Sprintf(", nothing logged for %d minutes", int(quiet.Minutes()))
	}
	return text
}

// quietFrom is the time without a new number from which on it is said.
const quietFrom = 2 * time.Minute

// pace says how far a run is, how fast, and when it ends.
func pace(run *lab.Follower) []string {
	s := run.Status
	text := []string{step(s)}
	switch {
	case s.Condition == lab.InTraining && s.Rate > 0:
		text = append(text, rate(s.Rate))
		if left := left(s); left != "" {
			text = append(text, left)
		}
	case s.Condition == lab.InTraining && s.Values == nil:
		text = append(text, "nothing logged yet")
	}
	return text
}

// step formats the step and the last one.
func step(s lab.Status) string { return fmt.Sprintf("%d/%d", s.Step, s.Steps) }

// left formats the time to the last step, "" if it is not known.
func left(s lab.Status) string {
	if s.Condition != lab.InTraining || s.Left() == 0 {
		return ""
	}
	return fmt.Sprintf("%v left", s.Left().Round(time.Second))
}

// rate formats steps per second.
func rate(steps float64) string {
	if steps < 1 {
		return fmt.Sprintf("%.1f s/step", 1/steps)
	}
	return fmt.Sprintf("%.1f steps/s", steps)
}

// numbersOf formats numbers with their names.
func numbersOf(values map[string]float64) (texts []string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		texts = append(texts, fmt.Sprintf("%s %.4g", name, values[name]))
	}
	return texts
}

// runLines draws one run.
func runLines(dir string, run *lab.Follower, columns int) []string {
	s := run.Status
	lines := wrap([]string{textfile.Shown(dir), s.Name, state(run)}, " · ", columns)
	if s.Condition == lab.Damaged {
		return lines
	}
	done := float64(s.Step) / float64(max(s.Steps, 1))
	lines = append(lines, wrap(append([]string{bar(done, 20)}, pace(run)...), " · ", columns)...)
	lines = append(lines, metricLines(run, columns)...)
	if len(run.Measures) > 0 {
		measures := numbersOf(run.Measures)
		measures[0] = "evaluation: " + measures[0]
		lines = append(lines, wrap(measures, "  ", columns)...)
	}
	if run.Picture != "" {
		lines = append(lines, "newest picture: "+tail(textfile.Shown(run.Picture), columns-len("newest picture: ")))
	}
	return lines
}

// The widths of a metric's columns: of its name and of its course, at most.
const nameWidth, courseWidth = 16, 40

// metricLines draws a line for each metric: its last value, its course, and the range of that.
func metricLines(run *lab.Follower, columns int) (lines []string) {
	names := slices.Sorted(maps.Keys(run.Status.Values))
	widest := 0
	for _, name := range names {
		widest = max(widest, min(uniseg.StringWidth(name), nameWidth))
	}
	for _, name := range names {
		line := pad(name, widest) + fmt.Sprintf(" %10.4g", run.Status.Values[name])
		if curve := run.Curve(name); len(curve) > 1 {
			low, high := slices.Min(curve), slices.Max(curve)
			limits := fmt.Sprintf("  %.4g to %.4g", low, high)
			const limitsWidth = 24
			if room := min(columns-uniseg.StringWidth(line)-2-limitsWidth, courseWidth); room >= 8 {
				line += "  " + pad(spark(curve, room), room) + limits
			} else if room := columns - uniseg.StringWidth(line) - 2; room >= 4 {
				line += "  " + spark(curve, room)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// table draws several runs, a row each: those in training first.
func (m *Monitor) table(names []string, columns int) []string {
	count := map[lab.Condition]int{}
	widestName, widestStep := 0, 0
	for _, dir := range names {
		count[m.runs[dir].Status.Condition]++
		widestName = max(widestName, uniseg.StringWidth(m.name(dir)))
		widestStep = max(widestStep, len(step(m.runs[dir].Status)))
	}
	widestName = min(widestName, max(2*columns/5, nameWidth))
	head := []string{fmt.Sprintf("%d runs", len(names))}
	if len(names) == 1 {
		head[0] = "1 run"
	}
	for _, condition := range []lab.Condition{lab.InTraining, lab.Finished, lab.Stopped, lab.Damaged} {
		if n := count[condition]; n > 0 {
			head = append(head, fmt.Sprintf("%d %s", n, condition))
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return order(m.runs[a]) - order(m.runs[b]) })
	lines := wrap(head, " · ", columns)
	for _, dir := range names {
		run := m.runs[dir]
		row := []string{pad(middle(m.name(dir), widestName), widestName), fmt.Sprintf("%-8s", run.Status.Condition),
			fmt.Sprintf("%*s", widestStep, step(run.Status))}
		if left := left(run.Status); left != "" {
			row = append(row, left)
		}
		lines = append(lines, strings.Join(append(row, numbersOf(run.Status.Values)...), "  "))
	}
	return lines
}

// name is a run's name in the table: below the folder, if only one was named.
func (m *Monitor) name(dir string) string {
	if below, err := filepath.Rel(m.dirs[0], dir); err == nil && len(m.dirs) == 1 {
		dir = below
	}
	return textfile.Shown(dir)
}

// order sorts runs: in training, then not.
func order(run *lab.Follower) int {
	if run.Status.Condition == lab.InTraining {
		return 0
	}
	return 1
}

// bar draws a share.
func bar(share float64, columns int) string {
	full := int(math.Round(min(max(share, 0), 1) * float64(columns)))
	return strings.Repeat("█", full) + strings.Repeat("░", columns-full)
}

// sparks are the heights of a curve, from the lowest.
var sparks = []rune("▁▂▃▄▅▆▇█")

// spark draws a curve in a line of some columns at most.
func spark(curve []float64, columns int) string {
	n := min(columns, len(curve))
	points := make([]float64, n)
	for i := range points { // Means of equal parts.
		part := curve[i*len(curve)/n : (i+1)*len(curve)/n]
		for _, value := range part {
			points[i] += value / float64(len(part))
		}
	}
	low, high := slices.Min(points), slices.Max(points)
	var text strings.Builder
	for _, value := range points {
		height := 0.0
		if high > low {
			height = (value - low) / (high - low)
		}
		text.WriteRune(sparks[int(math.Round(height*float64(len(sparks)-1)))])
	}
	return text.String()
}

// pad cuts a text to some columns, or fills them up.
func pad(text string, columns int) string {
	text = progress.Fit(text, columns)
	return text + strings.Repeat(" ", max(columns-uniseg.StringWidth(text), 0))
}

// tail cuts a path from the left: its end tells more.
func tail(path string, columns int) string {
	runes := []rune(path)
	for len(runes) > 1 && uniseg.StringWidth(string(runes)) > columns {
		runes = append([]rune("…"), runes[2:]...)
	}
	return string(runes)
}

// middle cuts a name in the middle: names of runs differ at the end, and begin with what they are about.
func middle(name string, columns int) string {
	if uniseg.StringWidth(name) <= columns {
		return name
	}
	return progress.Fit(name, columns/3) + strings.TrimPrefix(tail(name, columns-columns/3+1), "…")
}

// wrap joins parts to lines of some columns, if they are not longer.
func wrap(parts []string, separator string, columns int) (lines []string) {
	for i, part := range parts {
		last := len(lines) - 1
		if i > 0 && uniseg.StringWidth(lines[last])+uniseg.StringWidth(separator+part) <= columns {
			lines[last] += separator + part
			continue
		}
		lines = append(lines, part)
	}
	return lines
}
