package blink

import (
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

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"gonum.org/v1/gonum/stat"
)

// Score says how well a portrait blinked.
type Score struct {
	// Name is the portrait's, Reference that of who blinked first.
	Name      string `json:"name"`
	Reference string `json:"reference"`
	// Own is whether the reference is the portrait's own blink: nobody knows the true frames of another's, and the two measures below are 0.
	Own bool `json:"own"`
	// Error is the mean absolute error within the boxes of the eyes, of colours in [0, 1]; Repeated is that of the picture repeated.
	Error    float64 `json:"error"`
	Repeated float64 `json:"repeated"`
	// Correlation is that of the eyes' opening with the reference's, over the frames: 0 where they do not move.
	Correlation float64 `json:"correlation"`
	// Closes is how far the eyes close and open again, as a part of how far the reference's do: 0 where a picture is repeated.
	Closes float64 `json:"closes"`
	// Closed is the frame in which the eyes are most closed, the middle one where they are for several, and TrueClosed that of the reference.
	Closed     int `json:"closed"`
	TrueClosed int `json:"true_closed"`
	// Opening and TrueOpening are how far the eyes are open, 1 as in the first frame … 0 as in the portrait's own most closed one.
	Opening     []float64 `json:"opening"`
	TrueOpening []float64 `json:"true_opening"`
	// Seam is the largest [SeamEnergy] of the eyes, in the mean over the frames, SeamBefore that of the portrait itself.
	Seam       float64 `json:"seam"`
	SeamBefore float64 `json:"seam_before"`
}

// Evaluate makes the first frame of a clip blink as a reference does, and compares. The reference may be the clip itself.
func (b *Blinker) Evaluate(ctx context.Context, clip, reference *dataset.Clip) (score Score, err error) {
	frames, err := b.Blink(ctx, clip.Frames[0], [][]image.Rectangle{clip.Eyes}, reference)
	if err != nil {
		return score, fmt.Errorf("%s: %w", clip.Name, err)
	}
	return compare(frames, clip, reference), nil
}

// Evaluation is how well portraits blinked, each as itself and as another one.
type Evaluation struct {
	Scores []Score `json:"scores"`
	// Own sums up the scores of portraits that followed their own blink, Others of those that followed another's.
	Own    Summary `json:"own"`
	Others Summary `json:"others"`
}

// Summary sums scores up.
type Summary struct {
	Portraits int `json:"portraits"`
	// ErrorRatio is the sum of the errors as a part of that of repeating the picture. Both it and Closes, a mean, are of own blinks only.
	ErrorRatio float64 `json:"error_ratio,omitempty"`
	Closes     float64 `json:"closes,omitempty"`
	// Correlation is the mean, LeastCorrelation the smallest.
	Correlation      float64 `json:"correlation"`
	LeastCorrelation float64 `json:"least_correlation"`
	// Closed is the share of portraits whose eyes are most closed in the reference's frame or the one before or after.
	Closed float64 `json:"closed"`
	// Seam is the mean energy of the seams, SeamBefore that of the portraits at the same place.
	Seam       float64 `json:"seam"`
	SeamBefore float64 `json:"seam_before"`
}

// EvaluateAll makes the first frame of each clip blink as the clip does, and as the next clip does, and compares. progress may be nil; warn is told of clips that cannot be
// read, which are left out.
func (b *Blinker) EvaluateAll(ctx context.Context, clips dataset.Clips, progress lab.Progress, warn func(error)) (e Evaluation, err error) {
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
			score, err := b.Evaluate(ctx, clip, reference)
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
		if own { // Others' most closed frames may be less so than the portrait's.
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

// String is a table.
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
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%.3f\t%.3f\t%.0f %%\t%.2f\t%.2f\t\n",
			row.name, row.Portraits, ratio, closes, row.Correlation, row.LeastCorrelation, 100*row.Closed, row.Seam, row.SeamBefore)
	}
	_ = table.Flush() // Into memory.
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

// compare measures frames that were made of a clip's first one.
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

// difference is the mean absolute difference of two pictures within boxes, of colours in [0, 1].
func difference(a, b *image.RGBA, boxes []image.Rectangle) float64 {
	sum, n := 0.0, 0
	eachColour(boxes, func(x, y, c int) {
		sum += math.Abs(colourAt(a, x, y, c) - colourAt(b, x, y, c))
		n++
	})
	return sum / float64(max(n, 1))
}

// openings are how far the eyes of a clip's person are open in frames: how far each frame is on the way from the clip's first frame to that in which its
// eyes are most closed, in the space of the colours within the boxes of the eyes.
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

// closedFrame is the frame with the most closed eyes: as the clip says, or else that which differs most from the first.
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

// shut is the middle of the frames in which eyes are as good as most closed: lids stay down for some, and which of those is the lowest by a hair says nothing.
func shut(opening []float64) int {
	low := slices.Min(opening) + 0.1*span(opening)
	isLow := func(v float64) bool { return v <= low }
	first, last := slices.IndexFunc(opening, isLow), len(opening)-1
	for ; !isLow(opening[last]); last-- {
	}
	return (first + last) / 2
}

// span is how far numbers go apart.
func span(values []float64) float64 { return slices.Max(values) - slices.Min(values) }

// least is the index of the smallest number.
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
