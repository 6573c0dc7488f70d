package gan

import (
	"fmt"

	"github.com/moelab/moelab/lab"
)

const (
	// G has collapsed if its variety falls below the first share of the real pictures', and has recovered above the
	// second.
	collapsedVariety, variedVariety = 0.2, 0.3
	// A training diverges if a gradient grows by the first factor, and has recovered below the second.
	divergedGrowth, calmGrowth = 100, 30
	// G stands still if its gradient shrinks to the first share of its early size, and has recovered above the second.
	stillShare, movingShare = 0.003, 0.03
)

// newWatch returns a watch for a training.
func newWatch(config Config) *lab.Watch {
	return lab.NewWatch([]string{metricRanking, metricGradientD, metricGradientG, metricVariety}, config.troubles)
}

// troubles returns all that can go wrong, with current measurements.
func (c Config) troubles(w *lab.Watch) []lab.Trouble {
	slower, bounds := c.slower(), c.bounds()
	growth := max(w.Growth(metricGradientD), w.Growth(metricGradientG))
	var easier []string
	if c.DiscriminatorSteps > 1 {
		easier = append(easier, "discriminator_steps=1")
	}
	all := []lab.Trouble{
		{
			Name: "divergence", Measure: growth, Begins: divergedGrowth, Ends: calmGrowth, Tries: c.calmer(),
			Says: fmt.Sprintf("the training diverges: the gradients are %.0f times what they were", growth),
		},
		w.DWins(metricRanking, append(append(easier, slower), bounds...)...),
		{
			Name: "standstill", Measure: w.Growth(metricGradientG), Begins: stillShare, Ends: movingShare,
			Says: "G stands still: D gives it no gradient any more", Tries: c.stronger(),
		},
	}
	if c.Batch == 1 { // It has no variety.
		return all
	}
	return append(all, lab.Trouble{
		Name: "collapse", Measure: w.Mean(metricVariety), Begins: collapsedVariety, Ends: variedVariety,
		Says: fmt.Sprintf("G collapses: its pictures vary only %.0f %% as much as real ones",
			100*w.Mean(metricVariety)),
		Tries: append([]string{slower, fmt.Sprintf("batch=%d", 2*c.Batch)}, bounds...),
	})
}

// stronger returns settings that give G a larger gradient.
func (c Config) stronger() []string {
	if c.Clip != clipNone {
		return []string{fmt.Sprintf("clip_limit=%.2g", 10*c.ClipLimit), c.slower()}
	}
	return append([]string{c.slower()}, c.bounds()...)
}

// slower returns a lower learning rate.
func (c Config) slower() string { return fmt.Sprintf("learning_rate=%.2g", c.LearningRate/4) }

// calmer returns settings that may keep a training from diverging.
func (c Config) calmer() (settings []string) {
	if c.SqueezeExcitation {
		settings = append(settings, "squeeze_excitation=false")
	}
	return append(append(settings, c.slower()), c.bounds()...)
}

// bounds returns the settings that limit D's slope and are not set yet.
func (c Config) bounds() (settings []string) {
	if c.Penalty == PenaltyNone {
		settings = append(settings, "penalty="+penaltyDRAGAN)
	}
	if !c.SpectralNorm && c.Clip != clipWeights {
		settings = append(settings, "spectral_norm=true")
	}
	return settings
}
