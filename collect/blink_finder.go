package collect

import (
	"cmp"
	"fmt"
	"image"
	"iter"
	"math"
	"slices"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/footage"
)

// findOptions say what [findBlinks] looks for.
type findOptions struct {
	// eyes are the boxes of one or two eyes in pixels, from left to right, if known; they hold for all of the footage.
	// Nil: they are found.
	eyes []image.Rectangle
	// whole: footage of [portrait.BlinkFrames] frames is one clip already, of which nothing is cut off. It makes no
	// difference to longer footage.
	whole bool
}

// findBlinks looks for places where, while everything else is nearly still, two regions side by side change at the same
// time, and are as before after 0.2 to 1.5 seconds. If footage has no such pair anywhere, single regions are taken: a
// profile has one eye, but a mouth is one region too. The frames are [portrait.BlinkRate] a second.
//
// It knows nothing of faces, so people should see what it found. It looks at frames shrunk to 256 pixels and keeps some
// seconds of those in memory. Blinks are in the order of time; their Dir and Preview are empty. An error of the frames
// is a [*BrokenOffError] and comes with the blinks before it. Finding none is no error, unless there are too few frames
// to hold one.
func findBlinks(frames iter.Seq2[footage.Frame, error], options findOptions) ([]Blink, error) {
	f := blinkFinder{options: options}
	for frame, err := range frames {
		if err != nil {
			blinks := f.finish()
			return blinks, &BrokenOffError{len(blinks), err}
		}
		if err := f.add(frame.Picture); err != nil {
			return nil, err
		}
	}
	if n := f.count(); n < portrait.BlinkFrames {
		return nil, fmt.Errorf("there are %d frames at %d a second, a blink has %d",
			n, portrait.BlinkRate, portrait.BlinkFrames)
	}
	return f.finish(), nil
}

// blinkFinder looks at frames as they come.
type blinkFinder struct {
	options findOptions
	size    image.Point       // Of the frames.
	eyes    []image.Rectangle // In soft frames; nil unless they are known.
	first   int               // The number of recent[0].
	recent  []*softFrame      // The latest frames.
	next    int               // The frame to be looked at next as the middle of a blink.
	found   []closing
}

// count returns the number of frames so far.
func (f *blinkFinder) count() int { return f.first + len(f.recent) }

// add takes the next frame, and looks for blinks when there are many.
func (f *blinkFinder) add(picture *image.RGBA) error {
	if f.size == (image.Point{}) {
		f.size = picture.Rect.Size()
		for _, eye := range f.options.eyes {
			if eye.Empty() || !eye.In(picture.Rect) {
				return fmt.Errorf("there can be no eye at %s (x, y, width, height): the frames have %d×%d pixels",
					boxText(eye), f.size.X, f.size.Y)
			}
		}
	}
	f.recent = append(f.recent, soften(picture))
	if f.eyes == nil && f.options.eyes != nil {
		for _, eye := range f.options.eyes {
			f.eyes = append(f.eyes, scaleBox(eye, f.size, f.recent[0].size()))
		}
	}
	if len(f.recent) >= keptFrames {
		f.look(f.count() - reach)
		drop := max(0, f.next-reach-f.first)
		f.recent = slices.Delete(f.recent, 0, drop)
		f.first += drop
	}
	return nil
}

// look looks at the frames before end.
func (f *blinkFinder) look(end int) {
	for ; f.next < end; f.next++ {
		f.found = append(f.found, f.closingAt(f.next-f.first)...)
	}
}

// finish makes blinks of what was found.
func (f *blinkFinder) finish() []Blink {
	if f.options.whole && f.count() == portrait.BlinkFrames {
		return f.whole()
	}
	f.look(f.count())
	chosen := f.choose()
	var blinks []Blink
	for i, c := range chosen {
		earliest, latest := 0, f.count()-1
		if i > 0 {
			earliest = chosen[i-1].first
		}
		if i+1 < len(chosen) {
			latest = chosen[i+1].last
		}
		blinks = append(blinks, f.cut(c, earliest, latest))
	}
	return blinks
}

// choose returns the closings that are blinks, in the order of time.
func (f *blinkFinder) choose() []closing {
	closings := f.found
	// A mouth opens and shuts alone: where there are pairs, a single region is no eye.
	pairs := func(c closing) bool { return len(c.eyes) > 1 }
	if f.eyes == nil && slices.ContainsFunc(closings, pairs) {
		closings = slices.DeleteFunc(closings, func(c closing) bool { return !pairs(c) })
	}
	// Nor is one that is faint in comparison.
	clearest := 0.0
	for _, c := range closings {
		clearest = max(clearest, c.mass)
	}
	closings = slices.DeleteFunc(closings, func(c closing) bool { return c.mass < clearest/10 })
	// Of those that are one blink, seen from several frames, the clearest.
	slices.SortStableFunc(closings, func(a, b closing) int { return cmp.Compare(b.mass, a.mass) })
	var chosen []closing
	for _, c := range closings {
		if !slices.ContainsFunc(chosen, func(o closing) bool { return c.last < o.first && o.last < c.first }) {
			chosen = append(chosen, c)
		}
	}
	slices.SortFunc(chosen, func(a, b closing) int { return cmp.Compare(a.last, b.last) })
	return chosen
}

// before is the number of open frames with which a clip begins.
const before = 3

// cut chooses the frames of a clip, from earliest to latest.
func (f *blinkFinder) cut(c closing, earliest, latest int) Blink {
	const n = portrait.BlinkFrames
	blink := Blink{Slow: 1, Eyes: f.fullSize(c.eyes)}
	start, span := max(earliest, c.last-before+1), float64(n-1)
	if longest := float64(c.first - c.last); longest > span {
		start, span = c.last, longest
		blink.Slow = longest / (n - 1)
	} else {
		start = max(earliest, min(start, latest-n+1))
		start = max(start, c.first-n+1)
	}
	for i := range n {
		at := min(start+int(math.Round(float64(i)*span/(n-1))), latest)
		blink.Frames = append(blink.Frames, at)
		aperture := 1.0
		if at > c.last && at < c.first {
			aperture = c.aperture[at-c.last]
		}
		blink.Aperture = append(blink.Aperture, aperture)
	}
	return blink
}

// whole makes one blink of all frames.
func (f *blinkFinder) whole() []Blink {
	best := closing{eyes: f.eyes}
	for m := 1; m < f.count(); m++ {
		if c, ok := f.changeAt(m, 0, f.count()-1); ok && c.mass > best.mass {
			best = c
		}
	}
	if best.eyes == nil {
		return nil
	}
	if f.eyes == nil {
		best.eyes = f.changed(best.eyes, 0, f.count()-1)
	}
	blink := Blink{Slow: 1, Whole: true, Eyes: f.fullSize(best.eyes)}
	for i := range f.recent {
		blink.Frames = append(blink.Frames, i)
	}
	if best.mass > 0 {
		blink.Aperture = f.apertures(best.eyes, 0, best.shut, 0, f.count()-1)
	}
	return []Blink{blink}
}

// fullSize returns boxes of soft frames in pixels of the frames themselves.
func (f *blinkFinder) fullSize(small []image.Rectangle) []image.Rectangle {
	if f.options.eyes != nil {
		return f.options.eyes
	}
	var boxes []image.Rectangle
	for _, box := range small {
		boxes = append(boxes, scaleBox(box, f.recent[0].size(), f.size))
	}
	return boxes
}

// scaleBox converts a box from pictures of one size to those of another. Pixels that it touches are in it, and it is
// never empty.
func scaleBox(box image.Rectangle, from, to image.Point) image.Rectangle {
	x, y := float64(to.X)/float64(from.X), float64(to.Y)/float64(from.Y)
	return image.Rect(
		int(math.Floor(float64(box.Min.X)*x)), int(math.Floor(float64(box.Min.Y)*y)),
		int(math.Ceil(float64(box.Max.X)*x)), int(math.Ceil(float64(box.Max.Y)*y)),
	).Intersect(image.Rectangle{Max: to})
}
