package dataset

import (
	"archive/tar"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/moelab/moelab/internal/imaging"
)

// listTar finds the positions of the pictures in a tar file. They are read from there.
func (a *archive) listTar(ctx context.Context, in *os.File) error {
	return a.eachPicture(ctx, in, func(header *tar.Header, _ io.Reader) error {
		at, err := in.Seek(0, io.SeekCurrent) // Package tar has read exactly up to the member.
		if err != nil {
			return err
		}
		a.add(header.Name, header.Size, partOf(in, at, header.Size))
		return nil
	})
}

// partOf opens a part of a file, which stays open.
func partOf(file *os.File, at, size int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(file, at, size)), nil }
}

// listGzip copies the pictures of a compressed tar file to a temporary file, since it does not allow random access.
func (a *archive) listGzip(ctx context.Context, in io.Reader) error {
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("%w; copy it again", damaged{"0 members", err})
	}
	copied, err := os.CreateTemp("", "moelab-*")
	if err != nil {
		return fmt.Errorf("unpack the archive: %w", err)
	}
	if err := os.Remove(copied.Name()); err != nil { // It stays until the last of its pictures is garbage.
		return errors.Join(fmt.Errorf("unpack the archive: %w", err), copied.Close())
	}
	at, left := int64(0), a.limits.kept
	bounded := &boundedReader{ctx: ctx, in: unpacked, left: a.limits.unpacked}
	return a.eachPicture(ctx, bounded, func(header *tar.Header, in io.Reader) error {
		if left -= header.Size; left < 0 {
			return tooLarge(fmt.Sprintf("its pictures take more than the %d MiB that those of a .tar.gz may", a.limits.kept>>20))
		}
		start := at
		n, err := io.Copy(copied, in)
		at += n
		if err != nil {
			return err
		}
		a.add(header.Name, header.Size, partOf(copied, start, header.Size))
		return nil
	})
}

// eachPicture calls take for the members that are pictures. If the archive is damaged or cut short, the members before
// that still count.
func (a *archive) eachPicture(ctx context.Context, in io.Reader, take func(*tar.Header, io.Reader) error) error {
	members := tar.NewReader(in)
	for n := 1; ; n++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		header, err := members.Next()
		if err == io.EOF {
			return nil
		}
		if errors.Is(err, tar.ErrInsecurePath) { // Names are looked at below.
			err = nil
		}
		if err == nil {
			if err := a.checkCount(n); err != nil {
				return err
			}
			if !a.isPicture(header.Name, header.Typeflag == tar.TypeReg && !sparse(header), header.Size) {
				continue
			}
			err = take(header, members)
		}
		if ctx.Err() != nil || errors.As(err, new(tooLarge)) {
			return err
		}
		if err != nil {
			a.bad = append(a.bad, Bad{a.path, fmt.Errorf("%w; what lies before that counts, for the rest copy it again",
				damaged{count(n-1, "member"), err})})
			return nil
		}
	}
}

// damaged is the error about a tar file that cannot be read to its end.
type damaged struct {
	after string // So many members.
	cause error
}

func (d damaged) Error() string {
	switch {
	case errors.Is(d.cause, io.ErrUnexpectedEOF):
		return "the archive is cut short after " + d.after
	case errors.Is(d.cause, tar.ErrHeader), errors.Is(d.cause, gzip.ErrChecksum), errors.Is(d.cause, gzip.ErrHeader),
		errors.As(d.cause, new(flate.CorruptInputError)):
		return "the archive is damaged after " + d.after
	}
	return fmt.Sprintf("the archive cannot be read after %s: %v", d.after, imaging.WithoutPath(d.cause))
}

func (d damaged) Unwrap() error { return d.cause }

// sparse reports whether a member is a sparse file, whose zeros are not stored.
func sparse(header *tar.Header) bool {
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// boundedReader ends a stream with an error when ctx ends, or when it exceeds its limit.
type boundedReader struct {
	ctx  context.Context
	in   io.Reader
	left int64
}

func (r *boundedReader) Read(to []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.in.Read(to)
	if r.left -= int64(n); r.left < 0 {
		return 0, tooLarge("it expands to more than may be read of a .tar.gz")
	}
	return n, err
}

// tooLarge is the error about a .tar.gz, with the part that is too large.
type tooLarge string

func (t tooLarge) Error() string { return string(t) + ": unpack it, or make it a .zip or a .tar" }
