package gan

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// healthy are the metrics of a training that goes well.
func healthy(change ...func(values map[string]float64)) map[string]float64 {
	values := map[string]float64{Ranking: 0.86, GradientD: 18, GradientG: 13, Variety: 0.75}
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
		says, tries   string // "" where nothing goes wrong.
	}{
		{"well", "batch=8", set(Variety, 0.6), "", ""},
		{"D wins", "discriminator_steps=2", set(Ranking, 1), "D wins: it ranks 99.", "discriminator_steps=1, or learning_rate=5e-05"},
		{"D wins alone", "discriminator_steps=1", set(Ranking, 1), "D wins", "try learning_rate=5e-05"},
		{"D wins without bounds", "spectral_norm=false", set(Ranking, 1), "D wins", "or spectral_norm=true"},
		{"D wins without a penalty", "penalty=none", set(Ranking, 1), "D wins", "or penalty=dragan"},
		{"collapse", "batch=8", set(Variety, 0.01), "G collapses: its pictures differ from each other by 20 %", "batch=16"},
		{"a batch of one", "batch=1", set(Variety, 0), "", ""},
		{"standstill", "clip_limit=0.01", set(GradientG, 1e-9), "G stands still", "try learning_rate=5e-05"},
		{"standstill by clipping", "clip=gradients", set(GradientG, 0), "G stands still", "try clip_limit=0.1"},
		{"divergence of D", "batch=8", set(GradientD, 1e5), "the training diverges", "learning_rate=5e-05"},
		{"divergence of G", "squeeze_excitation=true", set(GradientG, 1e9), "the training diverges", "try squeeze_excitation=false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWatch(preset(t, "smoke", c.setting))
			for step := range int64(1000) {
				require.NoError(t, w.step(step, healthy()))
			}
			told := 0
			for step := range int64(1000) {
				if err := w.step(1000+step, healthy(c.wrong)); err != nil {
					told++
					assert.Regexp(t, `^step 1\d\d\d: `, err.Error())
					assert.ErrorContains(t, err, c.says)
					assert.ErrorContains(t, err, c.tries)
				}
			}
			if c.says == "" {
				assert.Zero(t, told)
				return
			}
			assert.Equal(t, 1, told)
			for step := range int64(2000) { // It passes, and comes again.
				require.NoError(t, w.step(2000+step, healthy()))
			}
			for step := range int64(1000) {
				if w.step(4000+step, healthy(c.wrong)) != nil {
					told++
				}
			}
			assert.Equal(t, 2, told)
		})
	}
}

func TestWatchWaitsUntilItHasSeenEnough(t *testing.T) {
	w := newWatch(preset(t, "smoke"))
	for step := range int64(watchFrom - 1) {
		require.NoError(t, w.step(step, healthy(set(Variety, 0), set(Ranking, 1))))
	}
	err := w.step(watchFrom, healthy(set(Variety, 0), set(Ranking, 1)))
	assert.ErrorContains(t, err, "D wins")
	assert.ErrorContains(t, err, "G collapses", "all in one line")
}
