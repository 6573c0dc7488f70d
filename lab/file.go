package lab

import (
	"io"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/internal/atomicfile"
)

// WriteFile writes a file completely or not at all: under a temporary name in the same folder, synced to disk and
// renamed.
func WriteFile(path string, write func(w io.Writer) error) error {
	err := atomicfile.Write(path, func(file *os.File) error {
		if err := write(file); err != nil {
			return err
		}
		return file.Sync()
	})
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename in dir survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
