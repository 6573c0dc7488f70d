package plots

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Histograms are charts of how often values occur, one below the other, such as the colours of pictures by channel.
// Each has a line per series, over the same bins and on the same axes for comparison. The first series, the
// reference, is filled.
type Histograms struct {
	Title string
	// X describes the values and Y the counts, with units.
	X, Y string
	// Low and High are the ends of the range of the bins, which are equally wide.
	Low, High float64
	// Names has one entry per series, in the order of a panel's Counts.
	Names []string
	// Panels are the charts, top to bottom.
	Panels []HistogramPanel
	// Log makes the y-axis logarithmic, over four decades at most. Smaller counts, also 0, are drawn at its lower end.
	Log bool
}

// HistogramPanel is one chart of [Histograms].
type HistogramPanel struct {
	Name string
	// Counts [series][bin] are numbers or shares, finite and ≥ 0.
	Counts [][]float64
}

const (
	panelHeight = 150 // of a chart, in points, without its x-axis
	panelGap    = 8
	belowPanels = 50 // the ticks and the label of the x-axis
)

// Figure draws the charts, 900 points wide. It returns an error if there is nothing to draw, if panels differ in their
// series or bins, if a count is negative, NaN or infinite, or if Low is not below High.
func (h Histograms) Figure() (*Figure, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	h = h.clone()
	y, scale := h.counts()
	charts := make([][]*plot.Plot, len(h.Panels)) // one column
	for i := range charts {
		charts[i] = []*plot.Plot{h.newPlot(i, y, scale)}
	}
	curves := make([]curve, len(h.Names))
	for i, name := range h.Names {
		curves[i].name = name
	}
	text := newTexts(notebookWidth-2*margin, h.Title, h.Y, nil)
	legend := newLegend(curves, notebookWidth-2*margin)
	height := 2*margin + text.height() + legend.height() +
		vg.Length(len(charts))*(panelHeight+panelGap) - panelGap + belowPanels
	figure, err := newFigure(notebookWidth, height, func(canvas draw.Canvas) {
		rest := legend.draw(text.draw(inset(canvas)))
		for i, row := range plot.Align(charts, draw.Tiles{Rows: len(charts), Cols: 1, PadY: panelGap}, rest) {
			charts[i][0].Draw(row[0])
		}
	})
	if err != nil {
		return nil, err
	}
	figure.writeNumbers = h.writeNumbers
	return figure, nil
}

func (h Histograms) check() error {
	if len(h.Panels) == 0 || len(h.Names) == 0 {
		return errors.New("plots: histograms without a panel or a series")
	}
	if !(h.Low < h.High) || !isFinite(h.Low) || !isFinite(h.High) {
		return fmt.Errorf("plots: bins from %g to %g are none", h.Low, h.High)
	}
	bins, positive := -1, false
	for _, panel := range h.Panels {
		if len(panel.Counts) != len(h.Names) {
			return fmt.Errorf("plots: panel %q has %d series, not %d", panel.Name, len(panel.Counts), len(h.Names))
		}
		for i, counts := range panel.Counts {
			if bins < 0 {
				bins = len(counts)
			}
			if len(counts) != bins || bins == 0 {
				return fmt.Errorf(
					"plots: %s of panel %q has %d bins, the first has %d: there must be as many of them, and one at least",
					h.Names[i], panel.Name, len(counts), bins)
			}
			for _, v := range counts {
				if !isFinite(v) || v < 0 {
					return fmt.Errorf("plots: %s of panel %q has a bin of %g", h.Names[i], panel.Name, v)
				}
				positive = positive || v > tiny
			}
		}
	}
	if !positive {
		return errors.New("plots: every bin is empty, so there is no histogram to draw")
	}
	return nil
}

// clone makes a deep copy, since WriteSVG draws later.
func (h Histograms) clone() Histograms {
	h.Names, h.Panels = slices.Clone(h.Names), slices.Clone(h.Panels)
	for i, panel := range h.Panels {
		h.Panels[i].Counts = make([][]float64, len(panel.Counts))
		for j, counts := range panel.Counts {
			h.Panels[i].Counts[j] = slices.Clone(counts)
		}
	}
	return h
}

// counts returns the y-axis that all panels share.
func (h Histograms) counts() (span, valueScale) {
	const decades = 4
	most, least := 0.0, math.Inf(1)
	for _, panel := range h.Panels {
		for _, counts := range panel.Counts {
			for _, v := range counts {
				most = max(most, v)
				if v > tiny {
					least = min(least, v)
				}
			}
		}
	}
	if !h.Log {
		_, high := valueScale{}.pad(span{0, most})
		return span{0, high}, valueScale{}
	}
	scale := valueScale{logarithmic: true}
	low, high := scale.pad(span{max(least, most*math.Pow10(-decades)), most})
	return span{low, high}, scale
}

// newPlot is the chart of panel i.
func (h Histograms) newPlot(i int, y span, scale valueScale) *plot.Plot {
	last := i == len(h.Panels)-1
	chart := plot.New()
	label := ""
	if last {
		label = h.X
	}
	styleAxis(&chart.X, label)
	styleAxis(&chart.Y, h.Panels[i].Name)
	chart.X.Min, chart.X.Max = h.Low, h.High
	chart.Y.Min, chart.Y.Max = y.low, y.high
	chart.X.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick {
		ticks := linearTicks(low, high, 9)
		for i := range ticks {
			if !last {
				ticks[i].Label = ""
			}
		}
		return ticks
	})
	chart.Y.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick {
		if scale.logarithmic {
			return scale.ticks(low, high)
		}
		return linearTicks(low, high, 4)
	})
	chart.Y.Scale = scale
	chart.Y.Width, chart.Y.Tick.Width = 0, 0

	outlines := make([]plotter.XYs, len(h.Names))
	for j, counts := range h.Panels[i].Counts {
		outlines[j] = h.outline(counts, y.low)
	}
	chart.Add(area{outlines[0], y.low})
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal = draw.LineStyle{Color: gridLine, Width: 1}
	chart.Add(grid)
	for j, outline := range outlines {
		style := lineStyle(j)
		style.Width = 1.5
		chart.Add(line{segments: []plotter.XYs{outline}, style: style})
	}
	return chart
}

// outline is the stepped line of a histogram, clamped at low.
func (h Histograms) outline(counts []float64, low float64) plotter.XYs {
	width := (h.High - h.Low) / float64(len(counts))
	stairs := make(plotter.XYs, 0, 2*len(counts))
	for i, v := range counts {
		left := h.Low + float64(i)*width
		stairs = append(stairs, plotter.XY{X: left, Y: max(v, low)}, plotter.XY{X: left + width, Y: max(v, low)})
	}
	return stairs
}

// area is filled from a line down to the bottom of the chart.
type area struct {
	outline plotter.XYs
	bottom  float64
}

// Plot implements plot.Plotter.
func (a area) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	first, last := a.outline[0], a.outline[len(a.outline)-1]
	points := []vg.Point{{X: x(first.X), Y: y(a.bottom)}}
	for _, point := range a.outline {
		points = append(points, vg.Point{X: x(point.X), Y: y(point.Y)})
	}
	points = append(points, vg.Point{X: x(last.X), Y: y(a.bottom)})
	c.FillPolygon(pale(Palette[0]), points)
}

// writeNumbers writes a line per bin of each series.
func (h Histograms) writeNumbers(w *csv.Writer) error {
	if err := w.Write([]string{"panel", "series", "low", "high", "count"}); err != nil {
		return err
	}
	for _, panel := range h.Panels {
		for i, counts := range panel.Counts {
			width := (h.High - h.Low) / float64(len(counts))
			for bin, v := range counts {
				low := h.Low + float64(bin)*width
				row := []string{panel.Name, h.Names[i], formatExactly(low), formatExactly(low + width), formatExactly(v)}
				if err := w.Write(row); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
