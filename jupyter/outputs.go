package jupyter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// collector turns a kernel's messages into the outputs of cells, by the rules of nbclient.
type collector struct {
	handler Handler
	// displays are the outputs of any cell by their display id. An update changes all outputs with its id.
	displays map[string][]*Output

	cell       *Cell // the running cell
	clearFirst bool  // clear_output(wait=True): clear when the next output arrives
	stream     *Output
	text       streamText // of stream, which gets it on completion
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
	c.text.print(text)
	c.handler.Stream(name, text)
}

func (c *collector) endStream() {
	if c.stream != nil {
		c.stream.Text = string(c.text.text)
	}
	c.stream, c.text = nil, streamText{}
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
	c.cell.Outputs, c.stream, c.text, c.clearFirst = nil, nil, streamText{}, false
}

// update gives new data to all outputs with the message's display id, and returns them.
func (c *collector) update(p *publication) []*Output {
	outputs := c.displays[p.Transient.DisplayID]
	for _, o := range outputs {
		o.Data, o.Metadata = maps.Clone(p.Data), maps.Clone(p.Metadata)
	}
	return outputs
}

// streamText is the text of a stream as a terminal shows it, as far as carriage returns go.
type streamText struct {
	text []byte
	line int // start of the last line
}

// print appends what a program printed. A carriage return goes back to the start of the line, so only the last state of
// a progress bar is left. The time is proportional to the length of what is printed, however long the line is already.
func (s *streamText) print(more string) {
	for line := range strings.Lines(more) {
		line, ended := strings.CutSuffix(line, "\n")
		s.printInLine(line)
		if ended {
			s.text = append(s.text, '\n')
			s.line = len(s.text)
		}
	}
}

// printInLine appends text without a line break. A carriage return takes effect with the character after it: before a
// line break it has none.
func (s *streamText) printInLine(more string) {
	if more == "" {
		return
	}
	last := strings.LastIndexByte(more[:len(more)-1], '\r')
	if last >= 0 || bytes.HasSuffix(s.text, []byte("\r")) {
		s.text = s.text[:s.line]
	}
	s.text = append(s.text, more[last+1:]...)
}
