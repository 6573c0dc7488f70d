// Package atomicfile writes files that are either complete or absent, however the program ends.
package atomicfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Write creates or replaces the file at path with the output of write. The data goes to a temporary file in the same
// folder, which is synced and renamed; if write fails, the temporary file is removed and path is left as it was. An
// existing file keeps its mode and a new one gets 0644 less the umask, unless write changes it. A symbolic link is
// followed, not replaced.
func Write(path string, write func(*os.File) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	file, err := renameio.NewPendingFile(
		path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644), renameio.WithExistingPermissions(),
	)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer file.Cleanup()
	if err := write(file.File); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// WriteBytes is [Write] for data held in memory.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(file *os.File) error {
		_, err := io.Copy(file, bytes.NewReader(data))
		return err
	})
}
