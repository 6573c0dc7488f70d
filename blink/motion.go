package blink

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/flow"
	"github.com/moelab/moelab/plots"
	"gonum.org/v1/gonum/stat"
)

// Movement is a motion of drawn portraits that is larger than a blink.
type Movement struct {
	Name string
	// by makes a part of it, from 0 to 1.
	by func(p *portrait.Params, part float64)
}

// Movements are the motions that [MotionStudy] tries. Drawn heads cannot turn to the side.
var Movements = []Movement{
	{"the head tilts by 25°", func(p *portrait.Params, part float64) { p.Tilt += part * 25 * math.Pi / 180 }},
	{"it comes nearer by a quarter", func(p *portrait.Params, part float64) { p.Scale *= 1 + part/4 }},
	{"it moves by a tenth", func(p *portrait.Params, part float64) { p.Move.X += part / 10 }},
	{"the brows rise", func(p *portrait.Params, part float64) { p.BrowY += part * 0.04 }},
	{"the mouth widens twofold", func(p *portrait.Params, part float64) { p.MouthWidth *= 1 + part }},
	{"the eyes shut", func(p *portrait.Params, part float64) { p.EyeOpening *= 1 - part }},
}

// motionParts are the parts of a movement that are tried.
var motionParts = []float64{0.125, 0.25, 0.5, 0.75, 1}

// MotionStudy is what becomes of portraits that follow the flow of others beyond a blink. The flow is brought to the
// portrait's own face by the places of the eyes: the article's wish, without a network.
type MotionStudy struct {
	// Errors are, for each of Movements and each part of it, the mean absolute errors of the portraits, relative to
	// repeating the picture.
	Errors [][][]float64
	// shown are, for each movement, a portrait, the truth, and what becomes of it by each part.
	shown [][]image.Image
}

// motionSize is the height and width of the portraits of a study.
const motionSize = 256

// NewMotionStudy makes n drawn portraits of a seed follow n others.
func NewMotionStudy(ctx context.Context, backend compute.Backend, seed uint64, n int) (*MotionStudy, error) {
	estimator, err := flow.NewEstimator(backend, flow.Default())
	if err != nil {
		return nil, err
	}
	defer estimator.Close()
	study := &MotionStudy{}
	for _, movement := range Movements {
		errs := make([][]float64, len(motionParts))
		var shown []image.Image
		for i := range n {
			person, other := portrait.At(seed, 2*i), portrait.At(seed, 2*i+1)
			picture := person.Draw(motionSize)
			moved := func(p portrait.Params, part float64) *image.RGBA {
				movement.by(&p, part)
				return p.Draw(motionSize)
			}
			var references []*image.Gray
			for _, part := range motionParts {
				references = append(references, grey(moved(other, part)))
			}
			flows, err := estimator.Estimate(ctx, grey(other.Draw(motionSize)), references...)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", movement.Name, err)
			}
			to := betweenEyes(person).onto(betweenEyes(other))
			for k, part := range motionParts {
				vectors, err := tensors.CopyFlatData[float32](flows[k])
				if err != nil {
					return nil, err
				}
				truth, made := moved(person, part), followed(picture, vectors, to)
				errs[k] = append(errs[k], difference(made, truth, truth.Rect)/max(difference(picture, truth, truth.Rect), 1e-9))
				if i > 0 {
					continue
				}
				if k == 0 {
					shown = append(shown, picture, moved(person, 1))
				}
				shown = append(shown, made)
			}
		}
		study.Errors, study.shown = append(study.Errors, errs), append(study.shown, shown)
	}
	return study, nil
}

// grey returns a picture in grey.
func grey(picture *image.RGBA) *image.Gray {
	made := image.NewGray(picture.Rect)
	draw.Draw(made, made.Rect, picture, picture.Rect.Min, draw.Src)
	return made
}

// eyeLine is where a face is: the middle of its left eye, and the vector to that of its right eye.
type eyeLine struct{ at, to complex128 }

// betweenEyes returns where the face of a drawn portrait is.
func betweenEyes(p portrait.Params) eyeLine {
	boxes := p.EyeBoxes(motionSize)
	middle := func(r image.Rectangle) complex128 {
		return complex(float64(r.Min.X+r.Max.X)/2, float64(r.Min.Y+r.Max.Y)/2)
	}
	return eyeLine{middle(boxes[0]), middle(boxes[1]) - middle(boxes[0])}
}

// similarity is a map of the plane that keeps angles: z → turn·z + move.
type similarity struct{ turn, move complex128 }

// onto returns the map of one face onto another.
func (e eyeLine) onto(other eyeLine) similarity {
	turn := other.to / e.to
	return similarity{turn, other.at - turn*e.at}
}

// followed moves a picture as a flow, [motionSize, motionSize, 2], moves another one, which to maps the picture onto.
// The flow u says where each pixel goes; the colour of a pixel x comes from x + v with v = −u(x + v), found by
// fixed-point iteration.
func followed(picture *image.RGBA, vectors []float32, to similarity) *image.RGBA {
	at := func(z complex128) complex128 { // The other's flow, in the picture's own directions.
		z = to.turn*z + to.move
		return complex(bilinear(real(z), imag(z), func(x, y int) float64 { return float64(vectors[2*(y*motionSize+x)]) }),
			bilinear(real(z), imag(z), func(x, y int) float64 { return float64(vectors[2*(y*motionSize+x)+1]) })) / to.turn
	}
	made := image.NewRGBA(picture.Rect)
	eachPixel(made.Rect, func(x, y int) {
		here := complex(float64(x), float64(y))
		var back complex128
		for range 8 {
			back = -at(here + back)
		}
		from := here + back
		for c := range 3 {
			setColour(made, x, y, c, bilinear(real(from), imag(from), func(x, y int) float64 {
				return colourAt(picture, x, y, c)
			}))
		}
		made.Pix[made.PixOffset(x, y)+3] = 255
	})
	return made
}

// bilinear interpolates values at whole places from 0 to motionSize − 1, continued beyond.
func bilinear(x, y float64, value func(x, y int) float64) float64 {
	within := func(v float64) float64 { return min(max(v, 0), motionSize-1) }
	x, y = within(x), within(y)
	left, top := int(x), int(y)
	right, down := min(left+1, motionSize-1), min(top+1, motionSize-1)
	u, v := x-float64(left), y-float64(top)
	return (value(left, top)*(1-u)+value(right, top)*u)*(1-v) + (value(left, down)*(1-u)+value(right, down)*u)*v
}

// ErrorFigure draws the mean error over how much of each movement is made: above 1 a still picture would be better.
func (s *MotionStudy) ErrorFigure() (*plots.Figure, error) {
	curves := plots.Curves{
		Title: "Portraits that follow the flow of another's larger motion", X: "part of the motion, in %",
		Y: "error / repeating the picture",
	}
	for i, movement := range Movements {
		series := plots.Series{Name: movement.Name}
		for k, part := range motionParts {
			series.Steps = append(series.Steps, int(math.Round(100*part)))
			series.Values = append(series.Values, stat.Mean(s.Errors[i][k], nil))
		}
		curves.Series = append(curves.Series, series)
	}
	return curves.Figure()
}

// StripFigure shows a portrait by each movement: as it is, as it should become, and what comes of each part.
func (s *MotionStudy) StripFigure() (*plots.Figure, error) {
	grid := plots.Grid{Smooth: true, Pictures: s.shown, ColumnLabels: []string{"the portrait", "the truth, all of it"}}
	for _, part := range motionParts {
		grid.ColumnLabels = append(grid.ColumnLabels, fmt.Sprintf("%g %%", 100*part))
	}
	for _, movement := range Movements {
		grid.RowLabels = append(grid.RowLabels, movement.Name)
	}
	return grid.Figure()
}
