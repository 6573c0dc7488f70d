package wheel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Set is wheels that go together and are unpacked whole.
type Set struct {
	// Requirements lists them in pip's form, each with its version and the SHA-256 of the tested files:
	//
	//	name==1.0 --hash=sha256:…
	Requirements []byte
	// Size is the size of the downloads, for messages, such as "2.0 GB".
	Size string
}

// Unpack downloads the wheels, checks them, and calls use with a folder that holds all their files, which is on the
// file system of dir and is removed afterwards. It must be called within [Exclusively].
func (s Set) Unpack(ctx context.Context, dir string, use func(unpacked string) error) error {
	work, err := os.MkdirTemp(dir, workPattern)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	list := filepath.Join(work, "requirements.txt")
	if err := os.WriteFile(list, s.Requirements, 0o644); err != nil {
		return err
	}
	unpacked := filepath.Join(work, "unpacked")
	// --no-cache-dir: pip would keep gigabytes for another time.
	err = pip(ctx, "install", "--no-cache-dir", "--no-compile", "--require-hashes", "--target", unpacked, "-r", list)
	if err != nil {
		return fmt.Errorf("unpack the wheels (%s): %w", s.Size, err)
	}
	return use(unpacked)
}
