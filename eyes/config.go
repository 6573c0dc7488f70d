// Package eyes finds the eyes of anime faces in any picture, and detects whether they are shut.
//
//	finder, err := eyes.OpenShipped(backend)
//	faces, err := finder.Find(ctx, picture)
//
// A small convolutional network looks at windows of a picture at several scales and predicts for each place whether an
// eye's centre is there, how large the eye is, how far it is open, and where the face has its centre (Zhou et al. 2019,
// "Objects as Points"). It looks again at each find, at the scale at which it sees best.
//
// It is trained only on faces that moelab draws: a [Config] describes such a training, [Train] runs it in a run
// directory, [Open] finds eyes with the result, and [Ship] writes the weights in the form in which moelab ships them;
// weights/README.md describes how those were made.
//
// The files: network.go and loss.go are the model, scene.go, disguise.go and target.go draw the training data, train.go
// is one iteration and the training, finder.go, pair.go and shipped.go find eyes in pictures.
package eyes

import (
	"github.com/moelab/moelab/lab"
)

// Config is a whole experiment: the model, its data and its training.
type Config struct {
	// Size is the height and width of a window in pixels, a multiple of 16. The network finds eyes that take [Smallest] to
	// [Largest] of it.
	Size int `json:"size"`
	// Channels is the width of the first convolution; the deepest have four times as many.
	Channels int `json:"channels"`

	// Backdrops is the number of illustrations that are drawn as backgrounds of faces.
	Backdrops int `json:"backdrops"`
	// Batch is the number of windows in a step.
	Batch int `json:"batch"`
	lab.Optimiser
	// AverageDecay is the decay of the moving average of the weights; eyes are found with the average.
	AverageDecay float64 `json:"average_decay"`

	lab.Schedule
}

// The range of an eye's width that the network finds, as a share of a window's width.
const (
	Smallest = 0.04
	Largest  = 0.30
)

// shipped is the training of the weights that moelab ships.
var shipped = Config{
	Size: 128, Channels: 16,
	Backdrops: 200, Batch: 16, AverageDecay: 0.998,
	Optimiser: lab.Optimiser{LearningRate: 2e-3, Beta1: 0.9, Beta2: 0.999},
	Schedule:  lab.Schedule{Steps: 1800, Seed: 1},
}

// String writes the settings in a line; see [lab.Settings].
func (c Config) String() string { return lab.Settings(c) }

// Validate returns an error that names every invalid setting.
func (c Config) Validate() error {
	var checks lab.Checks
	checks.That(
		c.Size >= 32 && c.Size <= 512 && c.Size%16 == 0, "size is %d: it must be a multiple of 16 from 32 to 512", c.Size,
	)
	lab.Between(&checks, "channels", c.Channels, 1, 1024)
	lab.Between(&checks, "backdrops", c.Backdrops, 0, 100_000)
	lab.Between(&checks, "batch", c.Batch, 1, 4096)
	c.Optimiser.Check(&checks)
	checks.That(c.AverageDecay > 0 && c.AverageDecay < 1, "average_decay is %g: it must be in (0, 1)", c.AverageDecay)
	c.Schedule.Check(&checks)
	return checks.Err()
}

// cells returns the height and width of the network's output for a window.
func (c Config) cells() int { return c.Size / stride }
