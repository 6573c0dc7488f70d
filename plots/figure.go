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
	// pixelsPerPoint makes pictures sharp on dense screens. Show passes the size in points to the notebook.
	pixelsPerPoint = 2
	// maxPixels bounds each side of a figure. Browsers and viewers reject larger pictures.
	maxPixels = 16384
)

var (
	// ErrNoNotebook is returned by Show outside a GoNB notebook.
	ErrNoNotebook = errors.New("plots: not running in a GoNB notebook, so there is nowhere to show the figure: use Save")
	// ErrNoNumbers is returned by SaveCSV of a figure without numbers, such as a Grid.
	ErrNoNumbers = errors.New("plots: this figure has no numbers to save")
)

// Figure is a finished picture, made by the Figure method of Curves, Grid, Confusion, Histograms, Bars, Flow or Film.
// The zero value is not usable. Later changes to the data do not affect it.
type Figure struct {
	width, height vg.Length
	draw          func(draw.Canvas)
	image         image.Image
	writeNumbers  func(*csv.Writer) error // nil if there are none
	notes         []string
	film          []image.Image // the frames of a Film
	rate          float64       // frames per second
}

// newFigure draws once, so that faults surface here and not in the methods of Figure.
func newFigure(width, height vg.Length, drawTo func(draw.Canvas)) (figure *Figure, err error) {
	width, height = vg.Length(math.Ceil(float64(width))), vg.Length(math.Ceil(float64(height)))
	if width*pixelsPerPoint > maxPixels || height*pixelsPerPoint > maxPixels {
		return nil, fmt.Errorf(
			"plots: the figure would have %.0f×%.0f pixels, more than %d on a side: show less, or smaller",
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

// Image returns the picture at two pixels per point. It must not be changed.
func (f *Figure) Image() image.Image { return f.image }

// Size returns width and height in points, the size in pixels for a web page.
func (f *Figure) Size() (width, height int) {
	bounds := f.image.Bounds()
	return bounds.Dx() / pixelsPerPoint, bounds.Dy() / pixelsPerPoint
}

// Notes returns remarks for the reader, such as the number of values left out as NaN. They are also written under the
// picture.
func (f *Figure) Notes() []string { return f.notes }

// WritePNG writes the picture as PNG at two pixels per point, or a film as animated PNG at one.
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

// WriteSVG writes the picture as SVG. Text stays text, in Liberation Sans or another font of the same widths.
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

// Save writes the picture to path, as PNG or SVG by its extension, .png or .svg. It creates missing folders and
// replaces an older file only by a complete one.
func (f *Figure) Save(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		return writeFile(path, f.WritePNG)
	case ".svg":
		return writeFile(path, f.WriteSVG)
	}
	return fmt.Errorf("plots: cannot save %s: the name has to end in .png or .svg", path)
}

// SaveCSV writes the numbers behind the figure to path, with a header line. It returns ErrNoNumbers if the
// figure has none.
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

// Show displays the figure under the running cell of a GoNB notebook. Elsewhere it returns ErrNoNotebook.
func (f *Figure) Show() error {
	if !gonbui.IsNotebook {
		return ErrNoNotebook
	}
	var content bytes.Buffer
	if err := f.WritePNG(&content); err != nil {
		return err
	}
	// gonbui.DisplayPNG cannot pass the display size.
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

// writeFile creates missing folders and writes the file completely or not at all.
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
