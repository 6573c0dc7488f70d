package plots

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"
	"math"

	"github.com/moelab/moelab/internal/imaging"
	imagedraw "golang.org/x/image/draw"
)

// Film is a row of clips that play in an endless loop, as an animated PNG. JupyterLab, VSCode and browsers play it.
type Film struct {
	Title string
	// Clips [clip][frame] have equal numbers of frames, all of one size.
	Clips [][]image.Image
	// Labels, if any, has one entry per clip.
	Labels []string
	// Rate is in frames per second, > 0.
	Rate float64
	// Smooth enlarges by cubic interpolation, as in [Grid].
	Smooth bool
}

// Figure draws the film. As SVG it is the first frame only. Figure returns an error if there are no frames, if clips
// differ in length, if frames differ in size, if Rate is not positive, or if the numbers of labels and clips differ.
func (f Film) Figure() (*Figure, error) {
	if f.Rate <= 0 {
		return nil, fmt.Errorf("plots: a film of %g frames a second", f.Rate)
	}
	if len(f.Clips) == 0 || len(f.Clips[0]) == 0 {
		return nil, errors.New("plots: a film needs a clip with a frame")
	}
	var figure *Figure
	var film []image.Image
	for k := range f.Clips[0] {
		row := make([]image.Image, len(f.Clips))
		for i, clip := range f.Clips {
			if len(clip) != len(f.Clips[0]) {
				return nil, fmt.Errorf("plots: clip %d has %d frames, the first one %d", i+1, len(clip), len(f.Clips[0]))
			}
			row[i] = clip[k]
		}
		drawn, err := Grid{Title: f.Title, Pictures: [][]image.Image{row}, ColumnLabels: f.Labels, Smooth: f.Smooth}.Figure()
		if err != nil {
			return nil, err
		}
		if k == 0 {
			figure = drawn
		}
		width, height := drawn.Size() // one pixel per point is enough for moving pictures, and keeps the file small
		frame := image.NewRGBA(image.Rect(0, 0, width, height))
		imagedraw.CatmullRom.Scale(frame, frame.Rect, drawn.image, drawn.image.Bounds(), imagedraw.Src, nil)
		film = append(film, frame)
	}
	figure.film, figure.rate = film, f.Rate
	return figure, nil
}

// writeFilm writes frames as an animated PNG.
func writeFilm(w io.Writer, film []image.Image, rate float64) error {
	bounds := film[0].Bounds()
	info := imaging.Info{Width: bounds.Dx(), Height: bounds.Dy(), Frames: len(film)}
	writer, err := imaging.NewWriter(w, imaging.PNG, info)
	if err != nil {
		return err
	}
	delay := imaging.Delay{Numerator: uint16(math.Round(1000 / rate)), Denominator: 1000}
	for _, frame := range film {
		pixels := image.NewNRGBA64(image.Rectangle{Max: bounds.Size()})
		draw.Draw(pixels, pixels.Rect, frame, frame.Bounds().Min, draw.Src)
		if err := writer.Write(imaging.Frame{Pixels: pixels, Delay: delay}); err != nil {
			return err
		}
	}
	return writer.Close()
}
