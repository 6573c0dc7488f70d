package plots

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// labels name the rows or columns of a table, each with an optional colour sample.
type labels struct {
	texts   []string
	colours []color.Color
}

const (
	swatchSize = 12
	swatchGap  = 5 // between a swatch and its text
	labelGap   = 8 // between a label and what it names
)

func (l labels) check(name string, count int) error {
	if len(l.texts) != 0 && len(l.texts) != count {
		return fmt.Errorf("plots: %d %s labels for %d %ss", len(l.texts), name, count, name)
	}
	if len(l.colours) != 0 && len(l.colours) != len(l.texts) {
		return fmt.Errorf("plots: %d %s colours for %d %s labels", len(l.colours), name, len(l.texts), name)
	}
	return nil
}

func (l labels) style() draw.TextStyle { return textStyle(labelSize, ink) }

// width is the width of label i with its swatch.
func (l labels) width(i int) vg.Length {
	width := l.style().Width(l.texts[i])
	if l.swatch(i) != nil {
		width += swatchSize + swatchGap
	}
	return width
}

func (l labels) swatch(i int) color.Color {
	if i < len(l.colours) {
		return l.colours[i]
	}
	return nil
}

func (l labels) widest() vg.Length {
	widest := vg.Length(0)
	for i := range l.texts {
		widest = max(widest, l.width(i))
	}
	return widest
}

// widthBeside is the width of labels to the left of a table.
func (l labels) widthBeside() vg.Length {
	if len(l.texts) == 0 {
		return 0
	}
	return l.widest() + labelGap
}

// heightAbove is the height of labels above a table whose columns are pitch apart.
func (l labels) heightAbove(pitch vg.Length) vg.Length {
	switch {
	case len(l.texts) == 0:
		return 0
	case l.upright(pitch):
		return l.widest() + labelGap
	}
	return labelSize + labelGap
}

// upright reports whether labels above columns must be turned to fit.
func (l labels) upright(pitch vg.Length) bool { return l.widest() > pitch-4 }

// drawBeside writes the labels to the left of x, the first at height y, the others pitch below each other.
func (l labels) drawBeside(c draw.Canvas, x, y, pitch vg.Length) {
	for i := range l.texts {
		l.drawLabel(c, i, x-labelGap-l.width(i), y-vg.Length(i)*pitch)
	}
}

// drawAbove writes the labels above y, the first centred on x, the others pitch to the right of each other.
func (l labels) drawAbove(c draw.Canvas, x, y, pitch vg.Length) {
	for i := range l.texts {
		centre := x + vg.Length(i)*pitch
		if !l.upright(pitch) {
			l.drawLabel(c, i, centre-l.width(i)/2, y+labelGap+labelSize/2-2)
			continue
		}
		l.drawSwatch(c, i, centre-swatchSize/2, y+labelGap-2)
		if l.swatch(i) != nil {
			drawTextUp(c, l.style(), centre, y+labelGap-2+swatchSize+swatchGap, draw.XLeft, l.texts[i])
		} else {
			drawTextUp(c, l.style(), centre, y+labelGap-2, draw.XLeft, l.texts[i])
		}
	}
}

// drawLabel writes label i to the right of x, centred on y.
func (l labels) drawLabel(c draw.Canvas, i int, x, y vg.Length) {
	if l.swatch(i) != nil {
		l.drawSwatch(c, i, x, y-swatchSize/2)
		x += swatchSize + swatchGap
	}
	drawText(c, l.style(), x, y, draw.XLeft, l.texts[i])
}

// drawSwatch fills a framed square from its lower left corner.
func (l labels) drawSwatch(c draw.Canvas, i int, x, y vg.Length) {
	if l.swatch(i) == nil {
		return
	}
	fillRectangle(c, axisLine, x, y, x+swatchSize, y+swatchSize)
	fillRectangle(c, l.swatch(i), x+0.5, y+0.5, x+swatchSize-0.5, y+swatchSize-0.5)
}
