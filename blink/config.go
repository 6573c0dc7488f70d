package blink

import (
	"maps"
	"math"
	"slices"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/lab"
)

// Frames is the length of a blink.
const Frames = portrait.BlinkFrames

// Config is the whole experiment: what config.json of a run directory holds. Presets are values of it.
type Config struct {
	// Network is "unet", which a reference's flow tells how to blink, or "videogan", which sees nothing but the picture.
	Network string `json:"network"`
	// Part is what the network sees: "eyes", one at a time, or "face", the whole frame.
	Part string `json:"part"`
	// Size is the height and width of that in pixels.
	Size int `json:"size"`
	// Channels is the width of the first convolution of G; each further one has twice as many. DiscriminatorChannels is that of D.
	Channels              int `json:"channels"`
	DiscriminatorChannels int `json:"discriminator_channels"`
	// Temporal adds to the U-Net that sees each frame the one that sees them all.
	Temporal bool `json:"temporal"`
	// Frozen leaves that one as it began, as the code of the article's author does.
	Frozen bool `json:"frozen"`

	// Data is the folder of the blinks. Empty: blinks that moelab draws.
	Data string `json:"data"`
	// Drawn is how many different ones are drawn where there is no folder, and DrawnSize the height and width of their frames.
	Drawn     int `json:"drawn"`
	DrawnSize int `json:"drawn_size"`
	// Flip mirrors half of the videos left to right.
	Flip bool `json:"flip"`
	// Vary moves what is cut out a little and changes its colours.
	Vary bool `json:"vary"`
	// Hues is how far in radians the hues of half of the videos are turned at most, where colours change.
	Hues float64 `json:"hues"`
	// Batch is the number of videos in a step.
	Batch int `json:"batch"`

	// Content is the weight of the mean absolute error in G's loss, Adversarial that of what D says. Where that is 0 there is no D.
	Content     float64 `json:"content"`
	Adversarial float64 `json:"adversarial"`
	// Clip keeps D's weights in [−clip, clip] and makes the adversarial loss that of WGAN. 0: they are free, and the loss is the standard one.
	Clip float64 `json:"clip"`
	// LearningRate, Beta1 and Beta2 are Adam's.
	LearningRate float64 `json:"learning_rate"`
	Beta1        float64 `json:"beta1"`
	Beta2        float64 `json:"beta2"`
	// AverageDecay is how much of the past the moving average of G's weights keeps. 0: there is none, as in the article.
	AverageDecay float64 `json:"average_decay"`

	// From is the run whose generator a new run begins with. Empty: random weights.
	From string `json:"from"`
	// Steps is the number of iterations.
	Steps int64 `json:"steps"`
	// Seed decides the weights, the videos and their order, and the drawn blinks.
	Seed uint64 `json:"seed"`
}

// article is what worked in the article.
var article = Config{
	Network: "unet", Part: "eyes", Size: 32, Channels: 64, DiscriminatorChannels: 64, Temporal: true,
	Drawn: 60, DrawnSize: 256, Flip: true, Batch: 2,
	Content: 1, LearningRate: 2e-4, Beta1: 0.5, Beta2: 0.999,
	Steps: 20_000, Seed: 1, // The article does not tell how many.
}

// laptop makes a configuration small enough for some minutes on two cores. VideoGAN has as few videos as in the article, and where there is a D it learns as slowly as
// there: D wins because of that.
func laptop(c *Config) {
	c.Channels, c.DiscriminatorChannels, c.Steps, c.AverageDecay = 16, 16, 800, 0.99
	if c.Network == "unet" {
		c.Drawn = 400
	}
	if c.Adversarial == 0 {
		c.LearningRate = 1e-3
	}
	switch {
	case c.Frozen:
		c.Steps = 400 // It hardly learns from then on.
	case c.Network == "unet" && c.Part == "face":
		c.Steps = 300 // A whole frame has four times an eye's pixels.
	}
}

// smoke makes it small enough for tests.
func smoke(c *Config) {
	c.Channels, c.DiscriminatorChannels, c.Size, c.Drawn, c.DrawnSize, c.Steps = 2, 2, 16, 3, 64, 2
}

// Failures are what the article tried and what did not work, in the order in which it is told: changes of a configuration, by their names. Presets of these
// names are "article-", "laptop-" or "smoke-" with the name.
var Failures = []Failure{
	{"adversarial", "VideoGAN, adversarial and content loss", func(c *Config) { videoGAN(c); c.Adversarial = 1 }},
	{"clipping", "VideoGAN, D's weights clipped", func(c *Config) { videoGAN(c); c.Adversarial, c.Clip = 1, 0.01 }},
	{"content", "VideoGAN, content loss alone", videoGAN},
	{"face", "U-Nets on the whole frame", wholeFrame},
	{"flat", "U-Net of frames alone", func(c *Config) { c.Temporal = false }},
	{"frozen", "3D U-Net as it began", func(c *Config) { c.Frozen = true }},
}

// Failure is a way that did not lead to a blink.
type Failure struct {
	// Name is part of the preset's, Title says what it is.
	Name, Title string
	change      func(*Config)
}

// videoGAN takes the network of the article's first try.
func videoGAN(c *Config) {
	c.Network = "videogan"
	wholeFrame(c)
}

// wholeFrame shows the networks the whole frame, at the 64 pixels of VideoGAN.
func wholeFrame(c *Config) {
	c.Part, c.Size = "face", 64
	c.DrawnSize = min(c.DrawnSize, 128)
}

// presets are the configurations that have a name.
var presets = makePresets()

func makePresets() map[string]Config {
	// What moelab ships, in trainings of an hour or less: eyes of all colours at first, and then, from there, of those that people have.
	first := with(with(article, laptop), func(c *Config) {
		c.Size, c.Drawn, c.Vary, c.Hues, c.Steps, c.AverageDecay = 64, 600, true, math.Pi, 1700, 0.995
	})
	shipped := with(first, func(c *Config) { c.Hues, c.LearningRate, c.Steps, c.AverageDecay = 0.3, 5e-4, 2400, 0.997 })
	presets := map[string]Config{"shipped-first": first, "shipped": shipped}
	for size, resize := range map[string]func(*Config){"article": func(*Config) {}, "laptop": laptop, "smoke": smoke} {
		presets[size] = with(article, resize)
		for _, failure := range Failures {
			preset := with(with(article, failure.change), resize)
			if size != "smoke" {
				preset.Size = with(article, failure.change).Size
			}
			presets[size+"-"+failure.Name] = preset
		}
	}
	return presets
}

// with returns a changed copy.
func with(config Config, change func(*Config)) Config {
	change(&config)
	return config
}

// Presets are the names that [Preset] knows.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Preset returns a configuration by its name: "article", "laptop" or "smoke", each also with a dash and the name of one of the [Failures];
// "shipped-first" and "shipped" are those of [OpenShipped].
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
	checks.That(c.Network == "unet" || c.Network == "videogan", "network is %q: it must be unet or videogan", c.Network)
	checks.That(c.Part == "eyes" || c.Part == "face", "part is %q: it must be eyes or face", c.Part)
	checks.That(c.Channels >= 1, "channels is %d: it must be at least 1", c.Channels)
	checks.That(c.DiscriminatorChannels >= 1, "discriminator_channels is %d: it must be at least 1", c.DiscriminatorChannels)
	checks.That(c.Temporal || !c.Frozen, "frozen is true, but temporal is false: there is no network to leave as it is")
	checks.That(c.Size >= 16 && c.Size <= 256 && c.Size%16 == 0, "size is %d: it must be a multiple of 16 from 16 to 256", c.Size)
	checks.That(c.Data != "" || c.Drawn >= 1, "drawn is %d: it must be at least 1 where there is no data folder", c.Drawn)
	checks.That(c.Data != "" || c.DrawnSize >= 16 && c.DrawnSize <= 512, "drawn_size is %d: it must be from 16 to 512", c.DrawnSize)
	checks.That(c.Batch >= 1, "batch is %d: it must be at least 1", c.Batch)
	checks.That(c.Hues >= 0 && c.Hues <= math.Pi, "hues is %g: it must be from 0 to π", c.Hues)
	checks.That(c.Content >= 0 && c.Adversarial >= 0 && c.Content+c.Adversarial > 0, "content is %g and adversarial %g: neither may be negative, and not both 0", c.Content, c.Adversarial)
	checks.That(c.Clip >= 0, "clip is %g: it must not be negative", c.Clip)
	checks.That(c.Clip == 0 || c.Adversarial > 0, "clip is %g, but adversarial is 0: there is no D whose weights could be clipped", c.Clip)
	checks.That(c.LearningRate > 0, "learning_rate is %g: it must be positive", c.LearningRate)
	checks.That(c.Beta1 >= 0 && c.Beta1 < 1, "beta1 is %g: it must be in [0, 1)", c.Beta1)
	checks.That(c.Beta2 >= 0 && c.Beta2 < 1, "beta2 is %g: it must be in [0, 1)", c.Beta2)
	checks.That(c.AverageDecay >= 0 && c.AverageDecay < 1, "average_decay is %g: it must be in [0, 1)", c.AverageDecay)
	checks.That(c.Steps >= 0, "steps is %d: it must not be negative", c.Steps)
	return checks.Err()
}
