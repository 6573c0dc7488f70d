package collect

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/footage"
	"github.com/moelab/moelab/internal/imaging"
)

// Blink is a blink that was found in footage.
type Blink struct {
	// Dir is the folder it was written to, and Preview the picture to check it by.
	Dir, Preview string
	// Frames are the numbers of [portrait.BlinkFrames] frames of the footage at [portrait.BlinkRate], the first is 0:
	// a few before the eyes close, until after they are open again. They are consecutive, but some are left out if a
	// blink is slower than a clip is long, and the last is repeated if the footage ends or the eyes close once more.
	Frames []int
	// Eyes are the boxes of what the blink changes, from left to right as seen, in pixels of the first of the frames.
	Eyes []image.Rectangle
	// Aperture estimates how far the eyes are open in each of the frames: 1 as in the first, 0 as in the most closed.
	// It is nil if hardly anything changes.
	Aperture []float64
	// Slow is the length of the blink in clips: 1, or more if frames are left out.
	Slow float64
	// Whole means that the footage is one clip already, as it is.
	Whole bool
}

// String describes the blink in a line: where it is in the footage, and where its eyes are.
func (b Blink) String() string {
	var text strings.Builder
	if b.Dir != "" {
		text.WriteString(b.Dir + ": ")
	}
	if b.Whole {
		text.WriteString("the whole clip")
	} else {
		at := func(frame int) float64 {
			return (time.Duration(frame) * time.Second / portrait.BlinkRate).Seconds()
		}
		fmt.Fprintf(&text, "%.2f s to %.2f s", at(b.Frames[0]), at(b.last()+1))
	}
	if b.Slow > 1 {
		fmt.Fprintf(&text, ", %.1f times as long as a clip, so some frames are left out", b.Slow)
	}
	var boxes []string
	for _, eye := range b.Eyes {
		boxes = append(boxes, boxText(eye))
	}
	if len(boxes) == 1 {
		fmt.Fprintf(&text, "; one region alone changes, at %s: is it an eye?", boxes[0])
	} else {
		fmt.Fprintf(&text, "; eyes at %s", strings.Join(boxes, " and "))
	}
	if b.Aperture == nil {
		text.WriteString("; hardly anything changes there, so there is no " + dataset.AperturesFile)
	}
	return text.String()
}

// boxText writes a box as x,y,width,height.
func boxText(box image.Rectangle) string {
	return fmt.Sprintf("%d,%d,%d,%d", box.Min.X, box.Min.Y, box.Dx(), box.Dy())
}

// last returns the number of the last frame.
func (b Blink) last() int { return b.Frames[len(b.Frames)-1] }

// clip goes through footage once more and keeps the frames of the blink in memory.
func (b Blink) clip(name string, frames iter.Seq2[footage.Frame, error]) (*dataset.Clip, error) {
	clip := &dataset.Clip{Name: name, Eyes: b.Eyes, Aperture: b.Aperture}
	number := 0
	for frame, err := range frames {
		if err != nil {
			return nil, err
		}
		for len(clip.Frames) < len(b.Frames) && b.Frames[len(clip.Frames)] == number {
			clip.Frames = append(clip.Frames, frame.Picture)
		}
		if number++; len(clip.Frames) == len(b.Frames) {
			return clip, nil
		}
	}
	return nil, b.tooFew(number)
}

// tooFew is the error of footage that had more frames before.
func (b Blink) tooFew(frames int) error {
	return fmt.Errorf("there are only %d frames now, a blink needs frame %d: was the file changed meanwhile?",
		frames, b.last()+1)
}

// saveBlinks goes through footage once more and writes the blinks that [findBlinks] found in it, each to its Dir, which
// is made: frame_00.png … frame_15.png, aperture.csv if that is known, and eyes.json last. [dataset.OpenBlinks] reads
// such folders. It returns how many of the blinks, from the first on, are whole; the folders of others are removed.
// Folders that exist already are an error. An error of the footage is a [*BrokenOffError].
func saveBlinks(frames iter.Seq2[footage.Frame, error], blinks []Blink) (whole int, err error) {
	for _, blink := range blinks {
		if err := unused(blink.Dir); err != nil {
			return 0, err
		}
	}
	defer func() {
		for _, blink := range blinks[whole:] {
			if remove := os.RemoveAll(blink.Dir); remove != nil {
				err = errors.Join(err, remove)
			}
		}
	}()
	if len(blinks) == 0 {
		return 0, nil
	}
	number := 0
	for frame, err := range frames {
		if err != nil {
			return whole, &BrokenOffError{whole, err}
		}
		for i := whole; i < len(blinks) && blinks[i].Frames[0] <= number; i++ {
			if err := blinks[i].saveFrame(number, frame.Picture); err != nil {
				return whole, err
			}
		}
		for whole < len(blinks) && blinks[whole].last() <= number {
			if err := blinks[whole].saveRest(); err != nil {
				return whole, err
			}
			whole++
		}
		if whole == len(blinks) {
			return whole, nil
		}
		number++
	}
	return whole, &BrokenOffError{whole, blinks[whole].tooFew(number)}
}

// unused returns an error unless there is nothing at a path.
func unused(dir string) error {
	_, err := os.Lstat(dir)
	switch {
	case err == nil:
		return fmt.Errorf("%s is there already, and may have been corrected: choose another folder, or delete it", dir)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// saveFrame writes a frame of the footage wherever it is one of the blink.
func (b Blink) saveFrame(number int, frame image.Image) error {
	for i, of := range b.Frames {
		if of != number {
			continue
		}
		if err := imaging.SavePNG(filepath.Join(b.Dir, fmt.Sprintf("frame_%02d.png", i)), frame); err != nil {
			return err
		}
	}
	return nil
}

// saveRest writes what is known of a blink whose frames are written.
func (b Blink) saveRest() error {
	if b.Aperture != nil {
		if err := dataset.SaveApertures(filepath.Join(b.Dir, dataset.AperturesFile), b.Aperture); err != nil {
			return err
		}
	}
	return dataset.SaveEyes(filepath.Join(b.Dir, dataset.EyesFile), b.Eyes)
}
