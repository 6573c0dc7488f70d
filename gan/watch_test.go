package gan

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// healthy are the metrics of a successful training.
func healthy(change ...func(values map[string]float64)) map[string]float64 {
	values := map[string]float64{metricRanking: 0.86, metricGradientD: 18, metricGradientG: 13, metricVariety: 0.75}
	for _, c := range change {
		c(values)
	}
	return values
}

func set(name string, value float64) func(values map[string]float64) {
	return func(values map[string]float64) { values[name] = value }
}

func TestWatchTellsOnceWhatGoesWrong(t *testing.T) {
	for _, c := range []struct {
		name, setting string
		wrong         func(values map[string]float64)
		says, tries   string // Empty if nothing goes wrong.
	}{
		{"well", "batch=8", set(metricVariety, 0.6), "", ""},
		{
			"D wins", "discriminator_steps=2", set(metricRanking, 1),
			"D wins: it ranks 99.", "discriminator_steps=1, or learning_rate=5e-05",
		},
		{"D wins alone", "discriminator_steps=1", set(metricRanking, 1), "D wins", "try learning_rate=5e-05"},
		{"D wins without bounds", "spectral_norm=false", set(metricRanking, 1), "D wins", "or spectral_norm=true"},
		{"D wins without a penalty", "penalty=none", set(metricRanking, 1), "D wins", "or penalty=dragan"},
		{
			"collapse", "batch=8", set(metricVariety, 0.01),
			"G collapses: its pictures vary only 20 %", "batch=16",
		},
		{"a batch of one", "batch=1", set(metricVariety, 0), "", ""},
		{"standstill", "clip_limit=0.01", set(metricGradientG, 1e-9), "G stands still", "try learning_rate=5e-05"},
		{"standstill by clipping", "clip=gradients", set(metricGradientG, 0), "G stands still", "try clip_limit=0.1"},
		{"divergence of D", "batch=8", set(metricGradientD, 1e5), "the training diverges", "learning_rate=5e-05"},
		{
			"divergence of G", "squeeze_excitation=true", set(metricGradientG, 1e9),
			"the training diverges", "try squeeze_excitation=false",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWatch(preset(t, "smoke", c.setting))
			for step := range int64(1000) {
				require.NoError(t, w.Step(step, healthy()))
			}
			warned := 0
			for step := range int64(1000) {
				if err := w.Step(1000+step, healthy(c.wrong)); err != nil {
					warned++
					assert.Regexp(t, `^step 1\d\d\d: `, err.Error())
					assert.ErrorContains(t, err, c.says)
					assert.ErrorContains(t, err, c.tries)
				}
			}
			if c.says == "" {
				assert.Zero(t, warned)
				return
			}
			assert.Equal(t, 1, warned)
			for step := range int64(2000) { // The trouble passes, and recurs.
				require.NoError(t, w.Step(2000+step, healthy()))
			}
			for step := range int64(1000) {
				if w.Step(4000+step, healthy(c.wrong)) != nil {
					warned++
				}
			}
			assert.Equal(t, 2, warned)
		})
	}
}

func TestWatchWaitsUntilItHasSeenEnough(t *testing.T) {
	w := newWatch(preset(t, "smoke"))
	for step := range int64(200 - 1) {
		require.NoError(t, w.Step(step, healthy(set(metricVariety, 0), set(metricRanking, 1))))
	}
	err := w.Step(200, healthy(set(metricVariety, 0), set(metricRanking, 1)))
	assert.ErrorContains(t, err, "D wins")
	assert.ErrorContains(t, err, "G collapses", "all in one line")
}
