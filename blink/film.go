package blink

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
)

// Film is a portrait that blinks.
type Film struct {
	Portrait *Portrait
	// Patches are the parts that the blink changes; see [Blinker.Patches].
	Patches []Patch
	// Length is the number of frames, 18 a second; 0: the blink's length. In a longer film the eyes stay open
	// afterwards; a shorter one skips frames, at the blink's duration.
	Length int
	// Loop plays it for ever, not once.
	Loop bool
}

// CheckFilmPath returns an error unless [Film.Save] can write a film of some frames in the format of a path.
func CheckFilmPath(path string, frames int) error {
	if isFolder(path) {
		return nil
	}
	format, err := imaging.FormatOf(path)
	if err == nil && format == imaging.JPEG && frames > 1 {
		err = errors.New("an animation cannot be a JPEG: write it as .gif, .png or .webp")
	}
	return err
}

// isFolder reports whether a path names a folder, which need not exist.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() || strings.HasSuffix(path, string(filepath.Separator)) || filepath.Ext(path) == ""
}

// Save writes the film as an animation, in the format of the extension (.gif, .png, .webp), or into a folder as
// frame_00.png and so on. The rest of the picture stays unchanged, as far as the format allows. If a frame cannot be
// written, those before it are removed.
func (f Film) Save(path string) error {
	info, frames := f.frames()
	if err := CheckFilmPath(path, len(frames)); err != nil {
		return err
	}
	if !isFolder(path) {
		return imaging.Save(path, info, frames)
	}
	info.Frames = 1
	files := FilmFiles(path, len(frames))
	for i, name := range files {
		if err := imaging.Save(name, info, frames[i:i+1]); err != nil {
			for _, written := range files[:i] {
				err = errors.Join(err, os.Remove(written))
			}
			return err
		}
	}
	return nil
}

// framePattern matches the names of frames in a folder; see [path.Match].
const frameName, framePattern = "frame_%02d.png", "frame_[0-9]*.png"

// LeftFrames lists the frames in a folder that [Film.Save] would leave there among those of a film: frames of a longer
// one. There are none beside an animation.
func LeftFrames(folder string, frames int) (left []string, err error) {
	if !isFolder(folder) {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	written := FilmFiles(folder, frames)
	for _, entry := range entries {
		isFrame, _ := path.Match(framePattern, entry.Name()) // Only a malformed pattern is an error.
		if file := filepath.Join(folder, entry.Name()); isFrame && !slices.Contains(written, file) {
			left = append(left, file)
		}
	}
	return left, err
}

// FilmFiles are the files that [Film.Save] writes for a film of a number of frames.
func FilmFiles(path string, frames int) []string {
	if !isFolder(path) {
		return []string{path}
	}
	files := make([]string, frames)
	for i := range files {
		files[i] = filepath.Join(path, fmt.Sprintf(frameName, i))
	}
	return files
}

// frames returns the film's frames and their metadata.
func (f Film) frames() (imaging.Info, []imaging.Frame) {
	blink := Frames
	if len(f.Patches) > 0 {
		blink = len(f.Patches[0].Frames)
	}
	n, p := cmp.Or(f.Length, blink), f.Portrait
	info := p.info
	info.Frames, info.Plays = n, 1 // Still grey if it was: the patches are too.
	if f.Loop {
		info.Plays = 0
	}
	delay := imaging.Delay{Numerator: 1, Denominator: portrait.BlinkRate}
	shown := func(i int) int { return i }
	if n < blink { // The duration stays the same.
		delay = imaging.Delay{Numerator: uint16(blink), Denominator: uint16(portrait.BlinkRate * n)}
		shown = func(i int) int { return i * blink / n }
	}
	frames := make([]imaging.Frame, n)
	var all sync.WaitGroup
	for i := range frames {
		frames[i] = imaging.Frame{Pixels: p.base, Delay: delay}
		if k := shown(i); k < blink {
			all.Go(func() { frames[i].Pixels = p.with(f.Patches, k) })
		}
	}
	all.Wait()
	return info, frames
}
