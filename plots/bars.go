package plots

import (
	"encoding/csv"
	"errors"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars is a chart of one value for each name, such as the number of pictures of each class, with the value at each bar's end.
type Bars struct {
	Title string
	// X says what the values are, with their unit.
	X string
	// Names and Values are as many as there are bars.
	Names []string
	// Values are finite and ≥ 0. Whole numbers are written without a fraction, others to three digits.
	Values []float64
	// Colours put a sample of a colour before each name, or are nil.
	Colours []color.Color
}

const (
	barHeight = 18
	barPitch  = 26
)

// Figure draws the bars from left to right, below each other, 900 points wide. It returns an error if there are none, if names
// are not as many as values, or if a value is negative, NaN or infinite.
func (b Bars) Figure() (*Figure, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	b.Names, b.Values, b.Colours = slices.Clone(b.Names), slices.Clone(b.Values), slices.Clone(b.Colours)
	names := labels{texts: b.Names, colours: b.Colours}
	style := textStyle(tickSize, ink)
	widest := vg.Length(0)
	for _, v := range b.Values {
		widest = max(widest, style.Width(formatValue(v)))
	}
	left := names.widthBeside()
	room := max(100, notebookWidth-2*margin-left-labelGap-widest) // for the longest bar
	width := 2*margin + left + room + labelGap + widest
	text := newTexts(width-2*margin, b.Title, b.X, nil)
	longest := slices.Max(b.Values)
	figure, err := newFigure(width, 2*margin+text.height()+vg.Length(len(b.Values))*barPitch, func(canvas draw.Canvas) {
		c := text.draw(inset(canvas))
		x := c.Min.X + left
		names.drawBeside(c, x, c.Max.Y-barPitch/2, barPitch)
		for i, v := range b.Values {
			y := c.Max.Y - (vg.Length(i)+0.5)*barPitch
			end := x
			if v > 0 {
				end += room * vg.Length(v/longest)
				fillRectangle(c, Palette[0], x, y-barHeight/2, end, y+barHeight/2)
			}
			drawText(c, style, end+labelGap, y, draw.XLeft, formatValue(v))
		}
		c.StrokeLine2(draw.LineStyle{Color: axisLine, Width: 1}, x, c.Min.Y, x, c.Max.Y)
	})
	if err != nil {
		return nil, err
	}
	figure.writeNumbers = b.writeNumbers
	return figure, nil
}

func (b Bars) check() error {
	if len(b.Values) == 0 {
		return errors.New("plots: bars without a value")
	}
	if len(b.Names) != len(b.Values) {
		return fmt.Errorf("plots: %d names for %d bars", len(b.Names), len(b.Values))
	}
	if err := (labels{b.Names, b.Colours}).check("bar", len(b.Values)); err != nil {
		return err
	}
	for i, v := range b.Values {
		if !isFinite(v) || v < 0 {
			return fmt.Errorf("plots: the bar of %q cannot be %g long", b.Names[i], v)
		}
	}
	return nil
}

func (b Bars) writeNumbers(w *csv.Writer) error {
	if err := w.Write([]string{"name", "value"}); err != nil {
		return err
	}
	for i, v := range b.Values {
		if err := w.Write([]string{b.Names[i], formatExactly(v)}); err != nil {
			return err
		}
	}
	return nil
}
