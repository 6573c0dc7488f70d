package jupyter

import (
	"bytes"
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
	widgets  *widgets

	cell *Cell // the running cell
	sink *sink // its outputs
}

func newCollector(handler Handler) *collector {
	return &collector{handler: handler, displays: map[string][]*Output{}, widgets: newWidgets()}
}

// begin starts collecting for cell.
func (c *collector) begin(cell *Cell) {
	c.cell, c.sink = cell, &sink{}
	cell.Outputs, cell.ExecutionCount = nil, nil
}

// end completes the running cell.
func (c *collector) end() {
	c.sink.endStream()
	c.flush()
}

// flush puts all outputs so far into the running cell.
func (c *collector) flush() {
	c.sink.flush()
	c.cell.Outputs = slices.Clone(c.sink.outputs)
}

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
	switch {
	case m.Header.Type == "comm_open" || m.Header.Type == "comm_msg":
		c.widgets.take(m)
		return false, nil
	case !slices.Contains(published, m.Header.Type): // Debuggers and extensions have messages of their own.
		return false, nil
	}
	var p publication
	if err := decodeKnown(m.Content, &p); err != nil {
		return false, fmt.Errorf("reading a %s message of the kernel: %w", m.Header.Type, err)
	}
	joinBundle(p.Data)
	if p.Count != nil {
		c.cell.ExecutionCount = p.Count
	}
	if m.Header.Type == "status" {
		return p.State == "idle", nil
	}
	to := c.sink
	if w := c.widgets.capturing(m.Parent.ID); w != nil {
		w.changed = true
		to = w.captured
	}
	c.publish(&p, m.Header.Type, to)
	return false, nil
}

// publish puts what a message shows among the outputs of the cell, or of the widget that captures them.
func (c *collector) publish(p *publication, kind string, to *sink) {
	switch kind {
	case StreamOutput:
		c.forget(to.print(p.Name, p.Text))
		c.handler.Stream(p.Name, p.Text)
	case DisplayOutput, ResultOutput:
		c.update(p)
		o := &Output{Type: kind, Data: p.Data, Metadata: p.Metadata}
		if kind == ResultOutput {
			o.ExecutionCount = p.Count
		}
		c.forget(to.add(o))
		if id := p.Transient.DisplayID; id != "" {
			c.displays[id] = append(c.displays[id], o)
		}
		c.handler.Display(o)
	case "update_display_data":
		for _, o := range c.update(p) {
			c.handler.Display(o)
		}
	case ErrorOutput:
		o := &Output{Type: ErrorOutput, ErrorName: p.ErrorName, ErrorValue: p.ErrorValue, Traceback: p.Traceback}
		c.forget(to.add(o))
		c.handler.Display(o)
	case "clear_output":
		if to.clearFirst = p.Wait; !p.Wait {
			c.forget(to.clear())
		}
	}
}

// update gives new data to all outputs with the message's display id, and returns them.
func (c *collector) update(p *publication) []*Output {
	outputs := c.displays[p.Transient.DisplayID]
	for _, o := range outputs {
		o.Data, o.Metadata = maps.Clone(p.Data), maps.Clone(p.Metadata)
	}
	return outputs
}

// forget takes outputs that were cleared from displays: later updates no longer reach them.
func (c *collector) forget(cleared []*Output) {
	if len(cleared) == 0 {
		return
	}
	gone := map[*Output]bool{}
	for _, o := range cleared {
		gone[o] = true
	}
	for id, outputs := range c.displays {
		c.displays[id] = slices.DeleteFunc(outputs, func(o *Output) bool { return gone[o] })
		if len(c.displays[id]) == 0 {
			delete(c.displays, id)
		}
	}
}

// sink collects outputs, those of a cell or of a widget.
type sink struct {
	outputs    []*Output
	clearFirst bool       // clear_output(wait=True): clear when the next output arrives
	stream     *Output    // the last output, if it is a stream that may go on
	text       streamText // of stream, which gets it on completion
}

// add appends an output, and returns those that are cleared because the clearing waited for it.
func (s *sink) add(o *Output) (cleared []*Output) {
	s.endStream()
	if s.clearFirst {
		cleared = s.clear()
	}
	s.outputs = append(s.outputs, o)
	return cleared
}

// print appends text to the last output if it is a stream of that name, and starts a new stream otherwise.
func (s *sink) print(name, text string) (cleared []*Output) {
	if s.stream == nil || s.stream.Name != name || s.clearFirst {
		o := &Output{Type: StreamOutput, Name: name}
		cleared = s.add(o)
		s.stream = o
	}
	s.text.print(text)
	return cleared
}

// flush gives the last stream its text so far.
func (s *sink) flush() {
	if s.stream != nil {
		s.stream.Text = string(s.text.text)
	}
}

func (s *sink) endStream() {
	s.flush()
	s.stream, s.text = nil, streamText{}
}

// clear removes all outputs, and returns them.
func (s *sink) clear() []*Output {
	cleared := s.outputs
	*s = sink{}
	return cleared
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
