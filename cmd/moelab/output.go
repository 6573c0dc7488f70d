package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/realpath"
)

// outFile is a file that a command writes, and what it is of: the flag that names it, or an input.
type outFile struct{ of, path string }

// checkOutputs returns an error if one of the files cannot be written, is there twice, or would overwrite something
// that the command reads: an input, by whatever name, or any file in an input that is a folder. It is for the time
// before the slow work.
func checkOutputs(outputs []outFile, inputs ...string) error {
	files, folders := map[string]string{}, map[string]bool{}
	for _, o := range outputs {
		file, folder := filepath.Clean(o.path), filepath.Dir(o.path)
		if before, ok := files[file]; ok {
			return usage("%s and %s would both be written to %s: name another file", before, o.of, o.path)
		}
		if err := o.check(inputs); err != nil {
			return err
		}
		if !folders[folder] { // Once, though there may be a thousand frames.
			if err := o.checkFolder(folder); err != nil {
				return err
			}
		}
		files[file], folders[folder] = o.of, true
	}
	return nil
}

// check returns an error if there is no file but a folder, a device or the like, or if the file is read.
func (o outFile) check(inputs []string) error {
	if err := atomicfile.Check(o.path); err != nil {
		return usage("%s: %w", o.of, err)
	}
	info, err := os.Stat(o.path)
	if err != nil { // It is not there yet. If it cannot be made, its folder says why.
		return nil
	}
	for _, input := range inputs {
		stat := func() (os.FileInfo, error) { return os.Stat(input) }
		if input == standard {
			stat = os.Stdin.Stat
		}
		read, err := stat()
		switch {
		case err != nil: // Not a file, such as the name of a reference. Who reads it says what is wrong.
		case os.SameFile(info, read):
			return usage("%s: %s is what is read, and would be overwritten: name another file", o.of, o.path)
		case read.IsDir():
			inside, err := realpath.Contains(input, o.path)
			if err != nil {
				return err
			}
			if inside {
				return usage(
					"%s: %s is in %s, which is read, and would be overwritten: name another file", o.of, o.path, input,
				)
			}
		}
	}
	return nil
}

// checkFolder returns an error if the folder of a file is not there and cannot be made, or cannot be written to.
func (o outFile) checkFolder(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case err == nil && !info.IsDir():
		return usage("%s: cannot write %s: %s is a file, not a folder: name another file", o.of, o.path, folder)
	case err == nil:
		file, err := os.CreateTemp(folder, ".moelab-*")
		if err != nil {
			return usage("%s: cannot write %s: name another file: %w", o.of, o.path, err)
		}
		return errors.Join(file.Close(), os.Remove(file.Name()))
	case filepath.Dir(folder) == folder:
		return usage("%s: cannot write %s: %w", o.of, o.path, err)
	}
	return o.checkFolder(filepath.Dir(folder))
}

// runFiles are the files and folders of runs that no result may overwrite.
func runFiles(runs ...string) (files []string) {
	for _, dir := range runs {
		if dir != "" {
			for _, name := range []string{
				"config.json", "metrics.jsonl", "measures.json", ".lock", "checkpoints", "pretrain", "judge",
			} {
				files = append(files, filepath.Join(dir, name))
			}
		}
	}
	return files
}
