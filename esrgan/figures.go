package esrgan

import (
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

// smoothing is how much of the past a smoothed loss keeps.
const smoothing = 0.95

// LossFigure draws the adversarial losses of a run over its steps.
func LossFigure(dir string) (*plots.Figure, error) {
	return curves(dir, plots.Curves{Title: "Adversarial losses", Y: "cross-entropy"}, LossD, LossG)
}

// DistanceFigure draws the distances from the truth that G is trained on, in pixels and in features, on a logarithmic axis. dir may also be the
// folder of the pretraining.
func DistanceFigure(dir string) (*plots.Figure, error) {
	_, config, err := openRun(dir)
	if err != nil {
		return nil, err
	}
	weights := config.Weights
	if weights == (Losses{}) { // A pretraining has none.
		weights = config.Pretrain
	}
	var names []string
	if weights.Pixel > 0 {
		names = append(names, LossPixel)
	}
	if weights.Perceptual > 0 {
		names = append(names, LossPerceptual)
	}
	return curves(dir, plots.Curves{Title: "Distances from the truth", Y: "mean absolute difference", Log: true}, names...)
}

// curves draws metrics of a run over its steps.
func curves(dir string, figure plots.Curves, names ...string) (*plots.Figure, error) {
	for _, name := range names {
		steps, values, err := lab.ReadMetric(dir, name)
		if err != nil {
			return nil, err
		}
		figure.Series = append(figure.Series, plots.Series{Name: name, Steps: steps, Values: values})
	}
	figure.X, figure.Smooth = "iteration", smoothing
	return figure.Figure()
}
