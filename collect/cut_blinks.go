package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
)

// BlinkOptions say how [CutBlinks] reads footage. The zero value will do.
type BlinkOptions struct {
	// Eyes are the boxes of one or two eyes in pixels, if known; they hold for all of the footage. Nil: they are found.
	Eyes []image.Rectangle
	// FolderRate is the frames a second of folders of frames; 0 means [portrait.BlinkRate]. Animations and videos have
	// their own rate; with a FolderRate they are errors.
	FolderRate float64
	// Preview is the folder for the previews; empty means a folder beside out, with "-preview" added to its name.
	Preview string
	// Note, if set, is called with a line for a person whenever the rate of a source changes.
	Note func(text string)
	// Progress, if set, is called with how many frames of a source have been searched, from 1 on for each source. It is
	// not called for sources of unknown length.
	Progress func(done, total int)
	// Written, if set, is called with each blink once it is written.
	Written func(blink Blink)
}

// CutBlinks finds where somebody blinks in videos, animations and folders of frames, and writes each blink to a folder
// below out, to train on or as a reference: NAME_001, NAME_002 and so on, with frame_00.png … frame_15.png at full
// size, eyes.json and, if known, aperture.csv. NAME is the source's, with a number from the second source of the same
// name on. A preview of each blink shows some of its frames with the boxes of the eyes.
//
// A source of 16 frames, at about 18 a second, is one clip as it is. In others a blink is where two regions side by
// side change at the same time, and are as before after 0.2 to 1.5 seconds, while the rest is nearly still. Nothing is
// known of faces, so look at the previews.
//
// It returns the blinks that were written, and the errors of the sources, joined. The sources after one that fails are
// still read. A source that cannot be read to its end is a [*BrokenOffError], a video without ffmpeg wraps
// [ErrNoFFmpeg]. A source without a blink is an error, as is a folder of clips that exists already.
func CutBlinks(ctx context.Context, sources []string, out string, options BlinkOptions) ([]Blink, error) {
	if len(options.Eyes) > 2 {
		return nil, fmt.Errorf("there are boxes of %d eyes: a face has one or two", len(options.Eyes))
	}
	if !(options.FolderRate >= 0 && options.FolderRate <= maxRate) {
		return nil, fmt.Errorf("the frame rate is %g: it must be more than 0 and at most %d", options.FolderRate, maxRate)
	}
	if options.Preview == "" {
		preview, err := beside(out, "-preview")
		if err != nil {
			return nil, err
		}
		options.Preview = preview
	}
	options.Eyes = slices.SortedFunc(slices.Values(options.Eyes),
		func(a, b image.Rectangle) int { return cmp.Compare(a.Min.X, b.Min.X) })
	var written []Blink
	var errs []error
	for i, path := range sources {
		blinks, err := cutSource(ctx, path, filepath.Join(out, nameOf(sources, i)), options)
		written, errs = append(written, blinks...), append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return written, errors.Join(errs...)
}

// maxRate is the greatest frames a second of a folder.
const maxRate = 1000

// beside returns the path of a folder with a suffix added to its name.
func beside(dir, suffix string) (string, error) {
	dir = filepath.Clean(dir)
	if name := filepath.Base(dir); name == "." || name == ".." {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		dir = absolute
	}
	return dir + suffix, nil
}

// nameOf returns the name of the clips of source i: the file's without extension, or the folder's, with a number if an
// earlier source has the same.
func nameOf(paths []string, i int) string {
	name := func(path string) string {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute // Otherwise "." has no name.
		}
		base := filepath.Base(path)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return base
		}
		return strings.TrimSuffix(base, filepath.Ext(base))
	}
	same := 1
	for _, earlier := range paths[:i] {
		if name(earlier) == name(paths[i]) {
			same++
		}
	}
	if same > 1 {
		return fmt.Sprintf("%s-%d", name(paths[i]), same)
	}
	return name(paths[i])
}

// cutSource finds and writes the blinks of one source: to a folder each, that begins with a prefix.
func cutSource(ctx context.Context, path, prefix string, options BlinkOptions) (written []Blink, err error) {
	dir := func(i int) string { return fmt.Sprintf("%s_%03d", prefix, i+1) }
	if err := unused(dir(0)); err != nil { // Before a long film is searched.
		return nil, err
	}
	opened, err := openFilm(ctx, path, options.FolderRate, options.Note)
	if err != nil {
		return nil, err
	}
	find := findOptions{eyes: options.Eyes, whole: opened.whole}
	blinks, err := findBlinks(opened.watched(ctx, options.Progress), find)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !errors.As(err, new(*BrokenOffError)):
		return nil, fmt.Errorf("%s: %w", path, err)
	case err != nil: // What was found before that is written.
	case len(blinks) == 0 && options.Eyes != nil:
		return nil, fmt.Errorf("%s: there is no blink in the boxes of the eyes", path)
	case len(blinks) == 0:
		return nil, fmt.Errorf("%s: there is no blink in it, or too much else moves: "+
			"cut out where somebody blinks and holds still, or give the boxes of the eyes", path)
	}
	for i := range blinks {
		blinks[i].Dir = dir(i)
		blinks[i].Preview = filepath.Join(options.Preview, filepath.Base(dir(i))+".png")
	}
	whole, saving := saveBlinks(opened.Frames(ctx), blinks)
	for _, blink := range blinks[:whole] {
		if preview := blink.savePreview(ctx); preview != nil {
			return written, errors.Join(err, saving, preview)
		}
		written = append(written, blink)
		if options.Written != nil {
			options.Written(blink)
		}
	}
	return written, errors.Join(err, saving)
}

// savePreview reads the clip that was written and writes its preview.
func (b Blink) savePreview(ctx context.Context) error {
	clip, err := dataset.OpenBlink(ctx, b.Dir)
	if err != nil {
		return err
	}
	return imaging.SavePNG(b.Preview, blinkPreview(clip))
}
