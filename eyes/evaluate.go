package eyes

import (
	"context"
	"fmt"
	"image"

	"github.com/moelab/moelab/dataset"
)

// Scores say how well a finder finds the eyes of blinks.
type Scores struct {
	// Frames is the number of pictures that were looked at, and Right that of those in which all eyes of the clip were found, and no more, each with an
	// Overlap of at least one half.
	Frames, Right int
	// Overlap is the mean, over the eyes of faces that were found whole, of the area that the found box shares with the true one by that of both together.
	Overlap float64
	// States is the number of those eyes that are clearly shut or open, at most 0.1 or at least 0.5, and StatesRight that of those of which that was said.
	States, StatesRight int

	eyes int // Of which Overlap is the mean.
}

// String is the scores in a line.
func (s Scores) String() string {
	return fmt.Sprintf("all eyes found in %d of %d frames, mean overlap %.3f, open or shut right for %d of %d eyes", s.Right, s.Frames, s.Overlap, s.StatesRight, s.States)
}

// Evaluate finds the eyes in every so many of the frames of clips of one face each. The boxes of the first frame are taken for those of all.
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

// overlapOf is the area that two boxes share by that of both together.
func overlapOf(a, b image.Rectangle) float64 {
	area := func(r image.Rectangle) float64 { return float64(r.Dx()) * float64(r.Dy()) }
	both := area(a.Intersect(b))
	if both == 0 {
		return 0
	}
	return both / (area(a) + area(b) - both)
}
