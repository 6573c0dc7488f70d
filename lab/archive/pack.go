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
	"time"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/lab"
)

// Pack writes a run and its card to a file. A README.md of a person's own stays in the place of the card; a card from
// an archive is made anew. The error wraps [lab.ErrNotARun], [lab.ErrDamaged], [lab.ErrLocked] or [ErrCard].
func Pack(ctx context.Context, dir, file string, about About) error {
	status, err := lab.ReadStatus(dir)
	switch {
	case err != nil:
		return err
	case status.Condition == lab.InTraining:
		return fmt.Errorf("%w: %s is being trained by process %s: stop it first, its training goes on afterwards",
			lab.ErrLocked, dir, status.Process)
	case status.Condition == lab.Damaged:
		return fmt.Errorf("%w: %s", lab.ErrDamaged, status.Fault)
	}
	if err := checkWeights(dir); err != nil {
		return err
	}
	about.status = status
	hasCard, err := about.read(dir)
	if err != nil {
		return err
	}
	name, err := Name(dir)
	if err != nil {
		return err
	}
	files, err := list(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { // Once nothing is refused any more.
		return err
	}
	return atomicfile.Write(file, func(out *os.File) error {
		archive := zip.NewWriter(out)
		for _, file := range files {
			if file == cardName && !hasCard {
				continue
			}
			if err := add(ctx, archive, dir, name, file); err != nil {
				return fmt.Errorf("pack %s: %w", filepath.Join(dir, file), err)
			}
		}
		if !hasCard {
			card, err := about.card(dir, name)
			if err != nil {
				return err
			}
			header := &zip.FileHeader{Name: path.Join(name, cardName), Method: zip.Deflate, Modified: time.Now()}
			entry, err := archive.CreateHeader(header)
			if err != nil {
				return err
			}
			if _, err := io.WriteString(entry, card); err != nil {
				return err
			}
		}
		return archive.Close()
	})
}

// checkWeights returns an error if the checkpoints of a run, or of one within it, are all damaged. Whoever unpacked it
// could do nothing with it.
func checkWeights(dir string) error {
	folders := []string{dir}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read run directory: %w", err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			folders = append(folders, filepath.Join(dir, entry.Name()))
		}
	}
	for _, folder := range folders {
		run, err := lab.Open(folder)
		if errors.Is(err, lab.ErrNotARun) {
			continue
		}
		if err != nil {
			return err
		}
		if _, _, err := run.Weights(nil); err != nil && !errors.Is(err, lab.ErrNothingTrained) {
			return err
		}
	}
	return nil
}

// Name returns the name of a run's folder, also of ".".
func Name(dir string) (string, error) {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the run: %w", err)
	}
	if name := filepath.Base(whole); filepath.IsLocal(name) {
		return name, nil
	}
	return "run", nil // The root of a disk.
}

// list lists the files of a run, without hidden ones: locks, what a killed process has left, those of other programs.
func list(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read run directory: %w", err)
		}
		switch {
		case file != dir && isHidden(entry.Name()) && entry.IsDir():
			return filepath.SkipDir
		case entry.IsDir(), isHidden(entry.Name()):
			return nil
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is a link or no plain file: put a file in its place, or remove it", file)
		}
		name, err := filepath.Rel(dir, file)
		files = append(files, name)
		return err
	})
	if len(files) > mostFiles {
		return nil, fmt.Errorf("%s holds %d files: more than %d are none of a run", dir, len(files), mostFiles)
	}
	return files, err
}

// isCompact reports whether a file would hardly become smaller: pictures, and weights, which are as good as random.
func isCompact(file string) bool {
	return slices.Contains([]string{".safetensors", ".png", ".webp", ".gif", ".jpg"}, strings.ToLower(filepath.Ext(file)))
}

// add adds a file of the run to the archive, in a folder.
func add(ctx context.Context, archive *zip.Writer, dir, folder, file string) error {
	source, _, err := regularfile.Open(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	header, err := zip.FileInfoHeader(info)
	if err != nil {
		return err
	}
	header.Name = path.Join(folder, filepath.ToSlash(file))
	header.Method = zip.Deflate
	if isCompact(file) {
		header.Method = zip.Store
	}
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(entry, untilDone{ctx, source})
	return err
}

// untilDone reads until a context ends.
type untilDone struct {
	ctx    context.Context
	reader io.Reader
}

func (r untilDone) Read(data []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.reader.Read(data)
}
