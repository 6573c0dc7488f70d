package blink

import (
	"math"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/lab"
)

// Frames is the length of a blink.
const Frames = portrait.BlinkFrames

// Config is the whole experiment, as in config.json of a run directory. Presets are values of it.
type Config struct {
	// Network names one of [Networks]: "unet" follows the flow of a reference, "lids" how far its eyes are
	// open, and "videogan" sees the picture only.
	Network string `json:"network"`
	// Part names one of [Parts], which the network sees: "eyes", one at a time, or "face", the whole frame.
	Part string `json:"part"`
	// Size is the part's height and width in pixels.
	Size int `json:"size"`
	// Channels is the width of the first convolution of G; each further one has twice as many. DiscriminatorChannels is
	// the same for D.
	Channels              int `json:"channels"`
	DiscriminatorChannels int `json:"discriminator_channels"`
	// Temporal adds the U-Net that sees all frames after the one that sees each separately.
	Temporal bool `json:"temporal"`
	// Frozen leaves the latter untrained, as the article's code does.
	Frozen bool `json:"frozen"`

	// Unconditional draws videos from noise alone, as the papers of some [Networks] do, instead of from a picture.
	Unconditional bool `json:"unconditional"`

	// Data is the folder of the blinks. Empty: blinks that moelab draws.
	Data string `json:"data"`
	// Drawn is the number of different blinks that are drawn without a folder, and DrawnSize the height and width of their
	// frames.
	Drawn     int `json:"drawn"`
	DrawnSize int `json:"drawn_size"`
	// Artists draws them as many artists would: see [dataset.VariedBlinks].
	Artists bool `json:"artists"`
	// Few is the number of frames of each video that a step sees; 0: all. Networks that look at each frame by itself need
	// no more than a few.
	Few int `json:"few"`
	// Flip mirrors half of the videos left to right.
	Flip bool `json:"flip"`
	// Vary moves the cut-outs slightly and changes their colours.
	Vary bool `json:"vary"`
	// Hues is the largest rotation of hues in half of the videos, in radians, if Vary is set.
	Hues float64 `json:"hues"`
	// Batch is the number of videos in a step.
	Batch int `json:"batch"`

	// Content is the weight of the mean absolute error in G's loss, Adversarial that of the adversarial loss. Without the
	// latter, 0, there is no D.
	Content     float64 `json:"content"`
	Adversarial float64 `json:"adversarial"`
	// Clip keeps D's weights in [−clip, clip] and selects WGAN's adversarial loss. 0: no clipping, and the standard loss.
	Clip float64 `json:"clip"`
	// SingularValues keeps the singular values of the weights of D's layers at most this, and selects WGAN's loss, too:
	// see [ClipSingularValues]. 0: no limit.
	SingularValues float64 `json:"singular_values"`
	// Penalty names one of [Penalties], and selects WGAN's adversarial loss with "wgan-gp". Empty: none. PenaltyWeight is
	// its weight in D's loss.
	Penalty       string  `json:"penalty"`
	PenaltyWeight float64 `json:"penalty_weight"`
	// Mask is the weight in G's loss of the mean of the mask: of what it draws itself instead of keeping it.
	Mask float64 `json:"mask"`
	lab.Optimiser
	// AverageDecay is the decay of the moving average of G's weights. 0: no average, as in the article.
	AverageDecay float64 `json:"average_decay"`

	// From is the run whose generator initialises a new run. Empty: random weights.
	From string `json:"from"`
	lab.Schedule
}

// article is the configuration that worked in the article.
var article = Config{
	Network: "unet", Part: "eyes", Size: 32, Channels: 64, DiscriminatorChannels: 64, Temporal: true,
	Drawn: 60, DrawnSize: 256, Flip: true, Batch: 2,
	Content: 1, Optimiser: lab.Optimiser{LearningRate: 2e-4, Beta1: 0.5, Beta2: 0.999},
	Schedule: lab.Schedule{Steps: 20_000, Seed: 1}, // The article gives no number of steps.
}

// laptop makes a configuration small enough for some minutes on two cores. VideoGAN has as few videos as in the
// article, and with a D it learns as slowly as there, so D wins.
func laptop(c *Config) {
	c.Channels, c.DiscriminatorChannels, c.Steps, c.AverageDecay = 16, 16, 800, 0.99
	if c.Network != "videogan" {
		c.Drawn = 400
	}
	if c.Network == "tganv2" {
		c.Size, c.DrawnSize = 64, 128
	}
	if c.Adversarial == 0 {
		c.LearningRate = 1e-3
	}
	switch {
	case c.Frozen:
		c.Steps = 400 // It hardly learns from then on.
	case c.Network != "videogan" && c.Part == "face":
		c.Steps = 300 // A whole frame has four times an eye's pixels.
	}
}

// smoke makes it small enough for tests.
func smoke(c *Config) {
	c.Channels, c.DiscriminatorChannels, c.Size, c.Drawn, c.DrawnSize, c.Steps = 2, 2, 16, 3, 64, 2
}

// Failures are the article's unsuccessful attempts, in its order. The presets are named "article-", "laptop-" or
// "smoke-" and the name.
var Failures = []Failure{
	{"adversarial", "VideoGAN, adversarial and content loss", func(c *Config) { videoGAN(c); c.Adversarial = 1 }},
	{"clipping", "VideoGAN, D's weights clipped", func(c *Config) { videoGAN(c); c.Adversarial, c.Clip = 1, 0.01 }},
	{"content", "VideoGAN, content loss alone", videoGAN},
	{"face", "U-Nets on the whole frame", wholeFrame},
	{"flat", "U-Net of frames alone", func(c *Config) { c.Temporal = false }},
	{"frozen", "3D U-Net as it began", func(c *Config) { c.Frozen = true }},
}

// Surveyed are other video models that the article surveys, with presets like those of [Failures].
var Surveyed = []Failure{
	{"tgan", "TGAN", tgan},
	{"tganv2", "TGANv2", tganv2},
	{"mocogan", "MoCoGAN", func(c *Config) { wholeFrame(c); c.Network, c.Adversarial = "mocogan", 1 }},
	{"dynamics", "Dynamics Transfer GAN", func(c *Config) { wholeFrame(c); c.Network, c.Adversarial = "dynamics", 1 }},
	{"forecast", "Forecast and refine", forecast},
	{"convlstm", "U-Nets on the features of a ConvLSTM", func(c *Config) { c.Network = "convlstm" }},
}

// forecast selects the network and the losses of Zhao et al. 2018, whose L1 loss is of colours in [-1, 1].
func forecast(c *Config) {
	wholeFrame(c)
	c.Network, c.Content, c.Adversarial, c.Mask = "forecast", 2*3, 1, 0.05
	c.Penalty, c.PenaltyWeight = penaltyWGANGP, 10
	c.LearningRate, c.Beta1 = 1e-4, 0
}

// tgan selects the networks of Saito et al. 2017 and their training. Its RMSprop is Adam without the mean of gradients,
// but for what Adam corrects in the first steps.
func tgan(c *Config) {
	wholeFrame(c)
	c.Network, c.Adversarial, c.SingularValues = "tgan", 1, 1
	c.LearningRate, c.Beta1, c.Beta2 = 5e-5, 0, 0.99
}

// tganv2 selects the networks and the losses of Saito et al. 2020. Its penalty of 16 is of a loss twice as large, and
// of ‖∇D‖² where R1 has half of it.
func tganv2(c *Config) {
	wholeFrame(c)
	c.Network, c.Size, c.DrawnSize, c.Adversarial = "tganv2", 192, 192, 1
	c.Penalty, c.PenaltyWeight = "r1", 16
	c.LearningRate, c.Beta1, c.Beta2 = 1e-4, 0, 0.9
}

// Failure is an attempt that did not lead to a blink: a change to the configuration that works.
type Failure struct {
	// Name is part of the preset's name.
	Name, Title string
	change      func(*Config)
}

// videoGAN selects the network of the article's first attempt. For pictures its authors made it twice as wide.
func videoGAN(c *Config) {
	wholeFrame(c)
	c.Network, c.Channels, c.DiscriminatorChannels = "videogan", 128, 128
}

// wholeFrame shows the networks the whole frame, at the 64 pixels of VideoGAN.
func wholeFrame(c *Config) {
	c.Part, c.Size = "face", 64
	c.DrawnSize = min(c.DrawnSize, 128)
}

// with returns a changed copy.
func with(config Config, change func(*Config)) Config {
	change(&config)
	return config
}

// String writes the settings in a line; see [lab.Settings].
func (c Config) String() string { return lab.Settings(c) }

// Validate returns an error that names every invalid setting.
func (c Config) Validate() error {
	var checks lab.Checks
	lab.Choice(&checks, "network", c.Network, Networks)
	lab.Choice(&checks, "part", c.Part, Parts)
	lab.Between(&checks, "channels", c.Channels, 1, 1024)
	lab.Between(&checks, "discriminator_channels", c.DiscriminatorChannels, 1, 1024)
	checks.That(c.Temporal || !c.Frozen,
		"frozen is true, but temporal is false: there is no network to leave as it is")
	checks.That(c.Size >= 16 && c.Size <= 256 && c.Size%16 == 0,
		"size is %d: it must be a multiple of 16 from 16 to 256", c.Size)
	if c.Data == "" {
		lab.Between(&checks, "drawn", c.Drawn, 1, 10_000_000)
		lab.Between(&checks, "drawn_size", c.DrawnSize, 16, 512)
	}
	lab.Between(&checks, "batch", c.Batch, 1, 4096)
	lab.Between(&checks, "few", c.Few, 0, Frames)
	checks.That(!Networks[c.Network].Painted || c.Part == "eyes" && c.Adversarial == 0,
		"network is %q, but part is %q and adversarial is %g: it paints eyes, and has no D", c.Network, c.Part, c.Adversarial)
	checks.That(!c.Unconditional || Networks[c.Network].Free > 0 && c.Part == "face",
		"unconditional is true, but network is %q and part %q: it draws from pictures only", c.Network, c.Part)
	checks.That(!c.Unconditional || c.Content == 0,
		"unconditional is true, but content is %g: what is drawn from noise is nobody's blink", c.Content)
	checks.That(c.Few == 0 || c.Few > 1 && Networks[c.Network].Painted,
		"few is %d: it must be 0, or with network lids from 2 to %d", c.Few, Frames)
	checks.That(c.Hues >= 0 && c.Hues <= math.Pi, "hues is %g: it must be from 0 to π", c.Hues)
	checks.That(c.Content >= 0 && c.Adversarial >= 0 && c.Content+c.Adversarial > 0,
		"content is %g and adversarial %g: neither may be negative, and not both 0", c.Content, c.Adversarial)
	checks.That(c.Content <= 1e6 && c.Adversarial <= 1e6,
		"content is %g and adversarial %g: neither may be more than 1000000", c.Content, c.Adversarial)
	lab.Between(&checks, "clip", c.Clip, 0, 1e6)
	checks.That(c.Clip == 0 || c.Adversarial > 0,
		"clip is %g, but adversarial is 0: there is no D whose weights could be clipped", c.Clip)
	lab.Between(&checks, "singular_values", c.SingularValues, 0, 1e6)
	checks.That(c.SingularValues == 0 || c.Adversarial > 0,
		"singular_values is %g, but adversarial is 0: there is no D", c.SingularValues)
	if c.Penalty != "" {
		lab.Choice(&checks, "penalty", c.Penalty, Penalties)
		checks.That(c.Adversarial > 0, "penalty is %q, but adversarial is 0: there is no D", c.Penalty)
	}
	lab.Between(&checks, "penalty_weight", c.PenaltyWeight, 0, 1e6)
	lab.Between(&checks, "mask", c.Mask, 0, 1e6)
	checks.That(c.Mask == 0 || Networks[c.Network].Masked, "mask is %g, but network %q has none", c.Mask, c.Network)
	c.Optimiser.Check(&checks)
	checks.That(c.AverageDecay >= 0 && c.AverageDecay < 1, "average_decay is %g: it must be in [0, 1)", c.AverageDecay)
	c.Schedule.Check(&checks)
	return checks.Err()
}
