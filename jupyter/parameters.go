package jupyter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tags of the cells that hold parameters, the same as papermill's.
const (
	parametersTag = "parameters"
	injectedTag   = "injected-parameters"
)

// Parameter is a variable of the cell tagged parameters, which a run may give another value.
type Parameter struct {
	Name    string
	Type    string // in the notebook's language
	Default string // source of the value that it has in the cell
	Comment string // what the cell says about it

	// assign gives source that sets the parameter to a value, or says why it cannot.
	assign func(value string) (string, error)
}

// Parameters lists the parameters of the notebook in the order of their cell. It is empty for a notebook without such a cell.
func (nb *Notebook) Parameters() ([]Parameter, error) {
	i := nb.findTag(parametersTag)
	if i < 0 {
		return nil, nil
	}
	source := nb.Cells[i].Source
	switch language := nb.kernelLanguage(); language {
	case "go", "":
		return goParameters(source)
	case "python":
		return pythonParameters(source), nil
	default:
		return nil, fmt.Errorf("%w: the notebook is in %s; only Go and Python notebooks can have parameters", ErrParameter, language)
	}
}

// SetParameters gives values to parameters of the notebook, as papermill does: in a cell of its own after the one tagged
// parameters, in place of the one that an earlier call put there. Values are written as on a command line: 200, 1e-4, true,
// 90s for a time.Duration, and text without quotes. An unknown name and a value that does not fit the parameter's type are
// errors that wrap ErrParameter; the notebook is then left as it was.
func (nb *Notebook) SetParameters(values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	at := nb.findTag(parametersTag)
	if at < 0 {
		return fmt.Errorf("%w: the notebook has no cell tagged %q, so it has no parameters", ErrParameter, parametersTag)
	}
	known, err := nb.Parameters()
	if err != nil {
		return err
	}
	comment := "// Parameters"
	if nb.kernelLanguage() == "python" {
		comment = "# Parameters"
	}
	lines := []string{comment}
	left := maps.Clone(values)
	for _, p := range known {
		value, ok := left[p.Name]
		if !ok {
			continue
		}
		delete(left, p.Name)
		line, err := p.assign(value)
		if err != nil {
			return fmt.Errorf("%w: %s=%s: %w", ErrParameter, p.Name, value, err)
		}
		lines = append(lines, line)
	}
	if len(left) > 0 {
		names := make([]string, len(known))
		for i, p := range known {
			names[i] = p.Name + " " + p.Type
		}
		return fmt.Errorf("%w: the notebook has no parameter %s; it has: %s",
			ErrParameter, strings.Join(slices.Sorted(maps.Keys(left)), ", "), strings.Join(names, ", "))
	}
	nb.inject(at, strings.Join(lines, "\n"))
	return nil
}

// kernelLanguage is the notebook's language, or its kernel's where the notebook does not say.
func (nb *Notebook) kernelLanguage() string {
	if language := nb.Language(); language != "" {
		return language
	}
	if spec, err := FindKernel(nb.KernelName()); err == nil {
		return spec.Language
	}
	return ""
}

func (nb *Notebook) findTag(tag string) int {
	return slices.IndexFunc(nb.Cells, func(c *Cell) bool { return c.Type == CodeCell && c.HasTag(tag) })
}

// inject puts source into the injected cell, which it makes after the cell at index at where there is none.
func (nb *Notebook) inject(at int, source string) {
	if i := nb.findTag(injectedTag); i >= 0 {
		nb.Cells[i].Source = source
		return
	}
	cell := &Cell{Type: CodeCell, Source: source, Metadata: map[string]any{"tags": []any{injectedTag}}}
	nb.Cells = slices.Insert(nb.Cells, at+1, cell)
	nb.giveIDs()
}
