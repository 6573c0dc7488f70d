// Package border hides the border of a patch that was pasted into a picture, with a network: what the article's author
// wished for.
//
//	corrector, err := border.OpenShipped(backend)
//	err = corrector.Correct(picture, before, patch)
//
// A small network sees a pasted patch, what surrounds it, and what was there before, and changes the patch near its
// border. It is trained on
// patches of drawn portraits that were shifted, blurred and tinted on purpose, each in its own place: what it should
// become is known. A [Config] describes such a training, [Train] runs it in a run directory, [Open] corrects patches
// with the result.
//
// The files: network.go is the model, paste.go spoils patches, train.go is one iteration and the training, correct.go
// and shipped.go correct pictures.
package border

import "github.com/moelab/moelab/lab"

// Config is a whole experiment: the model, its data and its training.
type Config struct {
	// Size is the height and width in pixels of what the network sees: the patch and its surroundings.
	Size int `json:"size"`
	// Channels is the width of the first convolution.
	Channels int `json:"channels"`

	// Drawn is the number of drawn blinks, and DrawnSize the height and width of their frames.
	Drawn     int `json:"drawn"`
	DrawnSize int `json:"drawn_size"`
	// Batch is the number of blinks in a step, of each of which it sees two frames.
	Batch int `json:"batch"`
	lab.Optimiser
	// AverageDecay is the decay of the moving average of the weights; patches are corrected with the average.
	AverageDecay float64 `json:"average_decay"`

	lab.Schedule
}

// shipped is the training of the weights that moelab ships.
var shipped = Config{
	Size: 64, Channels: 16, Drawn: 300, DrawnSize: 256, Batch: 8, AverageDecay: 0.998,
	Optimiser: lab.Optimiser{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999},
	Schedule:  lab.Schedule{Steps: 3000, Seed: 1},
}

// String writes the settings in a line; see [lab.Settings].
func (c Config) String() string { return lab.Settings(c) }

// Validate returns an error that names every invalid setting.
func (c Config) Validate() error {
	var checks lab.Checks
	checks.That(
		c.Size >= 16 && c.Size <= 256 && c.Size%8 == 0, "size is %d: it must be a multiple of 8 from 16 to 256", c.Size,
	)
	lab.Between(&checks, "channels", c.Channels, 1, 1024)
	lab.Between(&checks, "drawn", c.Drawn, 1, 10_000_000)
	lab.Between(&checks, "drawn_size", c.DrawnSize, 16, 512)
	lab.Between(&checks, "batch", c.Batch, 1, 4096)
	c.Optimiser.Check(&checks)
	checks.That(c.AverageDecay > 0 && c.AverageDecay < 1, "average_decay is %g: it must be in (0, 1)", c.AverageDecay)
	c.Schedule.Check(&checks)
	return checks.Err()
}
