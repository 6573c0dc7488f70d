package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/moelab/moelab/jupyter"
	"golang.org/x/term"
)

// reporter tells in a terminal, or in a log, how far a notebook is.
type reporter struct {
	w       io.Writer
	columns func() int               // Width of the terminal; nil where there is none.
	titles  map[*jupyter.Cell]string // The headings that cells stand under.

	bar    bool // A bar is on the line, which the next one replaces.
	inLine bool // The last text that was printed had no end of line yet.
}

func newReporter(w io.Writer, nb *jupyter.Notebook) *reporter {
	r := &reporter{w: w, titles: titles(nb)}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		r.columns = func() int {
			columns, _, err := term.GetSize(int(file.Fd()))
			if err != nil || columns < 20 {
				return 80
			}
			return columns
		}
	}
	return r
}

// titles returns the heading that each code cell stands under, or, where there is none yet, its first line of code.
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
			if text := strings.TrimLeft(line, "#"); cell.Type == jupyter.MarkdownCell && len(text) < len(line) && strings.HasPrefix(text, " ") {
				heading = strings.TrimSpace(text)
			}
		}
	}
	return titles
}

// CellStarted prints the number of the cell and what it is about.
func (r *reporter) CellStarted(index, count int, cell *jupyter.Cell) {
	r.endLine()
	fmt.Fprintf(r.w, "[%d/%d] %s\n", index, count, r.titles[cell])
}

// Stream passes on what the cell prints, in whatever pieces it comes.
func (r *reporter) Stream(_, text string) {
	if r.columns == nil {
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

// Display shows an output: text as it is, a picture by its name, and a bar in a line that the next one replaces. A log has
// no bars.
func (r *reporter) Display(output *jupyter.Output) {
	page, _ := output.Data["text/html"].(string)
	text, _ := output.Data["text/plain"].(string)
	switch {
	case output.Type == jupyter.ErrorOutput:
		if len(output.Traceback) > 1 { // A single line is what the command ends with.
			r.lines(strings.Join(output.Traceback, "\n"))
		}
	case isPicture(output):
		r.lines("(picture)")
	case strings.Contains(page, "<progress"):
		r.drawBar(firstLine(text))
	case text != "":
		r.lines(text)
	}
}

// CellFinished prints how long the cell took.
func (r *reporter) CellFinished(index, count int, _ *jupyter.Cell, took time.Duration, err error) {
	r.endLine()
	state := "done"
	if err != nil {
		state = "failed"
	}
	fmt.Fprintf(r.w, "[%d/%d] %s in %v\n", index, count, state, took.Round(100*time.Millisecond))
}

// indent sets what a cell says apart from what is said of it.
const indent = "      "

// colour is an ANSI escape sequence, which does not belong into a log.
var colour = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// lines prints whole lines.
func (r *reporter) lines(text string) {
	r.endLine()
	r.Stream("", strings.TrimRight(text, "\n")+"\n")
}

// drawBar replaces the bar on the line, cut so that it fits: a line that wraps cannot be replaced.
func (r *reporter) drawBar(text string) {
	if r.columns == nil {
		return
	}
	if !r.bar {
		r.endLine()
	}
	runes := []rune(indent + text)
	fmt.Fprintf(r.w, "\r\x1b[K%s", string(runes[:min(len(runes), r.columns()-1)]))
	r.bar = true
}

// endLine ends the line of a bar, or of a text without an end.
func (r *reporter) endLine() {
	if r.bar || r.inLine {
		fmt.Fprintln(r.w)
	}
	r.bar, r.inLine = false, false
}

// isPicture says whether an output is one.
func isPicture(output *jupyter.Output) bool {
	for kind := range output.Data {
		if strings.HasPrefix(kind, "image/") {
			return true
		}
	}
	return false
}

// firstLine returns the first line of a text that says something.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}
