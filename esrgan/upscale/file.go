package upscale

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/imaging"
)

// File enlarges one picture or animation to a file, whose extension names the format (.png, .jpg, .gif or .webp), and
// returns the size of the result. Alpha, grey, 16 bits, colour profile and frames are kept as far as the format allows.
func (e *Enlarger) File(ctx context.Context, in, out string) (image.Point, error) {
	if in == Standard || out == Standard {
		return image.Point{}, wrongRequest("%q is not a file", Standard)
	}
	jobs, err := planOne(in, out, "")
	if err != nil {
		return image.Point{}, err
	}
	return e.Do(ctx, jobs[0], nil, nil)
}

// Do enlarges the picture of a job and returns the size of the result. stdin and stdout stand for [Standard]. The file
// is written completely or not at all; its folder is made. An error names the picture.
func (e *Enlarger) Do(ctx context.Context, job Job, stdin io.Reader, stdout io.Writer) (size image.Point, err error) {
	defer func() {
		if r := recover(); r != nil { // Whatever it is, it is this picture's failure, and not that of the others.
			err = job.wrap(fmt.Errorf("enlarge it: %v", r))
		}
	}()
	info, err := e.do(ctx, job, stdin, stdout)
	return image.Pt(info.Width, info.Height), job.wrap(err)
}

// do is Do; its errors do not name the picture.
func (e *Enlarger) do(ctx context.Context, job Job, stdin io.Reader, stdout io.Writer) (imaging.Info, error) {
	if job.err != nil {
		return imaging.Info{}, wrongFile(job.err)
	}
	p, err := job.open(stdin)
	if err != nil {
		return imaging.Info{}, wrongFile(err)
	}
	if p.Pages > 1 {
		e.warn(job.wrap(fmt.Errorf("it has %d pages, and only the first is enlarged", p.Pages)))
	}
	large, err := e.large(p.Info)
	if err != nil {
		return large, wrongFile(err)
	}
	if job.Out == Standard {
		out := bufio.NewWriter(stdout)
		if err := e.write(ctx, out, job.format, large, p); err != nil {
			return large, err
		}
		return large, out.Flush()
	}
	if err := os.MkdirAll(filepath.Dir(job.Out), 0o755); err != nil {
		return large, err
	}
	var inner error // From the picture, not from writing the file.
	err = atomicfile.Write(job.Out, func(file *os.File) error {
		out := bufio.NewWriter(file)
		if inner = e.write(ctx, out, job.format, large, p); inner != nil {
			return inner
		}
		return out.Flush()
	})
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed): // The error names a temporary file.
		return large, &fs.PathError{Op: "write", Path: job.Out, Err: failed.Err}
	case inner != nil:
		return large, inner
	default:
		return large, err
	}
}

// write enlarges the frames of a picture and writes each as soon as it is made.
func (e *Enlarger) write(
	ctx context.Context, out io.Writer, format imaging.Format, large imaging.Info, p *imaging.Picture,
) error {
	writer, err := imaging.NewWriter(out, format, large)
	if err != nil {
		return err
	}
	done := 0
	for frame, err := range p.Frames() {
		if err != nil {
			return wrongFile(err)
		}
		frame.Pixels, err = e.enlarge(ctx, frame.Pixels, func(share float64) {
			e.progress((float64(done) + share) / float64(p.Info.Frames))
		})
		if err != nil {
			return err
		}
		if err := writer.Write(frame); err != nil {
			return err
		}
		done++
	}
	return writer.Close()
}
