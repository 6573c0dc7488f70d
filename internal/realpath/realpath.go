// Package realpath says where paths really lead, with symbolic links followed.
package realpath

import "path/filepath"

// Of returns the absolute path of a file without links, as far as it exists. A link that leads nowhere does not count
// as a link.
func Of(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	missing := ""
	for existing := path; ; existing = filepath.Dir(existing) {
		if real, err := filepath.EvalSymlinks(existing); err == nil {
			return filepath.Join(real, missing), nil
		}
		if existing == filepath.Dir(existing) {
			return path, nil
		}
		missing = filepath.Join(filepath.Base(existing), missing)
	}
}

// Contains reports whether a file is in a folder or below it, or is the folder itself.
func Contains(folder, path string) (bool, error) {
	folder, err := Of(folder)
	if err != nil {
		return false, err
	}
	if path, err = Of(path); err != nil {
		return false, err
	}
	below, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(below), nil // Another volume is an error of Rel.
}
