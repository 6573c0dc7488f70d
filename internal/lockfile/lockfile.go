// Package lockfile lets one process at a time write into a folder, also where several hosts or containers share it.
//
// It relies on flock(2) alone: whether a process lives is never concluded from its number, which means nothing on
// another host. The kernel ends a lock with its process. NFS (since Linux 2.6.12), CephFS, GPFS, BeeGFS with its option
// for locks, and Lustre mounted with "flock" carry flock to the server, which ends the locks of a host that it has not
// heard of for the time of a lease. Lustre mounted with "localflock" and NFS with "nolock" or "local_lock=flock" lock
// within a host only: there nothing keeps two hosts apart.
package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/moelab/moelab/internal/regularfile"
)

// Name is the name of the locked file in the folder. It stays after the lock is released: removing it could remove the
// next owner's lock.
const Name = ".lock"

// Acquire locks a folder until the lock is released or the process ends, however it ends, and records the process and
// its host in the file. If the folder is already locked, lock is nil and owner is who holds the lock, as in
// "7 on node1".
func Acquire(dir string) (lock *flock.Flock, owner string, err error) {
	path := filepath.Join(dir, Name)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		// The process is written to it: through a link, into a file of somebody's.
		return nil, "", fmt.Errorf("%s is not a plain file: remove it", path)
	}
	lock = New(path)
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
		owner, _ := regularfile.Read(path, regularfile.Note) // The owner only improves the message.
		return nil, string(bytes.TrimSpace(owner)), nil
	}
	if err := os.WriteFile(path, []byte(self()+"\n"), 0o644); err != nil {
		return nil, "", errors.Join(err, lock.Unlock())
	}
	return lock, "", nil
}

// self is the number of this process and the name of its host. Each host and each container has a process 7.
func self() string {
	host, err := os.Hostname()
	if err != nil { // It only improves the message.
		return strconv.Itoa(os.Getpid())
	}
	return fmt.Sprintf("%d on %s", os.Getpid(), host)
}

// Owner reports whether a folder is locked, and by which process, as in "7 on node1".
func Owner(dir string) (owner string, held bool, err error) {
	path := filepath.Join(dir, Name)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return "", false, nil
	}
	if held, err = IsHeld(path); err != nil || !held {
		return "", false, err
	}
	text, err := regularfile.Read(path, regularfile.Note)
	return string(bytes.TrimSpace(text)), true, err
}

// IsHeld reports whether a file is locked by a process, on any host. It is only read: it may be somebody else's.
func IsHeld(path string) (bool, error) {
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	if err != nil {
		return false, err
	}
	if free {
		return false, lock.Unlock()
	}
	return true, nil
}

// New returns the lock of a file, which is created. NFS locks what is open for writing, and others may look who holds
// the lock.
func New(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o644))
}
