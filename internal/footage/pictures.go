package footage

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moelab/moelab/internal/imaging"
)

// openFolder lists the pictures of a folder, shown at a rate and converted to another one unless that is 0.
func openFolder(dir string, rate, to float64) (*Footage, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	folders := 0
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, "."):
		case entry.IsDir():
			folders++
		case imaging.HasExtension(name):
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		if folders > 0 {
			return nil, errors.New("there are no pictures in the folder, only other folders: name the folders of frames")
		}
		return nil, errors.New("there are no pictures in the folder (PNG, JPEG, GIF, WebP, BMP, TIFF)")
	}
	slices.SortFunc(names, imaging.CompareNames)
	each := time.Duration(float64(time.Second) / rate)
	length := time.Duration(len(names)) * each
	frames := func(_ context.Context, yield func(shown, error) bool) {
		for i, name := range names {
			pixels, err := readPicture(filepath.Join(dir, name))
			if err != nil {
				yield(shown{}, fmt.Errorf("%s: %w", name, err))
				return
			}
			if !yield(shown{Frame{pixels, time.Duration(i) * each}, each}, nil) {
				return
			}
		}
	}
	return &Footage{Kind: Folder, Pictures: len(names), Rate: rate, Length: length, rate: to, frames: frames}, nil
}

// readPicture reads a picture, or the first frame of several.
func readPicture(path string) (*image.RGBA, error) {
	p, err := imaging.Open(path)
	if err != nil {
		return nil, imaging.WithoutPath(err)
	}
	for frame, err := range p.Frames() {
		return imaging.OnWhite(frame.Pixels), err
	}
	return nil, io.ErrUnexpectedEOF
}

// openAnimation reads an animated PNG, GIF or WebP.
func openAnimation(path string, to float64) (*Footage, error) {
	p, err := imaging.Open(path)
	damage := err
	if err != nil {
		if p = imaging.Salvage(path); p == nil {
			return nil, err
		}
	}
	if p.Info.Frames == 1 {
		return nil, errors.New("it is a still picture: name an animation, a video or a folder of frames")
	}
	length := time.Duration(0)
	for _, delay := range p.Delays() {
		length += delay.Duration()
	}
	rate := float64(p.Info.Frames) / length.Seconds()
	frames := func(_ context.Context, yield func(shown, error) bool) {
		var at time.Duration
		for frame, err := range p.Frames() {
			if err != nil {
				yield(shown{}, err)
				return
			}
			lasts := frame.Delay.Duration()
			if !yield(shown{Frame{imaging.OnWhite(frame.Pixels), at}, lasts}, nil) {
				return
			}
			at += lasts
		}
		if damage != nil {
			yield(shown{}, fmt.Errorf("it stops after %d frames: %w", p.Info.Frames, damage))
		}
	}
	return &Footage{Kind: Animation, Pictures: p.Info.Frames, Rate: rate, Length: length, rate: to, frames: frames}, nil
}
