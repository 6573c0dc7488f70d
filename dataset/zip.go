package dataset

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
)

// listZip finds the pictures of a zip file. They are read from it one by one.
func (a *archive) listZip(ctx context.Context, in io.ReaderAt, size int64) error {
	archive, err := zip.NewReader(in, size)
	if errors.Is(err, zip.ErrFormat) {
		return errors.New("the central directory at the end of the zip file is missing: it is cut short or damaged")
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // Names are looked at below.
		return err
	}
	if err := a.checkCount(len(archive.File)); err != nil {
		return err
	}
	left := uint64(size)
	for _, file := range archive.File {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// Zip bombs have thousands of members share a kilobyte.
		if file.CompressedSize64 > left {
			return errors.New("its members take more than the file has: they overlap, or it is damaged")
		}
		left -= file.CompressedSize64
		if a.isPicture(file.Name, file.Mode().IsRegular(), int64(file.UncompressedSize64)) {
			a.add(file.Name, int64(file.UncompressedSize64), func() (io.ReadCloser, error) { return unzip(file) })
		}
	}
	return nil
}

// unzip opens a member.
func unzip(file *zip.File) (io.ReadCloser, error) {
	const encrypted = 1
	if file.Flags&encrypted != 0 {
		return nil, errors.New("it is encrypted")
	}
	in, err := file.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, fmt.Errorf("it is compressed by method %d, which is not known: unpack the archive", file.Method)
	}
	if err != nil {
		return nil, damagedHere(err)
	}
	return in, nil
}
