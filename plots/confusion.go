package plots

import (
	"encoding/csv"
	"errors"
	"fmt"
	"image/color"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Confusion is a confusion matrix: how often each class was seen, by the class asked for.
type Confusion struct {
	Title string
	// Classes name rows and columns.
	Classes []string
	// Colours, if any, puts a colour sample before each class.
	Colours []color.Color
	// Counts[asked][seen] is how often one class was asked for and the other seen.
	Counts [][]int
	// Asked and Seen label the rows and the columns. The defaults are "asked" and "seen".
	Asked, Seen string
}

// Accuracy is the share of counts on the diagonal, in [0, 1], or 0 if there are no counts.
func (m Confusion) Accuracy() float64 {
	right, total := m.sums()
	if total == 0 {
		return 0
	}
	return float64(right) / float64(total)
}

func (m Confusion) sums() (right, total int) {
	for i, row := range m.Counts {
		total += sum(row)
		if i < len(row) {
			right += row[i]
		}
	}
	return right, total
}

func sum(counts []int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

// Figure draws the matrix. Each cell shows its share of the row and its count, and is darker the larger the share.
// Figure returns an error if there are no classes, if Counts is not square with a row per class, or if counts are
// negative or all 0.
func (m Confusion) Figure() (*Figure, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	m = m.clone()
	names := labels{texts: m.Classes, colours: m.Colours}
	side := cellSide(len(m.Classes))
	matrix := side * vg.Length(len(m.Classes))
	captions := captionRoom()
	left := captions + names.widthBeside()
	top := captions + names.heightAbove(side)
	totals := textStyle(noteSize, paleInk)
	right := labelGap + totals.Width("n = "+formatNumber(float64(m.largestTotal()), 0))

	count, total := m.sums()
	subtitle := fmt.Sprintf("%s of %s seen as asked (%s %%)",
		formatNumber(float64(count), 0),
		formatNumber(float64(total), 0),
		formatNumber(100*m.Accuracy(), 1))
	needed := 2*margin + left + matrix + right
	textWidth := max(titleStyle().Width(m.Title), textStyle(labelSize, ink).Width(subtitle))
	width := min(max(needed, 2*margin+textWidth), max(notebookWidth, needed))
	text := newTexts(width-2*margin, m.Title, subtitle, nil)
	figure, err := newFigure(width, 2*margin+text.height()+top+matrix, func(canvas draw.Canvas) {
		c := text.draw(inset(canvas))
		x, y := c.Min.X+left, c.Max.Y-top
		caption := textStyle(labelSize, paleInk)
		drawText(c, caption, x+matrix/2, c.Max.Y-captions/2, draw.XCenter, m.Seen)
		drawTextUp(c, caption, c.Min.X+labelSize/2, y-matrix/2, draw.XCenter, m.Asked)
		names.drawAbove(c, x+side/2, y, side)
		names.drawBeside(c, x, y-side/2, side)
		for i, row := range m.Counts {
			m.drawRow(c, x, y-vg.Length(i)*side, side, row)
			n := "n = " + formatNumber(float64(sum(row)), 0)
			drawText(c, totals, x+matrix+labelGap, y-(vg.Length(i)+0.5)*side, draw.XLeft, n)
		}
	})
	if err != nil {
		return nil, err
	}
	figure.writeNumbers = m.writeNumbers
	return figure, nil
}

func (m Confusion) check() error {
	if len(m.Classes) == 0 {
		return errors.New("plots: a confusion matrix without classes")
	}
	if err := (labels{m.Classes, m.Colours}).check("class", len(m.Classes)); err != nil {
		return err
	}
	if len(m.Counts) != len(m.Classes) {
		return fmt.Errorf("plots: %d rows of counts for %d classes", len(m.Counts), len(m.Classes))
	}
	for i, row := range m.Counts {
		if len(row) != len(m.Classes) {
			return fmt.Errorf("plots: %d counts in the row of %q for %d classes", len(row), m.Classes[i], len(m.Classes))
		}
		if n := slices.Min(row); n < 0 {
			return fmt.Errorf("plots: a count of %d in the row of %q", n, m.Classes[i])
		}
	}
	if _, total := m.sums(); total == 0 {
		return errors.New("plots: a confusion matrix whose counts are all 0")
	}
	return nil
}

// clone also fills in the captions.
func (m Confusion) clone() Confusion {
	m.Classes, m.Colours, m.Counts = slices.Clone(m.Classes), slices.Clone(m.Colours), slices.Clone(m.Counts)
	for i, row := range m.Counts {
		m.Counts[i] = slices.Clone(row)
	}
	if m.Asked == "" {
		m.Asked = "asked"
	}
	if m.Seen == "" {
		m.Seen = "seen"
	}
	return m
}

func (m Confusion) largestTotal() int {
	largest := 0
	for _, row := range m.Counts {
		largest = max(largest, sum(row))
	}
	return largest
}

// captionRoom is the width of a caption beside the labels, or its height above them.
func captionRoom() vg.Length { return labelSize + labelGap }

// cellSide is the side of a cell in points: large for few classes, small for many.
func cellSide(classes int) vg.Length {
	const matrixWidth, smallest, largest = 640, 14, 64
	return vg.Length(max(smallest, min(largest, matrixWidth/classes)))
}

// The smallest sides of a cell, in points, at which its share, and its count too, are legible.
const (
	sideForShare = 36
	sideForCount = 46
)

// drawRow draws the cells of one row below and to the right of a corner.
func (m Confusion) drawRow(c draw.Canvas, x, y, side vg.Length, row []int) {
	total := sum(row)
	for j, count := range row {
		left := x + vg.Length(j)*side
		share := 0.0
		if total > 0 {
			share = float64(count) / float64(total)
		}
		fillRectangle(c, shade(share), left+0.5, y-side+0.5, left+side-0.5, y-0.5)
		if count == 0 {
			continue
		}
		colour := color.Color(ink)
		if share > 0.55 {
			colour = color.White
		}
		shareStyle, countStyle := textStyle(labelSize, colour), textStyle(noteSize-1, colour)
		centre := left + side/2
		percent := formatPercent(count, total)
		switch {
		case side >= sideForCount:
			drawText(c, shareStyle, centre, y-0.38*side, draw.XCenter, percent)
			drawText(c, countStyle, centre, y-0.7*side, draw.XCenter, formatNumber(float64(count), 0))
		case side >= sideForShare:
			drawText(c, countStyle, centre, y-side/2, draw.XCenter, percent)
		}
	}
}

// formatPercent never rounds a share to 0 %, and rounds to 100 % only if it is all. The count must not be 0.
func formatPercent(count, total int) string {
	switch share := 100 * float64(count) / float64(total); {
	case share < 1:
		return "<1 %"
	case share >= 99.5 && count < total:
		return ">99 %"
	default:
		return formatNumber(share, 0) + " %"
	}
}

// shade goes from almost white to the palette's blue. Its lightness falls steadily, so that colour-blind readers see
// it.
func shade(share float64) color.NRGBA {
	return mix(color.NRGBA{R: 0xF4, G: 0xF6, B: 0xF8, A: 0xFF}, Palette[0], share)
}

// writeNumbers writes a line per class asked for and a column per class seen.
func (m Confusion) writeNumbers(w *csv.Writer) error {
	if err := w.Write(append([]string{m.Asked + " \\ " + m.Seen}, m.Classes...)); err != nil {
		return err
	}
	for i, row := range m.Counts {
		line := []string{m.Classes[i]}
		for _, count := range row {
			line = append(line, strconv.Itoa(count))
		}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}
