package esrgan

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/measure"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/moelab/moelab/plots"
	"golang.org/x/image/draw"
	"gonum.org/v1/gonum/stat"
)

// truthName is the name of the original picture in figures.
const truthName = "truth"

// Widths of pictures in figures, in points; a figure has two pixels per point.
const (
	widestPicture = 400
	widestFeature = 192
	figureWidth   = 800 // Of a row, without its label.
	featureWidth  = 740 // The same, next to longer labels.
)

// CompareFigure draws the restored pictures next to the truth: in the first row the whole pictures, with the boxes
// drawn in, and in a row for each box its pixels, enlarged to squares. Boxes are in pixels of the truth. The figure
// looks best if they have the truth's aspect ratio.
func CompareFigure(c Comparison, boxes ...image.Rectangle) (*plots.Figure, error) {
	pictures, names := append(slices.Clone(c.Restored), c.Truth), append(slices.Clone(c.Names), truthName)
	size := c.Truth.Rect.Size()
	for _, box := range boxes {
		if box.Empty() || !box.In(image.Rectangle{Max: size}) {
			return nil, fmt.Errorf("draw the comparison: the box %v is not in the picture of %d×%d pixels",
				box, size.X, size.Y)
		}
	}
	width := min(widestPicture, figureWidth/len(pictures)) * 2
	cell := image.Pt(width, max(1, width*size.Y/size.X))
	grid := plots.Grid{ColumnLabels: names, Pictures: make([][]image.Image, 1+len(boxes)), Scale: 0.5}
	for _, picture := range pictures {
		whole := scaled(draw.CatmullRom, picture, image.Rectangle{Max: size}, cell)
		for i, box := range boxes {
			frame(whole, box, float64(cell.X)/float64(size.X), boxColour(i))
			grid.Pictures[1+i] = append(grid.Pictures[1+i], scaled(draw.NearestNeighbor, picture, box, cell))
		}
		grid.Pictures[0] = append(grid.Pictures[0], whole)
	}
	if len(boxes) > 0 {
		grid.RowLabels, grid.RowColours = []string{""}, []color.Color{nil}
	}
	for i, box := range boxes {
		zoom := min(float64(cell.X)/float64(box.Dx()), float64(cell.Y)/float64(box.Dy())) / 2
		grid.RowLabels = append(grid.RowLabels, fmt.Sprintf("×%.2g", zoom))
		grid.RowColours = append(grid.RowColours, boxColour(i))
	}
	return grid.Figure()
}

// boxColour returns the colour of the frame of box i.
func boxColour(i int) color.NRGBA {
	return plots.Palette[(i+1)%len(plots.Palette)] // Vermilion shows best on most pictures.
}

// scaled draws a part of a picture as large as the size allows, on white.
func scaled(scaler draw.Scaler, picture image.Image, part image.Rectangle, size image.Point) *image.RGBA {
	scale := min(float64(size.X)/float64(part.Dx()), float64(size.Y)/float64(part.Dy()))
	fitted := image.Pt(int(math.Round(scale*float64(part.Dx()))), int(math.Round(scale*float64(part.Dy()))))
	corner := size.Sub(fitted).Div(2)
	canvas := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(canvas, canvas.Rect, image.White, image.Point{}, draw.Src)
	scaler.Scale(
		canvas, image.Rectangle{Min: corner, Max: corner.Add(fitted)}, picture, part.Add(picture.Bounds().Min), draw.Src, nil,
	)
	return canvas
}

// frame draws the outline of a box on a picture that is shown at a scale: a line of the colour, edged in white.
func frame(canvas *image.RGBA, box image.Rectangle, scale float64, colour color.Color) {
	at := func(v int) int { return int(math.Round(float64(v) * scale)) }
	inner := image.Rect(at(box.Min.X), at(box.Min.Y), at(box.Max.X), at(box.Max.Y))
	for _, line := range []struct {
		inset  int
		colour color.Color
	}{{-5, color.White}, {-4, colour}, {-3, colour}, {-2, colour}, {-1, color.White}} {
		r := inner.Inset(line.inset)
		for x := r.Min.X; x < r.Max.X; x++ {
			canvas.Set(x, r.Min.Y, line.colour)
			canvas.Set(x, r.Max.Y-1, line.colour)
		}
		for y := r.Min.Y; y < r.Max.Y; y++ {
			canvas.Set(r.Min.X, y, line.colour)
			canvas.Set(r.Max.X-1, y, line.colour)
		}
	}
}

// Gallery is a set of small pictures of one size, for [EnlargeFigure].
type Gallery struct {
	// Name is the gallery's name in the figure.
	Name     string
	Pictures []*image.RGBA
}

// EnlargeFigure draws small pictures, their pixels as squares, each next to the restorers' results: galleries side by
// side, a row for each of their pictures. With a gallery of generated portraits and one of drawn ones it is a figure of
// the article: enlarging makes the flaws visible. There are as many rowLabels as pictures, or none.
func EnlargeFigure(
	ctx context.Context, galleries []Gallery, rowLabels []string, restorers ...Restorer,
) (*plots.Figure, error) {
	grid := plots.Grid{RowLabels: rowLabels}
	for _, gallery := range galleries {
		columns := len(grid.ColumnLabels)
		grid.ColumnLabels = append(grid.ColumnLabels, gallery.Name)
		for _, restorer := range restorers {
			grid.ColumnLabels = append(grid.ColumnLabels, restorer.Name)
		}
		for i, picture := range gallery.Pictures {
			if i == len(grid.Pictures) {
				grid.Pictures = append(grid.Pictures, nil)
			}
			row := append(
				grid.Pictures[i],
				make([]image.Image, columns-len(grid.Pictures[i]))...) // An earlier gallery may have had fewer.
			row = append(
				row,
				scaled(draw.NearestNeighbor, picture, image.Rectangle{Max: picture.Rect.Size()}, picture.Rect.Size().Mul(Scale)),
			)
			for _, restorer := range restorers {
				large, err := restorer.Restore(ctx, picture)
				if err != nil {
					return nil, fmt.Errorf("enlarge the %s picture %d by %s: %w", gallery.Name, i+1, restorer.Name, err)
				}
				row = append(row, large)
			}
			grid.Pictures[i] = row
		}
	}
	return grid.Figure()
}

// histogramBins is the number of bins of a colour histogram: each holds four of the 256 values.
const histogramBins = 64

// ColourFigure draws the histograms of red, green and blue, in the truth and in each restorer's results, over all
// pictures. The axis of the shares is logarithmic: most of an illustration is background. The comparisons must have the
// same restorers.
func ColourFigure(comparisons ...Comparison) (*plots.Figure, error) {
	if len(comparisons) == 0 {
		return nil, errors.New("draw the colours: there is no picture")
	}
	names := comparisons[0].Names
	versions := make([][]*image.NRGBA, 1+len(names)) // First the truth.
	for _, c := range comparisons {
		if !slices.Equal(c.Names, names) {
			return nil, fmt.Errorf("draw the colours: some pictures were restored by %v, others by %v", names, c.Names)
		}
		versions[0] = append(versions[0], c.Truth)
		for i, restored := range c.Restored {
			versions[1+i] = append(versions[1+i], restored)
		}
	}
	figure := plots.Histograms{
		Title: fmt.Sprintf("Colours of %d restored pictures", len(comparisons)), X: "value", Y: "pixels (%)",
		High: 256, Names: append([]string{truthName}, names...), Log: true,
	}
	if len(comparisons) == 1 {
		figure.Title = "Colours of a restored picture"
	}
	for _, channel := range []string{"red", "green", "blue"} {
		figure.Panels = append(figure.Panels, plots.HistogramPanel{Name: channel})
	}
	for _, pictures := range versions {
		for c, shares := range measure.NewColourHistogram(pictures...) {
			figure.Panels[c].Counts = append(figure.Panels[c].Counts, percentages(shares[:], histogramBins))
		}
	}
	return figure.Figure()
}

// percentages sums shares in bins, in percent.
func percentages(shares []float64, bins int) []float64 {
	sums := make([]float64, bins)
	for i, share := range shares {
		sums[i*bins/len(shares)] += 100 * share
	}
	return sums
}

// FeatureFigure draws channels of a layer of VGG16, named in [vgg.Layers], before and after its ReLU: SRGAN's
// perceptual loss sees the latter only, ESRGAN's the former. Channels are evenly spaced among the layer's. Blue is
// negative, vermilion positive and white 0; the darkest are the hundredth of a channel's features with the largest
// magnitudes. The labels give the share of zeros after the ReLU.
func FeatureFigure(
	ctx context.Context, backend compute.Backend, network *vgg.Network, picture *image.NRGBA, layer string, channels int,
) (*plots.Figure, error) {
	features, err := network.Maps(ctx, backend, picture, layer)
	if err != nil {
		return nil, fmt.Errorf("draw features: %w", err)
	}
	if all := len(features); channels < 1 || channels > all {
		return nil, fmt.Errorf("draw features: %d channels of %d", channels, all)
	}
	grid := plots.Grid{
		Title: fmt.Sprintf("VGG16 (%s), %s: %.0f %% of its features are 0 after the ReLU",
			network.Style, layer, 100*zeros(slices.Concat(features...))),
		RowLabels: []string{"before ReLU", "after ReLU"}, Pictures: make([][]image.Image, 2), Scale: 0.5,
	}
	width, side := picture.Rect.Dx()>>slices.Index(vgg.Layers, layer), 2*max(1, min(widestFeature, featureWidth/channels))
	for i := range channels {
		number := i * len(features) / channels
		before := features[number]
		after := slices.Clone(before)
		for j, v := range after {
			after[j] = max(v, 0)
		}
		darkest := largestMagnitude(before)
		grid.Pictures[0] = append(grid.Pictures[0], enlarged(diverging(before, width, darkest), side))
		grid.Pictures[1] = append(grid.Pictures[1], enlarged(diverging(after, width, darkest), side))
		grid.ColumnLabels = append(grid.ColumnLabels, fmt.Sprintf("%d: %.0f %% are 0", number+1, 100*zeros(before)))
	}
	return grid.Figure()
}

// enlarged draws a picture at the given width, its pixels as squares; a wider one is shrunk.
func enlarged(picture *image.RGBA, width int) image.Image {
	scaler := draw.Scaler(draw.NearestNeighbor)
	if picture.Rect.Dx() > width {
		scaler = draw.CatmullRom
	}
	height := max(1, width*picture.Rect.Dy()/picture.Rect.Dx())
	return scaled(scaler, picture, picture.Rect, image.Pt(width, height))
}

// zeros returns the share of values that a ReLU sets to 0.
func zeros(values []float32) float64 {
	count := 0
	for _, v := range values {
		if v <= 0 {
			count++
		}
	}
	return float64(count) / float64(len(values))
}

// largestMagnitude returns the magnitude that only a hundredth of the values exceed.
func largestMagnitude(values []float32) float64 {
	magnitudes := make([]float64, len(values))
	for i, v := range values {
		magnitudes[i] = math.Abs(float64(v))
	}
	slices.Sort(magnitudes)
	return stat.Quantile(0.99, stat.Empirical, magnitudes, nil)
}

// diverging draws values, row by row, on a colour scale from −largest, blue, through 0, white, to largest, vermilion.
func diverging(values []float32, width int, largest float64) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, len(values)/width))
	for i, v := range values {
		colour, share := plots.Palette[1], min(max(float64(v)/max(largest, math.SmallestNonzeroFloat32), -1), 1)
		if share < 0 {
			colour, share = plots.Palette[0], -share
		}
		white := func(c uint8) uint8 { return uint8(math.Round(255 + (float64(c)-255)*share)) }
		picture.SetRGBA(i%width, i/width, color.RGBA{white(colour.R), white(colour.G), white(colour.B), 255})
	}
	return picture
}
