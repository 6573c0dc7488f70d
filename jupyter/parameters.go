package jupyter

import (
	"fmt"
	"maps"
	"regexp"
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
	language := nb.kernelLanguage()
	_, isOther := nb.dialect()
	switch lower := strings.ToLower(language); {
	case lower == "go", lower == "":
		return goParameters(source)
	case lower == "python":
		return pythonParameters(source)
	case isOther:
		return nil, fmt.Errorf("%w: those of a notebook in %s can be set, but not listed", ErrParameter, language)
	default:
		return nil, fmt.Errorf("%w: the notebook is in %s; Go, Python, bash, R and Julia can have parameters",
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
	other, isOther := nb.dialect()
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

// assignmentOf matches the beginning of an assignment in an injected cell, of any language.
var assignmentOf = regexp.MustCompile(`^(?:var |const )?([\pL_][\pL\pN_]*)[^=]*=`)

// KeepParameters sets the parameters of an executed notebook, also of papermill's, that SetParameters was not called
// with now. It returns their assignments, as they stand in the notebook.
func (nb *Notebook) KeepParameters(executed *Notebook) (kept []string) {
	at := executed.findTag(injectedTag)
	if at < 0 {
		return nil
	}
	now := map[string]string{}
	var names []string
	if i := nb.findTag(injectedTag); i >= 0 {
		for line := range strings.Lines(nb.Cells[i].Source) {
			if name := assignmentOf.FindStringSubmatch(line); name != nil {
				now[name[1]] = strings.TrimSuffix(line, "\n")
				names = append(names, name[1])
			}
		}
	}
	var lines []string
	for line := range strings.Lines(executed.Cells[at].Source) {
		line = strings.TrimSuffix(line, "\n")
		name := assignmentOf.FindStringSubmatch(line)
		switch {
		case name == nil: // The comment.
		case now[name[1]] != "":
			line = now[name[1]]
			names = slices.DeleteFunc(names, func(n string) bool { return n == name[1] })
		default:
			kept = append(kept, line)
		}
		lines = append(lines, line)
	}
	for _, name := range names {
		lines = append(lines, now[name])
	}
	nb.inject(strings.Join(lines, "\n"))
	before, _ := executed.Metadata[recordKey].(map[string]any)
	parameters, _ := before["parameters"].(map[string]any)
	parameters = with(parameters)
	if record, ok := nb.Metadata[recordKey].(map[string]any); ok {
		given, _ := record["parameters"].(map[string]any)
		maps.Copy(parameters, given)
	}
	nb.record("parameters", parameters)
	return kept
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
	_, isOther := nb.dialect()
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
