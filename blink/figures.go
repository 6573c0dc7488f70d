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
	"gonum.org/v1/gonum/stat"
)

// smoothing is how much of the past a smoothed loss keeps.
const smoothing = 0.95

// LossFigure draws the mean absolute error of a run over its steps.
func LossFigure(dir string) (*plots.Figure, error) {
	return curves(dir, plots.Curves{Title: "Content loss", Y: "mean absolute error", Log: true}, MetricError)
}

// AdversarialFigure draws the adversarial losses of a run that has a D. Else the error wraps [lab.ErrNoMetric].
func AdversarialFigure(dir string) (*plots.Figure, error) {
	return curves(dir, plots.Curves{Title: "Adversarial losses", Y: "loss"}, LossD, LossG)
}

// RankingFigure draws how often D finds a real video more real than G's, and marks from where on it has won. Without a D the error wraps [lab.ErrNoMetric].
func RankingFigure(dir string) (*plots.Figure, error) {
	figure := plots.Curves{Title: "How often D tells real from drawn", Y: "share of pairs"}
	if step, won, err := Won(dir); err != nil {
		return nil, err
	} else if won {
		figure.Marks = []plots.Mark{{Step: step, Label: "D has won"}}
	}
	return curves(dir, figure, MetricRanking)
}

// curves draws metrics of a run over its steps.
func curves(dir string, figure plots.Curves, names ...string) (*plots.Figure, error) {
	for _, name := range names {
		steps, values, err := lab.ReadMetric(dir, name)
		if err != nil {
			return nil, err
		}
		figure.Series = append(figure.Series, plots.Series{Name: name, Steps: steps, Values: values})
	}
	figure.X, figure.Smooth = "iteration", smoothing
	return figure.Figure()
}

// Won returns the step of a run from which on D tells at least 95 of 100 real videos from drawn ones, in the mean of the next 20 steps and of all that follow; won is
// false where it never comes to that. Without a D the error wraps [lab.ErrNoMetric].
func Won(dir string) (step int, won bool, err error) {
	steps, ranking, err := lab.ReadMetric(dir, MetricRanking)
	if err != nil {
		return 0, false, err
	}
	const window, enough = 20, 0.95
	for i := 0; i+window <= len(ranking); i++ {
		if stat.Mean(ranking[i:i+window], nil) >= enough && stat.Mean(ranking[i:], nil) >= enough {
			return steps[i], true, nil
		}
	}
	return 0, false, nil
}

// Strip is a clip with a label.
type Strip struct {
	Label  string
	Frames []*image.RGBA
}

// StripFigure draws each n-th frame of clips of one size, a clip in a row.
func StripFigure(n int, strips ...Strip) (*plots.Figure, error) {
	if n < 1 {
		return nil, fmt.Errorf("draw strips: every %d. frame", n)
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

// FilmFigure plays clips of one size beside each other.
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

// OpeningFigure draws how far eyes are open over the frames: those of the reference, and of what followed it.
func OpeningFigure(names []string, scores ...Score) (*plots.Figure, error) {
	if len(names) != len(scores) || len(scores) == 0 {
		return nil, fmt.Errorf("draw openings: %d names of %d scores", len(names), len(scores))
	}
	frames := make([]int, Frames)
	for k := range frames {
		frames[k] = k + 1 // As people count.
	}
	figure := plots.Curves{Title: "How far the eyes are open", X: "frame", Y: "1 open … 0 closed"}
	figure.Series = append(figure.Series, plots.Series{Name: "reference", Steps: frames, Values: scores[0].TrueOpening})
	for i, score := range scores {
		figure.Series = append(figure.Series, plots.Series{Name: names[i], Steps: frames, Values: score.Opening})
	}
	return figure.Figure()
}

// SeamFigure shows the eyes of a portrait that blinks, at a frame, with each way of hiding the border of what is pasted; below are the energies of the seams. detail
// says whether the portrait's own detail is kept, as [Blinker].Detail.
func SeamFigure(ctx context.Context, b *Blinker, clip, reference *dataset.Clip, frame int, detail bool) (*plots.Figure, error) {
	blend, kept := b.Blend, b.Detail
	defer func() { b.Blend, b.Detail = blend, kept }()
	b.Detail = detail
	var near image.Rectangle
	for _, eye := range clip.Eyes {
		near = near.Union(dataset.EyeSquare(eye))
	}
	near = near.Inset(-near.Dx() / 8).Intersect(clip.Frames[0].Rect)
	grid := plots.Grid{Smooth: true, Pictures: [][]image.Image{{clip.Frames[0].SubImage(near)}}, ColumnLabels: []string{"the portrait"}}
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

// Verdict is what came of a way to make portraits blink, in words that follow from the numbers.
func Verdict(dir string, e Evaluation) (string, error) {
	own := e.Own
	var text string
	switch {
	case own.Closes < 1.0/3:
		text = fmt.Sprintf("hardly blinks: the eyes close by %.0f %% of what is true, and the error is %.2f of that of repeating the portrait", 100*own.Closes, own.ErrorRatio)
	case own.ErrorRatio > 1:
		text = fmt.Sprintf("spoils the picture: the error is %.2f of that of repeating it", own.ErrorRatio)
	case own.ErrorRatio > 0.7:
		text = fmt.Sprintf("blinks in part: the eyes close by %.0f %% of what is true, and the error is %.2f of that of repeating the picture", 100*own.Closes, own.ErrorRatio)
	default:
		text = fmt.Sprintf("blinks: the error is %.2f of that of repeating the picture, the correlation with the reference %.2f", own.ErrorRatio, own.Correlation)
	}
	step, won, err := Won(dir)
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

// Closed is the frame of a clip in which its eyes are most closed.
func Closed(clip *dataset.Clip) int { return closedFrame(clip) }

// StripOf is a strip of a clip's frames at the size of a portrait.
func StripOf(label string, clip *dataset.Clip, portrait image.Rectangle) Strip {
	strip := Strip{Label: label}
	for _, frame := range clip.Frames {
		strip.Frames = append(strip.Frames, imaging.Bicubic(frame, portrait.Dx(), portrait.Dy()))
	}
	return strip
}
