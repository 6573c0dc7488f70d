// Package atomicfile writes files that are either whole or not there, however the program ends.
package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Write has a file written under a temporary name beside path and renames it to path. Where write fails, what was at path stays.
// A file that is there already keeps its mode and a new one gets 0644, unless write changes it; a link keeps pointing to where it
// does. What is to last through a power cut, write has to Sync.
func Write(path string, write func(*os.File) error) (err error) {
	mode := os.FileMode(0o644)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = errors.Join(file.Chmod(mode), write(file), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// WriteBytes is [Write] of bytes that are there already.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(file *os.File) error {
		_, err := io.Copy(file, bytes.NewReader(data))
		return err
	})
}
