package gan

import (
	"context"
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

// AverageFigure draws one noise vector under each hair colour, with the average of G's weights and with the weights
// after the last step.
func AverageFigure(ctx context.Context, backend compute.Backend, dir string, seed uint64) (*plots.Figure, error) {
	average, err := Open(backend, dir)
	if err != nil {
		return nil, err
	}
	defer average.Close()
	if average.Config.AverageDecay == 0 {
		return nil, fmt.Errorf(
			"draw the average of %s: %w: it keeps no average of the generator's weights", dir, lab.ErrLacks,
		)
	}
	raw, err := OpenRaw(backend, dir)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	return CompareFigure(ctx, seed, []string{"average", "last"}, average, raw)
}

// DataFigure draws the first portraits of each class of a set, a column per class.
func DataFigure(ctx context.Context, set dataset.Set, size, rows int) (*plots.Figure, error) {
	if rows < 1 {
		return nil, fmt.Errorf("draw the data: %d rows", rows)
	}
	classes := dataset.Classes(set)
	pictures := make([][]image.Image, rows)
	for i := range pictures {
		pictures[i] = make([]image.Image, len(classes))
	}
	filled := make([]int, len(classes))
	for i, left := 0, rows*len(classes); i < set.Len() && left > 0; i++ {
		label := set.Label(i, 0)
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

// SampleFigure draws rows × columns portraits of random noise and colours, like the article's first figure.
func SampleFigure(ctx context.Context, sampler *Sampler, seed uint64, rows, columns int) (*plots.Figure, error) {
	if rows < 1 || columns < 1 {
		return nil, fmt.Errorf("draw samples: %d rows of %d", rows, columns)
	}
	pictures, err := sampler.Draw(ctx, seed, rows*columns)
	if err != nil {
		return nil, err
	}
	return plots.Grid{Pictures: slices.Collect(slices.Chunk(pictures, columns))}.Figure()
}

// ColourFigure draws each noise vector, a row, under each of the named hair colours, a column: the same face, other
// hair. With one vector under blue, blonde and green, and with several under all nine, it is two figures of the
// article.
func ColourFigure(
	ctx context.Context, sampler *Sampler, seed uint64, rows int, colours ...string,
) (*plots.Figure, error) {
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
			return nil, fmt.Errorf("%w: %w", lab.ErrLacks, err)
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
	return plots.Grid{
		Pictures:      grid,
		RowLabels:     rowLabels,
		ColumnLabels:  colours,
		ColumnColours: swatches(colours),
	}.Figure()
}

// AttributesFigure draws one noise vector with the hair colour and the attributes changed one at a time: a row for
// each, in which all else stays. The error wraps [lab.ErrLacks] if G takes the hair colour alone.
func AttributesFigure(ctx context.Context, sampler *Sampler, seed uint64, colour string) (*plots.Figure, error) {
	config := sampler.Config
	attributes := config.labels()[1:]
	if len(attributes) == 0 {
		return nil, fmt.Errorf("draw attributes: %w: the generator takes the hair colour alone", lab.ErrLacks)
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
		grid.Pictures, grid.RowLabels = append(grid.Pictures, row), append(grid.RowLabels, attribute.Name)
		grid.Captions = append(grid.Captions, attribute.Classes)
	}
	return grid.Figure()
}

// NoiseFigure interpolates between noise vectors, from left to right in a row, under one hair colour: each row goes to
// another vector. The path lies on the sphere near which high-dimensional noise concentrates (White 2016), since a
// straight line leads through vectors that G never saw.
func NoiseFigure(
	ctx context.Context, sampler *Sampler, seed uint64, colour string, rows, columns int,
) (*plots.Figure, error) {
	label, err := sampler.Config.Label(colour)
	if err != nil {
		return nil, err
	}
	noise := sampler.Config.DrawNoise(seed, 1)[0]
	mixture, err := sampler.withAttributes(noise, oneOf(len(sampler.Config.Classes), label))
	if err != nil {
		return nil, err
	}
	return between(ctx, sampler, rows, columns, func(row int, share float64) (noise, mixed []float32) {
		ends := sampler.Config.DrawNoise(seed, rows+1)
		return spherical(ends[row], ends[row+1], share), mixture
	}, nil)
}

// MorphFigure draws one noise vector in interpolations of two hair colours, from left to right in a row: a row for each
// colour and the next.
func MorphFigure(ctx context.Context, sampler *Sampler, seed uint64, columns int) (*plots.Figure, error) {
	classes := sampler.Config.Classes
	noise := sampler.Config.DrawNoise(seed, 1)[0]
	var names []string
	for i, class := range classes {
		names = append(names, class+" → "+classes[(i+1)%len(classes)])
	}
	return between(ctx, sampler, len(classes), columns, func(row int, share float64) ([]float32, []float32) {
		n := len(classes)
		return noise, straight(oneOf(n, row), oneOf(n, (row+1)%n), share)
	}, names)
}

// between draws rows of pictures whose noise and classes depend on the column's share, from 0 to 1, of the way.
func between(
	ctx context.Context, sampler *Sampler, rows, columns int,
	at func(row int, share float64) (noise, mixture []float32), rowLabels []string,
) (*plots.Figure, error) {
	if rows < 1 || columns < 2 {
		return nil, fmt.Errorf("interpolate: %d rows of %d", rows, columns)
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

// oneOf returns a one-hot vector.
func oneOf(n, i int) []float32 {
	v := make([]float32, n)
	v[i] = 1
	return v
}

// straight returns the linear interpolation of two vectors: share 0 is the first, 1 the second.
func straight(a, b []float32, share float64) []float32 {
	v := make([]float32, len(a))
	for i := range v {
		v[i] = float32((1-share)*float64(a[i]) + share*float64(b[i]))
	}
	return v
}

// spherical returns the spherical linear interpolation of two vectors (Shoemake 1985).
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

// CompareFigure draws one noise vector under each hair colour, a row for each of several generators, such as the
// article's networks or its four conditionings. Their colours must be the same.
func CompareFigure(ctx context.Context, seed uint64, names []string, samplers ...*Sampler) (*plots.Figure, error) {
	if len(samplers) == 0 || len(names) != len(samplers) {
		return nil, fmt.Errorf("compare %d generators with %d names", len(samplers), len(names))
	}
	classes := samplers[0].Config.Classes
	grid := plots.Grid{RowLabels: names, ColumnLabels: classes, ColumnColours: swatches(classes)}
	for i, sampler := range samplers {
		if !slices.Equal(sampler.Config.Classes, classes) {
			return nil, fmt.Errorf("compare generators: %s draws %v, %s %v",
				names[0], classes, names[i], sampler.Config.Classes)
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

// ConfusionFigure draws the confusion matrix: the colours requested against the colours seen.
func ConfusionFigure(evaluation Evaluation) (*plots.Figure, error) {
	return plots.Confusion{
		Title:   fmt.Sprintf("Hair colour: %.1f %% as asked for", 100*evaluation.Accuracy),
		Classes: evaluation.Classes, Colours: swatches(evaluation.Classes), Counts: evaluation.Confusion,
	}.Figure()
}

// NeighbourFigure draws the portraits that are closest to a picture of the data above those pictures, to show whether
// any were memorised.
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

// Label returns the index of a class by its name.
func (c Config) Label(class string) (int, error) {
	if i := slices.Index(c.Classes, class); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("there is no class %q; there are %v", class, c.Classes)
}

// images converts pictures to image.Image.
func images(pictures []*image.RGBA) []image.Image {
	out := make([]image.Image, len(pictures))
	for i, picture := range pictures {
		out[i] = picture
	}
	return out
}

// swatches returns the colours of classes, nil if one is not a hair colour.
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
