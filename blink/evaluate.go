package blink

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"gonum.org/v1/gonum/stat"
)

// Score measures how well a portrait blinked.
type Score struct {
	// Name is the portrait's name, Reference that of the reference blink.
	Name      string `json:"name"`
	Reference string `json:"reference"`
	// Own is set if the reference is the portrait's own blink. With another's the true frames are unknown, and the two
	// measures below are 0.
	Own bool `json:"own"`
	// Error is the mean absolute error within the boxes of the eyes, of colours in [0, 1]; Repeated is the error of
	// repeating the picture.
	Error    float64 `json:"error"`
	Repeated float64 `json:"repeated"`
	// Correlation is the correlation of the eyes' opening with the reference's, over the frames: 0 if they do not move.
	Correlation float64 `json:"correlation"`
	// Closes is the extent to which the eyes close and open again, relative to the reference's: 0 for a repeated picture.
	Closes float64 `json:"closes"`
	// Closed is the frame with the most closed eyes, the middle one of several, and TrueClosed the reference's.
	Closed     int `json:"closed"`
	TrueClosed int `json:"true_closed"`
	// Opening and TrueOpening are the eyes' opening: from 1, as in the first frame, to 0, as in the portrait's own most
	// closed one.
	Opening     []float64 `json:"opening"`
	TrueOpening []float64 `json:"true_opening"`
	// Seam is the mean over the frames of the eyes' largest [SeamEnergy], SeamBefore that of the portrait itself.
	Seam       float64 `json:"seam"`
	SeamBefore float64 `json:"seam_before"`
}

// Score makes the first frame of a clip blink as a reference does, and compares. The reference may be the clip itself.
func (b *Blinker) Score(ctx context.Context, clip, reference *dataset.Clip) (score Score, err error) {
	frames, err := b.Blink(ctx, clip.Frames[0], [][]image.Rectangle{clip.Eyes}, reference)
	if err != nil {
		return score, fmt.Errorf("%s: %w", clip.Name, err)
	}
	return compare(frames, clip, reference), nil
}

// Evaluation measures how well portraits blinked, each following its own blink and another's.
type Evaluation struct {
	Scores []Score `json:"scores"`
	// Own sums up the scores of portraits that followed their own blink, Others those of portraits that followed
	// another's.
	Own    Summary `json:"own"`
	Others Summary `json:"others"`
}

// Summary sums up scores.
type Summary struct {
	Portraits int `json:"portraits"`
	// ErrorRatio is the ratio of the sum of the errors to that of repeating the picture. Both it and Closes, a mean, are
	// for own blinks only.
	ErrorRatio float64 `json:"error_ratio,omitempty"`
	Closes     float64 `json:"closes,omitempty"`
	// Correlation is the mean, LeastCorrelation the smallest.
	Correlation      float64 `json:"correlation"`
	LeastCorrelation float64 `json:"least_correlation"`
	// Closed is the share of portraits whose most closed frame is the reference's, or the one before or after.
	Closed float64 `json:"closed"`
	// Seam is the mean energy of the seams, SeamBefore that of the portraits at the same place.
	Seam       float64 `json:"seam"`
	SeamBefore float64 `json:"seam_before"`
}

// Evaluate measures a run, or without a dir the network that comes with moelab, as [Blinker.Evaluate] does. Without
// Data the blinks are Number drawn ones, 12 by default, of a Seed that no training has. It is an error if the run was
// trained with that seed.
func Evaluate(
	ctx context.Context, backend compute.Backend, dir string, options lab.EvaluateOptions,
) (e Evaluation, err error) {
	seed := cmp.Or(options.Seed, HeldOutSeed)
	clips := heldOut(seed, options.Number)
	if options.Data != "" {
		if clips, err = (Config{Data: options.Data}).OpenData(ctx, options.Warn); err != nil {
			return e, err
		}
	} else if dir != "" {
		if err := CheckHeldOut(dir, seed); err != nil {
			return e, err
		}
	}
	b, err := OpenOrShipped(backend, dir)
	if err != nil {
		return e, err
	}
	defer b.Close()
	return b.Evaluate(ctx, clips, options.Progress, options.Warn)
}

// Evaluate makes the first frame of each clip blink as the clip does, and as the next clip does, and compares. progress
// may be nil; warn gets clips that cannot be read, which are left out.
func (b *Blinker) Evaluate(
	ctx context.Context, clips dataset.Clips, progress lab.Progress, warn func(error),
) (e Evaluation, err error) {
	var read []*dataset.Clip
	for i := range clips.Len() {
		clip, err := clips.Clip(ctx, i)
		switch {
		case ctx.Err() != nil:
			return e, ctx.Err()
		case err != nil && warn != nil:
			warn(err)
		case err != nil:
			return e, err
		default:
			read = append(read, clip)
		}
	}
	if len(read) == 0 {
		return e, errors.New("there is no blink to measure with")
	}
	if progress != nil {
		progress.Start(0, int64(len(read)))
		defer func() { progress.Stop(err) }()
	}
	for i, clip := range read {
		references := []*dataset.Clip{clip}
		if next := read[(i+1)%len(read)]; next != clip {
			references = append(references, next)
		}
		for _, reference := range references {
			score, err := b.Score(ctx, clip, reference)
			if err != nil {
				return e, err
			}
			e.Scores = append(e.Scores, score)
		}
		if progress != nil {
			progress.Step(int64(i+1), nil)
		}
	}
	e.Own, e.Others = summarise(e.Scores, true), summarise(e.Scores, false)
	return e, nil
}

// summarise sums up the scores of own blinks, or of others'.
func summarise(scores []Score, own bool) (s Summary) {
	s.LeastCorrelation = 1
	var errors, repeated float64
	for _, score := range scores {
		if score.Own != own {
			continue
		}
		s.Portraits++
		errors, repeated = errors+score.Error, repeated+score.Repeated
		if own { // Others' eyes may not close as far as the portrait's.
			s.Closes += score.Closes
		}
		s.Correlation += score.Correlation
		s.LeastCorrelation = min(s.LeastCorrelation, score.Correlation)
		if difference := score.Closed - score.TrueClosed; difference >= -1 && difference <= 1 {
			s.Closed++
		}
		s.Seam, s.SeamBefore = s.Seam+score.Seam, s.SeamBefore+score.SeamBefore
	}
	n := float64(max(s.Portraits, 1))
	s.ErrorRatio = errors / max(repeated, 1e-9)
	for _, mean := range []*float64{&s.Closes, &s.Correlation, &s.Closed, &s.Seam, &s.SeamBefore} {
		*mean /= n
	}
	return s
}

// Measures implements [lab.Evaluation].
func (e Evaluation) Measures() map[string]float64 {
	return map[string]float64{
		"error / repeating": e.Own.ErrorRatio, "closes": e.Own.Closes, "correlation": e.Own.Correlation,
		"correlation with another's": e.Others.Correlation, "seam": e.Own.Seam,
	}
}

// String returns a table.
func (e Evaluation) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tportraits\terror / repeating\tcloses\tcorrelation\tleast\tclosed ±1\tseam\tseam before\t")
	for _, row := range []struct {
		name string
		Summary
	}{{"its own blink", e.Own}, {"another's blink", e.Others}} {
		if row.Portraits == 0 {
			continue
		}
		ratio, closes := fmt.Sprintf("%.3f", row.ErrorRatio), fmt.Sprintf("%.2f", row.Closes)
		if row.Summary == e.Others {
			ratio, closes = "–", "–"
		}
		fmt.Fprintf(
			table, "%s\t%d\t%s\t%s\t%.3f\t%.3f\t%.0f %%\t%.2f\t%.2f\t\n", row.name, row.Portraits, ratio, closes,
			row.Correlation, row.LeastCorrelation, 100*row.Closed, row.Seam, row.SeamBefore,
		)
	}
	_ = table.Flush() // To a buffer, which never fails.
	return strings.TrimRight(text.String(), "\n")
}

// WriteFile writes the evaluation as JSON.
func (e Evaluation) WriteFile(path string) error {
	return lab.WriteFile(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(e)
	})
}

// compare measures frames generated from a clip's first one.
func compare(frames []*image.RGBA, clip, reference *dataset.Clip) Score {
	score := Score{Name: clip.Name, Reference: reference.Name, Own: reference == clip}
	if score.Own {
		for k, frame := range frames {
			score.Error += difference(frame, clip.Frames[k], clip.Eyes) / Frames
			score.Repeated += difference(clip.Frames[0], clip.Frames[k], clip.Eyes) / Frames
		}
	}
	score.Opening, score.TrueOpening = openings(frames, clip), openings(reference.Frames, reference)
	score.Closes = span(score.Opening) / max(span(score.TrueOpening), 1e-9)
	if stat.StdDev(score.Opening, nil) > 0 {
		score.Correlation = stat.Correlation(score.Opening, score.TrueOpening, nil)
	}
	score.Closed, score.TrueClosed = shut(score.Opening), shut(score.TrueOpening)
	for _, eye := range clip.Eyes {
		seam := 0.0
		for _, frame := range frames {
			seam += SeamEnergy(frame, eye) / Frames
		}
		score.Seam, score.SeamBefore = max(score.Seam, seam), max(score.SeamBefore, SeamEnergy(clip.Frames[0], eye))
	}
	return score
}

// difference returns the mean absolute difference of two pictures within boxes, of colours in [0, 1].
func difference(a, b *image.RGBA, boxes []image.Rectangle) float64 {
	sum, n := 0.0, 0
	eachColour(boxes, func(x, y, c int) {
		sum += math.Abs(colourAt(a, x, y, c) - colourAt(b, x, y, c))
		n++
	})
	return sum / float64(max(n, 1))
}

// openings returns the eyes' opening in frames of a clip's person: the position of each frame between the clip's first
// frame and the one with the most closed eyes, in the space of colours within the boxes of the eyes.
func openings(frames []*image.RGBA, clip *dataset.Clip) []float64 {
	open := clip.Frames[0]
	closed := clip.Frames[closedFrame(clip)]
	length := 0.0
	eachColour(clip.Eyes, func(x, y, c int) {
		d := colourAt(closed, x, y, c) - colourAt(open, x, y, c)
		length += d * d
	})
	opening := make([]float64, len(frames))
	for k, frame := range frames {
		along := 0.0
		eachColour(clip.Eyes, func(x, y, c int) {
			from := colourAt(open, x, y, c)
			along += (colourAt(frame, x, y, c) - from) * (colourAt(closed, x, y, c) - from)
		})
		opening[k] = 1 - along/max(length, 1e-12)
	}
	return opening
}

// closedFrame returns the frame with the most closed eyes: by the clip's aperture, if known, or else the one that
// differs most from the first.
func closedFrame(clip *dataset.Clip) int {
	if clip.Aperture != nil {
		return least(clip.Aperture)
	}
	alike := make([]float64, len(clip.Frames))
	for k, frame := range clip.Frames {
		alike[k] = -difference(frame, clip.Frames[0], clip.Eyes)
	}
	return least(alike)
}

// shut returns the middle of the frames with almost the most closed eyes: lids stay down for some frames, and tiny
// differences between those are meaningless.
func shut(opening []float64) int {
	low := slices.Min(opening) + 0.1*span(opening)
	isLow := func(v float64) bool { return v <= low }
	first, last := slices.IndexFunc(opening, isLow), len(opening)-1
	for ; !isLow(opening[last]); last-- {
	}
	return (first + last) / 2
}

// span returns the range of numbers.
func span(values []float64) float64 { return slices.Max(values) - slices.Min(values) }

// least returns the index of the smallest number.
func least(values []float64) int { return slices.Index(values, slices.Min(values)) }

// eachColour calls f for each colour of each pixel in boxes.
func eachColour(boxes []image.Rectangle, f func(x, y, c int)) {
	for _, box := range boxes {
		eachPixel(box, func(x, y int) {
			for c := range 3 {
				f(x, y, c)
			}
		})
	}
}
