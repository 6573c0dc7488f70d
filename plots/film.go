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

// Film is clips that play beside each other, for ever: as an animated PNG, which JupyterLab, VSCode and browsers play.
type Film struct {
	Title string
	// Clips are as many frames each, of one size.
	Clips [][]image.Image
	// Labels are as many as clips, or none.
	Labels []string
	// Rate is the frames a second.
	Rate float64
	// Smooth enlarges by cubic interpolation, as that of [Grid].
	Smooth bool
}

// Figure draws the film. As SVG it is the first frame only. It returns an error if there are no frames, if clips are not equally long, or if frames differ in size.
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
		width, height := drawn.Size() // A pixel a point is enough for what moves, and a film has many frames.
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
	writer, err := imaging.NewWriter(w, imaging.PNG, imaging.Info{Width: bounds.Dx(), Height: bounds.Dy(), Frames: len(film)})
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
