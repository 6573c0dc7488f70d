// Package lockfile lets one process at a time write into a folder.
package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Name is the file in the folder that is locked. It stays when the lock is given up: whoever removed it might remove the next one's.
const Name = ".lock"

// Acquire locks a folder, until the lock is given up or the process ends, however it ends, and writes down which process did. Where it is locked already lock is nil, and
// owner the process that has it.
func Acquire(dir string) (lock *flock.Flock, owner string, err error) {
	path := filepath.Join(dir, Name)
	lock = flock.New(path)
	locked, err := lock.TryLock()
	if err != nil {
		return nil, "", err
	}
	if !locked {
		owner, _ := os.ReadFile(path) // Who it is only makes the message better.
		return nil, string(bytes.TrimSpace(owner)), nil
	}
	if err := os.WriteFile(path, fmt.Appendln(nil, os.Getpid()), 0o644); err != nil {
		return nil, "", errors.Join(err, lock.Unlock())
	}
	return lock, "", nil
}
