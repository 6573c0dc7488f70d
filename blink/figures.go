package blink

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
)

// Strip is a clip with a label.
type Strip struct {
	Label  string
	Frames []*image.RGBA
}

// StripFigure draws each n-th frame of clips of one size, a row per clip.
func StripFigure(n int, strips ...Strip) (*plots.Figure, error) {
	if n < 1 {
		return nil, fmt.Errorf("draw strips: a step of %d frames is not positive", n)
	}
	grid := plots.Grid{Smooth: true}
	for _, strip := range strips {
		var row []image.Image
		for k := 0; k < len(strip.Frames); k += n {
			row = append(row, strip.Frames[k])
		}
		grid.Pictures, grid.RowLabels = append(grid.Pictures, row), append(grid.RowLabels, strip.Label)
	}
	return grid.Figure()
}

// FilmFigure plays clips of one size side by side.
func FilmFigure(strips ...Strip) (*plots.Figure, error) {
	film := plots.Film{Rate: portrait.BlinkRate, Smooth: true}
	for _, strip := range strips {
		var clip []image.Image
		for _, frame := range strip.Frames {
			clip = append(clip, frame)
		}
		film.Clips, film.Labels = append(film.Clips, clip), append(film.Labels, strip.Label)
	}
	return film.Figure()
}

// OpeningFigure draws the eyes' opening over the frames: the reference's, and that of the portraits that followed it.
func OpeningFigure(names []string, scores ...Score) (*plots.Figure, error) {
	if len(names) != len(scores) || len(scores) == 0 {
		return nil, fmt.Errorf("draw openings: %d names of %d scores", len(names), len(scores))
	}
	frames := make([]int, Frames)
	for k := range frames {
		frames[k] = k + 1 // From 1.
	}
	figure := plots.Curves{Title: "How far the eyes are open", X: "frame", Y: "1 open … 0 closed"}
	figure.Series = append(figure.Series, plots.Series{Name: "reference", Steps: frames, Values: scores[0].TrueOpening})
	for i, score := range scores {
		figure.Series = append(figure.Series, plots.Series{Name: names[i], Steps: frames, Values: score.Opening})
	}
	return figure.Figure()
}

// SeamFigure shows the eyes of a blinking portrait, at a frame, with each way of hiding the border of the pasted patch;
// below are the energies of the seams. detail is as [Blinker].Detail.
func SeamFigure(
	ctx context.Context, b *Blinker, clip, reference *dataset.Clip, frame int, detail bool,
) (*plots.Figure, error) {
	blend, kept := b.Blend, b.Detail
	defer func() { b.Blend, b.Detail = blend, kept }()
	b.Detail = detail
	var near image.Rectangle
	for _, eye := range clip.Eyes {
		near = near.Union(dataset.EyeSquare(eye))
	}
	near = near.Inset(-near.Dx() / 8).Intersect(clip.Frames[0].Rect)
	grid := plots.Grid{
		Smooth:       true,
		Pictures:     [][]image.Image{{clip.Frames[0].SubImage(near)}},
		ColumnLabels: []string{"the portrait"},
	}
	for _, blend := range Blends {
		b.Blend = blend
		frames, err := b.Blink(ctx, clip.Frames[0], [][]image.Rectangle{clip.Eyes}, reference)
		if err != nil {
			return nil, err
		}
		energy := 0.0
		for _, eye := range clip.Eyes {
			energy = max(energy, SeamEnergy(frames[frame], eye))
		}
		grid.Pictures[0] = append(grid.Pictures[0], frames[frame].SubImage(near))
		grid.ColumnLabels = append(grid.ColumnLabels, fmt.Sprintf("%s: %.2f", blend, energy))
	}
	return grid.Figure()
}

// Verdict sums up a run's evaluation in words that follow from the numbers.
func Verdict(dir string, e Evaluation) (string, error) {
	own := e.Own
	var text string
	switch {
	case own.Closes < 1.0/3:
		text = fmt.Sprintf(
			"hardly blinks: the eyes close %.0f %% of the way, and the error is %.2f times that of repeating the picture",
			100*own.Closes, own.ErrorRatio,
		)
	case own.ErrorRatio > 1:
		text = fmt.Sprintf("spoils the picture: the error is %.2f times that of repeating it", own.ErrorRatio)
	case own.ErrorRatio > 0.7:
		text = fmt.Sprintf(
			"blinks in part: the eyes close %.0f %% of the way, and the error is %.2f times that of repeating the picture",
			100*own.Closes, own.ErrorRatio,
		)
	default:
		text = fmt.Sprintf(
			"blinks: the error is %.2f times that of repeating the picture, the correlation with the reference %.2f",
			own.ErrorRatio, own.Follow,
		)
	}
	step, won, err := lab.Won(dir, metricRanking)
	switch {
	case errors.Is(err, lab.ErrNoMetric):
		return text, nil
	case err != nil:
		return "", err
	case won:
		return fmt.Sprintf("%s; D wins from step %d on", text, step), nil
	default:
		return text + "; D does not win", nil
	}
}

// Closed returns the frame of a clip with the most closed eyes.
func Closed(clip *dataset.Clip) int { return closedFrame(clip) }

// StripOf returns a strip of a clip's frames at the size of a portrait.
func StripOf(label string, clip *dataset.Clip, portrait image.Rectangle) Strip {
	strip := Strip{Label: label}
	for _, frame := range clip.Frames {
		strip.Frames = append(strip.Frames, imaging.Bicubic(frame, portrait.Dx(), portrait.Dy()))
	}
	return strip
}
