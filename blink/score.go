package blink

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/cielab"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/spatial/kdtree"
	"gonum.org/v1/gonum/stat"
)

// Score measures how well a portrait blinked, in the smallest box around its eyes. The truth is the portrait's own
// blink with the head held still, if that is known; see [dataset.Clip].
type Score struct {
	// Name is the portrait's name, Reference that of the reference blink.
	Name      string `json:"name"`
	Reference string `json:"reference"`
	// Own is set if the reference is the portrait's own blink. With another's the true frames are unknown: Error, Repeated
	// and Closed are 0.
	Own bool `json:"own"`
	// Error is the mean absolute error of colours in [0, 1], Repeated that of repeating the picture.
	Error    float64 `json:"error"`
	Repeated float64 `json:"repeated"`
	// Closed is the ratio of the two in the frame in which the true eyes differ most from the picture.
	Closed float64 `json:"closed"`
	// Follow is the correlation, over the frames, of how much the eyes differ from the first frame with how much the
	// reference's true ones do: 0 if they do not move.
	Follow float64 `json:"follow"`
	// Shut is how much they differ at most, relative to the portrait's own true blink.
	Shut float64 `json:"shut"`
	// After is how much the last two frames differ from the picture, in levels of 255.
	After float64 `json:"after"`
	// Foreign is the largest share of a frame's pixels whose colour is none of the portrait's own true blink.
	Foreign float64 `json:"foreign"`
	// Closes is the extent to which the eyes close and open again, relative to the reference's: 0 for a repeated picture.
	Closes float64 `json:"closes"`
	// ClosedFrame is the frame with the most closed eyes, the middle one of several, and TrueClosedFrame the reference's.
	ClosedFrame     int `json:"closed_frame"`
	TrueClosedFrame int `json:"true_closed_frame"`
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

// compare measures frames generated from a clip's first one.
func compare(frames []*image.RGBA, clip, reference *dataset.Clip) Score {
	score := Score{Name: clip.Name, Reference: reference.Name, Own: reference == clip}
	box, picture, still := around(clip), clip.Frames[0], truth(clip)
	moved, trueMoved := differences(frames, frames[0], box), differences(still, picture, box)
	if score.Own {
		errors := make([]float64, Frames)
		for k := range frames {
			errors[k] = difference(frames[k], still[k], box)
		}
		shut := floats.MaxIdx(trueMoved)
		score.Error, score.Repeated = stat.Mean(errors, nil), stat.Mean(trueMoved, nil)
		score.Closed = errors[shut] / max(trueMoved[shut], 1e-9)
	}
	if stat.StdDev(moved, nil) > 0 {
		score.Follow = stat.Correlation(moved, differences(truth(reference), reference.Frames[0], around(reference)), nil)
	}
	score.Shut = floats.Max(moved) / max(floats.Max(trueMoved), 1e-9)
	score.After = 255 * stat.Mean(differences(frames[Frames-2:], picture, box), nil)
	score.Foreign = foreign(frames, still, box)

	score.Opening, score.TrueOpening = openings(frames, clip), openings(truth(reference), reference)
	score.Closes = span(score.Opening) / max(span(score.TrueOpening), 1e-9)
	score.ClosedFrame, score.TrueClosedFrame = shut(score.Opening), shut(score.TrueOpening)
	for _, eye := range clip.Eyes {
		seam := 0.0
		for _, frame := range frames {
			seam += SeamEnergy(frame, eye) / Frames
		}
		score.Seam, score.SeamBefore = max(score.Seam, seam), max(score.SeamBefore, SeamEnergy(picture, eye))
	}
	return score
}

// truth returns the frames that the first one should become.
func truth(clip *dataset.Clip) []*image.RGBA {
	if clip.Still != nil {
		return clip.Still
	}
	return clip.Frames
}

// around returns the smallest box around the eyes of a clip.
func around(clip *dataset.Clip) (box image.Rectangle) {
	for _, eye := range clip.Eyes {
		box = box.Union(eye)
	}
	return box
}

// differences returns how much each frame differs from a picture.
func differences(frames []*image.RGBA, picture *image.RGBA, box image.Rectangle) []float64 {
	values := make([]float64, len(frames))
	for k, frame := range frames {
		values[k] = difference(frame, picture, box)
	}
	return values
}

// difference returns the mean absolute difference of two pictures within a box, of colours in [0, 1].
func difference(a, b *image.RGBA, box image.Rectangle) float64 {
	sum, n := 0.0, 0
	eachColour([]image.Rectangle{box}, func(x, y, c int) {
		sum += math.Abs(colourAt(a, x, y, c) - colourAt(b, x, y, c))
		n++
	})
	return sum / float64(max(n, 1))
}

// The colours that count as foreign are farther than far from every colour of the truth, in CIE76. Colours are rounded
// to cells of some levels of 255, those of the truth more coarsely.
const (
	far       = 20
	cell      = 4
	coarsened = 8
)

// foreign returns the largest share of the pixels of a frame whose colour is in no frame of the truth.
func foreign(frames, truth []*image.RGBA, box image.Rectangle) (most float64) {
	known := map[color.RGBA]bool{}
	for _, frame := range truth {
		eachPixel(box, func(x, y int) { known[middle(frame.RGBAAt(x, y), coarsened)] = true })
	}
	var colours kdtree.Points
	for colour := range known {
		lab := cielab.Of(colour)
		colours = append(colours, lab[:])
	}
	palette := kdtree.New(colours, false)
	isForeign := func(colour color.RGBA) bool {
		lab := cielab.Of(colour)
		_, squared := palette.Nearest(kdtree.Point(lab[:]))
		return squared > far*far
	}
	seen := map[color.RGBA]bool{}
	for _, frame := range frames {
		count := 0
		eachPixel(box, func(x, y int) {
			colour := middle(frame.RGBAAt(x, y), cell)
			answer, ok := seen[colour]
			if !ok {
				answer = isForeign(colour)
				seen[colour] = answer
			}
			if answer {
				count++
			}
		})
		most = max(most, float64(count)/float64(max(box.Dx()*box.Dy(), 1)))
	}
	return most
}

// middle rounds a colour to the middle of its cell of so many levels.
func middle(c color.RGBA, levels uint8) color.RGBA {
	round := func(v uint8) uint8 { return v - v%levels + levels/2 }
	return color.RGBA{round(c.R), round(c.G), round(c.B), 255}
}

// openings returns the eyes' opening in frames of a clip's person: the position of each frame between the clip's first
// frame and the one with the most closed eyes, in the space of colours within the boxes of the eyes.
func openings(frames []*image.RGBA, clip *dataset.Clip) []float64 {
	open := clip.Frames[0]
	closed := truth(clip)[closedFrame(clip)]
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
	return floats.MaxIdx(differences(truth(clip), clip.Frames[0], around(clip)))
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
