package esrgan

import (
	"slices"

	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure/vgg"
)

// Scale is the ratio of a restored picture's height and width to its input's.
const Scale = 4

// Config is the whole experiment, as in config.json of a run directory. Presets are values of it.
type Config struct {
	// Network names one of [Networks]: "esrgan" (RRDBNet, no batch normalisation in G) or "srgan" (SRResNet).
	Network string `json:"network"`
	// Blocks is the number of RRDBs, or of residual blocks; Channels is the width of G; Growth is the number of channels
	// that each convolution in a dense block adds.
	Blocks   int `json:"blocks"`
	Channels int `json:"channels"`
	Growth   int `json:"growth"`
	// DiscriminatorChannels is the width of D's first convolutions, 64 in both papers.
	DiscriminatorChannels int `json:"discriminator_channels"`

	// Data is the folder or archive of the pictures. Empty: illustrations that moelab draws.
	Data string `json:"data"`
	// Drawn is the number of different illustrations that are drawn without a folder.
	Drawn int `json:"drawn"`
	// Crop is the side of the true pictures in pixels; G gets them shrunk to a quarter.
	Crop int `json:"crop"`
	// Flip mirrors half of the crops left to right.
	Flip bool `json:"flip"`
	// Degrade blurs and compresses G's input and adds noise, as in pictures from the web.
	Degrade bool `json:"degrade"`
	// Batch is the number of crops in a step.
	Batch int `json:"batch"`

	// PretrainSteps is the number of iterations in which G alone is trained, on the losses of Pretrain.
	PretrainSteps int64  `json:"pretrain_steps"`
	Pretrain      Losses `json:"pretrain"`
	// Weights are the weights of G's losses after the pretraining.
	Weights Losses `json:"weights"`
	// Pixel is the pixel loss, one of [PixelLosses].
	Pixel string `json:"pixel"`
	// Relativistic takes the relativistic average loss of ESRGAN instead of SRGAN's.
	Relativistic bool `json:"relativistic"`

	// VGG is the network of the perceptual loss: "installed" (moelab setup --vgg), a file of weights, "random" (never
	// trained) or "none".
	VGG string `json:"vgg"`
	// BeforeReLU takes features before the activation, as ESRGAN does.
	BeforeReLU bool `json:"before_relu"`
	// LayerWeights are the weights of [vgg.Layers] in the perceptual loss; fewer than five leave the deepest out.
	LayerWeights []float64 `json:"layer_weights"`

	lab.Optimiser
	// AverageDecay is the decay of the moving average of G's weights. 0: no average, as in the article.
	AverageDecay float64 `json:"average_decay"`

	lab.Schedule // Of D and G, after the pretraining.
}

// Losses are the weights of the parts of G's loss; a part of weight 0 is not computed.
type Losses struct {
	Adversarial float64 `json:"adversarial"`
	Pixel       float64 `json:"pixel"`
	Perceptual  float64 `json:"perceptual"`
}

// article is the article's ESRGAN.
var article = Config{
	Network: "esrgan", Blocks: 15, Channels: 64, Growth: 32, DiscriminatorChannels: 64,
	Drawn: 2000, Crop: 256, Flip: true, Batch: 8,
	PretrainSteps: 20_000, Pretrain: Losses{Pixel: 1}, // The article gives no numbers of steps.
	Weights: Losses{Adversarial: 0.005, Pixel: 0.1, Perceptual: 1}, Pixel: "l1", Relativistic: true,
	VGG: "installed", BeforeReLU: true, LayerWeights: []float64{1, 1, 1, 1, 1},
	Optimiser: lab.Optimiser{LearningRate: 2e-4, Beta1: 0.5, Beta2: 0.999},
	Schedule:  lab.Schedule{Steps: 100_000, Seed: 1},
}

// articleSRGAN is the article's SRGAN, to compare.
var articleSRGAN = with(article, func(c *Config) {
	c.Network = "srgan"
	c.Pretrain = Losses{Perceptual: 1}
	c.Weights = Losses{Adversarial: 0.001, Perceptual: 1}
	c.Relativistic, c.BeforeReLU = false, false
})

// laptop makes a configuration small enough for some ten minutes on two cores.
func laptop(c *Config) {
	c.Blocks, c.Channels, c.Growth, c.DiscriminatorChannels = 2, 24, 12, 16
	c.Crop, c.Batch, c.Drawn = 64, 4, 300
	c.PretrainSteps, c.Steps = 1500, 400
	c.LearningRate, c.AverageDecay = 1e-3, 0.99
	c.LayerWeights = []float64{1, 1, 1} // The deeper layers take longest and add little at this size.
}

// smoke makes it small enough for tests.
func smoke(c *Config) {
	c.Blocks, c.Channels, c.Growth, c.DiscriminatorChannels = 1, 4, 2, 4
	c.Crop, c.Batch, c.Drawn = 32, 2, 8
	c.PretrainSteps, c.Steps = 2, 2
	c.VGG, c.LayerWeights = "random", []float64{1, 1}
}

// with returns a changed copy.
func with(config Config, change func(*Config)) Config {
	change(&config)
	return config
}

// UseVGG chooses the VGG16 of the perceptual loss; see Config.VGG. With "none" the loss is left out, and replaced by
// the pixel loss if no other is left.
func (c *Config) UseVGG(vgg string) {
	c.VGG = vgg
	if vgg != "none" {
		return
	}
	for _, losses := range []*Losses{&c.Pretrain, &c.Weights} {
		losses.Perceptual = 0
		losses.Pixel = max(losses.Pixel, 1)
	}
}

// String writes the settings in a line; see [lab.Settings].
func (c Config) String() string { return lab.Settings(c) }

// Validate returns an error that names every invalid setting.
func (c Config) Validate() error {
	var checks lab.Checks
	_, err := c.network()
	checks.That(err == nil, "%w", err)
	lab.Between(&checks, "blocks", c.Blocks, 1, 128)
	lab.Between(&checks, "channels", c.Channels, 1, 1024)
	lab.Between(&checks, "growth", c.Growth, 1, 1024)
	lab.Between(&checks, "discriminator_channels", c.DiscriminatorChannels, 1, 1024)
	if c.Data == "" {
		lab.Between(&checks, "drawn", c.Drawn, 1, 10_000_000)
	}
	checks.That(
		c.Crop >= 32 && c.Crop <= 512 && c.Crop%32 == 0, "crop is %d: it must be a multiple of 32 from 32 to 512", c.Crop,
	)
	lab.Between(&checks, "batch", c.Batch, 1, 4096)
	lab.Choice(&checks, "pixel", c.Pixel, PixelLosses)
	checks.That(
		len(c.LayerWeights) <= len(vgg.Layers), "layer_weights are %d: VGG16 has %d layers to weigh", len(c.LayerWeights),
		len(vgg.Layers),
	)
	for _, weight := range c.LayerWeights {
		lab.Between(&checks, "a weight of layer_weights", weight, 0, 1e6)
	}
	lab.Between(&checks, "pretrain_steps", c.PretrainSteps, 0, lab.MostSteps)
	c.Schedule.Check(&checks)
	checks.That(c.Pretrain.Adversarial == 0, "pretrain has adversarial %g: G is pretrained alone", c.Pretrain.Adversarial)
	for _, name := range []string{"pretrain", "weights"} {
		losses := map[string]Losses{"pretrain": c.Pretrain, "weights": c.Weights}[name]
		lab.Between(&checks, "adversarial of "+name, losses.Adversarial, 0, 1e6)
		lab.Between(&checks, "pixel of "+name, losses.Pixel, 0, 1e6)
		lab.Between(&checks, "perceptual of "+name, losses.Perceptual, 0, 1e6)
		checks.That(losses != Losses{}, "the weights of G's losses in %s are all 0", name)
		checks.That(
			losses.Perceptual == 0 || c.VGG != "none" && slices.Max(append([]float64{0}, c.LayerWeights...)) > 0,
			"the perceptual loss has weight %g, but vgg is %q and layer_weights are %v", losses.Perceptual, c.VGG,
			c.LayerWeights,
		)
	}
	c.Optimiser.Check(&checks)
	checks.That(c.AverageDecay >= 0 && c.AverageDecay < 1, "average_decay is %g: it must be in [0, 1)", c.AverageDecay)
	return checks.Err()
}
