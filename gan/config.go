// Package gan draws anime portraits with a chosen hair colour: the conditional GAN of the article's first part.
//
// A [Config] is an experiment. Training fills a run directory; samples and figures are made from that directory:
//
//	config, err := gan.Preset("laptop")
//	summary, err := gan.Train(ctx, "runs/hair", config, gan.TrainOptions{Backend: backend})
//	sampler, err := gan.OpenSampler(backend, "runs/hair")
//	pictures, err := sampler.Sample(ctx, config.DrawNoise(seed, len(labels)), labels)
//
// The files follow the article: generator.go and discriminator.go are its two networks, conditioning.go is how they learn the class,
// loss.go and penalty.go are what they are trained by, train.go is one iteration and the training, sample.go draws from a trained
// run, and figures.go makes what the article shows.
package gan

import (
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
)

// Config is a whole experiment: the model, the data and how it is trained.
type Config struct {
	// Network names one of [Networks].
	Network string `json:"network"`
	// Size is the pictures' height and width in pixels, a power of two.
	Size int `json:"size"`
	// Classes are the names of the hair colours, in the order of their labels.
	Classes []string `json:"classes"`
	// Attributes are what G is told beside the hair colour: names of [dataset.Attributes].
	Attributes []string `json:"attributes"`
	// Noise is the length of the vector that a portrait is drawn from; its elements are N(0, 1).
	Noise int `json:"noise"`
	// GeneratorChannels and DiscriminatorChannels are the widths of the blocks at full size, "ch" in the paper. The ResBlock
	// networks are wider at lower sizes, and so is the SRResNet discriminator; the SRResNet generator is as wide everywhere.
	GeneratorChannels     int `json:"generator_channels"`
	DiscriminatorChannels int `json:"discriminator_channels"`
	// GeneratorBlocks is the number of residual blocks in the SRResNet generator. The ResBlock one has as many as its size needs: 0.
	GeneratorBlocks int `json:"generator_blocks"`
	// GeneratorNorm is how G learns the class: "conditional", by each normalisation, or "plain", beside the noise.
	GeneratorNorm string `json:"generator_norm"`
	// SqueezeExcitation ends each residual of G by weighing its channels; the article tried it, and dropped it.
	SqueezeExcitation bool `json:"squeeze_excitation"`
	// Conditioning is how D learns the class: "projection", "input", "hidden" or "ac-gan".
	Conditioning string `json:"conditioning"`
	// SpectralNorm divides the weights of each layer of D by their largest singular value.
	SpectralNorm bool `json:"spectral_norm"`
	// DiscriminatorNoise is the deviation of the normal noise that is laid on every picture that D sees; 0: there is none.
	DiscriminatorNoise float64 `json:"discriminator_noise"`

	// Data is the folder of the pictures. Empty: portraits that moelab draws.
	Data string `json:"data"`
	// Drawn is how many different portraits are drawn where there is no folder.
	Drawn int `json:"drawn"`
	// Flip mirrors half of the pictures left to right.
	Flip bool `json:"flip"`

	// Batch is the number of real, and of generated, pictures in a step.
	Batch int `json:"batch"`
	// DiscriminatorSteps is the number of steps of D before each step of G.
	DiscriminatorSteps int `json:"discriminator_steps"`
	// LearningRate, Beta1 and Beta2 are Adam's.
	LearningRate float64 `json:"learning_rate"`
	Beta1        float64 `json:"beta1"`
	Beta2        float64 `json:"beta2"`
	// Loss is what D and G play for: "hinge", "non-saturating" or "wgan".
	Loss string `json:"loss"`
	// Penalty is D's gradient penalty: "dragan", "wgan-gp", "r1" or "none".
	Penalty string `json:"penalty"`
	// PenaltyWeight is λ, the weight of the penalty in D's loss; the adversarial loss has weight 1.
	PenaltyWeight float64 `json:"penalty_weight"`
	// Clip is what of D is clipped to ±ClipLimit: its "weights", its "gradients", or "none".
	Clip      string  `json:"clip"`
	ClipLimit float64 `json:"clip_limit"`
	// AverageDecay is how much of the past the moving average of G's weights keeps; portraits are drawn with the average. 0:
	// there is none. It has no influence on the training.
	AverageDecay float64 `json:"average_decay"`

	// Steps is the number of iterations: each is DiscriminatorSteps of D and one of G.
	Steps int64 `json:"steps"`
	// Seed decides the weights, the noise, the drawn portraits and their order.
	Seed uint64 `json:"seed"`
}

// article is the experiment as the article has it, with the ResBlock networks.
var article = Config{
	Network: NetworkResBlock,
	Size:    128, Classes: dataset.HairColours(), Attributes: []string{}, Noise: 128, GeneratorChannels: 64, DiscriminatorChannels: 64,
	GeneratorNorm: NormConditional, Conditioning: ConditionProjection, SpectralNorm: true, // The paper's.
	Drawn: 22665, Flip: true, // As many pictures as the article had.
	Batch: 100, DiscriminatorSteps: 2, LearningRate: 2e-4, Beta1: 0.5, Beta2: 0.999,
	Loss: LossHinge, Penalty: PenaltyDRAGAN, PenaltyWeight: 0.5, Clip: ClipNone, ClipLimit: 0.01, // WGAN's limit, where there is one.
	AverageDecay: 0.999,            // The article had none; the training is the same with it.
	Steps:        100_000, Seed: 1, // The article does not tell its number of steps.
}

// articleSRResNet is the same with the SRResNet networks. The code that the article's author published departs from the article: it has generator_blocks=4,
// discriminator_channels=16 and discriminator_noise=0.1, and applies the penalty's weight twice, penalty_weight=0.25. A later version of it with the ResBlock
// networks has penalty=none, as unstable.
var articleSRResNet = with(article, func(c *Config) {
	c.Network, c.DiscriminatorChannels, c.GeneratorBlocks = NetworkSRResNet, 32, 16
	c.GeneratorNorm, c.SpectralNorm = NormPlain, false // As Jin et al. have it.
	c.Batch = 64
})

// presets are the configurations that have a name.
var presets = map[string]Config{
	"article":          article,
	"article-srresnet": articleSRResNet,
	"laptop": with(article, func(c *Config) { // Some ten minutes on two cores.
		c.Size, c.GeneratorChannels, c.DiscriminatorChannels = 64, 16, 16 // With a D of 8 channels the portraits were twice as far from real ones.
		c.Batch, c.Steps = 12, 1500
		c.Drawn = 4500         // Enough for as many steps; they are drawn once and kept in memory.
		c.LearningRate = 8e-4  // Small networks and few steps: faster than the article, and still steady.
		c.AverageDecay = 0.995 // So few steps leave the weights unsteady.
	}),
	"laptop-srresnet": with(articleSRResNet, func(c *Config) { // As long as laptop.
		c.Size, c.GeneratorChannels, c.DiscriminatorChannels, c.GeneratorBlocks = 64, 32, 8, 4
		c.Batch, c.Steps = 8, 2400
		c.Drawn = 4500
		c.LearningRate, c.AverageDecay = 1e-3, 0.995
		c.GeneratorNorm = NormConditional // A plain one obeys half as often after so few steps.
	}),
	"laptop-attributes": with(article, func(c *Config) { // As laptop, and longer: there is more to tell apart.
		c.Attributes = []string{"eyes", "length"}
		c.Conditioning = ConditionACGAN // Told by the projection, D overlooks what is as small as the eyes.
		c.Size, c.GeneratorChannels, c.DiscriminatorChannels = 64, 16, 16
		c.Batch, c.Steps = 12, 2400
		c.Drawn = 4500
		c.LearningRate, c.AverageDecay = 8e-4, 0.995
	}),
	"shipped": with(article, func(c *Config) { // The generator that moelab ships; see OpenShipped.
		c.Size, c.GeneratorChannels, c.DiscriminatorChannels = 64, 16, 16
		c.Batch, c.Steps = 12, 4500
		c.Drawn = 4500
		c.LearningRate, c.AverageDecay = 8e-4, 0.995
	}),
	"smoke":          with(article, smoke),
	"smoke-srresnet": with(articleSRResNet, smoke),
}

// smoke makes an experiment one of seconds: for tests.
func smoke(c *Config) {
	c.Size, c.GeneratorChannels, c.DiscriminatorChannels = 16, 4, 4
	c.Noise, c.Batch, c.Steps, c.Drawn = 8, 4, 3, 180
	c.GeneratorBlocks = min(c.GeneratorBlocks, 2)
}

// with returns a changed copy.
func with(config Config, change func(*Config)) Config {
	change(&config)
	return config
}

// Presets are the names that [Preset] knows.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Preset returns a configuration by its name: "article", "laptop" or "smoke", with the ResBlock networks, or one of them with "-srresnet" behind it; "laptop-attributes" knows more than the hair colour. "shipped" is that of [OpenShipped].
func Preset(name string) (Config, error) {
	config, err := lab.Preset(presets, name)
	return config.clone(), err
}

// clone returns a copy that shares nothing.
func (c Config) clone() Config {
	c.Classes, c.Attributes = slices.Clone(c.Classes), slices.Clone(c.Attributes)
	return c
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
	_, err := c.network()
	checks.That(err == nil, "%w", err)
	checks.That(c.Size >= 8 && c.Size <= 512 && bits.OnesCount(uint(c.Size)) == 1, "size is %d: it must be a power of two from 8 to 512", c.Size)
	checks.That(len(c.Classes) >= 2, "classes are %d: there must be at least two", len(c.Classes))
	for i, class := range c.Classes {
		checks.That(!slices.Contains(c.Classes[:i], class), "class %q is there twice", class)
	}
	_, err = dataset.FindAttributes(c.Attributes)
	checks.That(err == nil, "attributes: %w", err)
	for i, name := range c.Attributes {
		checks.That(!slices.Contains(c.Attributes[:i], name), "attribute %q is there twice", name)
	}
	checks.That(c.Noise >= 1, "noise is %d: it must be at least 1", c.Noise)
	checks.That(c.GeneratorChannels >= 1, "generator_channels is %d: it must be at least 1", c.GeneratorChannels)
	checks.That(c.DiscriminatorChannels >= 1, "discriminator_channels is %d: it must be at least 1", c.DiscriminatorChannels)
	c.checkChoices(&checks)
	checks.That(c.Data != "" || c.Drawn >= 1, "drawn is %d: it must be at least 1 where there is no data folder", c.Drawn)
	checks.That(c.Batch >= 1, "batch is %d: it must be at least 1", c.Batch)
	checks.That(c.DiscriminatorSteps >= 1, "discriminator_steps is %d: it must be at least 1", c.DiscriminatorSteps)
	checks.That(c.LearningRate > 0, "learning_rate is %g: it must be positive", c.LearningRate)
	checks.That(c.Beta1 >= 0 && c.Beta1 < 1, "beta1 is %g: it must be in [0, 1)", c.Beta1)
	checks.That(c.Beta2 >= 0 && c.Beta2 < 1, "beta2 is %g: it must be in [0, 1)", c.Beta2)
	checks.That(c.PenaltyWeight >= 0, "penalty_weight is %g: it must not be negative", c.PenaltyWeight)
	checks.That(c.DiscriminatorNoise >= 0, "discriminator_noise is %g: it must not be negative", c.DiscriminatorNoise)
	checks.That(c.AverageDecay >= 0 && c.AverageDecay < 1, "average_decay is %g: it must be in [0, 1)", c.AverageDecay)
	checks.That(c.Steps >= 0, "steps is %d: it must not be negative", c.Steps)
	return checks.Err()
}

// checkChoices checks the settings that choose between ways, and that those go together.
func (c Config) checkChoices(checks *lab.Checks) {
	choice := func(setting, value string, among ...string) {
		checks.That(slices.Contains(among, value), "%s is %q: it must be one of %s", setting, value, strings.Join(among, ", "))
	}
	choice("generator_norm", c.GeneratorNorm, NormConditional, NormPlain)
	choice("conditioning", c.Conditioning, ConditionProjection, ConditionInput, ConditionHidden, ConditionACGAN)
	choice("loss", c.Loss, slices.Sorted(maps.Keys(games))...)
	choice("penalty", c.Penalty, slices.Sorted(maps.Keys(penalties))...)
	choice("clip", c.Clip, ClipNone, ClipWeights, ClipGradients)
	checks.That(c.Clip == ClipNone || c.ClipLimit > 0, "clip_limit is %g: it must be positive where %s are clipped", c.ClipLimit, c.Clip)
	checks.That(c.Clip != ClipWeights || !c.SpectralNorm,
		"clip is \"weights\" and spectral_norm true: that norm divides by the size of the weights, so that clipping them bounds nothing; choose one of the two")
	// Gradients that are clipped bound nothing either (see ClipGradients), but they are what the article tried.
	checks.That(c.Loss != LossWasserstein || c.Clip != ClipNone || c.SpectralNorm || c.Penalty != PenaltyNone && c.PenaltyWeight > 0,
		"loss is \"wgan\" and nothing bounds D, whose loss then falls for ever: clip its weights, or set a penalty or spectral_norm")
	switch c.Network {
	case NetworkResBlock:
		checks.That(c.GeneratorBlocks == 0, "generator_blocks is %d: the resblock generator has as many as its size needs; set 0", c.GeneratorBlocks)
	case NetworkSRResNet:
		checks.That(c.GeneratorBlocks >= 1, "generator_blocks is %d: the srresnet generator needs at least 1", c.GeneratorBlocks)
		checks.That(c.Size >= firstSize, "size is %d: the srresnet generator begins at %d×%[2]d", c.Size, firstSize)
	}
}

// generatorWidths returns the channels at 4×4 pixels and after each up-block: 16, 16, 8, 4, 2, 1 times the base at
// 128×128, as in the paper. A smaller picture has fewer blocks, a larger one more of the widest.
func (c Config) generatorWidths() []int {
	widths := []int{c.GeneratorChannels}
	for size, multiple := c.Size, 2; size > 4; size, multiple = size/2, 2*multiple {
		widths = append(widths, c.GeneratorChannels*min(multiple, 16))
	}
	slices.Reverse(widths)
	return widths
}

// discriminatorWidths returns the channels after each down-block: 1, 2, 4, 8, 16 times the base at 128×128.
func (c Config) discriminatorWidths() []int {
	var widths []int
	for size, multiple := c.Size, 1; size > 4; size, multiple = size/2, 2*multiple {
		widths = append(widths, c.DiscriminatorChannels*min(multiple, 16))
	}
	return widths
}

// stage is a part of the SRResNet discriminator: a strided convolution and residual blocks.
type stage struct{ channels, kernel, blocks int }

// discriminatorStages returns the stages down to 2×2 pixels: 1, 2, 4, 8, 16, 32 times the base at 128×128, as in the paper. A smaller picture has fewer of them,
// a larger one more of the widest.
func (c Config) discriminatorStages() []stage {
	var stages []stage
	for size, multiple := c.Size, 1; size > 2; size, multiple = size/2, min(2*multiple, 32) {
		next := stage{channels: multiple * c.DiscriminatorChannels, kernel: 4, blocks: 2}
		if len(stages) >= 3 {
			next.kernel = 3
		}
		if size == 4 {
			next.blocks = 0
		}
		stages = append(stages, next)
	}
	return stages
}

// cacheBytes is how much memory the pictures of a folder may take, so that they are decoded once.
const cacheBytes = 1 << 30
