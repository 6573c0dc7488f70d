package jupyter

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/textfile"
)

// Read reads a notebook of nbformat 2 to 4. Notebooks older than 4.5 are upgraded to 4.5: their cells get ids.
// The error wraps ErrNotNotebook or ErrFormat, or comes from the file system.
func Read(path string) (*Notebook, error) {
	data, err := regularfile.Read(path, regularfile.List)
	if err != nil {
		return nil, err
	}
	nb, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return nb, nil
}

// Decode reads a notebook from JSON, like [Read].
func Decode(data []byte) (*Notebook, error) {
	switch data = textfile.Decode(data); {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrNotNotebook)
	case !utf8.Valid(data):
		return nil, fmt.Errorf("%w: it is not text in UTF-8", ErrNotNotebook)
	}
	decoder := json.NewDecoder(bytes.NewReader(withoutNaN(data)))
	decoder.UseNumber() // Metadata goes back as it came: 1e5 stays 1e5.
	var top map[string]any
	err := decoder.Decode(&top)
	switch {
	case errors.As(err, new(*json.UnmarshalTypeError)):
		return nil, fmt.Errorf("%w: the JSON is not an object", ErrNotNotebook)
	case err != nil:
		return nil, fmt.Errorf("%w: it is not valid JSON: %w", ErrNotNotebook, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: there is more text after the end of the JSON object", ErrNotNotebook)
	}
	r := &reader{}
	nb := r.notebook(top)
	if r.err != nil {
		return nil, r.err
	}
	nb.giveIDs()
	return nb, nil
}

// textOrNaN matches text in JSON, and the numbers that Python writes and JSON does not have.
var textOrNaN = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|NaN|-?Infinity`)

// withoutNaN returns JSON with null in the place of NaN and Infinity, which papermill writes for such parameters.
func withoutNaN(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	return textOrNaN.ReplaceAllFunc(data, func(match []byte) []byte {
		if match[0] == '"' {
			return match
		}
		return []byte("null")
	})
}

// Encode returns the notebook as JSON in the layout of nbformat's own writer: keys sorted, one space of indentation,
// text as lists of lines. Cells without an id get one.
func (nb *Notebook) Encode() ([]byte, error) {
	nb.giveIDs()
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(nb.toJSON()); err != nil {
		return nil, fmt.Errorf("encoding the notebook as JSON: %w", err)
	}
	return buffer.Bytes(), nil
}

// Write writes the notebook to path. The file is replaced as a whole: a concurrent reader sees the old one or the new
// one.
func (nb *Notebook) Write(path string) error {
	data, err := nb.Encode()
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, data)
}

// validID matches the ids that nbformat allows.
var validID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// giveIDs gives an id to each cell without a valid one, and a new one to each cell that repeats an earlier cell's. An
// id depends only on the cell and its position, so upgrading a notebook twice gives the same file.
func (nb *Notebook) giveIDs() {
	seen := map[string]bool{}
	for i, c := range nb.Cells {
		for try := 0; !validID.MatchString(c.ID) || seen[c.ID]; try++ {
			sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", i, try, c.Source))
			c.ID = hex.EncodeToString(sum[:4])
		}
		seen[c.ID] = true
	}
}

// reader takes known keys out of decoded JSON and keeps the first error.
type reader struct{ err error }

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrNotNotebook}, args...)...)
	}
}

func (r *reader) notebook(m map[string]any) *Notebook {
	major, minor := r.number(m, "nbformat"), r.number(m, "nbformat_minor")
	if major == nil {
		r.fail("nbformat is missing")
		return nil
	}
	switch *major {
	case 2, 3:
		r.upgrade(m)
		minor = nil
	case 4:
	default:
		r.err = fmt.Errorf("%w: it is nbformat %d, but must be 2, 3 or 4; convert it with: jupyter nbconvert --to notebook",
			ErrFormat, *major)
		return nil
	}
	nb := &Notebook{Metadata: r.object(m, "metadata"), minor: 5}
	if minor != nil {
		nb.minor = max(*minor, 5)
	}
	cells, ok := take(m, "cells").([]any)
	if !ok {
		r.fail("the list of cells is missing")
	}
	for i, c := range cells {
		cell, ok := c.(map[string]any)
		if !ok {
			r.fail("cell %d is not an object", i+1)
			return nil
		}
		upgradeHeading(cell)
		nb.Cells = append(nb.Cells, r.cell(i+1, cell))
	}
	nb.extra = m
	return nb
}

func (r *reader) cell(number int, m map[string]any) *Cell {
	c := &Cell{
		Type:     r.text(m, "cell_type"),
		ID:       r.text(m, "id"),
		Source:   r.text(m, "source"),
		Metadata: r.object(m, "metadata"),
	}
	switch c.Type {
	case CodeCell:
		c.ExecutionCount = r.number(m, "execution_count")
		outputs, _ := take(m, "outputs").([]any)
		for _, o := range outputs {
			output, ok := o.(map[string]any)
			if !ok {
				r.fail("an output of cell %d is not an object", number)
				return nil
			}
			c.Outputs = append(c.Outputs, r.output(output))
		}
	case MarkdownCell, RawCell:
	default:
		r.fail("cell %d has the unknown type %q", number, c.Type)
	}
	if _, has := m["attachments"]; has {
		c.attachments = r.object(m, "attachments")
		for _, bundle := range c.attachments {
			if b, ok := bundle.(map[string]any); ok {
				joinBundle(b)
			}
		}
	}
	c.extra = m
	return c
}

func (r *reader) output(m map[string]any) *Output {
	o := &Output{Type: r.text(m, "output_type")}
	switch o.Type {
	case StreamOutput:
		o.Name, o.Text = r.text(m, "name"), r.text(m, "text")
	case DisplayOutput, ResultOutput:
		o.Data, o.Metadata = r.object(m, "data"), r.object(m, "metadata")
		joinBundle(o.Data)
		if o.Type == ResultOutput {
			o.ExecutionCount = r.number(m, "execution_count")
		}
	case ErrorOutput:
		o.ErrorName, o.ErrorValue = r.text(m, "ename"), r.text(m, "evalue")
		lines, _ := take(m, "traceback").([]any)
		for _, l := range lines {
			line, _ := l.(string)
			o.Traceback = append(o.Traceback, line)
		}
	}
	o.extra = m
	return o
}

func take(m map[string]any, key string) any {
	v := m[key]
	delete(m, key)
	return v
}

// text takes a string, or joins a list of strings.
func (r *reader) text(m map[string]any, key string) string {
	switch v := joined(take(m, key)).(type) {
	case string:
		return v
	case nil:
		return ""
	default:
		r.fail("%s is not text", key)
		return ""
	}
}

func (r *reader) number(m map[string]any, key string) *int {
	switch v := take(m, key).(type) {
	case nil:
		return nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			i := int(n)
			return &i
		}
	}
	r.fail("%s is not a whole number", key)
	return nil
}

func (r *reader) object(m map[string]any, key string) map[string]any {
	switch v := take(m, key).(type) {
	case map[string]any:
		return v
	case nil:
	default:
		r.fail("%s is not an object", key)
	}
	return map[string]any{}
}

// joined concatenates a list of strings, and returns anything else unchanged.
func joined(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	var b strings.Builder
	for _, part := range list {
		s, ok := part.(string)
		if !ok {
			return v
		}
		b.WriteString(s)
	}
	return b.String()
}

func joinBundle(bundle map[string]any) {
	for mime, v := range bundle {
		if !isJSON(mime) {
			bundle[mime] = joined(v)
		}
	}
}

func isJSON(mime string) bool {
	return mime == "application/json" || strings.HasPrefix(mime, "application/") && strings.HasSuffix(mime, "+json")
}

// The rest turns a notebook back into maps, whose keys encoding/json sorts.

func (nb *Notebook) toJSON() map[string]any {
	m := with(nb.extra)
	cells := make([]any, len(nb.Cells))
	for i, c := range nb.Cells {
		cells[i] = c.toJSON()
	}
	m["cells"] = cells
	m["metadata"] = without(nb.Metadata, "orig_nbformat", "orig_nbformat_minor", "signature")
	m["nbformat"] = 4
	m["nbformat_minor"] = max(nb.minor, 5)
	return m
}

func (c *Cell) toJSON() map[string]any {
	m := with(c.extra)
	m["cell_type"] = c.Type
	m["id"] = c.ID
	m["metadata"] = without(c.Metadata, "trusted")
	m["source"] = splitLines(c.Source)
	if c.attachments != nil {
		attachments := map[string]any{}
		for name, v := range c.attachments {
			if bundle, ok := v.(map[string]any); ok {
				v = splitBundle(bundle)
			}
			attachments[name] = v
		}
		m["attachments"] = attachments
	}
	if c.Type == CodeCell {
		outputs := make([]any, len(c.Outputs))
		for i, o := range c.Outputs {
			outputs[i] = o.toJSON()
		}
		m["execution_count"] = c.ExecutionCount
		m["outputs"] = outputs
	}
	return m
}

func (o *Output) toJSON() map[string]any {
	m := with(o.extra)
	m["output_type"] = o.Type
	switch o.Type {
	case StreamOutput:
		m["name"], m["text"] = o.Name, splitLines(o.Text)
	case DisplayOutput, ResultOutput:
		m["data"], m["metadata"] = splitBundle(o.Data), with(o.Metadata)
		if o.Type == ResultOutput {
			m["execution_count"] = o.ExecutionCount
		}
	case ErrorOutput:
		m["ename"], m["evalue"] = o.ErrorName, o.ErrorValue
		m["traceback"] = append([]string{}, o.Traceback...)
	}
	return m
}

// with returns a copy of m that is never nil.
func with(m map[string]any) map[string]any {
	c := maps.Clone(m)
	if c == nil {
		c = map[string]any{}
	}
	return c
}

func without(m map[string]any, keys ...string) map[string]any {
	c := with(m)
	for _, k := range keys {
		delete(c, k)
	}
	return c
}

func splitBundle(bundle map[string]any) map[string]any {
	split := with(bundle)
	for mime, v := range split {
		text, ok := v.(string)
		if ok && (strings.HasPrefix(mime, "text/") || mime == "application/javascript" || mime == "image/svg+xml") {
			split[mime] = splitLines(text)
		}
	}
	return split
}

// splitLines cuts text after each line break. Line breaks are those of Python's str.splitlines(True), which nbformat
// uses.
func splitLines(text string) []string {
	lines := []string{}
	start := 0
	for i, r := range text {
		switch r {
		case '\r':
			if strings.HasPrefix(text[i:], "\r\n") {
				continue
			}
			fallthrough
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
			end := i + len(string(r))
			lines = append(lines, text[start:end])
			start = end
		}
	}
	if start < len(text) {
		lines = append(lines, text[start:])
	}
	return lines
}
