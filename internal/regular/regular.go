// Package regular opens files that others may have made or replaced: only regular ones, and not of any size.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// JSON is a bound for files of settings, states and the like, which have some kilobytes.
const JSON = 64 << 20

// Open opens a regular file for reading. To open a named pipe would wait for a writer, and a device may have no end.
func Open(path string) (*os.File, error) {
	file, _, err := open(path)
	return file, err
}

func open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path) // Before it is opened, which would wait.
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: notRegular(info.Mode())}
	}
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(path)
	return file, info, err
}

func notRegular(mode fs.FileMode) error {
	if mode.IsDir() {
		return errors.New("it is a folder, not a file")
	}
	return errors.New("it is a pipe or a device, not a file: remove it")
}

// Read reads a regular file of up to so many bytes.
func Read(path string, most int64) ([]byte, error) {
	file, info, err := open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info.Size() > most {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it has %d bytes, more than the %d that such a "+
			"file may have", info.Size(), most)}
	}
	data := make([]byte, info.Size())
	n, err := io.ReadFull(file, data)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) { // It was cut meanwhile.
		err = nil
	}
	return data[:n], err
}
