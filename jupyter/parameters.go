package jupyter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tags of the cells that hold parameters, as in papermill.
const (
	parametersTag = "parameters"
	injectedTag   = "injected-parameters"
)

// Parameter is a variable or constant of the cell tagged parameters. SetParameters can give it another value.
type Parameter struct {
	Name    string
	Type    string // in the notebook's language
	Default string // source of its value in the cell
	Comment string // its comment in the cell

	// assign returns source that sets the parameter to a value. The error says why it cannot be set.
	assign func(value string) (string, error)
}

// Parameters lists the parameters of the notebook in the order of their cell. A notebook without such a cell has none.
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
		return nil, fmt.Errorf("%w: the notebook is in %s; only Go and Python notebooks can have parameters",
			ErrParameter, language)
	}
}

// SetParameters sets parameters of the notebook like papermill: it inserts a cell after the one tagged parameters, or
// replaces the cell inserted by an earlier call. Values have the form of command-line arguments: 200, 1e-4, true, 90s
// for a time.Duration, and text without quotes. The error for an unknown name, and for a value that does not fit the
// type of the parameter, wraps ErrParameter; the notebook is then unchanged.
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

// kernelLanguage returns the notebook's language, or that of its kernel if the notebook does not name one.
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

// inject puts source into the injected cell. If there is none yet, it is inserted after the cell with index at.
func (nb *Notebook) inject(at int, source string) {
	if i := nb.findTag(injectedTag); i >= 0 {
		nb.Cells[i].Source = source
		return
	}
	cell := &Cell{Type: CodeCell, Source: source, Metadata: map[string]any{"tags": []any{injectedTag}}}
	nb.Cells = slices.Insert(nb.Cells, at+1, cell)
	nb.giveIDs()
}
