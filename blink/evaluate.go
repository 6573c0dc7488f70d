package blink

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/moelab/moelab/dataset"
	"gonum.org/v1/gonum/stat"
)

// Score says how well a portrait blinked.
type Score struct {
	// Name is the portrait's, Reference that of who blinked first.
	Name, Reference string
	// Error is the mean absolute error within the boxes of the eyes, of colours in [0, 1]; Repeated is that of the picture repeated. Both are 0
	// where the reference is another's: nobody knows the true frames.
	Error, Repeated float64
	// Correlation is that of the eyes' opening with the reference's, over the frames.
	Correlation float64
	// Closed is the frame in which the eyes are most closed, TrueClosed that of the reference.
	Closed, TrueClosed int
	// Opening and TrueOpening are how far the eyes are open, 1 as in the first frame … 0 as in the portrait's own most closed one.
	Opening, TrueOpening []float64
}

// Evaluate makes the first frame of a clip blink as a reference does, and compares. The reference may be the clip itself.
func (b *Blinker) Evaluate(ctx context.Context, clip, reference *dataset.Clip) (score Score, err error) {
	frames, err := b.Blink(ctx, clip.Frames[0], clip.Eyes, reference)
	if err != nil {
		return score, fmt.Errorf("%s: %w", clip.Name, err)
	}
	score = Score{Name: clip.Name, Reference: reference.Name}
	if reference == clip {
		for k, frame := range frames {
			score.Error += difference(frame, clip.Frames[k], clip.Eyes) / Frames
			score.Repeated += difference(clip.Frames[0], clip.Frames[k], clip.Eyes) / Frames
		}
	}
	score.Opening, score.TrueOpening = openings(frames, clip), openings(reference.Frames, reference)
	score.Correlation = stat.Correlation(score.Opening, score.TrueOpening, nil)
	score.Closed, score.TrueClosed = least(score.Opening), least(score.TrueOpening)
	return score, nil
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

// least is the index of the smallest number.
func least(values []float64) int { return slices.Index(values, slices.Min(values)) }

// eachColour calls f for each colour of each pixel in boxes.
func eachColour(boxes []image.Rectangle, f func(x, y, c int)) {
	for _, box := range boxes {
		for y := box.Min.Y; y < box.Max.Y; y++ {
			for x := box.Min.X; x < box.Max.X; x++ {
				for c := range 3 {
					f(x, y, c)
				}
			}
		}
	}
}

// colourAt is a colour of a pixel, in [0, 1].
func colourAt(picture *image.RGBA, x, y, c int) float64 {
	return float64(picture.Pix[picture.PixOffset(x, y)+c]) / 255
}
