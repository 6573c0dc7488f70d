package plots

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curves is a chart of values over the steps of a training, such as the losses of a GAN.
type Curves struct {
	Title string
	// X and Y label the axes, with units: "step", "loss", "time (ms)".
	X, Y string
	// Series are drawn in the colours of Palette, in this order. With more series than colours, lines get dashes. The
	// legend has those that have a name.
	Series []Series
	// Log makes the y-axis logarithmic. If a value is ≤ 0 it becomes an asinh axis, linear around 0 and logarithmic far
	// from it on both sides. A note under the picture says where it changes over.
	Log bool
	// Smooth, in [0, 1), is the weight of the past in an exponential mean drawn over the raw values, which turn pale. It
	// is TensorBoard's smoothing, corrected for its start from 0. 0.95 averages over about 1/(1-0.95) = 20 values. 0
	// draws the raw values alone.
	Smooth float64
	// Marks are events to point out.
	Marks []Mark
	// Width is that of the chart in points, at least 240; 0: 900, the width of a notebook.
	Width int
}

// Series is one curve: Values[i] at Steps[i]. Steps must not decrease. NaN and infinite values leave a gap in the curve
// and are counted in a note.
type Series struct {
	Name   string
	Steps  []int
	Values []float64
	// Smoothed, if set, is drawn where the exponential mean of Values would be: Smoothed[i] at Steps[i]. It is for a
	// series that was thinned out, whose Values are the extremes of many.
	Smoothed []float64
}

// Mark is an event at a step, shown as a vertical line with a label above it.
type Mark struct {
	Step  int
	Label string
}

// smallestWidth is the least width of a chart, in points.
const smallestWidth = 240

// width is that of the chart, in points.
func (c Curves) width() vg.Length { return vg.Length(cmp.Or(c.Width, notebookWidth)) }

// curvesHeight is the height of a chart with its axes, in points, without titles and notes.
func curvesHeight(width vg.Length) vg.Length { return max(220, 0.4*width) }

// Figure draws the chart. It returns an error if there is no finite value, if the numbers of steps and values of a
// series differ, if steps decrease, or if Smooth or Width is out of range.
func (c Curves) Figure() (*Figure, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	curves := make([]curve, len(c.Series))
	for i, series := range c.Series {
		curves[i] = newCurve(series, c.Smooth)
	}
	x, y, err := ranges(curves, c.Marks)
	if err != nil {
		return nil, err
	}
	scale := newScale(curves, c.Log, y)
	chart := c.newPlot(curves, x, y, scale)

	notes := c.notes(curves, scale)
	width := c.width()
	text := newTexts(width-2*margin, c.Title, "", notes)
	legend := newLegend(curves, width-2*margin)
	height := 2*margin + text.height() + legend.height() + curvesHeight(width)
	marks := slices.SortedStableFunc(slices.Values(c.Marks), func(a, b Mark) int { return cmp.Compare(a.Step, b.Step) })
	figure, err := newFigure(width, height, func(canvas draw.Canvas) {
		rest := legend.draw(text.draw(inset(canvas)))
		drawMarks(rest, chart, marks)
	})
	if err != nil {
		return nil, err
	}
	figure.notes = notes
	figure.writeNumbers = func(w *csv.Writer) error { return writeCurves(w, curves) }
	return figure, nil
}

func (c Curves) check() error {
	if len(c.Series) == 0 {
		return errors.New("plots: curves without a series")
	}
	if !(c.Smooth >= 0 && c.Smooth < 1) {
		return fmt.Errorf("plots: smoothing of %g is outside [0, 1)", c.Smooth)
	}
	if c.Width != 0 && c.Width < smallestWidth {
		return fmt.Errorf("plots: a chart %d points wide is narrower than %d", c.Width, smallestWidth)
	}
	for _, series := range c.Series {
		if len(series.Steps) != len(series.Values) {
			return fmt.Errorf("plots: series %q has %d steps for %d values", series.Name, len(series.Steps), len(series.Values))
		}
		if series.Smoothed != nil && len(series.Smoothed) != len(series.Values) {
			return fmt.Errorf("plots: series %q has %d smoothed values for %d values", series.Name, len(series.Smoothed),
				len(series.Values))
		}
		for i := 1; i < len(series.Steps); i++ {
			if series.Steps[i] < series.Steps[i-1] {
				return fmt.Errorf("plots: series %q is out of order: step %d comes after step %d",
					series.Name, series.Steps[i], series.Steps[i-1])
			}
		}
	}
	return nil
}

// notes explains smoothing, the asinh axis and gaps.
func (c Curves) notes(curves []curve, scale valueScale) []string {
	var notes []string
	if c.Smooth > 0 {
		values := "every value"
		if slices.ContainsFunc(c.Series, func(s Series) bool { return s.Smoothed != nil }) {
			values = "every value, or the lowest and highest of several where there are very many"
		}
		notes = append(notes, fmt.Sprintf("Pale: %s. Strong: exponential mean with weight %g, over about %s values.",
			values, c.Smooth, formatNumber(1/(1-c.Smooth), 0)))
	}
	if scale.linear > 0 {
		notes = append(notes, fmt.Sprintf(
			"The y-axis is linear between about ±%s and logarithmic beyond, as some values are ≤ 0.",
			formatShort(scale.linear)))
	}
	for _, curve := range curves {
		if curve.skipped > 0 {
			note := fmt.Sprintf("%s: %s of %s values left out, being NaN or infinite.",
				curve.name,
				formatNumber(float64(curve.skipped), 0),
				formatNumber(float64(len(curve.values)), 0))
			notes = append(notes, strings.TrimPrefix(note, ": "))
		}
	}
	return notes
}

// newPlot is the chart without title, legend and marks.
func (c Curves) newPlot(curves []curve, x, y span, scale valueScale) *plot.Plot {
	chart := plot.New()
	styleAxis(&chart.X, c.X)
	styleAxis(&chart.Y, c.Y)
	chart.X.Min, chart.X.Max = x.low, x.high
	chart.Y.Min, chart.Y.Max = scale.pad(y)
	chart.X.Tick.Marker = plot.TickerFunc(stepTicks(max(2, int(c.width()/stepTickRoom))))
	chart.Y.Tick.Marker = plot.TickerFunc(scale.ticks)
	chart.Y.Scale = scale
	chart.Y.Width = 0 // the grid lines suffice
	chart.Y.Tick.Width = 0

	if c.Smooth > 0 {
		for i, curve := range curves {
			style := draw.LineStyle{Color: pale(Palette[i%len(Palette)]), Width: 1}
			chart.Add(line{segments: decimate(curve.steps, curve.values, x, c.columns()), style: style})
		}
	}
	grid := plotter.NewGrid() // over the pale curves, whose noise would hide it
	grid.Vertical.Width = 0
	grid.Horizontal = draw.LineStyle{Color: gridLine, Width: 1}
	chart.Add(grid)
	for i, curve := range curves {
		values := curve.values
		if c.Smooth > 0 {
			values = curve.smoothed
		}
		chart.Add(line{segments: decimate(curve.steps, values, x, c.columns()), style: lineStyle(i)})
	}
	return chart
}

func styleAxis(axis *plot.Axis, label string) {
	axis.Label.Text = label
	style := textStyle(labelSize, ink)
	style.XAlign, style.YAlign = axis.Label.TextStyle.XAlign, axis.Label.TextStyle.YAlign
	axis.Label.TextStyle = style
	axis.Label.Padding = 6
	style = textStyle(tickSize, paleInk)
	style.XAlign, style.YAlign = axis.Tick.Label.XAlign, axis.Tick.Label.YAlign
	axis.Tick.Label = style
	axis.LineStyle = draw.LineStyle{Color: axisLine, Width: 1}
	axis.Tick.LineStyle = axis.LineStyle
	axis.Tick.Length = 5
	axis.Padding = 0
}

// lineStyle is the style of series i. The dashes change after each round of colours.
func lineStyle(i int) draw.LineStyle {
	dashes := [][]vg.Length{nil, {7, 3}, {2, 2}}
	return draw.LineStyle{
		Color:  Palette[i%len(Palette)],
		Width:  2,
		Dashes: dashes[i/len(Palette)%len(dashes)],
	}
}

// pale mixes a colour with white. It is opaque, since the overlaps of a translucent line would show.
func pale(colour color.NRGBA) color.NRGBA {
	return mix(color.NRGBA{R: 0xFF, G: 0xFF, B: 0xFF, A: 0xFF}, colour, 0.3)
}

// line draws the segments of one curve.
type line struct {
	segments []plotter.XYs
	style    draw.LineStyle
}

// Plot implements plot.Plotter.
func (l line) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, segment := range l.segments {
		points := make([]vg.Point, len(segment))
		for i, point := range segment {
			points[i] = vg.Point{X: x(point.X), Y: y(point.Y)}
		}
		if len(points) == 1 { // a line of no length does not show
			dot := draw.GlyphStyle{Color: l.style.Color, Radius: 1.5 * l.style.Width, Shape: draw.CircleGlyph{}}
			c.DrawGlyphNoClip(dot, points[0])
			continue
		}
		strokeInParts(c, l.style, points)
	}
}

// strokeInParts strokes a line in parts, since the rasteriser's time grows with the square of the crossings of a row of
// pixels: 1,000,000 noisy values in one stroke would take 20 s. Dashes continue from part to part.
func strokeInParts(c draw.Canvas, style draw.LineStyle, points []vg.Point) {
	const part = 100
	for start := 0; start < len(points)-1; start += part {
		end := min(start+part+1, len(points))
		c.StrokeLines(style, points[start:end])
		if style.Dashes != nil {
			style.DashOffs += length(points[start:end])
		}
	}
}

func length(points []vg.Point) vg.Length {
	total := 0.0
	for i := 1; i < len(points); i++ {
		step := points[i].Sub(points[i-1])
		total += math.Hypot(float64(step.X), float64(step.Y))
	}
	return vg.Length(total)
}

const (
	markRow = noteSize * lineHeight
	markGap = 4 // between a mark's line and its label
)

// drawMarks draws the marks with their labels above the chart, and the chart below them.
func drawMarks(c draw.Canvas, chart *plot.Plot, marks []Mark) {
	style := textStyle(noteSize, ink)
	data := chart.DataCanvas(c) // its x does not depend on the room above the chart
	x := make([]vg.Length, len(marks))
	for i, mark := range marks {
		x[i] = data.X(chart.X.Norm(float64(mark.Step)))
	}
	rows := markRows(marks, x, c.Max.X, style)
	below := c
	if len(rows) > 0 {
		below.Max.Y -= markRow * vg.Length(slices.Max(rows)+1)
	}
	chart.Draw(below)
	bottom := chart.DataCanvas(below).Min.Y
	for i, mark := range marks {
		y := below.Max.Y + markRow*(vg.Length(rows[i])+0.5)
		c.StrokeLine2(draw.LineStyle{Color: paleInk, Width: 1, Dashes: []vg.Length{4, 3}}, x[i], bottom, x[i], y+markRow/2)
		width := style.Width(mark.Label)
		left := min(x[i]+markGap, c.Max.X-width)
		if left < x[i] { // at the right edge, the label stands on its line
			fillRectangle(c, color.White, left-1, y-markRow/2, left+width+1, y+markRow/2)
		}
		drawText(c, style, left, y, draw.XLeft, mark.Label)
	}
}

// markRows puts each label, which stands to the right of its line at x, above the lines and labels that it would cross.
// A label that would go beyond right is moved to the left. Marks are in order.
func markRows(marks []Mark, x []vg.Length, right vg.Length, style draw.TextStyle) []int {
	rows := make([]int, len(marks))
	starts := make([]vg.Length, len(marks))
	for i := len(marks) - 1; i >= 0; i-- {
		width := style.Width(marks[i].Label)
		starts[i] = min(x[i], right-width-markGap)
		end := x[i] + width + 3*markGap
		for j := i + 1; j < len(marks); j++ {
			if starts[j] < end {
				rows[i] = max(rows[i], rows[j]+1)
			}
		}
	}
	return rows
}

// legend is rows of samples and names above the chart.
type legend struct {
	width  vg.Length
	names  []string
	series []int // Which series they are the names of.
	style  draw.TextStyle
}

const (
	sampleWidth   = 26
	legendRow     = 22
	legendSpacing = 22
	belowLegend   = 6
)

// newLegend leaves out series without a name.
func newLegend(curves []curve, width vg.Length) legend {
	l := legend{width: width, style: textStyle(labelSize, ink)}
	for i, curve := range curves {
		if curve.name != "" {
			l.names, l.series = append(l.names, curve.name), append(l.series, i)
		}
	}
	return l
}

// place returns the left end and the row of each entry, and the number of rows.
func (l legend) place() (x []vg.Length, row []int, rows int) {
	left := vg.Length(0)
	for _, name := range l.names {
		width := sampleWidth + 7 + l.style.Width(name)
		if left > 0 && left+width > l.width {
			left = 0
			rows++
		}
		x, row = append(x, left), append(row, rows)
		left += width + legendSpacing
	}
	if len(l.names) > 0 {
		rows++
	}
	return x, row, rows
}

func (l legend) height() vg.Length {
	if len(l.names) == 0 {
		return 0
	}
	_, _, rows := l.place()
	return vg.Length(rows)*legendRow + belowLegend
}

// draw returns the canvas below the legend.
func (l legend) draw(c draw.Canvas) draw.Canvas {
	x, row, _ := l.place()
	for i, name := range l.names {
		left := c.Min.X + x[i]
		y := c.Max.Y - (vg.Length(row[i])+0.5)*legendRow
		style := lineStyle(l.series[i])
		style.Width = 3
		c.StrokeLine2(style, left, y, left+sampleWidth, y)
		drawText(c, l.style, left+sampleWidth+7, y, draw.XLeft, name)
	}
	c.Max.Y -= l.height()
	return c
}

// writeCurves writes a line per value. The column smoothed is empty without smoothing.
func writeCurves(w *csv.Writer, curves []curve) error {
	if err := w.Write([]string{"series", "step", "value", "smoothed"}); err != nil {
		return err
	}
	for _, curve := range curves {
		for i, value := range curve.values {
			smoothed := ""
			if curve.smoothed != nil {
				smoothed = formatExactly(curve.smoothed[i])
			}
			row := []string{curve.name, strconv.FormatFloat(curve.steps[i], 'f', -1, 64), formatExactly(value), smoothed}
			if err := w.Write(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func formatExactly(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// isFinite reports whether v is neither NaN nor infinite.
func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
