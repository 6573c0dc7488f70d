package archive

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/moelab/moelab/lab"
)

// Unpack unpacks a run into dir, which must not exist yet; if it is "", the name in the archive is taken, in the
// current folder. It returns the folder. Nothing is left there if it fails, and no more than limit bytes are unpacked.
// The error wraps [ErrArchive] or [ErrExists].
func Unpack(ctx context.Context, file, dir string, limit int64) (unpacked string, err error) {
	archive, err := zip.OpenReader(file)
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("%w: %s: %w", ErrArchive, file, err)
	}
	if err != nil {
		return "", err
	}
	defer archive.Close()
	name, err := check(archive.File, limit)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrArchive, file, err)
	}
	if dir == "" {
		dir = name
		if isHidden(name) || name[0] == '-' { // Such as .git, which programs would obey.
			return "", fmt.Errorf("%w: %s: its folder is called %q: name another", ErrArchive, file, name)
		}
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: %s: name another folder", ErrExists, dir)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	missing := missingFolders(parent)
	defer func() {
		for _, folder := range missing {
			if err == nil || os.Remove(folder) != nil { // It is not empty, or was never made.
				break
			}
		}
	}()
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", fmt.Errorf("unpack %s: %w", file, err)
	}
	// On the same disk, so that the whole run appears at once.
	private, err := os.MkdirTemp(parent, ".moelab-unpack-*")
	if err != nil {
		return "", fmt.Errorf("unpack %s: %w", file, err)
	}
	defer os.RemoveAll(private)
	run := filepath.Join(private, "run") // Which others may read, as far as the user's mask allows it.
	if err := os.Mkdir(run, 0o755); err != nil {
		return "", fmt.Errorf("unpack %s: %w", file, err)
	}
	if err := writeAll(ctx, archive.File, run); err != nil {
		return "", fmt.Errorf("unpack %s: %w", file, err)
	}
	if err := checkRun(run); err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrArchive, file, err)
	}
	if err := os.Rename(run, dir); err != nil {
		return "", fmt.Errorf("unpack %s: %w", file, err)
	}
	return dir, nil
}

// missingFolders lists a folder and its parents as far as they are not there, the folder first.
func missingFolders(folder string) (missing []string) {
	for {
		if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
			return missing
		}
		missing = append(missing, folder)
		folder = filepath.Dir(folder)
	}
}

// check returns the folder that all files are in, and an error if there is a name or a size that none of a run has.
func check(files []*zip.File, limit int64) (folder string, err error) {
	if len(files) > mostFiles {
		return "", fmt.Errorf("it holds %d files: more than %d are none of a run", len(files), mostFiles)
	}
	seen, plain := map[string]bool{}, map[string]bool{} // All names, and those of files.
	left := uint64(max(limit, 0))
	for _, file := range files {
		first, rest, _ := strings.Cut(file.Name, "/")
		switch mode := file.Mode(); {
		case !filepath.IsLocal(filepath.FromSlash(file.Name)) || strings.ContainsAny(file.Name, "\\\x00") || first == ".":
			return "", fmt.Errorf("the name %q leads out of its folder", file.Name)
		case strings.ContainsFunc(file.Name, unicode.IsControl): // Terminals obey them.
			return "", fmt.Errorf("the name %q holds control characters", file.Name)
		case !mode.IsRegular() && !mode.IsDir():
			return "", fmt.Errorf("%q is a link or no plain file", file.Name)
		case rest == "" && !mode.IsDir():
			return "", fmt.Errorf("%q is in no folder", file.Name)
		case folder != "" && first != folder:
			return "", fmt.Errorf("there are two folders, %q and %q", folder, first)
		}
		folder = first
		name := strings.ToLower(path.Clean(file.Name)) // Some file systems make no difference.
		if seen[name] {
			return "", fmt.Errorf("%q is there twice", file.Name)
		}
		seen[name], plain[name] = true, !file.Mode().IsDir()
		if file.UncompressedSize64 > left {
			return "", fmt.Errorf("it holds more than %d MiB: raise the limit if you trust it", limit>>20)
		}
		left -= file.UncompressedSize64
	}
	for _, file := range files {
		for dir := path.Dir(path.Clean(file.Name)); dir != "."; dir = path.Dir(dir) {
			if plain[strings.ToLower(dir)] {
				return "", fmt.Errorf("%q is a file, and %q in it", dir, file.Name)
			}
		}
	}
	if folder == "" {
		return "", errors.New("it is empty")
	}
	return folder, nil
}

// writeAll writes the files into a folder, without the folder that they are in.
func writeAll(ctx context.Context, files []*zip.File, dir string) error {
	root, err := os.OpenRoot(dir) // A second guard: no name leads out of it.
	if err != nil {
		return err
	}
	defer root.Close()
	for _, file := range files {
		_, name, _ := strings.Cut(file.Name, "/")
		name = path.Clean(name)
		if name != "." && slices.ContainsFunc(strings.Split(name, "/"), isHidden) {
			continue
		}
		if file.Mode().IsDir() {
			err = root.MkdirAll(name, 0o755)
		} else {
			err = write(ctx, file, root, name)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	return nil
}

// isHidden reports whether a name is that of a hidden file or folder. No run has one that is worth keeping, and some
// have a meaning to other programs: a .git/config can name programs that git then runs.
func isHidden(name string) bool { return strings.HasPrefix(name, ".") }

func write(ctx context.Context, file *zip.File, root *os.Root, name string) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	source, err := file.Open()
	if err != nil {
		return damaged(err)
	}
	defer source.Close()
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	contents := untilDone{ctx, checked{source}}
	// check has bounded the size that the archive says; what is longer is not written.
	_, err = io.Copy(out, io.LimitReader(contents, int64(file.UncompressedSize64)))
	if err == nil {
		err = atEnd(contents)
	}
	return errors.Join(err, out.Close())
}

// checked reads a file of an archive. Its errors wrap [ErrArchive].
type checked struct{ reader io.Reader }

func (c checked) Read(data []byte) (int, error) {
	n, err := c.reader.Read(data)
	if err != nil && err != io.EOF {
		err = damaged(err)
	}
	return n, err
}

func damaged(err error) error { return fmt.Errorf("%w: it is damaged: %w", ErrArchive, err) }

// atEnd returns an error unless a file of an archive has ended. Its checksum is compared at its end.
func atEnd(contents io.Reader) error {
	n, err := contents.Read(make([]byte, 1))
	switch {
	case n > 0:
		return damaged(errors.New("it is longer than it says"))
	case err == io.EOF:
		return nil
	}
	return err
}

// checkRun returns an error unless a folder holds a run that is whole. The error names no folder, since nobody knows
// this one.
func checkRun(dir string) error {
	status, err := lab.ReadStatus(dir)
	switch {
	case errors.Is(err, lab.ErrNotARun):
		return lab.ErrNotARun
	case err != nil:
		return errors.New(strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	case status.Condition == lab.Damaged:
		return errors.New(strings.ReplaceAll(status.Fault, dir+string(filepath.Separator), ""))
	}
	return nil
}
