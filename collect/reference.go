package collect

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/footage"
)

// FindReference opens the blink of a path for others to follow. A folder with eyes.json, as [CutBlinks] writes them, is
// opened as it is. In any other footage, a video, an animation or a folder of frames, the first blink is found; of
// fewer than [portrait.BlinkFrames] frames the last one is held. note, if not nil, is called with a line for a person
// if other frame rates are brought to [portrait.BlinkRate].
//
// If footage cannot be read to its end, the blink before that comes with a [*BrokenOffError]. Any other error comes
// without a clip.
func FindReference(ctx context.Context, path string, note func(text string)) (*dataset.Clip, error) {
	if _, err := os.Stat(filepath.Join(path, dataset.EyesFile)); err == nil {
		return dataset.OpenBlink(ctx, path)
	}
	opened, err := openFilm(ctx, path, 0, note)
	if err != nil {
		return nil, err
	}
	frames := held(opened.Frames(ctx))
	blinks, err := findBlinks(frames, findOptions{whole: opened.whole})
	var broken *BrokenOffError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !errors.As(err, &broken):
		return nil, fmt.Errorf("%s: %w", path, err)
	case len(blinks) == 0 && err != nil:
		return nil, err
	case len(blinks) == 0:
		return nil, fmt.Errorf("there is no blink in %s, or too much else moves", path)
	}
	clip, err := blinks[0].clip(path, frames)
	if err == nil && broken != nil {
		err = broken
	}
	return clip, err
}

// longestHold is how many frames of one picture follow each other: more show nothing of a blink. A picture of an
// animation may be shown for minutes.
const longestHold = 4 * portrait.BlinkFrames

// held yields frames, the last of them again until a blink could be over, but none more often than [longestHold].
func held(frames iter.Seq2[footage.Frame, error]) iter.Seq2[footage.Frame, error] {
	return func(yield func(footage.Frame, error) bool) {
		var last footage.Frame
		n, same := 0, 0
		for frame, err := range frames {
			if same++; err != nil || frame.Picture != last.Picture {
				same = 1
			}
			if same > longestHold {
				continue
			}
			if !yield(frame, err) || err != nil {
				return
			}
			last = frame
			n++
		}
		for ; n > 0 && n < portrait.BlinkFrames && yield(last, nil); n++ {
		}
	}
}
