package jupyter

import (
	"slices"
	"strings"
)

// Notebook is a notebook of nbformat 4.5.
type Notebook struct {
	Cells    []*Cell
	Metadata map[string]any // as decoded from JSON, numbers as json.Number

	minor int            // nbformat_minor, at least 5
	extra map[string]any // keys unknown to nbformat
}

// Kinds of cells.
const (
	CodeCell     = "code"
	MarkdownCell = "markdown"
	RawCell      = "raw"
)

// Tags with a meaning to a run, as in nbclient.
const (
	skipTag   = "skip-execution"   // The cell is not run.
	raisesTag = "raises-exception" // The cell may fail.
)

// Cell is one cell of a notebook.
type Cell struct {
	Type     string // CodeCell, MarkdownCell or RawCell
	ID       string
	Source   string
	Metadata map[string]any

	// Only code cells have these. ExecutionCount is nil for a cell that has not been run.
	ExecutionCount *int
	Outputs        []*Output

	attachments map[string]any // pictures of a Markdown cell, by name and MIME type
	extra       map[string]any
}

// Kinds of outputs.
const (
	StreamOutput  = "stream"
	DisplayOutput = "display_data"
	ResultOutput  = "execute_result"
	ErrorOutput   = "error"
)

// Output is one output of a code cell. Type determines the fields in use.
type Output struct {
	Type string

	// StreamOutput: Name is stdout or stderr.
	Name string
	Text string

	// DisplayOutput and ResultOutput: Data has the same thing in one or more MIME types. Text is a string, a picture is a
	// base64 string, and JSON is decoded.
	Data           map[string]any
	Metadata       map[string]any
	ExecutionCount *int

	// ErrorOutput: Traceback has ANSI colours.
	ErrorName  string
	ErrorValue string
	Traceback  []string

	extra map[string]any
}

// Tags returns the cell's tags, such as parameters and raises-exception.
func (c *Cell) Tags() []string {
	var tags []string
	list, _ := c.Metadata["tags"].([]any)
	for _, t := range list {
		if tag, ok := t.(string); ok {
			tags = append(tags, tag)
		}
	}
	return tags
}

// HasTag reports whether the cell has the tag.
func (c *Cell) HasTag(tag string) bool { return slices.Contains(c.Tags(), tag) }

// KernelName returns the name of the notebook's kernelspec. If the notebook names none, that is this project's kernel
// for a notebook in Go, and python3, as in nbclient, for others.
func (nb *Notebook) KernelName() string {
	switch name := stringAt(nb.Metadata, "kernelspec", "name"); {
	case name != "":
		return name
	case nb.Language() == "go":
		return KernelName
	default:
		return "python3"
	}
}

// SetKernel names the kernel of a notebook that names none.
func (nb *Notebook) SetKernel(name string) {
	if stringAt(nb.Metadata, "kernelspec", "name") == "" {
		nb.Metadata = with(nb.Metadata)
		nb.Metadata["kernelspec"] = map[string]any{"name": name, "display_name": name}
	}
}

// Language returns the programming language of the cells, such as "go", or "" if the notebook does not name it.
func (nb *Notebook) Language() string {
	if name := stringAt(nb.Metadata, "language_info", "name"); name != "" {
		return name
	}
	return stringAt(nb.Metadata, "kernelspec", "language")
}

// clearOutputs removes the outputs and execution counts of earlier runs from the cell with this number on, except those
// of cells tagged skip-execution, and all widgets if that is the first cell.
func (nb *Notebook) clearOutputs(from int) {
	if from <= 1 {
		nb.Metadata = without(nb.Metadata, "widgets")
	}
	for _, c := range nb.Cells[max(from, 1)-1:] {
		if !c.HasTag(skipTag) {
			c.ExecutionCount, c.Outputs = nil, nil
		}
	}
}

// isRun reports whether the cell has code that is run.
func (c *Cell) isRun() bool {
	return c.Type == CodeCell && strings.TrimSpace(c.Source) != "" && !c.HasTag(skipTag)
}

// stringAt follows keys down into nested maps. It returns "" if there is no string.
func stringAt(m map[string]any, keys ...string) string {
	for _, k := range keys[:len(keys)-1] {
		m, _ = m[k].(map[string]any)
	}
	s, _ := m[keys[len(keys)-1]].(string)
	return s
}
