package esrgan

import (
	"maps"
	"slices"

	"github.com/moelab/moelab/lab"
)

// Scale is how much larger a restored picture is than the one it is made from.
const Scale = 4

// Config is the whole experiment: what config.json of a run directory holds. Presets are values of it.
type Config struct {
	// Network names the networks: "esrgan" (RRDBNet, no batch normalisation in G) or "srgan" (SRResNet); see [Networks].
	Network string `json:"network"`
	// Blocks is the number of RRDBs, or of residual blocks; Channels is the width of G; Growth is what each convolution in a dense block adds.
	Blocks   int `json:"blocks"`
	Channels int `json:"channels"`
	Growth   int `json:"growth"`
	// DiscriminatorChannels is the width of D's first convolutions, 64 in both papers.
	DiscriminatorChannels int `json:"discriminator_channels"`

	// Data is the folder or archive of the pictures. Empty: illustrations that moelab draws.
	Data string `json:"data"`
	// Drawn is how many different illustrations are drawn where there is no folder.
	Drawn int `json:"drawn"`
	// Crop is the side of the true pictures in pixels; G gets them shrunk to a quarter.
	Crop int `json:"crop"`
	// Flip mirrors half of the crops left to right.
	Flip bool `json:"flip"`
	// Degrade blurs, compresses and adds noise to what G gets, as pictures from the web are.
	Degrade bool `json:"degrade"`
	// Batch is the number of crops in a step.
	Batch int `json:"batch"`

	// PretrainSteps is the number of iterations in which G alone is trained, on the losses that Pretrain says.
	PretrainSteps int64  `json:"pretrain_steps"`
	Pretrain      Losses `json:"pretrain"`
	// Weights are those of G's losses after it.
	Weights Losses `json:"weights"`
	// Pixel is the distance of pixels: "l1" or "l2".
	Pixel string `json:"pixel"`
	// Relativistic takes the relativistic average loss of ESRGAN instead of SRGAN's.
	Relativistic bool `json:"relativistic"`

	// VGG says what the perceptual loss looks through: "installed" (moelab setup --vgg), a file of weights, "random" (never trained) or "none".
	VGG string `json:"vgg"`
	// BeforeReLU takes features before the activation, as ESRGAN does.
	BeforeReLU bool `json:"before_relu"`
	// LayerWeights are the weights of [VGGLayers] in the perceptual loss; fewer than five leave the deepest out.
	LayerWeights []float64 `json:"layer_weights"`

	// LearningRate, Beta1 and Beta2 are Adam's.
	LearningRate float64 `json:"learning_rate"`
	Beta1        float64 `json:"beta1"`
	Beta2        float64 `json:"beta2"`
	// AverageDecay is how much of the past the moving average of G's weights keeps. 0: there is none, as in the article.
	AverageDecay float64 `json:"average_decay"`

	// Steps is the number of iterations of D and G after the pretraining.
	Steps int64 `json:"steps"`
	// Seed decides the weights, the crops and their order, and the drawn illustrations.
	Seed uint64 `json:"seed"`
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
	PretrainSteps: 20_000, Pretrain: Losses{Pixel: 1}, // The article does not tell its numbers of steps.
	Weights: Losses{Adversarial: 0.005, Pixel: 0.1, Perceptual: 1}, Pixel: "l1", Relativistic: true,
	VGG: "installed", BeforeReLU: true, LayerWeights: []float64{1, 1, 1, 1, 1},
	LearningRate: 2e-4, Beta1: 0.5, Beta2: 0.999,
	Steps: 100_000, Seed: 1,
}

// articleSRGAN is the article's SRGAN, to compare.
var articleSRGAN = with(article, func(c *Config) {
	c.Network = "srgan"
	c.Pretrain = Losses{Perceptual: 1}
	c.Weights = Losses{Adversarial: 0.001, Perceptual: 1}
	c.Relativistic, c.BeforeReLU = false, false
})

// presets are the configurations that have a name. In those for laptops two of the losses are not the article's, with which so few steps did not find the
// colours: ESRGAN's L1 loss weighs ten times as much as the perceptual one instead of a tenth, and SRGAN is pretrained by L1, too.
var presets = map[string]Config{
	"article":       article,
	"article-srgan": articleSRGAN,
	"laptop":        with(with(article, laptop), func(c *Config) { c.Weights.Pixel, c.Weights.Perceptual = 1, 0.1 }),
	"laptop-srgan":  with(with(articleSRGAN, laptop), func(c *Config) { c.Pretrain = Losses{Pixel: 1} }),
	"smoke":         with(article, smoke),
	"smoke-srgan":   with(articleSRGAN, smoke),
}

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

// Presets are the names that [Preset] knows.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Preset returns a configuration by its name: "article", "laptop" or "smoke", and each with "-srgan" after it.
func Preset(name string) (Config, error) {
	config, err := lab.Preset(presets, name)
	config.LayerWeights = slices.Clone(config.LayerWeights)
	return config, err
}

// Set changes a setting by its name in config.json; see [lab.Assign]. Where it returns an error nothing has changed.
func (c *Config) Set(assignment string) (err error) {
	*c, err = lab.Assign(*c, assignment)
	return err
}

// UseVGG chooses the VGG16 of the perceptual loss; see Config.VGG. Without one ("none") the loss is left out, and the pixels take its place where nothing else
// is left.
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

// String writes the settings in a line, as key=value in the form that [Config.Set] takes.
func (c Config) String() string { return lab.Settings(c) }

// Validate returns an error that names every setting that cannot be.
func (c Config) Validate() error {
	var checks lab.Checks
	_, err := c.network()
	checks.That(err == nil, "%w", err)
	checks.That(c.Blocks >= 1, "blocks is %d: it must be at least 1", c.Blocks)
	checks.That(c.Channels >= 1, "channels is %d: it must be at least 1", c.Channels)
	checks.That(c.Growth >= 1, "growth is %d: it must be at least 1", c.Growth)
	checks.That(c.DiscriminatorChannels >= 1, "discriminator_channels is %d: it must be at least 1", c.DiscriminatorChannels)
	checks.That(c.Data != "" || c.Drawn >= 1, "drawn is %d: it must be at least 1 where there is no data folder", c.Drawn)
	checks.That(c.Crop >= 32 && c.Crop <= 512 && c.Crop%32 == 0, "crop is %d: it must be a multiple of 32 from 32 to 512", c.Crop)
	checks.That(c.Batch >= 1, "batch is %d: it must be at least 1", c.Batch)
	checks.That(c.Pixel == "l1" || c.Pixel == "l2", "pixel is %q: it must be l1 or l2", c.Pixel)
	checks.That(len(c.LayerWeights) <= len(VGGLayers), "layer_weights are %d: VGG16 has %d layers to weigh", len(c.LayerWeights), len(VGGLayers))
	checks.That(c.PretrainSteps >= 0, "pretrain_steps is %d: it must not be negative", c.PretrainSteps)
	checks.That(c.Steps >= 0, "steps is %d: it must not be negative", c.Steps)
	checks.That(c.Pretrain.Adversarial == 0, "pretrain has adversarial %g: G is pretrained alone", c.Pretrain.Adversarial)
	for _, losses := range []Losses{c.Pretrain, c.Weights} {
		checks.That(losses.Adversarial >= 0 && losses.Pixel >= 0 && losses.Perceptual >= 0, "a weight of %+v is negative", losses)
		checks.That(losses != Losses{}, "the weights of G's losses are all 0")
		checks.That(losses.Perceptual == 0 || c.VGG != "none" && slices.Max(append([]float64{0}, c.LayerWeights...)) > 0,
			"the perceptual loss has weight %g, but vgg is %q and layer_weights are %v", losses.Perceptual, c.VGG, c.LayerWeights)
	}
	checks.That(c.LearningRate > 0, "learning_rate is %g: it must be positive", c.LearningRate)
	checks.That(c.Beta1 >= 0 && c.Beta1 < 1, "beta1 is %g: it must be in [0, 1)", c.Beta1)
	checks.That(c.Beta2 >= 0 && c.Beta2 < 1, "beta2 is %g: it must be in [0, 1)", c.Beta2)
	checks.That(c.AverageDecay >= 0 && c.AverageDecay < 1, "average_decay is %g: it must be in [0, 1)", c.AverageDecay)
	return checks.Err()
}
