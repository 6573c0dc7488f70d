// Package footage reads moving pictures frame by frame: folders of pictures, animated PNGs, GIFs and WebPs, and videos, which the program ffmpeg decodes.
//
//	f, err := footage.Open(ctx, "walk.mp4", footage.Options{Rate: 18})
//	for frame, err := range f.Frames(ctx) {
//		…
//	}
//
// A film is never kept in memory: a frame is read when it is asked for.
package footage

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/moelab/moelab/internal/imaging"
)

// Frame is what is seen at a time.
type Frame struct {
	// Picture is opaque, on white, upright, from (0, 0). All frames of a footage have one size. It is not to be changed: the next frame may be the same picture.
	Picture *image.RGBA
	// At is when it is first seen, counted from the first frame.
	At time.Duration
}

// Options say at what rate frames are read.
type Options struct {
	// Rate is the frames a second that the footage is brought to: what is seen in the middle of each 1/Rate of a second, so some frames are left out or
	// repeated. 0 leaves folders and animations as they are; a video must have one.
	Rate float64
	// FolderRate is the frames a second of a folder of pictures, which does not say. 0 means Rate, or 18 where that is 0 too.
	FolderRate float64
}

// ErrNoProgram is wrapped where a video cannot be read because there is no ffmpeg.
var ErrNoProgram = errors.New("videos need the program ffmpeg, which is not installed: install it (https://ffmpeg.org), or name a folder of frames or an animation instead")

// folderRate is the frames a second of a folder if nobody says.
const folderRate = 18

// Kind is a kind of footage, as people call it.
type Kind string

const (
	Folder    Kind = "folder of pictures"
	Animation Kind = "animation"
	Video     Kind = "video"
)

// Footage is moving pictures that have been opened.
type Footage struct {
	// Path is where they are.
	Path string
	// Kind is what they are.
	Kind Kind
	// Pictures is how many there are before they are brought to another rate. 0: nobody knows before the end, as of a video.
	Pictures int
	// Rate is the frames a second before they are brought to another one, on average where they are not even; 0: not known.
	Rate float64
	// Length is how long they last; 0: not known.
	Length time.Duration

	rate   float64 // What they are brought to, or 0.
	frames func(ctx context.Context, yield func(shown, error) bool)
}

// shown is a frame and how long it is seen.
type shown struct {
	Frame
	lasts time.Duration
}

// Open looks what is at a path; what it is called does not matter. Pictures of a folder are in the order of their names, in which numbers count as
// numbers: 9.png is before 10.png. A still picture, or something else that has no frames, is an error that says so; so is a video where there is no ffmpeg.
// ctx ends what is asked of ffmpeg.
func Open(ctx context.Context, path string, options Options) (*Footage, error) {
	f, err := open(ctx, path, options)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, imaging.WithoutPath(err))
	}
	f.Path = path
	return f, nil
}

func open(ctx context.Context, path string, options Options) (*Footage, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		rate := options.FolderRate
		if rate == 0 {
			rate = options.Rate
		}
		if rate == 0 {
			rate = folderRate
		}
		return openFolder(path, rate, options.Rate)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() == 0:
		return nil, errors.New("the file is empty (zero bytes)")
	}
	kind, err := contentOf(path)
	switch {
	case err != nil:
		return nil, err
	case strings.HasPrefix(kind, "image/") || !strings.HasPrefix(kind, "video/") && imaging.HasExtension(path):
		return openAnimation(path, options.Rate)
	case strings.HasPrefix(kind, "text/"):
		return nil, errors.New("it is text: neither pictures nor a video") // ffmpeg would film it.
	default:
		return openVideo(ctx, path, options.Rate)
	}
}

// contentOf guesses what a file holds by how it begins: a MIME type.
func contentOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	const enough = 512 // Says package http.
	start, err := io.ReadAll(io.LimitReader(file, enough))
	return http.DetectContentType(start), err
}

// Frames reads the frames from the beginning. It may be called again. After an error there are no more; the frames before it are good. It ends soon after ctx.
func (f *Footage) Frames(ctx context.Context) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		var size image.Point
		n := 0
		// Frames that are even already lose nothing here, nor do those of GIFs, whose times are whole hundredths of a second.
		at := func(n int) time.Duration { return time.Duration(float64(n) / f.rate * float64(time.Second)) }
		f.frames(ctx, func(s shown, err error) bool {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && size != (image.Point{}) && s.Picture.Rect.Size() != size {
				got := s.Picture.Rect.Size()
				err = fmt.Errorf("the frame at %.2f s has %d×%d pixels, those before it %d×%d: they must have one size", s.At.Seconds(), got.X, got.Y, size.X, size.Y)
			}
			if err != nil {
				yield(Frame{}, fmt.Errorf("read %s: %w", f.Path, err))
				return false
			}
			size = s.Picture.Rect.Size()
			if f.rate == 0 {
				return yield(s.Frame, nil)
			}
			for ; (at(n)+at(n+1))/2 < s.At+s.lasts; n++ {
				if !yield(Frame{s.Picture, at(n)}, nil) {
					return false
				}
			}
			return true
		})
	}
}
