package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// outFile is a file that a command writes, and the flag that names it.
type outFile struct{ flag, path string }

// checkOutputs returns an error if one of the files cannot be written, is there twice, or would overwrite something
// that the command reads: an input, by whatever name, or any file in an input that is a folder. It is for the time
// before the slow work, and [makeFolders] for the time after it.
func checkOutputs(outputs []outFile, inputs ...string) error {
	for i, o := range outputs {
		if slices.ContainsFunc(outputs[:i], func(other outFile) bool {
			return filepath.Clean(o.path) == filepath.Clean(other.path)
		}) {
			return usage("%s: %s is written already: name another file", o.flag, o.path)
		}
		if err := o.check(inputs); err != nil {
			return err
		}
	}
	return nil
}

// check is [checkOutputs] for one file.
func (o outFile) check(inputs []string) error {
	info, err := os.Stat(o.path)
	if err == nil && info.IsDir() {
		return usage("%s: %s is a folder: name a file", o.flag, o.path)
	}
	if folderErr := o.checkFolder(filepath.Dir(o.path)); err != nil || folderErr != nil {
		return folderErr
	}
	for _, input := range inputs {
		read, err := os.Stat(input)
		switch {
		case err != nil: // Not a file, such as "-" or a name. Who reads it says what is wrong.
		case os.SameFile(info, read):
			return usage("%s: %s is what is read, and would be overwritten: name another file", o.flag, o.path)
		case read.IsDir() && isIn(input, o.path):
			return usage(
				"%s: %s is in %s, which is read, and would be overwritten: name another file", o.flag, o.path, input,
			)
		}
	}
	return nil
}

// checkFolder returns an error if the folder of a file is not there and cannot be made, or cannot be written to.
func (o outFile) checkFolder(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case err == nil && !info.IsDir():
		return usage("%s: cannot write %s: %s is a file, not a folder: name another file", o.flag, o.path, folder)
	case err == nil:
		file, err := os.CreateTemp(folder, ".moelab-*")
		if err != nil {
			return usage("%s: cannot write %s: name another file: %w", o.flag, o.path, err)
		}
		return errors.Join(file.Close(), os.Remove(file.Name()))
	case filepath.Dir(folder) == folder:
		return usage("%s: cannot write %s: %w", o.flag, o.path, err)
	}
	return o.checkFolder(filepath.Dir(folder))
}

// isIn reports whether a file that exists lies in a folder or below it, with symbolic links followed.
func isIn(folder, path string) bool {
	folder, folderErr := filepath.EvalSymlinks(folder)
	path, pathErr := filepath.EvalSymlinks(path)
	if folderErr != nil || pathErr != nil {
		return false
	}
	folder, folderErr = filepath.Abs(folder)
	path, pathErr = filepath.Abs(path)
	below, err := filepath.Rel(folder, path)
	return err == nil && folderErr == nil && pathErr == nil && filepath.IsLocal(below)
}

// makeFolders makes the folders of files that are to be written.
func makeFolders(outputs []outFile) error {
	for _, o := range outputs {
		if err := os.MkdirAll(filepath.Dir(o.path), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// runFiles are the files of runs that no result may overwrite.
func runFiles(runs ...string) (files []string) {
	for _, dir := range runs {
		if dir != "" {
			files = append(files, filepath.Join(dir, "config.json"), filepath.Join(dir, "metrics.jsonl"))
		}
	}
	return files
}
