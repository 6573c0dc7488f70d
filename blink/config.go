package blink

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/lab"
)

// Frames is the length of a blink.
const Frames = portrait.BlinkFrames

// Config is the whole experiment: what config.json of a run directory holds. Presets are values of it.
type Config struct {
	// Channels is the width of the U-Nets' first convolution; each further one has twice as many.
	Channels int `json:"channels"`
	// Temporal adds the network that sees all frames to that which sees each.
	Temporal bool `json:"temporal"`
	// Frozen leaves that network as it began, as the code of the article's author does.
	Frozen bool `json:"frozen"`
	// Size is the height and width of the eyes in pixels.
	Size int `json:"size"`

	// Data is the folder of the blinks. Empty: blinks that moelab draws.
	Data string `json:"data"`
	// Drawn is how many different ones are drawn where there is no folder, and DrawnSize the height and width of their frames.
	Drawn     int `json:"drawn"`
	DrawnSize int `json:"drawn_size"`
	// Flip mirrors half of the eyes left to right.
	Flip bool `json:"flip"`
	// Vary moves what is cut out a little and changes its colours.
	Vary bool `json:"vary"`
	// Batch is the number of videos in a step.
	Batch int `json:"batch"`

	// LearningRate, Beta1 and Beta2 are Adam's.
	LearningRate float64 `json:"learning_rate"`
	Beta1        float64 `json:"beta1"`
	Beta2        float64 `json:"beta2"`
	// AverageDecay is how much of the past the moving average of the weights keeps. 0: there is none, as in the article.
	AverageDecay float64 `json:"average_decay"`

	// Steps is the number of iterations.
	Steps int64 `json:"steps"`
	// Seed decides the weights, the eyes and their order, and the drawn blinks.
	Seed uint64 `json:"seed"`
}

// article is the article's.
var article = Config{
	Channels: 64, Temporal: true, Size: 32,
	Drawn: 60, DrawnSize: 256, Flip: true, Batch: 2,
	LearningRate: 2e-4, Beta1: 0.5, Beta2: 0.999,
	Steps: 20_000, Seed: 1, // The article does not tell how many.
}

// presets are the configurations that have a name.
var presets = map[string]Config{
	"article": article,
	"laptop": with(article, func(c *Config) {
		c.Channels, c.Drawn, c.Vary, c.Batch, c.Steps = 16, 400, true, 4, 1500
		c.LearningRate, c.AverageDecay = 1e-3, 0.99
	}),
	"smoke": with(article, func(c *Config) { c.Channels, c.Size, c.Drawn, c.DrawnSize, c.Steps = 2, 16, 3, 64, 2 }),
}

// with returns a changed copy.
func with(config Config, change func(*Config)) Config {
	change(&config)
	return config
}

// Presets are the names that [Preset] knows.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Preset returns a configuration by its name: "article", "laptop" or "smoke".
func Preset(name string) (Config, error) {
	config, ok := presets[name]
	if !ok {
		return Config{}, fmt.Errorf("there is no preset %q; there are %s", name, strings.Join(Presets(), ", "))
	}
	return config, nil
}

// Set changes a setting by its name in config.json; see [lab.Assign]. Where it returns an error nothing has changed.
func (c *Config) Set(assignment string) (err error) {
	*c, err = lab.Assign(*c, assignment)
	return err
}

// String writes the settings in a line, as key=value in the form that [Config.Set] takes.
func (c Config) String() string { return lab.Settings(c) }

// Validate returns an error that names every setting that cannot be.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.Channels >= 1, "channels is %d: it must be at least 1", c.Channels)
	check(c.Temporal || !c.Frozen, "frozen is true, but temporal is false: there is no network to leave as it is")
	check(c.Size >= 16 && c.Size <= 256 && c.Size%16 == 0, "size is %d: it must be a multiple of 16 from 16 to 256", c.Size)
	check(c.Data != "" || c.Drawn >= 1, "drawn is %d: it must be at least 1 where there is no data folder", c.Drawn)
	check(c.Data != "" || c.DrawnSize >= 16 && c.DrawnSize <= 512, "drawn_size is %d: it must be from 16 to 512", c.DrawnSize)
	check(c.Batch >= 1, "batch is %d: it must be at least 1", c.Batch)
	check(c.LearningRate > 0, "learning_rate is %g: it must be positive", c.LearningRate)
	check(c.Beta1 >= 0 && c.Beta1 < 1, "beta1 is %g: it must be in [0, 1)", c.Beta1)
	check(c.Beta2 >= 0 && c.Beta2 < 1, "beta2 is %g: it must be in [0, 1)", c.Beta2)
	check(c.AverageDecay >= 0 && c.AverageDecay < 1, "average_decay is %g: it must be in [0, 1)", c.AverageDecay)
	check(c.Steps >= 0, "steps is %d: it must not be negative", c.Steps)
	return errors.Join(errs...)
}
