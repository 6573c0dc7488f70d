package plots

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/moelab/moelab/internal/atomicfile"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	// notebookWidth is the width of a notebook's output cell, in points.
	notebookWidth = 900
	// pixelsPerPoint makes pictures sharp on dense screens; Show tells the notebook the size in points.
	pixelsPerPoint = 2
	// maxPixels bounds each side of a figure: browsers and viewers refuse larger pictures.
	maxPixels = 16384
)

var (
	// ErrNoNotebook is returned by Show in a program that GoNB did not start.
	ErrNoNotebook = errors.New("plots: not running in a GoNB notebook, so there is nowhere to show the figure: use Save")
	// ErrNoNumbers is returned by SaveCSV of a figure without numbers, such as a Grid.
	ErrNoNumbers = errors.New("plots: this figure has no numbers to save")
)

// Figure is a finished picture. The zero value is of no use: get one from the Figure method of Curves, Grid, Confusion, Histograms, Bars, Flow or Film.
// It does not change any more, whatever happens to the data that it was made from.
type Figure struct {
	width, height vg.Length
	draw          func(draw.Canvas)
	image         image.Image
	writeNumbers  func(*csv.Writer) error // nil if there are none
	notes         []string
	film          []image.Image // The frames, of one that moves, and how many there are a second.
	rate          float64
}

// newFigure draws once, so that whatever is wrong shows here and the methods of Figure cannot fail for it.
func newFigure(width, height vg.Length, drawTo func(draw.Canvas)) (figure *Figure, err error) {
	width, height = vg.Length(math.Ceil(float64(width))), vg.Length(math.Ceil(float64(height)))
	if width*pixelsPerPoint > maxPixels || height*pixelsPerPoint > maxPixels {
		return nil, fmt.Errorf("plots: the figure would have %.0f×%.0f pixels, more than %d on a side: show less, or smaller",
			width*pixelsPerPoint, height*pixelsPerPoint, maxPixels)
	}
	// gonum/plot reports what it cannot draw by a panic.
	defer func() {
		if r := recover(); r != nil {
			figure, err = nil, fmt.Errorf("plots: cannot draw the figure: %v", r)
		}
	}()
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(72*pixelsPerPoint))
	drawTo(draw.New(canvas))
	return &Figure{width: width, height: height, draw: drawTo, image: canvas.Image()}, nil
}

// Image returns the picture, two pixels a point. It must not be changed.
func (f *Figure) Image() image.Image { return f.image }

// Size returns width and height in points, which is the size to show it at on a web page, in pixels.
func (f *Figure) Size() (width, height int) {
	bounds := f.image.Bounds()
	return bounds.Dx() / pixelsPerPoint, bounds.Dy() / pixelsPerPoint
}

// Notes returns what a reader has to know beside the title, such as how many values were NaN and left out.
// The notes are also written under the picture.
func (f *Figure) Notes() []string { return f.notes }

// WritePNG writes the picture as PNG, two pixels a point; of a film as an animated PNG, a pixel a point.
func (f *Figure) WritePNG(w io.Writer) error {
	write := func() error { return png.Encode(w, f.image) }
	if len(f.film) > 1 {
		write = func() error { return writeFilm(w, f.film, f.rate) }
	}
	if err := write(); err != nil {
		return fmt.Errorf("plots: cannot write the figure as PNG: %w", err)
	}
	return nil
}

// WriteSVG writes the picture as SVG. Texts stay texts, in Liberation Sans or a font of the same widths that the viewer has.
func (f *Figure) WriteSVG(w io.Writer) error {
	canvas := vgsvg.New(f.width, f.height)
	f.draw(draw.New(canvas))
	var content bytes.Buffer
	_, err := canvas.WriteTo(&content)
	if err == nil {
		// Arial and Helvetica have the widths of Liberation Sans, which few machines have.
		_, err = w.Write(bytes.ReplaceAll(content.Bytes(),
			[]byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")))
	}
	if err != nil {
		return fmt.Errorf("plots: cannot write the figure as SVG: %w", err)
	}
	return nil
}

// Save writes the picture to path, whose extension, .png or .svg, says how. Missing folders are made. The file appears
// under its name when it is whole, in place of any older one.
func (f *Figure) Save(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		return writeFile(path, f.WritePNG)
	case ".svg":
		return writeFile(path, f.WriteSVG)
	}
	return fmt.Errorf("plots: cannot save %s: the name has to end in .png or .svg", path)
}

// SaveCSV writes the numbers behind the figure to path, with a header line. It returns ErrNoNumbers if there are none.
func (f *Figure) SaveCSV(path string) error {
	if f.writeNumbers == nil {
		return ErrNoNumbers
	}
	return writeFile(path, func(w io.Writer) error {
		table := csv.NewWriter(w)
		if err := f.writeNumbers(table); err != nil {
			return err
		}
		table.Flush()
		return table.Error()
	})
}

// Show displays the figure under the cell that runs, in a GoNB notebook. Elsewhere it returns ErrNoNotebook.
func (f *Figure) Show() error {
	if !gonbui.IsNotebook {
		return ErrNoNotebook
	}
	var content bytes.Buffer
	if err := f.WritePNG(&content); err != nil {
		return err
	}
	// gonbui.DisplayPNG does not tell the size to show it at.
	width, height := f.Size()
	gonbui.SendData(&protocol.DisplayData{
		Data:     map[protocol.MIMEType]any{protocol.MIMEImagePNG: content.Bytes()},
		Metadata: map[string]any{string(protocol.MIMEImagePNG): map[string]int{"width": width, "height": height}},
	})
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("plots: cannot send the figure to the notebook: %w", err)
	}
	gonbui.Sync() // a cell may end right after this
	return nil
}

// writeFile makes missing folders and a file that is whole or not there.
func writeFile(path string, write func(io.Writer) error) error {
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = atomicfile.Write(path, func(file *os.File) error {
			buffered := bufio.NewWriter(file)
			if err := write(buffered); err != nil {
				return err
			}
			return buffered.Flush()
		})
	}
	if err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	return nil
}
