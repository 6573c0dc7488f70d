package lab

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/moelab/moelab/plots"
	"gonum.org/v1/gonum/stat"
)

// Watch checks the metrics of a training and reports on one line when it goes wrong, and what to try. Each trouble is
// reported once, and again only after it had passed. The state of the watch is not saved: a resumed training is watched
// anew.
type Watch struct {
	metrics  []string
	troubles func(w *Watch) []Trouble
	steps    int
	means    map[string]float64 // Of the last hundred steps or so.
	first    map[string]float64 // The means at watchFrom.
	said     map[string]bool
}

const (
	// watchDecay is the decay of the means, and watchFrom the step from which on they are meaningful.
	watchDecay, watchFrom = 0.99, 200
	// wonRanking is the share of correctly ranked pairs from which on D has won; below lostRanking it no longer has.
	wonRanking, lostRanking = 0.99, 0.98
)

// Trouble is something that can go wrong with a training.
type Trouble struct {
	Name string
	// Measure is compared with Begins and Ends: the trouble begins at Begins, whether above or below Ends, and ends at
	// Ends.
	Measure, Begins, Ends float64
	// Says describes the trouble, and Tries are settings that may help.
	Says  string
	Tries []string
}

// NewWatch returns a watch for some metrics of a training; troubles returns all that can go wrong, with current
// measurements.
func NewWatch(metrics []string, troubles func(w *Watch) []Trouble) *Watch {
	return &Watch{metrics: metrics, troubles: troubles, means: map[string]float64{}, said: map[string]bool{}}
}

// Step takes the metrics of a step; see [Training.Watch]. The error describes what goes wrong.
func (w *Watch) Step(step int64, values map[string]float64) error {
	w.steps++
	keep := min(watchDecay, 1-1/float64(w.steps)) // A plain mean at first.
	for _, name := range w.metrics {
		w.means[name] = keep*w.means[name] + (1-keep)*values[name]
	}
	if w.steps < watchFrom {
		return nil
	}
	if w.first == nil {
		w.first = maps.Clone(w.means)
	}
	var said []string
	for _, t := range w.troubles(w) {
		sign := math.Copysign(1, t.Begins-t.Ends)
		switch {
		case sign*t.Measure >= sign*t.Begins && !w.said[t.Name]:
			w.said[t.Name] = true
			said = append(said, fmt.Sprintf("%s; try %s", t.Says, strings.Join(t.Tries, ", or ")))
		case sign*t.Measure < sign*t.Ends:
			w.said[t.Name] = false
		}
	}
	if len(said) == 0 {
		return nil
	}
	return fmt.Errorf("step %d: %w", step, errors.New(strings.Join(said, ". ")))
}

// Mean returns the mean of a metric over the last hundred steps or so.
func (w *Watch) Mean(name string) float64 { return w.means[name] }

// Growth returns the ratio of a metric's mean to its early mean.
func (w *Watch) Growth(name string) float64 {
	return w.means[name] / max(w.first[name], math.SmallestNonzeroFloat64)
}

// DWins is the trouble of every training with a D: it ranks nearly all pairs of a real and a generated picture
// correctly. ranking is the name of the metric, see [nn.Ranking].
func (w *Watch) DWins(ranking string, tries ...string) Trouble {
	return Trouble{
		Name: "D wins", Measure: w.Mean(ranking), Begins: wonRanking, Ends: lostRanking, Tries: tries,
		Says: fmt.Sprintf("D wins: it ranks %.1f %% of pairs of a real and a generated picture right, "+
			"so that G has little left to learn from it", 100*w.Mean(ranking)),
	}
}

// Won returns the step of a run from which on D has won, by its ranking: in the mean of the next twenty steps and of
// all later ones. won is false if it never does. The error wraps [ErrNoMetric] for a run without a D.
func Won(dir, ranking string) (step int, won bool, err error) {
	steps, values, err := ReadMetric(dir, ranking)
	if err != nil {
		return 0, false, err
	}
	const window = 20
	for i := 0; i+window <= len(values); i++ {
		if stat.Mean(values[i:i+window], nil) >= wonRanking && stat.Mean(values[i:], nil) >= wonRanking {
			return steps[i], true, nil
		}
	}
	return 0, false, nil
}

// MarkWon marks the step of a run from which on D has won; see [Won] and [Curve].
func MarkWon(ranking string) func(dir string) ([]plots.Mark, error) {
	return func(dir string) ([]plots.Mark, error) {
		step, won, err := Won(dir, ranking)
		if err != nil || !won {
			return nil, err
		}
		return []plots.Mark{{Step: step, Label: "D has won"}}, nil
	}
}
