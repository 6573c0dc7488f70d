package jupyter

import (
	"slices"
)

// Notebook is a notebook of nbformat 4.5.
type Notebook struct {
	Cells    []*Cell
	Metadata map[string]any // as decoded from JSON, numbers as json.Number

	minor int            // nbformat_minor, at least 5
	extra map[string]any // keys that nbformat does not know
}

// Kinds of cells.
const (
	CodeCell     = "code"
	MarkdownCell = "markdown"
	RawCell      = "raw"
)

// Cell is one cell of a notebook.
type Cell struct {
	Type     string // CodeCell, MarkdownCell or RawCell
	ID       string
	Source   string
	Metadata map[string]any

	// Only code cells have these. ExecutionCount is nil for a cell that was not run.
	ExecutionCount *int
	Outputs        []*Output

	attachments map[string]any // pictures that a markdown cell shows, by name and MIME type
	extra       map[string]any
}

// Kinds of outputs.
const (
	StreamOutput  = "stream"
	DisplayOutput = "display_data"
	ResultOutput  = "execute_result"
	ErrorOutput   = "error"
)

// Output is one output of a code cell. Which fields are used depends on Type.
type Output struct {
	Type string

	// StreamOutput: Name is stdout or stderr.
	Name string
	Text string

	// DisplayOutput and ResultOutput: Data has one entry per MIME type, all of them of the same thing. Text is a string, a
	// picture is base64 in a string, and JSON is decoded.
	Data           map[string]any
	Metadata       map[string]any
	ExecutionCount *int

	// ErrorOutput: Traceback has ANSI colours.
	ErrorName  string
	ErrorValue string
	Traceback  []string

	extra map[string]any
}

// Tags are the cell's tags, such as parameters and raises-exception.
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

// HasTag says whether the cell has the tag.
func (c *Cell) HasTag(tag string) bool { return slices.Contains(c.Tags(), tag) }

// KernelName is the name of the kernelspec that the notebook was written for, or "".
func (nb *Notebook) KernelName() string { return stringAt(nb.Metadata, "kernelspec", "name") }

// Language is the programming language of the notebook's cells, such as "go", or "" where it does not say.
func (nb *Notebook) Language() string {
	if name := stringAt(nb.Metadata, "language_info", "name"); name != "" {
		return name
	}
	return stringAt(nb.Metadata, "kernelspec", "language")
}

// ClearOutputs removes what earlier runs left in the notebook.
func (nb *Notebook) ClearOutputs() {
	for _, c := range nb.Cells {
		c.ExecutionCount, c.Outputs = nil, nil
	}
}

// stringAt follows keys down into nested maps; it is "" where there is no string.
func stringAt(m map[string]any, keys ...string) string {
	for _, k := range keys[:len(keys)-1] {
		m, _ = m[k].(map[string]any)
	}
	s, _ := m[keys[len(keys)-1]].(string)
	return s
}
