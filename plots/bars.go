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

// Bars is a chart of one value per name, such as the number of pictures of each class. The value stands at the end of
// its bar.
type Bars struct {
	Title string
	// X describes the values, with their unit.
	X string
	// Names has one entry per bar.
	Names []string
	// Values has one entry per bar, each finite and ≥ 0. Whole numbers are written without a fraction, others to three
	// digits.
	Values []float64
	// Colours, if any, puts a colour sample before each name.
	Colours []color.Color
}

const (
	barHeight = 18
	barPitch  = 26
)

// Figure draws horizontal bars, one below the other, 900 points wide. It returns an error if there are no bars, if the
// numbers of names and values differ, or if a value is negative, NaN or infinite.
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
