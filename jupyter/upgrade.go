package jupyter

import (
	"encoding/json"
	"strings"
)

// upgrade turns the decoded JSON of nbformat 2 or 3 into that of nbformat 4, as nbformat does.
func (r *reader) upgrade(m map[string]any) {
	cells := []any{}
	worksheets, _ := take(m, "worksheets").([]any)
	for _, w := range worksheets {
		worksheet, _ := w.(map[string]any)
		inside, _ := worksheet["cells"].([]any)
		cells = append(cells, inside...)
	}
	m["cells"] = cells
	m["metadata"] = without(r.object(m, "metadata"), "name", "signature")
	delete(m, "orig_nbformat")
	delete(m, "orig_nbformat_minor")
	delete(m, "nbformat_minor")
	for _, c := range cells {
		if cell, ok := c.(map[string]any); ok { // If not, the reader says so.
			upgradeCell(cell)
		}
	}
}

func upgradeCell(c map[string]any) {
	switch c["cell_type"] {
	case CodeCell:
		delete(c, "language")
		move(c, "input", c, "source")
		move(c, "prompt_number", c, "execution_count")
		if collapsed, has := c["collapsed"]; has {
			metadata, _ := c["metadata"].(map[string]any)
			c["metadata"] = with(metadata)
			c["metadata"].(map[string]any)["collapsed"] = collapsed
			delete(c, "collapsed")
		}
		outputs, _ := c["outputs"].([]any)
		for _, o := range outputs {
			if output, ok := o.(map[string]any); ok {
				upgradeOutput(output)
			}
		}
	case "html":
		c["cell_type"] = MarkdownCell
	}
	delete(c, "trusted")
	joinOldLines(c, "source")
	upgradeHeading(c)
}

// upgradeHeading turns a heading cell into Markdown. Some notebooks of nbformat 4 still have one.
func upgradeHeading(c map[string]any) {
	if c["cell_type"] != "heading" {
		return
	}
	level := 1
	if n, ok := take(c, "level").(json.Number); ok {
		if l, err := n.Int64(); err == nil {
			level = int(min(max(l, 1), 6))
		}
	}
	if text, ok := joined(c["source"]).(string); ok {
		lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
		c["source"] = strings.Repeat("#", level) + " " + strings.Join(lines, " ")
	}
	c["cell_type"] = MarkdownCell
}

// oldMIMETypes are the names of nbformat 3 for kinds of data.
var oldMIMETypes = map[string]string{
	"text": "text/plain", "html": "text/html", "svg": "image/svg+xml", "png": "image/png", "jpeg": "image/jpeg",
	"latex": "text/latex", "json": "application/json", "javascript": "application/javascript",
}

func upgradeOutput(o map[string]any) {
	switch o["output_type"] {
	case "stream":
		joinOldLines(o, "text")
		move(o, "stream", o, "name")
		if o["name"] == nil {
			o["name"] = "stdout"
		}
	case "pyerr":
		o["output_type"] = ErrorOutput
	case "pyout":
		o["output_type"] = ResultOutput
		move(o, "prompt_number", o, "execution_count")
		upgradeData(o)
	case DisplayOutput:
		upgradeData(o)
	}
}

// upgradeData collects the data of an output.
func upgradeData(o map[string]any) {
	data := map[string]any{}
	for key := range o {
		switch key {
		case "output_type", "execution_count", "metadata":
			continue
		}
		joinOldLines(o, key)
		kind := key
		if mime, ok := oldMIMETypes[key]; ok {
			kind = mime
		}
		move(o, key, data, kind)
	}
	if text, ok := data["application/json"].(string); ok {
		var value any
		if json.Unmarshal([]byte(text), &value) == nil {
			data["application/json"] = value
		}
	}
	o["data"] = data
	if metadata, ok := o["metadata"].(map[string]any); ok {
		for key, mime := range oldMIMETypes {
			move(metadata, key, metadata, mime)
		}
	}
}

// move moves a value, if there is one, to another key.
func move(from map[string]any, key string, to map[string]any, as string) {
	if value, has := from[key]; has {
		delete(from, key)
		to[as] = value
	}
}

// joinOldLines joins a list of lines. Old writers left their line breaks out.
func joinOldLines(m map[string]any, key string) {
	list, ok := m[key].([]any)
	if !ok || len(list) == 0 {
		return
	}
	if first, _ := list[0].(string); strings.HasSuffix(first, "\n") || strings.HasSuffix(first, "\r") {
		return // The reader joins them.
	}
	for i, line := range list {
		if text, ok := line.(string); ok && i < len(list)-1 {
			list[i] = text + "\n"
		}
	}
}
