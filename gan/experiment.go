package gan

import (
	"context"
	"image"

	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

// Experiment describes the experiments of this package.
var Experiment = &lab.Kind[Config]{
	Name:  "gan",
	Title: "portraits by hair colour",
	Older: article, // Runs from before a setting existed are as in the article.
	Presets: map[string]Config{
		"article":          article,
		"article-srresnet": articleSRResNet,
		"laptop": with(article, func(c *Config) { // Some ten minutes on two cores.
			laptop(c)
			c.Steps = 1500
		}),
		"laptop-srresnet": with(articleSRResNet, func(c *Config) { // As long as laptop.
			c.Size, c.GeneratorChannels, c.DiscriminatorChannels, c.GeneratorBlocks = 64, 32, 8, 4
			c.Batch, c.Steps = 8, 2400
			c.Drawn = 4500
			c.LearningRate, c.AverageDecay = 1e-3, 0.995
			c.GeneratorNorm = normConditional // With a plain one G follows half as often after so few steps.
		}),
		"laptop-attributes": with(article, func(c *Config) { // Longer than laptop, since there is more to learn.
			laptop(c)
			c.Attributes = []string{"eyes", "length"}
			c.Conditioning = ConditionACGAN // With the projection D overlooks details as small as the eyes.
			c.Steps = 2400
		}),
		"shipped": with(article, func(c *Config) { // The generator that comes with moelab; see OpenShipped.
			laptop(c)
			c.Steps = 4500
		}),
		"smoke":          with(article, smoke),
		"smoke-srresnet": with(articleSRResNet, smoke),
	},
	Curves: Config.curves,
}

func init() { // Here, since these functions themselves use the kind.
	Experiment.Train, Experiment.Open, Experiment.Evaluate = Train, lab.Opens(Open), lab.Evaluates(Evaluate)
	Experiment.Figures, Experiment.Network = figures, exported
	JudgeExperiment.Network = exportedJudge
}

// laptop shrinks the article's experiment to minutes on two cores, except for the number of steps.
func laptop(c *Config) {
	// With a D of 8 channels the portraits were twice as far from real ones.
	c.Size, c.GeneratorChannels, c.DiscriminatorChannels = 64, 16, 16
	c.Batch = 12
	c.Drawn = 4500         // Enough for as many steps; they are drawn once and kept in memory.
	c.LearningRate = 8e-4  // Faster than the article's, yet stable with small networks and few steps.
	c.AverageDecay = 0.995 // After so few steps the weights still fluctuate.
}

// smoke shrinks an experiment to seconds, for tests.
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

// curves are the diagrams of a run's metrics.
func (c Config) curves() []lab.Curve {
	adversarial := []string{metricD, metricG}
	if c.Conditioning == ConditionACGAN {
		adversarial = append(adversarial, metricClassD, metricClassG)
	}
	all := []lab.Curve{{Name: "losses", Title: "Losses", Y: c.Loss + " loss", Metrics: adversarial}}
	if c.Penalty != PenaltyNone {
		all = append(all, lab.Curve{
			Name: "penalty", Title: "Gradient penalty, " + c.Penalty, Y: Penalties[c.Penalty].Formula, Log: true,
			Metrics: []string{metricPenalty},
		})
	}
	return append(all,
		lab.Curve{
			Name: "watch", Title: "Does D win, does G collapse?", Y: "share",
			Metrics: []string{metricRanking, metricVariety},
		},
		lab.Curve{
			Name: "gradients", Title: "Gradients", Y: "length", Log: true,
			Metrics: []string{metricGradientD, metricGradientG},
		})
}

// figures are the article's figures of a run, and some more.
func figures(ctx context.Context, dir string, model lab.Model, options lab.FigureOptions) []lab.Drawing {
	s, seed := model.(*Sampler), options.Seed
	colour, classes := s.Config.Classes[0], len(s.Config.Classes)
	return []lab.Drawing{
		{Name: "samples", Draw: func() (*plots.Figure, error) { return SampleFigure(ctx, s, seed, 6, classes) }},
		{Name: "three_colours", Draw: func() (*plots.Figure, error) {
			return ColourFigure(ctx, s, seed, 1, "blue", "blonde", "green")
		}},
		{Name: "all_colours", Draw: func() (*plots.Figure, error) { return ColourFigure(ctx, s, seed, 6) }},
		{Name: "noise", Draw: func() (*plots.Figure, error) { return NoiseFigure(ctx, s, seed, colour, 4, 9) }},
		{Name: "morph", Draw: func() (*plots.Figure, error) { return MorphFigure(ctx, s, seed, 9) }},
		{Name: "attributes", Draw: func() (*plots.Figure, error) { return AttributesFigure(ctx, s, seed, colour) }},
		{Name: "average", Draw: func() (*plots.Figure, error) { return AverageFigure(ctx, options.Backend, dir, seed) }},
		{Name: "progress", Draw: func() (*plots.Figure, error) { return ProgressFigure(dir) }},
		{Name: "film", Draw: func() (*plots.Figure, error) { return FilmFigure(dir) }},
	}
}

// Draw implements [lab.Model]: portraits of every colour in turn.
func (s *Sampler) Draw(ctx context.Context, seed uint64, n int) ([]image.Image, error) {
	labels := make([]int, n)
	for i := range labels {
		labels[i] = i % len(s.Config.Classes)
	}
	pictures, err := s.Sample(ctx, s.Config.DrawNoise(seed, n), labels)
	return images(pictures), err
}
