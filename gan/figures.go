package gan

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"slices"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

// smoothing is how much of the past a smoothed loss keeps.
const smoothing = 0.95

// LossFigure draws the losses of a run, on a linear or a logarithmic axis: D's and G's, and AC-GAN's of the classes.
func LossFigure(dir string, logarithmic bool) (*plots.Figure, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(config.Metrics(), func(name string) bool { return name == Penalty })
	return curves(dir, "Losses", config.Loss+" loss", logarithmic, names...)
}

// PenaltyFigure draws the gradient penalty of a run that has one.
func PenaltyFigure(dir string) (*plots.Figure, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	y := map[string]string{PenaltyDRAGAN: "E[(‖∇D‖ − 1)²]", PenaltyWGANGP: "E[(‖∇D‖ − 1)²]", PenaltyR1: "½·E[‖∇D‖²]"}[config.Penalty]
	if y == "" {
		return nil, fmt.Errorf("draw the penalty of %s: it is trained without one", dir)
	}
	return curves(dir, "Gradient penalty, "+config.Penalty, y, true, Penalty)
}

// curves draws metrics of a run over its steps.
func curves(dir, title, y string, logarithmic bool, names ...string) (*plots.Figure, error) {
	series := make([]plots.Series, len(names))
	for i, name := range names {
		steps, values, err := lab.ReadMetric(dir, name)
		if err != nil {
			return nil, err
		}
		series[i] = plots.Series{Name: name, Steps: steps, Values: values}
	}
	return plots.Curves{Title: title, X: "iteration", Y: y, Series: series, Log: logarithmic, Smooth: smoothing}.Figure()
}

// DataFigure draws the first portraits of each class of a set, a column per class.
func DataFigure(ctx context.Context, set dataset.Set, size, rows int) (*plots.Figure, error) {
	if rows < 1 {
		return nil, fmt.Errorf("draw the data: %d rows", rows)
	}
	classes := set.Classes()
	pictures := make([][]image.Image, rows)
	for i := range pictures {
		pictures[i] = make([]image.Image, len(classes))
	}
	filled := make([]int, len(classes))
	for i, left := 0, rows*len(classes); i < set.Len() && left > 0; i++ {
		label := set.Label(i)
		if filled[label] == rows {
			continue
		}
		picture, err := set.Picture(ctx, i, size)
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			continue // A broken picture is left out of the figure.
		}
		pictures[filled[label]][label] = picture
		filled[label]++
		left--
	}
	return plots.Grid{Pictures: pictures, ColumnLabels: classes, ColumnColours: swatches(classes)}.Figure()
}

// SampleFigure draws rows × columns portraits of random noise and colours, as the article's first figure.
func SampleFigure(ctx context.Context, sampler *Sampler, seed uint64, rows, columns int) (*plots.Figure, error) {
	if rows < 1 || columns < 1 {
		return nil, fmt.Errorf("draw samples: %d rows of %d", rows, columns)
	}
	labels := make([]int, rows*columns)
	for i := range labels {
		labels[i] = i % len(sampler.Config.Classes)
	}
	pictures, err := sampler.Sample(ctx, sampler.Config.DrawNoise(seed, len(labels)), labels)
	if err != nil {
		return nil, err
	}
	grid := make([][]image.Image, 0, rows)
	for row := range slices.Chunk(pictures, columns) {
		grid = append(grid, images(row))
	}
	return plots.Grid{Pictures: grid}.Figure()
}

// ColourFigure draws each noise vector, a row, under each of the named hair colours, a column: the same face, other hair. With
// one vector under blue, blonde and green, and with several under all nine, it is two figures of the article.
func ColourFigure(ctx context.Context, sampler *Sampler, seed uint64, rows int, colours ...string) (*plots.Figure, error) {
	if rows < 1 {
		return nil, fmt.Errorf("draw samples: %d rows", rows)
	}
	if len(colours) == 0 {
		colours = sampler.Config.Classes
	}
	labels := make([]int, len(colours))
	for i, colour := range colours {
		label, err := sampler.Config.Label(colour)
		if err != nil {
			return nil, err
		}
		labels[i] = label
	}
	var grid [][]image.Image
	var rowLabels []string
	for i, vector := range sampler.Config.DrawNoise(seed, rows) {
		pictures, err := sampler.Sample(ctx, slices.Repeat([][]float32{vector}, len(colours)), labels)
		if err != nil {
			return nil, err
		}
		grid, rowLabels = append(grid, images(pictures)), append(rowLabels, fmt.Sprintf("z%d", i+1))
	}
	return plots.Grid{Pictures: grid, RowLabels: rowLabels, ColumnLabels: colours, ColumnColours: swatches(colours)}.Figure()
}

// ConfusionFigure draws which colours were seen where which were asked for.
func ConfusionFigure(evaluation Evaluation) (*plots.Figure, error) {
	return plots.Confusion{
		Title:   fmt.Sprintf("Hair colour: %.1f %% as asked for", 100*evaluation.Accuracy),
		Classes: evaluation.Classes, Colours: swatches(evaluation.Classes), Counts: evaluation.Confusion,
	}.Figure()
}

// Label returns the index of a class by its name.
func (c Config) Label(class string) (int, error) {
	if i := slices.Index(c.Classes, class); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("there is no class %q; there are %v", class, c.Classes)
}

// images turns pictures into the interface.
func images(pictures []*image.RGBA) []image.Image {
	out := make([]image.Image, len(pictures))
	for i, picture := range pictures {
		out[i] = picture
	}
	return out
}

// swatches returns the colours of classes that are hair colours, nil where another class is among them.
func swatches(classes []string) []color.Color {
	colours := make([]color.Color, len(classes))
	for i, class := range classes {
		colour, err := portrait.ParseColour(class)
		if err != nil {
			return nil
		}
		colours[i] = colour.RGB()
	}
	return colours
}
