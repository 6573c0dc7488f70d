package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/moelab/moelab/internal/progress"
	"github.com/moelab/moelab/jupyter"
)

// reporter shows the progress of a notebook in a terminal or in a log.
type reporter struct {
	w      io.Writer
	bar    *progress.Bar
	titles map[*jupyter.Cell]string // The headings that cells stand under.
	inLine bool                     // The last text that was printed had no end of line yet.
	shown  bool                     // A bar of this cell was shown,
	left   string                   // and its present text was not, since a log had a line just before.
}

func newReporter(w io.Writer, nb *jupyter.Notebook) *reporter {
	return &reporter{w: w, bar: progress.In(w, progress.Columns(w), ""), titles: titles(nb)}
}

// quiet is a reporter that does not show what cells print.
type quiet struct{ *reporter }

// Stream prints nothing.
func (quiet) Stream(string, string) {}

// Display prints nothing.
func (quiet) Display(*jupyter.Output) {}

// prefixed writes whole lines of one of several notebooks that run at once.
type prefixed struct {
	w      io.Writer
	lock   *sync.Mutex // of w
	prefix string
	line   []byte
}

func (p *prefixed) Write(data []byte) (int, error) {
	p.line = append(p.line, data...)
	end := bytes.LastIndexByte(p.line, '\n') + 1
	if end == 0 {
		return len(data), nil
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	for line := range bytes.Lines(p.line[:end]) {
		if _, err := fmt.Fprintf(p.w, "%s%s", p.prefix, line); err != nil {
			return 0, err
		}
	}
	p.line = p.line[end:]
	return len(data), nil
}

// titles returns the heading above each code cell, or the cell's first line of code before the first heading.
func titles(nb *jupyter.Notebook) map[*jupyter.Cell]string {
	titles := map[*jupyter.Cell]string{}
	heading := ""
	for _, cell := range nb.Cells {
		if cell.Type == jupyter.CodeCell {
			titles[cell] = heading
			if heading == "" {
				titles[cell] = firstLine(strings.TrimPrefix(strings.TrimSpace(cell.Source), "%%"))
			}
			continue
		}
		for line := range strings.Lines(cell.Source) {
			if text := strings.TrimLeft(line, "#"); cell.Type == jupyter.MarkdownCell && len(text) < len(line) &&
				strings.HasPrefix(text, " ") {
				heading = strings.TrimSpace(text)
			}
		}
	}
	return titles
}

// CellStarted prints the number of the cell and its title.
func (r *reporter) CellStarted(index, count int, cell *jupyter.Cell) {
	r.endLine()
	r.shown, r.left = false, ""
	fmt.Fprintf(r.w, "[%d/%d] %s\n", index, count, r.titles[cell])
}

// Stream prints the cell's output, which may arrive in pieces of any size.
func (r *reporter) Stream(_, text string) {
	if r.bar.InLog() {
		text = colour.ReplaceAllString(text, "")
	}
	for line := range strings.Lines(text) {
		if !r.inLine {
			r.endLine()
			fmt.Fprint(r.w, indent)
		}
		fmt.Fprint(r.w, line)
		r.inLine = !strings.HasSuffix(line, "\n")
	}
}

// Display shows an output: text as it is, a picture by its name, and a bar in a line that the next one replaces. A log
// has a bar's text once a minute, and the last one at the end of the cell.
func (r *reporter) Display(output *jupyter.Output) {
	page, _ := output.Data["text/html"].(string)
	text, _ := output.Data["text/plain"].(string)
	switch {
	case output.Type == jupyter.ErrorOutput:
		if len(output.Traceback) > 1 { // The command's last line must be a single one.
			r.lines(strings.Join(output.Traceback, "\n"))
		}
	case isPicture(output):
		r.lines("(picture)")
	case strings.Contains(page, "<progress") && !r.bar.Due():
		r.left = firstLine(text)
	case strings.Contains(page, "<progress"):
		if r.inLine {
			r.endLine()
		}
		r.bar.Line(indent + firstLine(text))
		r.shown, r.left = true, ""
	case text != "":
		r.lines(text)
	}
}

// CellFinished prints how long the cell took.
func (r *reporter) CellFinished(index, count int, _ *jupyter.Cell, took time.Duration, err error) {
	r.endLine()
	if r.shown && r.left != "" {
		fmt.Fprintln(r.w, indent+r.left)
	}
	state := "done"
	if err != nil {
		state = "failed"
	}
	fmt.Fprintf(r.w, "[%d/%d] %s in %v\n", index, count, state, took.Round(100*time.Millisecond))
}

// indent sets a cell's output apart from the reporter's own lines.
const indent = "      "

// colour matches ANSI escape sequences, which do not belong in a log.
var colour = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// lines prints whole lines.
func (r *reporter) lines(text string) {
	r.endLine()
	r.Stream("", strings.TrimRight(text, "\n")+"\n")
}

// endLine ends the line of a bar, or of a text without an end.
func (r *reporter) endLine() {
	if r.inLine {
		fmt.Fprintln(r.w)
	}
	r.bar.Stop(nil)
	r.inLine = false
}

// isPicture reports whether an output is a picture.
func isPicture(output *jupyter.Output) bool {
	for kind := range output.Data {
		if strings.HasPrefix(kind, "image/") {
			return true
		}
	}
	return false
}

// firstLine returns the first non-empty line of a text.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}
