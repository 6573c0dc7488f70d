package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/internal/textfile"
)

// FindRuns returns the run directories below a folder, in order, or the folder itself if it is one. Runs within a run,
// such as a pretraining, belong to it. Links are not followed.
func FindRuns(ctx context.Context, dir string) (runs []string, err error) {
	return FindFolders(ctx, dir, IsRun)
}

// FindFolders returns the folders below a folder that are what is looked for, in order, or the folder itself if it is.
// What is in them is not looked at. Links are not followed.
func FindFolders(ctx context.Context, dir string, is func(path string) bool) (found []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && path == dir:
			return err
		case err != nil: // Somebody else's folder, or one that was removed meanwhile.
			return fs.SkipDir
		case !entry.IsDir() || !is(path):
			return nil
		}
		found = append(found, path)
		return fs.SkipDir
	})
	if err != nil {
		return nil, fmt.Errorf("look for runs in %s: %w", dir, err)
	}
	slices.Sort(found)
	return found, nil
}

// IsRun reports whether a folder is a run directory, perhaps a damaged one. Other programs have a config.json too.
func IsRun(dir string) bool {
	run := &Run{dir: dir}
	file, err := run.read()
	switch {
	case err == nil:
		return file.Experiment != ""
	case errors.Is(err, errNewerFormat):
		return true
	case errors.Is(err, ErrNotARun) && !errors.Is(err, ErrDamaged):
		return false
	}
	return exists(run.Path(metricsName)) || exists(run.Path(checkpointsName))
}

// ShortNames returns short names for runs: the last parts of their paths, as many as tell them apart.
func ShortNames(dirs []string) []string {
	for parts := 1; ; parts++ {
		var names []string
		unique := map[string]bool{}
		whole := true
		for _, dir := range dirs {
			all := strings.Split(filepath.ToSlash(filepath.Clean(dir)), "/")
			whole = whole && parts >= len(all)
			name := textfile.Shown(strings.Join(all[max(len(all)-parts, 0):], "/"))
			names, unique[name] = append(names, name), true
		}
		if len(unique) == len(dirs) || whole {
			return names
		}
	}
}

// SizeOnDisk returns the size of all files of a run, in bytes.
func SizeOnDisk(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // A checkpoint that a training has removed.
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}
