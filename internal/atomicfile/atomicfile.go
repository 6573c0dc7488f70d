// Package atomicfile writes files that are either complete or absent, however the program ends.
package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"unicode/utf8"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"
	"github.com/moelab/moelab/internal/regularfile"
)

// Write creates or replaces the file at path with the output of write. The data goes to a temporary file in the same
// folder, which is synced and renamed; if write fails, the temporary file is removed and path is left as it was. An
// existing file keeps its mode and a new one gets 0644 less the umask, unless write changes it. A symbolic link is
// followed, not replaced. Nothing but a regular file is replaced; see [Check].
func Write(path string, write func(*os.File) error) error {
	if err := Check(path); err != nil {
		return err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	file, lock, err := claim(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer lock.Unlock()
	defer file.Cleanup() // It finds nothing to remove once the file is renamed.
	if err := write(file.File); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := replace(path, file); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// ErrNotAFile is wrapped if something that [Write] does not replace stands in the place of a file.
var ErrNotAFile = errors.New("name a file")

// Check returns an error, which wraps [ErrNotAFile], unless there is a regular file at a path, or nothing: a device
// would be lost, a named pipe's reader would wait for ever, and nobody knows where a link that leads nowhere should
// lead.
func Check(path string) error {
	info, err := os.Lstat(path)
	if err != nil { // It is not there. If it cannot be made, Write finds out.
		return nil
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		_, unnamed := filepath.EvalSymlinks(path) // Such as a link of /proc to a file that has been removed.
		info, err = os.Stat(path)
		if err != nil || unnamed != nil && info.Mode().IsRegular() {
			return fmt.Errorf("%s is a link to what is not there: remove the link, or %w", path, ErrNotAFile)
		}
	}
	switch {
	case info.IsDir():
		return fmt.Errorf("%s is a folder: %w", path, ErrNotAFile)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is %s, not a file: %w", path, regularfile.What(info.Mode()), ErrNotAFile)
	}
	return nil
}

// claim creates the temporary file for a path and locks it, so that RemoveLeftovers lets it be, on any host. Another
// file is created if RemoveLeftovers was faster. Where a file system has no locks, RemoveLeftovers removes nothing.
func claim(path string) (*renameio.PendingFile, *flock.Flock, error) {
	for {
		file, err := pending(path)
		if err != nil {
			return nil, nil, err
		}
		lock := flock.New(file.Name(), flock.SetFlag(os.O_RDONLY)) // It creates no file in the place of a removed one.
		_ = lock.Lock()
		if _, err := os.Lstat(file.Name()); !errors.Is(err, fs.ErrNotExist) {
			return file, lock, nil
		}
		if err := errors.Join(lock.Unlock(), file.Close()); err != nil {
			return nil, nil, err
		}
	}
}

// pending creates the temporary file for a path. Package renameio adds a dot and up to 19 digits to the path's name, so
// a long name is cut.
func pending(path string) (*renameio.PendingFile, error) {
	options := []renameio.Option{renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644)}
	const longest, extension = 255 - len(".1234567890123456789"), ".tmp"
	name := filepath.Base(path)
	if len(name) <= longest {
		return renameio.NewPendingFile(path, append(options, renameio.WithExistingPermissions())...)
	}
	switch existing, err := os.Stat(path); {
	case err == nil:
		options = append(options, renameio.WithStaticPermissions(existing.Mode()))
	case !errors.Is(err, fs.ErrNotExist): // Such as a name that is too long in any case: not only after the work.
		return nil, err
	}
	cut := longest - len(extension)
	for cut > 0 && !utf8.RuneStart(name[cut]) { // Some file systems take no half characters.
		cut--
	}
	return renameio.NewPendingFile(filepath.Join(filepath.Dir(path), name[:cut]+extension), options...)
}

// replace syncs a temporary file and renames it, whatever path its name was made from.
func replace(path string, file *renameio.PendingFile) error {
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// WriteBytes is [Write] for data held in memory.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(file *os.File) error {
		_, err := io.Copy(file, bytes.NewReader(data))
		return err
	})
}

// leftover matches the names of temporary files: a dot, the name, and a random number. A shorter number is as unlikely
// as a file of the user's with such a name.
var leftover = regexp.MustCompile(`^\..+\.[A-Za-z]+\d{15,}$`)

// isLeftover reports whether a file has the name of a temporary one, which a killed process may have left.
func isLeftover(name string) bool { return leftover.MatchString(name) }

// RemoveLeftovers removes the temporary files that [Write] left in a folder and the folders in it when its process was
// killed. Those that a live process writes stay.
func RemoveLeftovers(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // Another process has removed it, or there is no such folder.
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for files that were left half written: %w", err)
		}
		if !entry.Type().IsRegular() || !isLeftover(entry.Name()) {
			return nil
		}
		lock := flock.New(path, flock.SetFlag(os.O_RDWR)) // Not one more file if it is gone.
		if locked, err := lock.TryLock(); err != nil || !locked {
			return nil
		}
		err = os.Remove(path)
		if errors.Is(err, fs.ErrNotExist) { // It was renamed before it was locked.
			err = nil
		}
		if err := errors.Join(err, lock.Unlock()); err != nil {
			return fmt.Errorf("remove a file that was left half written: %w", err)
		}
		return nil
	})
}
