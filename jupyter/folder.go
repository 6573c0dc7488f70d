package jupyter

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/google/uuid"
	"github.com/moelab/moelab/internal/lockfile"
)

// kernelFolder is the temporary folder of a kernel's connection file. It is locked while this process lives.
type kernelFolder struct {
	path string
	file string // The connection file, which is there once the folder is locked.
	lock *flock.Flock
}

const (
	kernelFolders   = "moelab-kernel-*"
	connectionFiles = "kernel-*.json"
)

func newKernelFolder(conn connection) (*kernelFolder, error) {
	path, err := os.MkdirTemp("", kernelFolders)
	if err != nil {
		return nil, err
	}
	f := &kernelFolder{path: path}
	if f.lock, _, err = lockfile.Acquire(path); err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	// GoNB takes the kernel's id from the name of the file.
	f.file = filepath.Join(path, "kernel-"+uuid.NewString()+".json")
	data, err := json.Marshal(conn)
	if err == nil {
		err = os.WriteFile(f.file, data, 0o600)
	}
	if err != nil {
		f.remove()
		return nil, err
	}
	return f, nil
}

// mark is a variable, "NAME=value", in the environment of all processes of the kernel.
func (f *kernelFolder) mark() string { return "MOELAB_KERNEL=" + f.path }

func (f *kernelFolder) remove() {
	os.RemoveAll(f.path)
	_ = f.lock.Unlock()
}

// endLeft ends what the kernels of killed processes have left: processes in a session of their own, and the folder with
// the connection's key. Those of other users stay.
func endLeft() {
	files, _ := filepath.Glob(filepath.Join(os.TempDir(), kernelFolders, connectionFiles)) // Only a bad pattern fails.
	for _, file := range files {
		dir := filepath.Dir(file)
		// Not created: the kernel of an older moelab has no lock, and may live.
		f := kernelFolder{path: dir, lock: flock.New(filepath.Join(dir, lockfile.Name), flock.SetFlag(os.O_RDWR))}
		if free, err := f.lock.TryLock(); err == nil && free {
			killMarked(f.mark())
			f.remove()
		}
	}
}
