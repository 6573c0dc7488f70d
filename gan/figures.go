package gan

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

// smoothing is how much of the past a smoothed loss keeps.
const smoothing = 0.95

// What a run may lack that a figure is of.
var (
	// ErrNoAverage is wrapped by the error of [AverageFigure].
	ErrNoAverage = errors.New("it keeps no average of the generator's weights")
	// ErrNoAttributes is wrapped by the error of [AttributesFigure] where G knows the hair colour alone.
	ErrNoAttributes = errors.New("it knows no attributes beside the hair colour")
	// ErrNoPenalty is wrapped by the error of [PenaltyFigure].
	ErrNoPenalty = errors.New("it is trained without a penalty")
	// ErrNoClass is wrapped where a class is asked for that a configuration lacks.
	ErrNoClass = errors.New("there is no class")
)

// LossFigure draws the losses of a run, on a linear or a logarithmic axis: D's and G's, and AC-GAN's of the classes.
func LossFigure(dir string, logarithmic bool) (*plots.Figure, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(config.Losses(), func(name string) bool { return name == Penalty })
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
		return nil, fmt.Errorf("draw the penalty of %s: %w", dir, ErrNoPenalty)
	}
	return curves(dir, "Gradient penalty, "+config.Penalty, y, true, Penalty)
}

// WatchFigure draws what shows how a training goes: how often D tells real pictures from generated ones, and how varied those are. See [Ranking] and [Variety].
func WatchFigure(dir string) (*plots.Figure, error) {
	return curves(dir, "Does D win, does G collapse?", "share", false, Ranking, Variety)
}

// GradientFigure draws the lengths of D's and G's gradients.
func GradientFigure(dir string) (*plots.Figure, error) {
	return curves(dir, "Gradients", "length", true, GradientD, GradientG)
}

// AverageFigure draws one noise vector under each hair colour, with the average of G's weights, and with those after the last step.
func AverageFigure(ctx context.Context, backend compute.Backend, dir string, seed uint64) (*plots.Figure, error) {
	average, err := OpenSampler(backend, dir)
	if err != nil {
		return nil, err
	}
	defer average.Close()
	if average.Config.AverageDecay == 0 {
		return nil, fmt.Errorf("draw the average of %s: %w", dir, ErrNoAverage)
	}
	raw, err := OpenRawSampler(backend, dir)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	return CompareFigure(ctx, seed, []string{"average", "last"}, average, raw)
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

// AttributesFigure draws one noise vector with the hair colour and the attributes changed one at a time: a row for each, in which all else stays. The error wraps
// [ErrNoAttributes] where G knows the hair colour alone.
func AttributesFigure(ctx context.Context, sampler *Sampler, seed uint64, colour string) (*plots.Figure, error) {
	config := sampler.Config
	attributes, err := dataset.FindAttributes(config.Attributes)
	if err != nil {
		return nil, err
	}
	if len(attributes) == 0 {
		return nil, ErrNoAttributes
	}
	label, err := config.Label(colour)
	if err != nil {
		return nil, err
	}
	noise := config.DrawNoise(seed, 1)[0]
	grid := plots.Grid{RowLabels: []string{"hair"}, Captions: [][]string{config.Classes}}
	labels := make([]int, len(config.Classes))
	for i := range labels {
		labels[i] = i
	}
	pictures, err := sampler.Sample(ctx, slices.Repeat([][]float32{noise}, len(labels)), labels)
	if err != nil {
		return nil, err
	}
	grid.Pictures = append(grid.Pictures, images(pictures))
	for _, attribute := range attributes {
		var row []image.Image
		for _, class := range attribute.Classes {
			asking, err := sampler.Ask(attribute.Name, class)
			if err != nil {
				return nil, err
			}
			picture, err := asking.Sample(ctx, [][]float32{noise}, []int{label})
			if err != nil {
				return nil, err
			}
			row = append(row, picture[0])
		}
		grid.Pictures, grid.RowLabels, grid.Captions = append(grid.Pictures, row), append(grid.RowLabels, attribute.Name), append(grid.Captions, attribute.Classes)
	}
	return grid.Figure()
}

// NoiseFigure draws what lies between noise vectors, from the left to the right of a row, under one hair colour: each row goes to another vector. The way between them is on
// the sphere where noise of so many dimensions lies (White 2016), since the straight one leads through what G never saw.
func NoiseFigure(ctx context.Context, sampler *Sampler, seed uint64, colour string, rows, columns int) (*plots.Figure, error) {
	label, err := sampler.Config.Label(colour)
	if err != nil {
		return nil, err
	}
	mixture, err := sampler.withAttributes(sampler.Config.DrawNoise(seed, 1)[0], oneOf(len(sampler.Config.Classes), label))
	if err != nil {
		return nil, err
	}
	return between(ctx, sampler, rows, columns, func(row int, share float64) (noise, mixed []float32) {
		ends := sampler.Config.DrawNoise(seed, rows+1)
		return spherical(ends[row], ends[row+1], share), mixture
	}, nil)
}

// MorphFigure draws one noise vector in what lies between two hair colours, from the left to the right of a row: a row for each colour and the next.
func MorphFigure(ctx context.Context, sampler *Sampler, seed uint64, columns int) (*plots.Figure, error) {
	classes := sampler.Config.Classes
	noise := sampler.Config.DrawNoise(seed, 1)[0]
	var names []string
	for i, class := range classes {
		names = append(names, class+" → "+classes[(i+1)%len(classes)])
	}
	return between(ctx, sampler, len(classes), columns, func(row int, share float64) ([]float32, []float32) {
		return noise, straight(oneOf(len(classes), row), oneOf(len(classes), (row+1)%len(classes)), share)
	}, names)
}

// between draws rows of pictures whose noise and classes depend on the share, from 0 to 1, of the way that a column has gone.
func between(ctx context.Context, sampler *Sampler, rows, columns int, at func(row int, share float64) (noise, mixture []float32), rowLabels []string) (*plots.Figure, error) {
	if rows < 1 || columns < 2 {
		return nil, fmt.Errorf("draw what lies between: %d rows of %d", rows, columns)
	}
	var noise, mixtures [][]float32
	for row := range rows {
		for column := range columns {
			vector, mixture := at(row, float64(column)/float64(columns-1))
			noise, mixtures = append(noise, vector), append(mixtures, mixture)
		}
	}
	pictures, err := sampler.SampleMixed(ctx, noise, mixtures)
	if err != nil {
		return nil, err
	}
	grid := make([][]image.Image, 0, rows)
	for row := range slices.Chunk(pictures, columns) {
		grid = append(grid, images(row))
	}
	return plots.Grid{Pictures: grid, RowLabels: rowLabels}.Figure()
}

// oneOf is a vector of zeros with a one.
func oneOf(n, i int) []float32 {
	v := make([]float32, n)
	v[i] = 1
	return v
}

// straight is the point between two vectors that has gone a share of the way.
func straight(a, b []float32, share float64) []float32 {
	v := make([]float32, len(a))
	for i := range v {
		v[i] = float32((1-share)*float64(a[i]) + share*float64(b[i]))
	}
	return v
}

// spherical is the point between two vectors that has gone a share of the angle between them (Shoemake 1985).
func spherical(a, b []float32, share float64) []float32 {
	var product, lengthA, lengthB float64
	for i := range a {
		product += float64(a[i]) * float64(b[i])
		lengthA += float64(a[i]) * float64(a[i])
		lengthB += float64(b[i]) * float64(b[i])
	}
	angle := math.Acos(min(max(product/math.Sqrt(lengthA*lengthB), -1), 1))
	if math.Sin(angle) < 1e-6 { // The same direction, or the opposite one.
		return straight(a, b, share)
	}
	v := make([]float32, len(a))
	for i := range v {
		v[i] = float32((math.Sin((1-share)*angle)*float64(a[i]) + math.Sin(share*angle)*float64(b[i])) / math.Sin(angle))
	}
	return v
}

// CompareFigure draws one noise vector under each hair colour, a row for each of several generators: the article's networks, or its four ways to tell D the colour. Their colours
// must be the same.
func CompareFigure(ctx context.Context, seed uint64, names []string, samplers ...*Sampler) (*plots.Figure, error) {
	if len(samplers) == 0 || len(names) != len(samplers) {
		return nil, fmt.Errorf("compare %d generators by %d names", len(samplers), len(names))
	}
	classes := samplers[0].Config.Classes
	grid := plots.Grid{RowLabels: names, ColumnLabels: classes, ColumnColours: swatches(classes)}
	for i, sampler := range samplers {
		if !slices.Equal(sampler.Config.Classes, classes) {
			return nil, fmt.Errorf("compare generators: %s draws %v, %s %v", names[0], classes, names[i], sampler.Config.Classes)
		}
		var noise [][]float32
		var labels []int
		for label := range classes {
			noise, labels = append(noise, sampler.Config.DrawNoise(seed, 1)[0]), append(labels, label)
		}
		pictures, err := sampler.Sample(ctx, noise, labels)
		if err != nil {
			return nil, err
		}
		grid.Pictures = append(grid.Pictures, images(pictures))
	}
	return grid.Figure()
}

// ConfusionFigure draws which colours were seen where which were asked for.
func ConfusionFigure(evaluation Evaluation) (*plots.Figure, error) {
	return plots.Confusion{
		Title:   fmt.Sprintf("Hair colour: %.1f %% as asked for", 100*evaluation.Accuracy),
		Classes: evaluation.Classes, Colours: swatches(evaluation.Classes), Counts: evaluation.Confusion,
	}.Figure()
}

// NeighbourFigure draws the portraits that are closest to a picture of the data above those pictures: whether they were learnt by heart.
func NeighbourFigure(evaluation Evaluation) (*plots.Figure, error) {
	rows := make([][]image.Image, 2)
	var distances []string
	for _, n := range evaluation.Quality.Neighbours {
		if n.Picture == nil {
			break
		}
		rows[0], rows[1] = append(rows[0], n.Portrait), append(rows[1], n.Picture)
		distances = append(distances, fmt.Sprintf("%.1f", n.Distance))
	}
	return plots.Grid{Pictures: rows, RowLabels: []string{"portrait", "data"}, ColumnLabels: distances}.Figure()
}

// Label returns the index of a class by its name. The error wraps [ErrNoClass].
func (c Config) Label(class string) (int, error) {
	if i := slices.Index(c.Classes, class); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%w %q; there are %v", ErrNoClass, class, c.Classes)
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
