package plots

import (
	"encoding/csv"
	"errors"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Dots is a chart of some values per name, such as a measure of several trainings that differ in their seeds: each
// value is a dot, their mean a line across them, and the standard deviation a pale bar around it.
type Dots struct {
	Title string
	// X describes the values, with their unit.
	X string
	// Names has one entry per row.
	Names []string
	// Values has the values of each row. A row without any stays empty; NaN and infinite ones are left out and counted
	// in a note.
	Values [][]float64
}

const dotRadius = 4

// Figure draws a row of dots below the other, 900 points wide. It returns an error if there is no finite value, or if
// the numbers of names and rows differ.
func (d Dots) Figure() (*Figure, error) {
	if len(d.Names) != len(d.Values) {
		return nil, fmt.Errorf("plots: %d names for %d rows of dots", len(d.Names), len(d.Values))
	}
	d.Names = slices.Clone(d.Names)
	rows, all, notes := d.finite()
	if len(all) == 0 {
		return nil, errors.New("plots: dots without a finite value")
	}
	between := span{slices.Min(all), slices.Max(all)}
	for _, values := range rows {
		if len(values) > 1 {
			mean, deviation := stat.MeanStdDev(values, nil)
			between = between.with(mean - deviation).with(mean + deviation)
		}
	}
	if largest := max(-between.low, between.high); largest > 1/tiny {
		return nil, fmt.Errorf("plots: a value of magnitude %g is too large to draw", largest)
	}
	scale := valueScale{}
	low, high := scale.pad(between)
	names := labels{texts: d.Names}
	text := newTexts(notebookWidth-2*margin, d.Title, d.X, notes)
	const foot = tickSize + labelGap
	height := 2*margin + text.height() + vg.Length(len(rows))*barPitch + foot
	figure, err := newFigure(notebookWidth, height, func(canvas draw.Canvas) {
		c := text.draw(inset(canvas))
		left, bottom := c.Min.X+names.widthBeside(), c.Min.Y+foot
		// The last tick's label may be centred on the right end.
		room := c.Max.X - left - 20
		at := func(v float64) vg.Length { return left + room*vg.Length(scale.Normalize(low, high, v)) }
		names.drawBeside(c, left, c.Max.Y-barPitch/2, barPitch)
		for _, tick := range scale.ticks(low, high) {
			x := at(tick.Value)
			c.StrokeLine2(draw.LineStyle{Color: gridLine, Width: 1}, x, bottom, x, c.Max.Y)
			drawText(c, textStyle(tickSize, paleInk), x, c.Min.Y+tickSize/2, draw.XCenter, tick.Label)
		}
		c.StrokeLine2(draw.LineStyle{Color: axisLine, Width: 1}, left, bottom, left, c.Max.Y)
		for i, values := range rows {
			drawDots(c, c.Max.Y-(vg.Length(i)+0.5)*barPitch, values, at)
		}
	})
	if err != nil {
		return nil, err
	}
	figure.writeNumbers, figure.notes = d.writeNumbers, notes
	return figure, nil
}

// drawDots draws the values of a row at height y.
func drawDots(c draw.Canvas, y vg.Length, values []float64, at func(float64) vg.Length) {
	if len(values) == 0 {
		return
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	if len(values) > 1 {
		pale := mix(Palette[0], color.NRGBA{R: 0xFF, G: 0xFF, B: 0xFF, A: 0xFF}, 0.8)
		fillRectangle(c, pale, at(mean-deviation), y-barHeight/2, at(mean+deviation), y+barHeight/2)
	}
	x := at(mean)
	c.StrokeLine2(draw.LineStyle{Color: Palette[0], Width: 2}, x, y-barHeight/2, x, y+barHeight/2)
	dot := draw.GlyphStyle{Color: Palette[1], Radius: dotRadius, Shape: draw.CircleGlyph{}}
	for _, v := range values {
		c.DrawGlyph(dot, vg.Point{X: at(v), Y: y})
	}
}

// finite returns the finite values of each row, all of them, and a note about the others.
func (d Dots) finite() (rows [][]float64, all []float64, notes []string) {
	skipped := 0
	for _, values := range d.Values {
		var row []float64
		for _, v := range values {
			if !isFinite(v) {
				skipped++
				continue
			}
			row = append(row, v)
		}
		rows, all = append(rows, row), append(all, row...)
	}
	if skipped > 0 {
		notes = append(notes, fmt.Sprintf("%d values are NaN or infinite.", skipped))
	}
	return rows, all, notes
}

func (d Dots) writeNumbers(w *csv.Writer) error {
	if err := w.Write([]string{"name", "value"}); err != nil {
		return err
	}
	for i, values := range d.Values {
		for _, v := range values {
			if err := w.Write([]string{d.Names[i], formatExactly(v)}); err != nil {
				return err
			}
		}
	}
	return nil
}
