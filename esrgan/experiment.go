package esrgan

import (
	"github.com/moelab/moelab/lab"
)

// pretrainName is the experiment's name for the pretraining of G, a run of its own in the run's folder "pretrain".
const pretrainName, pretrainDir = "esrgan pretraining", "pretrain"

// Experiment describes the experiments of this package. The presets for laptops change two of the article's losses,
// with which so few steps did not find the colours: ESRGAN's L1 loss weighs ten times as much as the perceptual one
// instead of a tenth, and SRGAN is pretrained by L1, too.
var Experiment = &lab.Kind[Config]{
	Name:   "esrgan",
	Title:  "super-resolution ×4",
	Stages: []string{pretrainName},
	Presets: map[string]Config{
		"article":       article,
		"article-srgan": articleSRGAN,
		"laptop": with(with(article, laptop), func(c *Config) {
			c.Weights.Pixel, c.Weights.Perceptual = 1, 0.1
		}),
		"laptop-srgan": with(with(articleSRGAN, laptop), func(c *Config) { c.Pretrain = Losses{Pixel: 1} }),
		"smoke":        with(article, smoke),
		"smoke-srgan":  with(articleSRGAN, smoke),
	},
	Curves: Config.curves,
}

func init() { // Here, since these functions themselves use the kind.
	Experiment.Train, Experiment.Open, Experiment.Evaluate = Train, lab.Opens(Open), lab.Evaluates(Evaluate)
	Experiment.Figures, Experiment.Network = figures, exported
}

// curves are the diagrams of a run's metrics, or of its pretraining's.
func (c Config) curves() []lab.Curve {
	adversarial := lab.Curve{
		Name: "losses", Title: "Adversarial losses", Y: "cross-entropy", Metrics: []string{metricD, metricG},
	}
	distances := lab.Curve{Name: "distances", Title: "Distances from the truth", Y: "mean absolute difference", Log: true}
	weights := c.Weights
	if weights == (Losses{}) { // A pretraining has none.
		weights = c.Pretrain
	}
	if weights.Pixel > 0 {
		distances.Metrics = append(distances.Metrics, metricPixel)
	}
	if weights.Perceptual > 0 {
		distances.Metrics = append(distances.Metrics, metricPerceptual)
	}
	if c.Weights == (Losses{}) {
		return []lab.Curve{distances}
	}
	ranking := lab.Curve{
		Name: "ranking", Title: "How often D tells real from restored", Y: "share of pairs",
		Metrics: []string{metricRanking}, Marks: lab.MarkWon(metricRanking),
	}
	return []lab.Curve{adversarial, distances, ranking}
}
