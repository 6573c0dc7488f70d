// Package footage reads moving pictures frame by frame: folders of pictures, animated PNGs, GIFs and WebPs, and videos,
// which the program ffmpeg decodes.
//
//	f, err := footage.Open(ctx, "walk.mp4", footage.Options{Rate: 18})
//	for frame, err := range f.Frames(ctx) {
//		…
//	}
//
// Footage is not kept in memory: each frame is read when it is needed.
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

// Frame is a frame of footage.
type Frame struct {
	// Picture is opaque, on white, upright, from (0, 0). All frames of footage have the same size. It must not be changed:
	// the next frame may share the picture.
	Picture *image.RGBA

	at time.Duration // When it is first shown, counted from the first frame.
}

// Options set the rate at which frames are read.
type Options struct {
	// Rate is the frame rate of the result. Its frames are those shown in the middle of each 1/Rate of a second, so some
	// are skipped or repeated. 0 keeps the rate of folders and animations; videos need a rate.
	Rate float64
	// FolderRate is the frame rate of a folder of pictures, which has none of its own. 0 means Rate, or 18 if that is 0
	// too.
	FolderRate float64
}

// ErrNoProgram is wrapped if a video cannot be read because ffmpeg is not installed.
var ErrNoProgram = errors.New("videos need the program ffmpeg, which is not installed: " +
	"install it (https://ffmpeg.org), or name a folder of frames or an animation instead")

// folderRate is the default frame rate of a folder.
const folderRate = 18

// Kind names a kind of footage, for messages.
type Kind string

const (
	Folder    Kind = "folder of pictures"
	Animation Kind = "animation"
	Video     Kind = "video"
)

// Footage is an opened source of moving pictures.
type Footage struct {
	Kind Kind
	// Pictures is the number of pictures at the original rate; 0 if it is only known at the end, as with videos.
	Pictures int
	// Rate is the original frame rate, an average if frames are uneven; 0 if not known.
	Rate float64
	// Length is the total duration; 0 if not known.
	Length time.Duration

	path   string
	rate   float64 // The rate of the result, or 0.
	frames func(ctx context.Context, yield func(shown, error) bool)
}

// shown is a frame and its duration.
type shown struct {
	Frame
	lasts time.Duration
}

// Open opens footage by its contents; its name does not matter. Pictures of a folder are in the order of their names,
// in which numbers count as numbers: 9.png is before 10.png. A still picture, or anything else without frames, is an
// error that names the cause; so is a video without ffmpeg. ctx ends the calls of ffmpeg.
func Open(ctx context.Context, path string, options Options) (*Footage, error) {
	f, err := open(ctx, path, options)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, imaging.WithoutPath(err))
	}
	f.path = path
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
	case strings.HasPrefix(kind, "image/") || !strings.HasPrefix(kind, "video/") && imaging.HasExtension(path) &&
		!imaging.Unreadable(path): // Programs for videos may read what package imaging cannot.
		return openAnimation(path, options.Rate)
	case strings.HasPrefix(kind, "text/"):
		return nil, errors.New("it is text: neither pictures nor a video") // ffmpeg would render it.
	default:
		return openVideo(ctx, path, options.Rate)
	}
}

// contentOf guesses the MIME type of a file by its first bytes.
func contentOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	const enough = 512 // The result of package http.
	start, err := io.ReadAll(io.LimitReader(file, enough))
	return http.DetectContentType(start), err
}

// Frames reads the frames from the beginning. It may be called again. No frames follow an error; those before it are
// intact. It ends soon after ctx.
func (f *Footage) Frames(ctx context.Context) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		var size image.Point
		n := 0
		// No frame is lost if frames are even already, or as even as a GIF's times in whole hundredths of a second allow.
		at := func(n int) time.Duration { return time.Duration(float64(n) / f.rate * float64(time.Second)) }
		f.frames(ctx, func(s shown, err error) bool {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && size != (image.Point{}) && s.Picture.Rect.Size() != size {
				got := s.Picture.Rect.Size()
				err = fmt.Errorf("the frame at %.2f s has %d×%d pixels, those before it %d×%d: all frames must have the same size",
					s.at.Seconds(), got.X, got.Y, size.X, size.Y)
			}
			if err != nil {
				yield(Frame{}, fmt.Errorf("read %s: %w", f.path, err))
				return false
			}
			size = s.Picture.Rect.Size()
			if f.rate == 0 {
				return yield(s.Frame, nil)
			}
			for ; (at(n)+at(n+1))/2 < s.at+s.lasts; n++ {
				if !yield(Frame{s.Picture, at(n)}, nil) {
					return false
				}
			}
			return true
		})
	}
}
