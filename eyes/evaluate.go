package eyes

import (
	"context"
	"fmt"
	"image"

	"github.com/moelab/moelab/dataset"
)

// Scores measure how well a finder finds the eyes of blinks.
type Scores struct {
	// Frames is the number of pictures searched, and Right the number in which exactly the eyes of the clip were found,
	// each with an Overlap of at least one half.
	Frames, Right int
	// Overlap is the mean intersection over union of the found box and the true one, over the eyes of completely found
	// faces.
	Overlap float64
	// States is the number of those eyes that are clearly shut or open, at most 0.1 or at least 0.5, and StatesRight the
	// number of those that were classified correctly.
	States, StatesRight int

	eyes int // The number that Overlap averages over.
}

// String returns the scores on one line.
func (s Scores) String() string {
	return fmt.Sprintf(
		"all eyes found in %d of %d frames, mean overlap %.3f, open or shut right for %d of %d eyes", s.Right, s.Frames,
		s.Overlap, s.StatesRight, s.States,
	)
}

// Evaluate finds the eyes in every n-th frame of clips of one face each. The boxes of the first frame count for all
// frames.
func (f *Finder) Evaluate(ctx context.Context, clips dataset.Clips, every int) (scores Scores, err error) {
	sum := 0.0
	for i := range clips.Len() {
		clip, err := clips.Clip(ctx, i)
		if err != nil {
			return scores, err
		}
		for k := 0; k < len(clip.Frames); k += max(every, 1) {
			faces, err := f.Find(ctx, clip.Frames[k])
			if err != nil {
				return scores, fmt.Errorf("%s, frame %d: %w", clip.Name, k, err)
			}
			scores.Frames++
			if len(faces) != 1 || len(faces[0].Eyes) != len(clip.Eyes) {
				continue
			}
			right := true
			for e, eye := range faces[0].Eyes {
				overlap := overlapOf(eye.Box, clip.Eyes[e])
				right = right && overlap >= 0.5
				sum += overlap
				scores.eyes++
				if clip.Aperture == nil || clip.Aperture[k] > 0.1 && clip.Aperture[k] < 0.5 {
					continue
				}
				scores.States++
				if eye.Closed == (clip.Aperture[k] <= 0.1) {
					scores.StatesRight++
				}
			}
			if right {
				scores.Right++
			}
		}
	}
	if scores.eyes > 0 {
		scores.Overlap = sum / float64(scores.eyes)
	}
	return scores, nil
}

// overlapOf returns the intersection over union of two boxes.
func overlapOf(a, b image.Rectangle) float64 {
	area := func(r image.Rectangle) float64 { return float64(r.Dx()) * float64(r.Dy()) }
	both := area(a.Intersect(b))
	if both == 0 {
		return 0
	}
	return both / (area(a) + area(b) - both)
}
