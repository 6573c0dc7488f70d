package jupyter

import (
	"encoding/json"
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

var errNoParameters = fmt.Errorf("%w: the notebook has no cell tagged %q, so it has no parameters", ErrParameter,
	parametersTag)

// Parameter is a variable or constant of the cell tagged parameters. SetParameters can give it another value.
type Parameter struct {
	Name    string
	Type    string // in the notebook's language
	Default string // source of its value in the cell
	Comment string // its comment in the cell

	// assign returns source that sets the parameter to a value. The error says why it cannot be set.
	assign func(value Value) (string, error)
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
		return pythonParameters(source)
	default:
		return nil, fmt.Errorf("%w: the notebook is in %s; only those of Go and Python notebooks can be listed",
			ErrParameter, language)
	}
}

// SetParameters sets parameters of the notebook like papermill: it inserts a cell after the one tagged parameters, or
// replaces the cell inserted by an earlier call. Names that the notebook does not have as parameters are set too, with
// the type that their value seems to have (see [Notebook.CheckNames]), as are all those of a notebook in bash, R or
// Julia; without a cell tagged parameters, the cell is inserted at the top. The error for a value that does not fit the
// type of its parameter wraps ErrParameter; the notebook is then unchanged.
func (nb *Notebook) SetParameters(values map[string]Value) error {
	if len(values) == 0 {
		return nil
	}
	unknown, comment := goUnknown, "// Parameters"
	other, isOther := dialects[strings.ToLower(nb.kernelLanguage())]
	switch {
	case isOther:
		unknown, comment = other.assign, "# Parameters"
	case nb.kernelLanguage() == "python":
		unknown, comment = pythonUnknown, "# Parameters"
	}
	var known []Parameter
	if !isOther {
		var err error
		if known, err = nb.Parameters(); err != nil {
			return err
		}
	}
	lines := []string{comment}
	add := func(name string, assign func(Value) (string, error)) error {
		line, err := assign(values[name])
		if err != nil {
			return fmt.Errorf("%w: %s=%s: %w", ErrParameter, name, values[name], err)
		}
		lines = append(lines, line)
		return nil
	}
	for _, p := range known {
		if _, ok := values[p.Name]; ok {
			if err := add(p.Name, p.assign); err != nil {
				return err
			}
		}
	}
	for _, name := range unknownNames(values, known) {
		if err := add(name, func(v Value) (string, error) { return unknown(name, v) }); err != nil {
			return err
		}
	}
	nb.inject(strings.Join(lines, "\n"))
	nb.record("parameters", plainValues(values))
	return nil
}

// SetValues returns what an earlier call of SetParameters has noted in the notebook, also papermill's. The error wraps
// ErrParameter.
func (nb *Notebook) SetValues() (map[string]Value, error) {
	record, _ := nb.Metadata[recordKey].(map[string]any)
	source, err := json.Marshal(record["parameters"])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParameter, err)
	}
	return ParseValues(source)
}

// errorTag marks cells that papermill adds to a notebook that has failed.
const errorTag = "papermill-error-cell-tag"

// RemoveErrorMarks removes the cells in which papermill says that the notebook has failed.
func (nb *Notebook) RemoveErrorMarks() {
	nb.Cells = slices.DeleteFunc(nb.Cells, func(c *Cell) bool { return c.HasTag(errorTag) })
}

// CheckNames returns an error that wraps ErrParameter if the notebook does not have all of the values' names as
// parameters, as far as its language can be read.
func (nb *Notebook) CheckNames(values map[string]Value) error {
	_, isOther := dialects[strings.ToLower(nb.kernelLanguage())]
	if len(values) == 0 || isOther && nb.findTag(parametersTag) >= 0 {
		return nil
	}
	if isOther {
		return errNoParameters
	}
	known, err := nb.Parameters()
	if err != nil {
		return err
	}
	unknown := unknownNames(values, known)
	if len(unknown) == 0 {
		return nil
	}
	if nb.findTag(parametersTag) < 0 {
		return errNoParameters
	}
	names := make([]string, len(known))
	for i, p := range known {
		names[i] = p.Name + " " + p.Type
	}
	return fmt.Errorf("%w: the notebook has no parameter %s; it has: %s",
		ErrParameter, strings.Join(unknown, ", "), strings.Join(names, ", "))
}

// unknownNames returns the names of values without a parameter, sorted.
func unknownNames(values map[string]Value, known []Parameter) []string {
	unknown := slices.Sorted(maps.Keys(values))
	return slices.DeleteFunc(unknown, func(name string) bool {
		return slices.ContainsFunc(known, func(p Parameter) bool { return p.Name == name })
	})
}

func plainValues(values map[string]Value) map[string]any {
	plain := map[string]any{}
	for name, value := range values {
		plain[name] = value.plain()
	}
	return plain
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

// inject puts source into the injected cell. If there is none yet, it is inserted after the cell tagged parameters, or
// at the top.
func (nb *Notebook) inject(source string) {
	if i := nb.findTag(injectedTag); i >= 0 {
		nb.Cells[i].Source = source
		return
	}
	cell := &Cell{Type: CodeCell, Source: source, Metadata: map[string]any{"tags": []any{injectedTag}}}
	nb.Cells = slices.Insert(nb.Cells, nb.findTag(parametersTag)+1, cell)
	nb.giveIDs()
}
