// Package gan draws anime portraits with a chosen hair colour: the conditional GAN of the article's first part.
//
// A [Config] is an experiment. Training fills a run directory; samples and figures are made from that directory:
//
//	config, err := gan.Experiment.Preset("laptop")
//	summary, err := gan.Train(ctx, "runs/hair", config, lab.TrainOptions{Backend: backend})
//	sampler, err := gan.Open(backend, "runs/hair")
//	pictures, err := sampler.Sample(ctx, config.DrawNoise(seed, len(labels)), labels)
//
// The files follow the article: generator.go and discriminator.go are its two networks, conditioning.go is how they
// learn the class, loss.go and penalty.go are the objectives, train.go is one iteration and the training loop,
// sample.go draws from a trained run, and figures.go makes the article's figures.
package gan

import (
	"math/bits"
	"slices"

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
	// Attributes are G's conditions in addition to the hair colour: names of [dataset.Attributes].
	Attributes []string `json:"attributes"`
	// Noise is the length of the vector that a portrait is drawn from; its elements are N(0, 1).
	Noise int `json:"noise"`
	// GeneratorChannels and DiscriminatorChannels are the widths of the blocks at full size, "ch" in the paper. The
	// ResBlock networks are wider at lower sizes, and so is the SRResNet discriminator; the SRResNet generator is as wide
	// everywhere.
	GeneratorChannels     int `json:"generator_channels"`
	DiscriminatorChannels int `json:"discriminator_channels"`
	// GeneratorBlocks is the number of residual blocks in the SRResNet generator. The ResBlock one has as many as its size
	// needs: 0.
	GeneratorBlocks int `json:"generator_blocks"`
	// GeneratorNorm is how G learns the class: "conditional", by each normalisation, or "plain", along with the noise.
	GeneratorNorm string `json:"generator_norm"`
	// SqueezeExcitation ends each residual of G by weighing its channels; the article tried it, and dropped it.
	SqueezeExcitation bool `json:"squeeze_excitation"`
	// Conditioning is how D learns the class: "projection", "input", "hidden" or "ac-gan".
	Conditioning string `json:"conditioning"`
	// SpectralNorm divides the weights of each layer of D by their largest singular value.
	SpectralNorm bool `json:"spectral_norm"`
	// DiscriminatorNoise is the standard deviation of the normal noise added to every picture that D sees; 0: none.
	DiscriminatorNoise float64 `json:"discriminator_noise"`

	// Data is the folder of pictures. Empty: portraits that moelab draws.
	Data string `json:"data"`
	// Drawn is the number of different portraits that are drawn without a folder.
	Drawn int `json:"drawn"`
	// Hats is the share of the drawn portraits with hats, hoods, ribbons and the like, or hair of two colours, in [0, 1].
	Hats float64 `json:"hats"`
	// Flip mirrors half of the pictures left to right.
	Flip bool `json:"flip"`

	// Batch is the number of real, and of generated, pictures in a step.
	Batch int `json:"batch"`
	// DiscriminatorSteps is the number of steps of D before each step of G.
	DiscriminatorSteps int `json:"discriminator_steps"`
	lab.Optimiser
	// Loss names one of [Losses]: "hinge", "non-saturating", "wgan" or "relativistic".
	Loss string `json:"loss"`
	// Penalty is D's gradient penalty: "dragan", "wgan-gp", "r1" or "none".
	Penalty string `json:"penalty"`
	// PenaltyWeight is λ, the weight of the penalty in D's loss; the adversarial loss has weight 1.
	PenaltyWeight float64 `json:"penalty_weight"`
	// Clip is the part of D that is clipped to ±ClipLimit: its "weights", its "gradients", or "none".
	Clip      string  `json:"clip"`
	ClipLimit float64 `json:"clip_limit"`
	// AverageDecay is how much of the past the moving average of G's weights keeps; portraits are drawn with the average.
	// 0: there is none. It has no influence on the training.
	AverageDecay float64 `json:"average_decay"`

	lab.Schedule // An iteration is DiscriminatorSteps steps of D and one of G.
}

// article is the experiment as the article has it, with the ResBlock networks.
var article = Config{
	Network: networkResBlock,
	Size:    128, Classes: dataset.HairColours(), Attributes: []string{}, Noise: 128,
	GeneratorChannels: 64, DiscriminatorChannels: 64,
	GeneratorNorm: normConditional, Conditioning: ConditionProjection, SpectralNorm: true, // The paper's.
	Drawn: 22665, Flip: true, // As many pictures as the article had.
	Batch: 100, DiscriminatorSteps: 2,
	Optimiser: lab.Optimiser{LearningRate: 2e-4, Beta1: 0.5, Beta2: 0.999},
	Loss:      lossHinge, Penalty: penaltyDRAGAN, PenaltyWeight: 0.5,
	Clip: clipNone, ClipLimit: 0.01, // WGAN's limit, for runs that clip.
	AverageDecay: 0.999,                                 // The article had none; the training is the same with it.
	Schedule:     lab.Schedule{Steps: 100_000, Seed: 1}, // The article gives no number of steps.
}

// articleSRResNet is the same with the SRResNet networks. The code that the article's author published departs from the
// article: it has generator_blocks=4, discriminator_channels=16 and discriminator_noise=0.1, and applies the penalty's
// weight twice, penalty_weight=0.25. A later version of it with the ResBlock networks has penalty=none, as unstable.
var articleSRResNet = with(article, func(c *Config) {
	c.Network, c.DiscriminatorChannels, c.GeneratorBlocks = networkSRResNet, 32, 16
	c.GeneratorNorm, c.SpectralNorm = normPlain, false // As Jin et al. have it.
	c.Batch = 64
})

// String writes the settings in a line; see [lab.Settings].
func (c Config) String() string { return lab.Settings(c) }

// Validate returns an error that names every invalid setting.
func (c Config) Validate() error {
	var checks lab.Checks
	_, err := c.network()
	checks.That(err == nil, "%w", err)
	checks.That(
		c.Size >= 8 && c.Size <= 512 && bits.OnesCount(uint(c.Size)) == 1,
		"size is %d: it must be a power of two from 8 to 512", c.Size,
	)
	checks.That(len(c.Classes) >= 2, "classes are %d: there must be at least two", len(c.Classes))
	for i, class := range c.Classes {
		checks.That(!slices.Contains(c.Classes[:i], class), "class %q is listed twice", class)
	}
	_, err = dataset.FindAttributes(c.Attributes)
	checks.That(err == nil, "attributes: %w", err)
	for i, name := range c.Attributes {
		checks.That(!slices.Contains(c.Attributes[:i], name), "attribute %q is listed twice", name)
	}
	lab.Between(&checks, "noise", c.Noise, 1, 8192)
	lab.Between(&checks, "generator_channels", c.GeneratorChannels, 1, 1024)
	lab.Between(&checks, "discriminator_channels", c.DiscriminatorChannels, 1, 1024)
	c.checkChoices(&checks)
	if c.Data == "" {
		lab.Between(&checks, "drawn", c.Drawn, 1, 10_000_000)
	}
	checks.That(c.Hats >= 0 && c.Hats <= 1, "hats is %g: it must be a share from 0 to 1", c.Hats)
	lab.Between(&checks, "batch", c.Batch, 1, 4096)
	lab.Between(&checks, "discriminator_steps", c.DiscriminatorSteps, 1, 100)
	c.Optimiser.Check(&checks)
	lab.Between(&checks, "penalty_weight", c.PenaltyWeight, 0, 1e6)
	lab.Between(&checks, "discriminator_noise", c.DiscriminatorNoise, 0, 1000)
	checks.That(c.AverageDecay >= 0 && c.AverageDecay < 1, "average_decay is %g: it must be in [0, 1)", c.AverageDecay)
	c.Schedule.Check(&checks)
	return checks.Err()
}

// checkChoices checks that the settings with named choices are valid and compatible.
func (c Config) checkChoices(checks *lab.Checks) {
	checks.OneOf("generator_norm", c.GeneratorNorm, normConditional, normPlain)
	lab.Choice(checks, "conditioning", c.Conditioning, Conditionings)
	lab.Choice(checks, "loss", c.Loss, Losses)
	lab.Choice(checks, "penalty", c.Penalty, Penalties)
	checks.OneOf("clip", c.Clip, clipNone, clipWeights, clipGradients)
	checks.That(c.Clip == clipNone || c.ClipLimit > 0,
		"clip_limit is %g: it must be positive where %s are clipped", c.ClipLimit, c.Clip)
	checks.That(c.ClipLimit <= 1e6, "clip_limit is %g: it must be at most 1000000", c.ClipLimit)
	checks.That(c.Clip != clipWeights || !c.SpectralNorm,
		"clip is \"weights\" and spectral_norm true: that norm divides by the size of the weights, so that clipping them "+
			"bounds nothing; choose one of the two")
	// Clipped gradients bound nothing either (see clipGradients), but the article tried them.
	bounded := c.Clip != clipNone || c.SpectralNorm || c.Penalty != PenaltyNone && c.PenaltyWeight > 0
	checks.That(
		!Losses[c.Loss].Unbounded || bounded,
		"loss is %q and nothing bounds D, whose loss then falls for ever: "+
			"clip its weights, or set a penalty or spectral_norm",
		c.Loss,
	)
	if check := Networks[c.Network].Check; check != nil {
		check(c, checks)
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

// discriminatorStages returns the stages down to 2×2 pixels: 1, 2, 4, 8, 16, 32 times the base at 128×128, as in the
// paper. A smaller picture has fewer of them, a larger one more of the widest.
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
