package plots

import (
	"image/color"
	"math"
	"strings"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Palette is the colour-blind-safe palette of Okabe and Ito, the strongest contrasts on white first. Their yellow is
// left out, since it hardly shows on white.
var Palette = []color.NRGBA{
	{R: 0x00, G: 0x72, B: 0xB2, A: 0xFF}, // blue
	{R: 0xD5, G: 0x5E, B: 0x00, A: 0xFF}, // vermilion
	{R: 0x00, G: 0x9E, B: 0x73, A: 0xFF}, // bluish green
	{R: 0xCC, G: 0x79, B: 0xA7, A: 0xFF}, // reddish purple
	{R: 0xE6, G: 0x9F, B: 0x00, A: 0xFF}, // orange
	{R: 0x56, G: 0xB4, B: 0xE9, A: 0xFF}, // sky blue
	{R: 0x00, G: 0x00, B: 0x00, A: 0xFF}, // black
}

var (
	ink      = color.NRGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xFF} // titles and labels
	paleInk  = color.NRGBA{R: 0x66, G: 0x66, B: 0x66, A: 0xFF} // ticks and notes
	gridLine = color.NRGBA{R: 0xE4, G: 0xE4, B: 0xE4, A: 0xFF}
	axisLine = color.NRGBA{R: 0x99, G: 0x99, B: 0x99, A: 0xFF}
)

// Sizes of text, in points.
const (
	titleSize  = 17
	labelSize  = 14
	tickSize   = 13
	noteSize   = 12
	lineHeight = 1.35 // of a text of several lines, times its size
	margin     = 14   // around a figure
)

// textStyle is a style in Liberation Sans, which is embedded in gonum/plot.
func textStyle(size vg.Length, colour color.Color) draw.TextStyle {
	return draw.TextStyle{
		Color:   colour,
		Font:    plotfont.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		Handler: plot.DefaultTextHandler,
	}
}

func titleStyle() draw.TextStyle {
	style := textStyle(titleSize, ink)
	style.Font.Weight = font.WeightBold
	return style
}

// drawText writes one line with its capitals centred on y. The point that align names is at x.
func drawText(c draw.Canvas, style draw.TextStyle, x, y vg.Length, align draw.XAlignment, text string) {
	const capitals = 0.72 // height of a capital letter in Liberation Sans, times its size
	style.XAlign, style.YAlign = align, draw.YBottom
	// Undo what the text handler adds to get from pt.Y to the baseline.
	toBaseline := style.Font.Size - style.FontExtents().Ascent
	c.FillText(style, vg.Point{X: x, Y: y - capitals*style.Font.Size/2 - toBaseline}, text)
}

// drawTextUp writes one line from bottom to top, with its capitals centred on x. The point that align names is at y.
func drawTextUp(c draw.Canvas, style draw.TextStyle, x, y vg.Length, align draw.XAlignment, text string) {
	c.Push()
	c.Translate(vg.Point{X: x, Y: y})
	c.Rotate(math.Pi / 2)
	drawText(c, style, 0, 0, align, text)
	c.Pop()
}

// wrap breaks text between words into lines no wider than width, except for single words that are wider.
func wrap(style draw.TextStyle, width vg.Length, text string) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && style.Width(longer) > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// block is a text of several lines in one style: a title, a note.
type block struct {
	style draw.TextStyle
	lines []string
}

func newBlock(style draw.TextStyle, width vg.Length, paragraphs ...string) block {
	b := block{style: style}
	for _, paragraph := range paragraphs {
		b.lines = append(b.lines, wrap(style, width, paragraph)...)
	}
	return b
}

func (b block) height() vg.Length {
	return vg.Length(len(b.lines)) * b.style.Font.Size * lineHeight
}

// draw writes the block at the upper left corner of c and returns the canvas below it.
func (b block) draw(c draw.Canvas) draw.Canvas {
	step := b.style.Font.Size * lineHeight
	for _, line := range b.lines {
		drawText(c, b.style, c.Min.X, c.Max.Y-step/2, draw.XLeft, line)
		c.Max.Y -= step
	}
	return c
}

// texts are the title and subtitle above a figure and the notes below it.
type texts struct {
	title, subtitle, notes block
}

// Gaps between the texts and the picture.
const (
	belowHead = 8
	aboveFoot = 8
)

func newTexts(width vg.Length, title, subtitle string, notes []string) texts {
	return texts{
		title:    newBlock(titleStyle(), width, title),
		subtitle: newBlock(textStyle(labelSize, paleInk), width, subtitle),
		notes:    newBlock(textStyle(noteSize, paleInk), width, notes...),
	}
}

// height includes the gaps to the picture.
func (t texts) height() vg.Length {
	height := t.title.height() + t.subtitle.height() + t.notes.height()
	if len(t.title.lines)+len(t.subtitle.lines) > 0 {
		height += belowHead
	}
	if len(t.notes.lines) > 0 {
		height += aboveFoot
	}
	return height
}

// draw writes the texts and returns the canvas between them.
func (t texts) draw(c draw.Canvas) draw.Canvas {
	rest := t.subtitle.draw(t.title.draw(c))
	if len(t.title.lines)+len(t.subtitle.lines) > 0 {
		rest.Max.Y -= belowHead
	}
	if len(t.notes.lines) > 0 {
		foot := rest
		foot.Max.Y = foot.Min.Y + t.notes.height()
		t.notes.draw(foot)
		rest.Min.Y = foot.Max.Y + aboveFoot
	}
	return rest
}

// inset is c without its margin.
func inset(c draw.Canvas) draw.Canvas {
	return draw.Crop(c, margin, -margin, margin, -margin)
}

// fillRectangle fills from the lower left to the upper right corner.
func fillRectangle(c draw.Canvas, colour color.Color, x0, y0, x1, y1 vg.Length) {
	c.FillPolygon(colour, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}

// mix goes from one colour to the other as share goes from 0 to 1.
func mix(from, to color.NRGBA, share float64) color.NRGBA {
	channel := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + share*(float64(b)-float64(a)))) }
	return color.NRGBA{R: channel(from.R, to.R), G: channel(from.G, to.G), B: channel(from.B, to.B), A: 0xFF}
}
