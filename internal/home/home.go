// Package home gives a process without HOME one, by being imported: as a service or a container often has none, and the
// libraries below look for plugins and caches there. It imports so little that it is initialised before any of them,
// one of which would print a line about it.
package home

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

func init() {
	if os.Getenv("HOME") == "" {
		os.Setenv("HOME", dir()) // It fails only for malformed names.
	}
}

// dir returns the home that the system knows for the user, or else a folder for temporary files.
func dir() string {
	if current, err := user.Current(); err == nil {
		if info, err := os.Stat(current.HomeDir); err == nil && info.IsDir() && current.HomeDir != "/" {
			return current.HomeDir
		}
	}
	return filepath.Join(os.TempDir(), "moelab-"+strconv.Itoa(os.Getuid()))
}
