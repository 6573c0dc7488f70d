// Package eyes finds the eyes of anime faces in any picture, and says whether they are shut.
//
//	finder, err := eyes.NewFinder(backend)
//	faces, err := finder.Find(ctx, picture)
//
// A small convolutional network looks at windows of a picture at several sizes and says for each place whether the middle of an eye is there, how large
// the eye is, how far it is open, and where the face has its middle (Zhou et al. 2019, "Objects as Points"). What it finds it looks at again, at the
// size at which it sees best.
//
// It has learnt from nothing but faces that moelab draws: a [Config] is such a training, [Train] fills a run directory with it, [OpenFinder] finds eyes
// with what it has learnt there, and [Ship] writes the weights in the form in which moelab ships them; weights/README.md says how those were made.
//
// The files: network.go and loss.go are the model, scene.go, disguise.go and target.go draw what it learns from, train.go is one iteration and the
// training, finder.go, pair.go and weights.go find eyes in pictures.
package eyes

import (
	"maps"
	"slices"

	"github.com/moelab/moelab/lab"
)

// Config is a whole experiment: the model, what it learns from and how.
type Config struct {
	// Size is the height and width of a window in pixels, a multiple of 16. Eyes are found that take [Smallest] to [Largest] of it.
	Size int `json:"size"`
	// Channels is the width of the first convolution; the deepest have four times as many.
	Channels int `json:"channels"`

	// Backdrops is the number of illustrations that are drawn to stand behind faces.
	Backdrops int `json:"backdrops"`
	// Batch is the number of windows in a step.
	Batch int `json:"batch"`
	// LearningRate, Beta1 and Beta2 are Adam's.
	LearningRate float64 `json:"learning_rate"`
	Beta1        float64 `json:"beta1"`
	Beta2        float64 `json:"beta2"`
	// AverageDecay is how much of the past the moving average of the weights keeps; eyes are found with the average.
	AverageDecay float64 `json:"average_decay"`

	// Steps is the number of iterations.
	Steps int64 `json:"steps"`
	// Seed decides the weights and the windows.
	Seed uint64 `json:"seed"`
}

// How wide an eye may be, of a window's width, for the network to find it.
const (
	Smallest = 0.04
	Largest  = 0.30
)

// shipped is how the weights that moelab ships were trained.
var shipped = Config{
	Size: 128, Channels: 16,
	Backdrops: 200, Batch: 16, LearningRate: 2e-3, Beta1: 0.9, Beta2: 0.999, AverageDecay: 0.998,
	Steps: 1800, Seed: 1,
}

// presets are the configurations that have a name.
var presets = map[string]Config{
	"shipped": shipped,
	"smoke": with(shipped, func(c *Config) { // Seconds: for tests.
		c.Size, c.Channels, c.Backdrops, c.Batch, c.Steps = 32, 4, 2, 4, 3
	}),
}

// with returns a changed copy.
func with(config Config, change func(*Config)) Config {
	change(&config)
	return config
}

// Presets are the names that [Preset] knows.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Preset returns a configuration by its name: "shipped" or "smoke".
func Preset(name string) (Config, error) {
	return lab.Preset(presets, name)
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
	var checks lab.Checks
	checks.That(c.Size >= 32 && c.Size <= 512 && c.Size%16 == 0, "size is %d: it must be a multiple of 16 from 32 to 512", c.Size)
	checks.That(c.Channels >= 1, "channels is %d: it must be at least 1", c.Channels)
	checks.That(c.Backdrops >= 0, "backdrops is %d: it must not be negative", c.Backdrops)
	checks.That(c.Batch >= 1, "batch is %d: it must be at least 1", c.Batch)
	checks.That(c.LearningRate > 0, "learning_rate is %g: it must be positive", c.LearningRate)
	checks.That(c.Beta1 >= 0 && c.Beta1 < 1, "beta1 is %g: it must be in [0, 1)", c.Beta1)
	checks.That(c.Beta2 >= 0 && c.Beta2 < 1, "beta2 is %g: it must be in [0, 1)", c.Beta2)
	checks.That(c.AverageDecay > 0 && c.AverageDecay < 1, "average_decay is %g: it must be in (0, 1)", c.AverageDecay)
	checks.That(c.Steps >= 0, "steps is %d: it must not be negative", c.Steps)
	return checks.Err()
}

// cells is the height and width of what the network says of a window.
func (c Config) cells() int { return c.Size / stride }
