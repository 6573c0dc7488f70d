// Package home gives a process without HOME one, by being imported: as a service or a container often has none, and the
// libraries below look for plugins and caches there. It imports so little that it is initialised before any of them,
// one of which would print a line about it.
package home

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
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
	return private(filepath.Join(os.TempDir(), "moelab-"+strconv.Itoa(os.Getuid())))
}

// private makes a folder that nobody else can write to, and returns its path: programs are loaded from there. Its name
// can be guessed, so another user may have prepared it. Then it is a new folder beside it.
func private(path string) string {
	_ = os.Mkdir(path, 0o700) // It may be there.
	info, err := os.Lstat(path)
	if err == nil && info.IsDir() && info.Mode().Perm()&0o022 == 0 {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) == os.Getuid() {
			return path
		}
	}
	other, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+"-")
	if err != nil {
		return os.DevNull // Nothing can be kept there, and who tries to says so.
	}
	return other
}
