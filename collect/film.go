package collect

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/footage"
)

// ErrNoFFmpeg is wrapped where a video cannot be read because the program ffmpeg is not installed.
var ErrNoFFmpeg = footage.ErrNoProgram

// BrokenOffError is the error of footage that cannot be read to its end. The blinks before that count.
type BrokenOffError struct {
	// Blinks is the number of blinks before the error.
	Blinks int

	err error
}

func (e *BrokenOffError) Error() string { return e.err.Error() }
func (e *BrokenOffError) Unwrap() error { return e.err }

// film is footage at the rate of blinks.
type film struct {
	*footage.Footage
	// whole: it is one clip already.
	whole bool
}

// openFilm opens footage and brings it to [portrait.BlinkRate]. Footage of [portrait.BlinkFrames] frames at about that
// rate is left as it is. folderRate is the frames a second of a folder; 0 means that of blinks. note, if not nil, is
// called with a line for a person if the rate changes.
func openFilm(ctx context.Context, path string, folderRate float64, note func(text string)) (film, error) {
	options := footage.Options{Rate: portrait.BlinkRate, FolderRate: folderRate}
	opened, err := footage.Open(ctx, path, options)
	if err != nil {
		return film{}, err
	}
	if folderRate != 0 && opened.Kind != footage.Folder {
		return film{}, fmt.Errorf("%s (%s) has its own frame rate: only a folder of frames can be given one",
			path, opened.Kind)
	}
	if note == nil {
		note = func(string) {}
	}
	const near = 3 // Times in GIFs are whole hundredths of a second.
	switch {
	case opened.Pictures == portrait.BlinkFrames && math.Abs(opened.Rate-portrait.BlinkRate) <= near:
		options.Rate = 0
		opened, err = footage.Open(ctx, path, options)
		return film{opened, true}, err
	case opened.Rate == 0:
		note(fmt.Sprintf("%s: brought to %d frames a second", path, portrait.BlinkRate))
	case math.Abs(opened.Rate-portrait.BlinkRate) > 0.01:
		note(fmt.Sprintf("%s: %.4g frames a second, brought to %d", path, opened.Rate, portrait.BlinkRate))
	}
	return film{opened, false}, nil
}

// watched returns the frames of the film and reports progress, if its length is known. progress may be nil.
func (f film) watched(ctx context.Context, progress func(done, total int)) iter.Seq2[footage.Frame, error] {
	total := int(math.Round(f.Length.Seconds() * portrait.BlinkRate))
	if progress == nil || total == 0 {
		return f.Frames(ctx)
	}
	return func(yield func(footage.Frame, error) bool) {
		n := 0
		for frame, err := range f.Frames(ctx) {
			if n++; n < total {
				progress(n, total)
			}
			if !yield(frame, err) {
				break
			}
		}
		progress(total, total)
	}
}
