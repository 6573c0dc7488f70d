package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/jupyter"
)

// Parameters of a notebook with a meaning here.
const (
	seedParameter = "seed"
	dirParameter  = "dir"
)

// CheckNotebook reads the notebook of a specification, whose path becomes absolute, and notes its code. It returns what
// [Spec.Check] checks the parameters of a cell with. An error wraps the notebook's.
func (s *Spec) CheckNotebook() (parameters func(assignments []string) error, err error) {
	if s.Notebook, err = filepath.Abs(s.Notebook); err != nil {
		return nil, fmt.Errorf("find the notebook: %w", err)
	}
	nb, err := jupyter.Read(s.Notebook)
	if err != nil {
		return nil, fmt.Errorf("read the notebook: %w", err)
	}
	s.Code = codeOf(nb)
	names, err := parameterNames(nb)
	if err != nil {
		return nil, fmt.Errorf("read the parameters of %s: %w", s.Notebook, err)
	}
	if len(s.Seeds) > 1 && !slices.Contains(names, seedParameter) {
		return nil, fmt.Errorf("%s has no parameter %q: it is run with one seed only", s.Notebook, seedParameter)
	}
	return func(assignments []string) error {
		values := map[string]jupyter.Value{}
		for _, assignment := range assignments {
			name, value, _ := strings.Cut(assignment, "=")
			switch {
			case name == dirParameter:
				return fmt.Errorf("the parameter %q is the cell's own folder: leave it out", dirParameter)
			case slices.Contains(names, name):
				values[name] = jupyter.Argument(value)
				if text, ok := quoted(value); ok {
					values[name] = jupyter.Text(text)
				}
			case name != seedParameter:
				return fmt.Errorf("the notebook has no parameter %q, but %s", name, strings.Join(names, ", "))
			}
		}
		return nb.SetParameters(values)
	}, nil
}

// codeOf returns a hash of what a notebook runs, whatever outputs it holds.
func codeOf(nb *jupyter.Notebook) string {
	sum := sha256.New()
	for _, cell := range nb.Cells {
		if cell.Type == jupyter.CodeCell {
			fmt.Fprintf(sum, "%d\n%s\n", len(cell.Source), cell.Source)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func parameterNames(nb *jupyter.Notebook) (names []string, err error) {
	parameters, err := nb.Parameters()
	for _, parameter := range parameters {
		names = append(names, parameter.Name)
	}
	return names, err
}

// quoted returns the text of a JSON string: "7" is a text and no number.
func quoted(value string) (text string, ok bool) {
	err := json.Unmarshal([]byte(value), &text)
	return text, err == nil && value != "null"
}

// copyNotebook keeps the notebook in the sweep's folder, unless it is there already: a person edits the original, and
// all cells run the same.
func (s *Sweep) copyNotebook() error {
	path := filepath.Join(s.dir, notebookName)
	nb, err := jupyter.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		data, readErr := os.ReadFile(s.spec.Notebook)
		if err = readErr; err == nil {
			err = atomicfile.WriteBytes(path, data)
		}
		if err == nil {
			nb, err = jupyter.Read(path)
		}
	}
	if err != nil {
		return fmt.Errorf("keep a copy of the notebook: %w", err)
	}
	if codeOf(nb) != s.spec.Code {
		return fmt.Errorf("%s is not the notebook that the sweep began with: name another folder", path)
	}
	return nil
}

// executedPath returns the file of a cell's executed notebook.
func (s *Sweep) executedPath(cell Cell) string {
	return filepath.Join(s.dir, notebooksName, cell.Name+".ipynb")
}

// notebookArguments returns the command line after "moelab" that runs the notebook of a cell.
func (s *Sweep) notebookArguments(cell Cell) ([]string, error) {
	path := filepath.Join(s.dir, notebookName)
	nb, err := jupyter.Read(path)
	if err != nil {
		return nil, fmt.Errorf("read the sweep's notebook: %w", err)
	}
	parameters, err := parameterNames(nb)
	if err != nil {
		return nil, fmt.Errorf("read the parameters of %s: %w", path, err)
	}
	arguments := []string{"run", path, "--cwd", filepath.Dir(s.spec.Notebook)}
	for _, assignment := range s.spec.assignments(cell) {
		name, value, _ := strings.Cut(assignment, "=")
		if !slices.Contains(parameters, name) {
			continue
		}
		if text, ok := quoted(value); ok {
			arguments = append(arguments, "-r", name+"="+text)
		} else {
			arguments = append(arguments, "-p", name+"="+value)
		}
	}
	if slices.Contains(parameters, dirParameter) {
		dir, err := filepath.Abs(s.CellDir(cell)) // The notebook runs in another folder.
		if err != nil {
			return nil, fmt.Errorf("find the folder of the cell: %w", err)
		}
		arguments = append(arguments, "-p", dirParameter+"="+dir)
	}
	return append(arguments, "-o", s.executedPath(cell)), nil
}
