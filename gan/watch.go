package gan

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
)

// watch looks at the metrics of a training, and says in a line when it goes wrong, and what to try. Each trouble is told once, and again only when it had passed. What it has seen is
// not saved: a training that goes on is watched anew.
type watch struct {
	config Config
	steps  int
	means  map[string]float64 // Of the last hundred steps or so.
	first  map[string]float64 // The means at watchFrom.
	told   map[string]bool
}

const (
	// watchDecay is how much of the past the means keep, and watchFrom the step from which on they mean something.
	watchDecay, watchFrom = 0.99, 200
	// D has won where it ranks so many pairs right, and is winning no more below the second.
	wonRanking, lostRanking = 0.995, 0.98
	// G has collapsed where its pictures vary so much less than real ones, and no more above the second.
	collapsedVariety, variedVariety = 0.2, 0.3
	// A training diverges where a gradient has grown so many times, and no more below the second.
	divergedGrowth, calmGrowth = 100, 30
	// G stands still where its gradient has shrunk to such a share of what it was, and no more above the second.
	stillShare, movingShare = 0.003, 0.03
)

// trouble is something that goes wrong with a training.
type trouble struct {
	name string
	// measure is compared with begins and ends: the trouble is there from begins on, whichever side of ends that is, until ends.
	measure, begins, ends float64
	// says is what is told, and tries what may help.
	says  string
	tries []string
}

// newWatch begins to watch a training.
func newWatch(config Config) *watch {
	return &watch{config: config, means: map[string]float64{}, told: map[string]bool{}}
}

// step sees the metrics of a step. The error says what goes wrong.
func (w *watch) step(step int64, values map[string]float64) error {
	w.steps++
	keep := min(watchDecay, 1-1/float64(w.steps)) // A plain mean at first.
	for _, name := range []string{Ranking, GradientD, GradientG, Variety} {
		w.means[name] = keep*w.means[name] + (1-keep)*values[name]
	}
	if w.steps < watchFrom {
		return nil
	}
	if w.first == nil {
		w.first = maps.Clone(w.means)
	}
	var said []string
	for _, t := range w.troubles() {
		sign := math.Copysign(1, t.begins-t.ends)
		switch {
		case sign*t.measure >= sign*t.begins && !w.told[t.name]:
			w.told[t.name] = true
			said = append(said, fmt.Sprintf("%s; try %s", t.says, strings.Join(t.tries, ", or ")))
		case sign*t.measure < sign*t.ends:
			w.told[t.name] = false
		}
	}
	if len(said) == 0 {
		return nil
	}
	return fmt.Errorf("step %d: %w", step, errors.New(strings.Join(said, ". ")))
}

// troubles are what can go wrong, measured now.
func (w *watch) troubles() []trouble {
	c := w.config
	slower, bounds := c.slower(), c.bounds()
	growth := max(w.growth(GradientD), w.growth(GradientG))
	all := []trouble{
		{"divergence", growth, divergedGrowth, calmGrowth,
			fmt.Sprintf("the training diverges: the gradients are %.0f times what they were", growth), c.calmer()},
		{"D wins", w.means[Ranking], wonRanking, lostRanking,
			fmt.Sprintf("D wins: it ranks %.1f %% of pairs of a real and a generated picture right, and has little left to tell G", 100*w.means[Ranking]), nil},
	}
	if c.DiscriminatorSteps > 1 {
		all[1].tries = append(all[1].tries, "discriminator_steps=1")
	}
	all[1].tries = append(append(all[1].tries, slower), bounds...)
	all = append(all, trouble{"standstill", w.growth(GradientG), stillShare, movingShare,
		"G stands still: D gives it no gradient any more", w.stronger(slower)})
	if c.Batch > 1 { // A batch of one has no variety.
		all = append(all, trouble{"collapse", w.means[Variety], collapsedVariety, variedVariety,
			fmt.Sprintf("G collapses: its pictures differ from each other by %.0f %% of what real ones do", 100*w.means[Variety]),
			append([]string{slower, fmt.Sprintf("batch=%d", 2*c.Batch)}, bounds...)})
	}
	return all
}

// growth is how many times what it was a gradient is.
func (w *watch) growth(name string) float64 {
	return w.means[name] / max(w.first[name], math.SmallestNonzeroFloat64)
}

// stronger are settings with which D gives a larger gradient.
func (w *watch) stronger(slower string) []string {
	if w.config.Clip != ClipNone {
		return []string{fmt.Sprintf("clip_limit=%.2g", 10*w.config.ClipLimit), slower}
	}
	return append([]string{slower}, w.config.bounds()...)
}

// slower is a learning rate that is lower.
func (c Config) slower() string { return fmt.Sprintf("learning_rate=%.2g", c.LearningRate/4) }

// calmer are settings with which a training that diverged may not.
func (c Config) calmer() (settings []string) {
	if c.SqueezeExcitation {
		settings = append(settings, "squeeze_excitation=false")
	}
	return append(append(settings, c.slower()), c.bounds()...)
}

// bounds are the settings that keep D from being too steep, those that are not set yet.
func (c Config) bounds() (settings []string) {
	if c.Penalty == PenaltyNone {
		settings = append(settings, "penalty="+PenaltyDRAGAN)
	}
	if !c.SpectralNorm && c.Clip != ClipWeights {
		settings = append(settings, "spectral_norm=true")
	}
	return settings
}
