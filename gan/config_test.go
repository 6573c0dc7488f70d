package gan

import (
	"strings"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAllPresetsAreValid(t *testing.T) {
	assert.Equal(
		t,
		[]string{
			"article",
			"article-srresnet",
			"laptop",
			"laptop-attributes",
			"laptop-srresnet",
			"shipped",
			"smoke",
			"smoke-srresnet",
		},
		Experiment.PresetNames(),
	)
	for _, name := range Experiment.PresetNames() {
		assert.NoError(t, preset(t, name).Validate(), name)
	}
}

func TestArticlePresetsAreTheArticles(t *testing.T) {
	for name, batch := range map[string]int{"article": 100, "article-srresnet": 64} {
		c := preset(t, name)
		assert.Equal(t, 128, c.Size)
		assert.Equal(t, batch, c.Batch)
		assert.Equal(t, 2, c.DiscriminatorSteps)
		assert.Equal(t, 2e-4, c.LearningRate)
		assert.Equal(t, 0.5, c.Beta1)
		assert.Equal(t, lossHinge, c.Loss)
		assert.Equal(t, penaltyDRAGAN, c.Penalty)
		assert.Equal(t, 0.5, c.PenaltyWeight)
		assert.Equal(t, ConditionProjection, c.Conditioning)
		assert.False(t, c.SqueezeExcitation, "it was tried and dropped")
		assert.True(t, c.Flip)
		assert.Equal(t, dataset.HairColours(), c.Classes)
	}
}

func TestUnknownPresetListsThoseThereAre(t *testing.T) {
	_, err := Experiment.Preset("labtop")
	assert.EqualError(
		t, err,
		`there is no preset "labtop"; there are article, article-srresnet, laptop, laptop-attributes, `+
			`laptop-srresnet, shipped, smoke, smoke-srresnet`,
	)
}

func TestPresetsAreCopies(t *testing.T) {
	c := preset(t, "smoke")
	c.Classes[0] = "changed"
	assert.Equal(t, dataset.HairColours(), preset(t, "smoke").Classes)
	assert.Equal(t, dataset.HairColours(), preset(t, "article").Classes)
}

func TestSetChangesOneSetting(t *testing.T) {
	tests := []struct {
		assignment string
		change     func(*Config)
	}{
		{"batch=32", func(c *Config) { c.Batch = 32 }},
		{"learning_rate=1e-3", func(c *Config) { c.LearningRate = 1e-3 }},
		{"flip=false", func(c *Config) { c.Flip = false }},
		{"data=faces/my pictures", func(c *Config) { c.Data = "faces/my pictures" }},
		{`data="C:\\faces"`, func(c *Config) { c.Data = `C:\faces` }},
		{`data=C:\faces`, func(c *Config) { c.Data = `C:\faces` }},
		{"data=a=b", func(c *Config) { c.Data = "a=b" }},
		{"data=", func(c *Config) { c.Data = "" }},
		{"data=true", func(c *Config) { c.Data = "true" }},
		{"data=null", func(c *Config) { c.Data = "null" }},
		{"data=2018", func(c *Config) { c.Data = "2018" }},
		{"data=\x01ü\U000e0001", func(c *Config) { c.Data = "\x01ü\U000e0001" }},
		{`classes=["blue","red"]`, func(c *Config) { c.Classes = []string{"blue", "red"} }},
		{"seed=18446744073709551615", func(c *Config) { c.Seed = 1<<64 - 1 }},
	}
	for _, test := range tests {
		t.Run(test.assignment, func(t *testing.T) {
			got, want := preset(t, "article"), preset(t, "article")
			require.NoError(t, assign(&got, test.assignment))
			test.change(&want)
			assert.Equal(t, want, got)
			assert.Equal(t, dataset.HairColours(), preset(t, "article").Classes)
		})
	}
}

func TestSetRefusesWhatCannotBe(t *testing.T) {
	tests := map[string]string{
		"batch": `setting "batch" is not of the form key=value`,
		"batches=3": `there is no setting "batches"; there are attributes, average_decay, batch, beta1, beta2, ` +
			`classes, clip, clip_limit, conditioning, data, `,
		"Batch=3":             `there is no setting "Batch"`,
		"batch=big":           `setting batch cannot be "big": it is now 4`,
		"batch=":              `setting batch cannot be "": it is now 4`,
		"batch=1.5":           `setting batch cannot be 1.5: it is now 4`,
		"batch=null":          `setting batch cannot be null: it is now 4`,
		"seed=-1":             `setting seed cannot be -1: it is now 1`,
		"flip=yes":            `setting flip cannot be "yes": it is now true`,
		"classes=blue":        `setting classes cannot be "blue": it is now ["`,
		`classes=["blue", 2]`: "setting classes cannot be",
		"classes=[1, 2]":      `setting classes cannot be [1, 2]: it is now ["`,
	}
	for assignment, message := range tests {
		t.Run(assignment, func(t *testing.T) {
			c := preset(t, "smoke")
			assert.ErrorContains(t, assign(&c, assignment), message)
			assert.Equal(t, preset(t, "smoke"), c, "it is changed")
		})
	}
}

func TestStringIsWhatSetTakes(t *testing.T) {
	want := preset(t, "laptop", "data=faces", "learning_rate=0.00012345", "flip=false", "seed=77")
	var got Config
	for _, setting := range strings.Fields(want.String()) {
		require.NoError(t, assign(&got, setting), setting)
	}
	assert.Equal(t, want, got)
	assert.NotContains(t, want.String(), "\n")
}

func TestValidateNamesEveryWrongSetting(t *testing.T) {
	tests := map[string]string{
		"network=unet":             `there is no network "unet"; there are resblock, srresnet`,
		"size=48":                  "size is 48: it must be a power of two from 8 to 512",
		"size=4":                   "size is 4",
		"size=1024":                "size is 1024",
		"size=-16":                 "size is -16",
		`classes=["blue"]`:         "classes are 1: there must be at least two",
		`classes=["blue", "blue"]`: `class "blue" is listed twice`,
		"noise=0":                  "noise is 0",
		"generator_channels=0":     "generator_channels is 0",
		"discriminator_channels=0": "discriminator_channels is 0",
		"drawn=0":                  "drawn is 0: it must be from 1 to 10000000",
		"batch=0":                  "batch is 0",
		"discriminator_steps=0":    "discriminator_steps is 0",
		"learning_rate=0":          "learning_rate is 0: it must be positive",
		"beta1=1":                  "beta1 is 1: it must be in [0, 1)",
		"beta2=-0.1":               "beta2 is -0.1: it must be in [0, 1)",
		"penalty_weight=-1":        "penalty_weight is -1: it must be from 0 to 1000000",
		"discriminator_noise=-1":   "discriminator_noise is -1: it must be from 0 to 1000",
		"generator_norm=batch":     `generator_norm is "batch": it must be one of conditional, plain`,
		"conditioning=none":        `conditioning is "none": it must be one of ac-gan, hidden, input, projection`,
		"loss=lsgan":               `loss is "lsgan": it must be one of hinge, non-saturating, relativistic, wgan`,
		"penalty=r2":               `penalty is "r2": it must be one of dragan, none, r1, wgan-gp`,
		"clip=values":              `clip is "values": it must be one of none, weights, gradients`,
		"generator_blocks=4":       "generator_blocks is 4: the resblock generator has as many as its size needs; set 0",
		"average_decay=1":          "average_decay is 1: it must be in [0, 1)",
		"steps=-1":                 "steps is -1: it must be from 0 to 1000000000000",
	}
	all := preset(t, "smoke")
	for setting, message := range tests {
		c := preset(t, "smoke", setting)
		assert.ErrorContains(t, c.Validate(), message, setting)
		assert.NotContains(t, c.Validate().Error(), "\n", "one setting is wrong")
		require.NoError(t, assign(&all, setting))
	}
	err := all.Validate()
	for _, name := range []string{
		"network", "size", "class", "noise", "generator_channels", "discriminator_channels", "drawn", "batch",
		"discriminator_steps", "learning_rate", "beta1", "beta2", "penalty_weight", "average_decay", "steps",
		"generator_norm", "conditioning", "loss", "penalty", "clip",
	} {
		assert.ErrorContains(t, err, name)
	}
	assert.NoError(t, preset(t, "smoke", "drawn=0", "data=faces").Validate())
}

func TestValidateRefusesNumbersThatNoMemoryHolds(t *testing.T) {
	for _, name := range []string{
		"noise", "generator_channels", "discriminator_channels", "drawn", "batch", "discriminator_steps",
		"penalty_weight", "discriminator_noise", "clip_limit",
	} {
		c := preset(t, "smoke", name+"=1000000000")
		assert.ErrorContains(t, c.Validate(), name+" is ", name)
		assert.NotContains(t, c.Validate().Error(), "\n", name)
	}
	assert.ErrorContains(t, preset(t, "smoke-srresnet", "generator_blocks=1000000000").Validate(), "generator_blocks is ")
	assert.ErrorContains(t, preset(t, "smoke", "steps=1000000000001").Validate(), "steps is ")
}

func TestValidateRefusesWhatDoesNotGoTogether(t *testing.T) {
	tests := []struct {
		preset   string
		settings []string
		message  string // Empty: it makes sense.
	}{
		{"smoke", []string{"clip=weights"}, "clipping them bounds nothing"},
		{"smoke", []string{"clip=weights", "spectral_norm=false"}, ""},
		{
			"smoke",
			[]string{"clip=weights", "spectral_norm=false", "clip_limit=0"},
			"clip_limit is 0: it must be positive where weights are clipped",
		},
		{
			"smoke",
			[]string{"clip=gradients", "clip_limit=0"},
			"clip_limit is 0: it must be positive where gradients are clipped",
		},
		{"smoke", []string{"clip_limit=0"}, ""},
		{"smoke", []string{"loss=wgan", "penalty=none", "spectral_norm=false"}, "nothing bounds D"},
		{"smoke", []string{"loss=wgan", "penalty_weight=0", "spectral_norm=false"}, "nothing bounds D"},
		{"smoke", []string{"loss=wgan", "penalty=none", "spectral_norm=false", "clip=weights"}, ""},
		{"smoke", []string{"loss=wgan", "penalty=none"}, ""},
		{"smoke", []string{"loss=wgan", "penalty=wgan-gp", "spectral_norm=false"}, ""},
		{"smoke-srresnet", []string{"generator_blocks=0"}, "the srresnet generator needs at least 1"},
		{"smoke-srresnet", []string{"size=8"}, "size is 8: the srresnet generator begins at 16×16"},
		{"smoke-srresnet", []string{"generator_norm=conditional", "squeeze_excitation=true", "spectral_norm=true"}, ""},
	}
	for _, test := range tests {
		err := preset(t, test.preset, test.settings...).Validate()
		if test.message == "" {
			assert.NoError(t, err, test.settings)
			continue
		}
		assert.ErrorContains(t, err, test.message, test.settings)
	}
}
