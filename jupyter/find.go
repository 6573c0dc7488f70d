package jupyter

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// executedSuffix ends the names of executed notebooks.
const executedSuffix = ".executed.ipynb"

// Found is a notebook that FindNotebooks found.
type Found struct {
	Path string
	Name string // its path below the folder that was searched, or the name of its file
}

// ExecutedName returns the name of the executed notebook.
func ExecutedName(name string) string { return strings.TrimSuffix(name, ".ipynb") + executedSuffix }

// FindNotebooks returns the notebooks that paths name: files as they are, and those in folders and below, in the order
// of their names. In folders, executed notebooks and whatever is hidden, such as Jupyter's checkpoints, are left out.
func FindNotebooks(paths []string) ([]Found, error) {
	var found []Found
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() { // Who reads it says what is wrong.
			found = append(found, Found{path, filepath.Base(path)})
			continue
		}
		inside, err := notebooksIn(path)
		if err != nil {
			return nil, err
		}
		if len(inside) == 0 {
			return nil, fmt.Errorf("%w: there is none in the folder %s", ErrNotNotebook, path)
		}
		found = append(found, inside...)
	}
	return found, nil
}

func notebooksIn(folder string) (found []Found, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		isHidden := path != folder && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			return err
		case entry.IsDir() && isHidden:
			return filepath.SkipDir
		case entry.IsDir(), isHidden, filepath.Ext(path) != ".ipynb", strings.HasSuffix(path, executedSuffix):
			return nil
		}
		name, err := filepath.Rel(folder, path)
		found = append(found, Found{path, name})
		return err
	})
	return found, err
}
