package collect

import (
	"errors"
	"fmt"
	"image"
	"iter"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/footage"
	"github.com/moelab/moelab/internal/imaging"
)

// CutBlinks goes through a footage once more and writes the blinks that [FindBlinks] found in it, each to a folder of its own that is made: frame_00.png …
// frame_15.png, aperture.csv where that is known, and eyes.json last. [dataset.OpenBlinks] reads such folders. It returns how many of the blinks, from the first on,
// are whole; the folders of others are removed, and those that were there already are an error.
func CutBlinks(frames iter.Seq2[footage.Frame, error], blinks []FoundBlink, dirs []string) (whole int, err error) {
	for _, dir := range dirs {
		if _, err := os.Lstat(dir); err == nil {
			return 0, fmt.Errorf("%s is there already, and may have been corrected: choose another folder, or delete it", dir)
		}
	}
	defer func() {
		for _, dir := range dirs[whole:] {
			if remove := os.RemoveAll(dir); remove != nil {
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
			return whole, err
		}
		for i := whole; i < len(blinks) && blinks[i].Frames[0] <= number; i++ {
			if err := blinks[i].saveFrame(dirs[i], number, frame.Picture); err != nil {
				return whole, err
			}
		}
		for whole < len(blinks) && blinks[whole].last() <= number {
			if err := blinks[whole].saveRest(dirs[whole]); err != nil {
				return whole, err
			}
			whole++
		}
		if whole == len(blinks) {
			return whole, nil
		}
		number++
	}
	return whole, blinks[whole].tooFew(number)
}

// Clip goes through a footage once more and keeps the frames of the blink in memory.
func (b FoundBlink) Clip(name string, frames iter.Seq2[footage.Frame, error]) (*dataset.Clip, error) {
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

// tooFew is the error of a footage that had more frames before.
func (b FoundBlink) tooFew(frames int) error {
	return fmt.Errorf("there are only %d frames now, a blink needs frame %d: was the file changed meanwhile?", frames, b.last()+1)
}

func (b FoundBlink) last() int { return b.Frames[len(b.Frames)-1] }

// saveFrame writes a frame of a footage wherever it is one of the blink.
func (b FoundBlink) saveFrame(dir string, number int, frame image.Image) error {
	for i, of := range b.Frames {
		if of != number {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := imaging.SavePNG(filepath.Join(dir, fmt.Sprintf("frame_%02d.png", i)), frame); err != nil {
			return err
		}
	}
	return nil
}

// saveRest writes what is known of a blink whose frames are written.
func (b FoundBlink) saveRest(dir string) error {
	if b.Aperture != nil {
		if err := dataset.SaveApertures(filepath.Join(dir, dataset.AperturesFile), b.Aperture); err != nil {
			return err
		}
	}
	return dataset.SaveEyes(filepath.Join(dir, dataset.EyesFile), b.Eyes)
}
