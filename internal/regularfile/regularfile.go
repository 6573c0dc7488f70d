// Package regularfile reads the files that people bring, if they are regular files. Anything may stand in their place
// in a folder that comes from elsewhere: to open a named pipe would wait for a writer, and a device may have no end.
package regularfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrOther is wrapped if something else stands in the place of a file, and ErrTooLarge if a file is larger than may be
// read.
var (
	ErrOther    = errors.New("not a regular file")
	ErrTooLarge = errors.New("the file is too large")
)

// Limits of [Read], in bytes.
const (
	// Note is the limit of what a person writes, or a program about one picture.
	Note = 16 << 20
	// List is the limit of a table or a journal.
	List = 1 << 30
	// Weights is the limit of a network's weights.
	Weights = 4 << 30
)

// Open opens a regular file for reading, by whatever links. Its errors are of package os, and wrap [ErrOther] for
// anything else.
func Open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	var missing *fs.PathError
	if errors.As(err, &missing) {
		missing.Op = "open" // As the caller wants to.
	}
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &fs.PathError{Op: "open", Path: path, Err: ErrOther}
	}
	file, err := os.Open(path)
	return file, info, err
}

// Read is [os.ReadFile] of a regular file, as [Open] takes it. The error wraps [ErrTooLarge] if it has more bytes than
// most.
func Read(path string, most int64) ([]byte, error) {
	file, info, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	tooLarge := &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: more than %d MiB", ErrTooLarge, most>>20)}
	if info.Size() > most {
		return nil, tooLarge
	}
	data := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := data.ReadFrom(io.LimitReader(file, most+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) > most { // It grows, or is one of /proc, whose size is not known.
		return nil, tooLarge
	}
	return data.Bytes(), nil
}

// What is the word for what is at a path, by its mode: "a device".
func What(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a file"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
