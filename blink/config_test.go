package blink

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPresetsAreValid(t *testing.T) {
	for _, name := range Experiment.PresetNames() {
		config, err := Experiment.Preset(name)
		require.NoError(t, err, name)
		assert.NoError(t, config.Validate(), name)
	}
	_, err := Experiment.Preset("desk")
	assert.ErrorContains(t, err, `there is no preset "desk"; there are article, article-adversarial,`)
}

func TestFailuresDifferFromWhatWorks(t *testing.T) {
	works, err := Experiment.Preset("laptop")
	require.NoError(t, err)
	seen := map[Config]string{works: "what works"}
	for _, failure := range Failures {
		config, err := Experiment.Preset("laptop-" + failure.Name)
		require.NoError(t, err)
		assert.Empty(t, seen[config], "%s is", failure.Name)
		seen[config] = failure.Name
	}
}

func TestConfigSaysWhatCannotBe(t *testing.T) {
	cases := map[string]struct {
		change func(*Config)
		says   string
	}{
		"another network": {
			func(c *Config) { c.Network = "gru" },
			`network is "gru": it must be one of convlstm, dynamics, forecast, lids, mocogan, tgan, tganv2, unet, ` +
				`videogan`,
		},
		"another part":       {func(c *Config) { c.Part = "nose" }, `part is "nose": it must be one of eyes, face`},
		"an odd size":        {func(c *Config) { c.Size = 33 }, "size is 33: it must be a multiple of 16"},
		"no loss":            {func(c *Config) { c.Content = 0 }, "content is 0 and adversarial 0"},
		"clipping without D": {func(c *Config) { c.Clip = 0.1 }, "there is no D whose weights could be clipped"},
		"another penalty": {
			func(c *Config) { c.Adversarial, c.Penalty = 1, "r2" }, `penalty is "r2": it must be one of r1, wgan-gp`,
		},
		"a penalty without D": {func(c *Config) { c.Penalty = "r1" }, "adversarial is 0: there is no D"},
		"singular values without D": {
			func(c *Config) { c.SingularValues = 1 }, "singular_values is 1, but adversarial is 0",
		},
		"a mask that is not there": {func(c *Config) { c.Mask = 0.1 }, `mask is 0.1, but network "unet" has none`},
		"frozen without 3D": {
			func(c *Config) { c.Temporal, c.Frozen = false, true },
			"there is no network to leave as it is",
		},
		"nothing to draw":     {func(c *Config) { c.Drawn = 0 }, "drawn is 0"},
		"no channels":         {func(c *Config) { c.Channels = 0 }, "channels is 0"},
		"no channels in D":    {func(c *Config) { c.DiscriminatorChannels = 0 }, "discriminator_channels is 0"},
		"an empty batch":      {func(c *Config) { c.Batch = 0 }, "batch is 0"},
		"a rate of nothing":   {func(c *Config) { c.LearningRate = 0 }, "learning_rate is 0"},
		"beta1 of one":        {func(c *Config) { c.Beta1 = 1 }, "beta1 is 1"},
		"beta2 below nothing": {func(c *Config) { c.Beta2 = -1 }, "beta2 is -1"},
		"an endless average":  {func(c *Config) { c.AverageDecay = 1 }, "average_decay is 1"},
		"steps below nothing": {func(c *Config) { c.Steps = -1 }, "steps is -1"},
		"a vast batch":        {func(c *Config) { c.Batch = 1e12 }, "batch is 1000000000000: it must be from 1 to 4096"},
		"vast channels":       {func(c *Config) { c.Channels = 1e9 }, "channels is"},
		"vast channels in D":  {func(c *Config) { c.DiscriminatorChannels = 1e9 }, "discriminator_channels is"},
		"too much to draw":    {func(c *Config) { c.Drawn = 1e11 }, "drawn is"},
		"tiny drawings":       {func(c *Config) { c.DrawnSize = 8 }, "drawn_size is 8"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			config, err := Experiment.Preset("smoke")
			require.NoError(t, err)
			c.change(&config)
			assert.ErrorContains(t, config.Validate(), c.says)
		})
	}
}
