// Package lockfile lets one process at a time write into a folder.
package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Name is the name of the locked file in the folder. It stays after the lock is released: removing it could remove the
// next owner's lock.
const Name = ".lock"

// Acquire locks a folder until the lock is released or the process ends, however it ends, and records the process in
// the file. If the folder is already locked, lock is nil and owner is the process that holds the lock.
func Acquire(dir string) (lock *flock.Flock, owner string, err error) {
	path := filepath.Join(dir, Name)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		// The process is written to it: through a link, into a file of somebody's.
		return nil, "", fmt.Errorf("%s is not a plain file: remove it", path)
	}
	lock = flock.New(path)
	locked, err := lock.TryLock()
	for range 5 { // Owner may just be looking.
		if err != nil || locked {
			break
		}
		time.Sleep(10 * time.Millisecond)
		locked, err = lock.TryLock()
	}
	if err != nil {
		return nil, "", err
	}
	if !locked {
		owner, _ := os.ReadFile(path) // The owner only improves the message.
		return nil, string(bytes.TrimSpace(owner)), nil
	}
	if err := os.WriteFile(path, fmt.Appendln(nil, os.Getpid()), 0o644); err != nil {
		return nil, "", errors.Join(err, lock.Unlock())
	}
	return lock, "", nil
}

// Owner reports whether a folder is locked, and by which process.
func Owner(dir string) (owner string, held bool, err error) {
	path := filepath.Join(dir, Name)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return "", false, nil
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY)) // The folder may be somebody else's.
	free, err := lock.TryRLock()
	if err != nil {
		return "", false, err
	}
	if free {
		return "", false, lock.Unlock()
	}
	text, err := os.ReadFile(path)
	return string(bytes.TrimSpace(text)), true, err
}
