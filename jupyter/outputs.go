package jupyter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// collector turns a kernel's messages into the outputs of cells, by the rules of nbclient.
type collector struct {
	handler Handler
	// displays are the outputs of any cell by their display id. An update changes all outputs with its id.
	displays map[string][]*Output

	cell       *Cell // the running cell
	clearFirst bool  // clear_output(wait=True): clear when the next output arrives
	stream     *Output
	text       []byte // text of stream, which gets it on completion
}

func newCollector(handler Handler) *collector {
	return &collector{handler: handler, displays: map[string][]*Output{}}
}

// begin starts collecting for cell.
func (c *collector) begin(cell *Cell) {
	c.cell, c.clearFirst = cell, false
	cell.Outputs, cell.ExecutionCount = nil, nil
}

// end completes the running cell.
func (c *collector) end() { c.endStream() }

// publication is the content of a message on iopub, of any type.
type publication struct {
	State     string         `json:"execution_state"`
	Count     *int           `json:"execution_count"`
	Name      string         `json:"name"`
	Text      string         `json:"text"`
	Data      map[string]any `json:"data"`
	Metadata  map[string]any `json:"metadata"`
	Transient struct {
		DisplayID string `json:"display_id"`
	} `json:"transient"`
	ErrorName  string   `json:"ename"`
	ErrorValue string   `json:"evalue"`
	Traceback  []string `json:"traceback"`
	Wait       bool     `json:"wait"`
}

// published are the types of iopub messages that concern a cell and its outputs.
var published = []string{
	"status", "execute_input", "stream", DisplayOutput, ResultOutput, "update_display_data", ErrorOutput, "clear_output",
}

// take processes one iopub message for the running cell. It reports whether the kernel has finished the cell.
func (c *collector) take(m *message) (idle bool, err error) {
	if !slices.Contains(published, m.Header.Type) { // Widgets and debuggers have messages of their own.
		return false, nil
	}
	var p publication
	decoder := json.NewDecoder(bytes.NewReader(m.Content))
	decoder.UseNumber()
	if err := decoder.Decode(&p); err != nil {
		return false, fmt.Errorf("reading a %s message of the kernel: %w", m.Header.Type, err)
	}
	joinBundle(p.Data)
	if p.Count != nil {
		c.cell.ExecutionCount = p.Count
	}
	switch m.Header.Type {
	case "status":
		return p.State == "idle", nil
	case "stream":
		c.addStream(p.Name, p.Text)
	case DisplayOutput, ResultOutput:
		c.update(&p)
		o := &Output{Type: m.Header.Type, Data: p.Data, Metadata: p.Metadata}
		if m.Header.Type == ResultOutput {
			o.ExecutionCount = p.Count
		}
		c.add(o)
		if id := p.Transient.DisplayID; id != "" {
			c.displays[id] = append(c.displays[id], o)
		}
		c.handler.Display(o)
	case "update_display_data":
		for _, o := range c.update(&p) {
			c.handler.Display(o)
		}
	case ErrorOutput:
		o := &Output{Type: ErrorOutput, ErrorName: p.ErrorName, ErrorValue: p.ErrorValue, Traceback: p.Traceback}
		c.add(o)
		c.handler.Display(o)
	case "clear_output":
		if c.clearFirst = p.Wait; !p.Wait {
			c.clear()
		}
	}
	return false, nil
}

// add appends an output to the running cell, after any clearing that waited for it.
func (c *collector) add(o *Output) {
	c.endStream()
	if c.clearFirst {
		c.clear()
	}
	c.cell.Outputs = append(c.cell.Outputs, o)
}

// addStream appends text to the last output if it is a stream of that name, and starts a new stream otherwise.
func (c *collector) addStream(name, text string) {
	if c.stream == nil || c.stream.Name != name || c.clearFirst {
		o := &Output{Type: StreamOutput, Name: name}
		c.add(o)
		c.stream = o
	}
	c.text = appendText(c.text, text)
	c.handler.Stream(name, text)
}

func (c *collector) endStream() {
	if c.stream != nil {
		c.stream.Text = string(c.text)
	}
	c.stream, c.text = nil, nil
}

// clear removes the outputs of the running cell. Later updates no longer reach them.
func (c *collector) clear() {
	gone := map[*Output]bool{}
	for _, o := range c.cell.Outputs {
		gone[o] = true
	}
	for id, outputs := range c.displays {
		var left []*Output
		for _, o := range outputs {
			if !gone[o] {
				left = append(left, o)
			}
		}
		c.displays[id] = left
	}
	c.cell.Outputs, c.stream, c.text, c.clearFirst = nil, nil, nil, false
}

// update gives new data to all outputs with the message's display id, and returns them.
func (c *collector) update(p *publication) []*Output {
	outputs := c.displays[p.Transient.DisplayID]
	for _, o := range outputs {
		o.Data, o.Metadata = maps.Clone(p.Data), maps.Clone(p.Metadata)
	}
	return outputs
}

// overwritten matches the part of a line that is overwritten after a carriage return.
var overwritten = regexp.MustCompile(`.*\r([^\n])`)

// appendText appends the text that a program printed. A carriage return goes back to the start of the line, so only the
// last state of a progress bar is left.
func appendText(text []byte, more string) []byte {
	line := bytes.LastIndexByte(text, '\n') + 1
	rest := append(text[line:len(text):len(text)], more...)
	return append(text[:line], overwritten.ReplaceAll(rest, []byte("$1"))...)
}
