package progress

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// Screen shows lines in a terminal, in the place of those that it has shown before.
type Screen struct {
	w     io.Writer
	size  func() (columns, rows int)
	shown []string
}

// NewScreen returns a screen in the terminal w, nil if w is none.
func NewScreen(w io.Writer) *Screen {
	file, ok := w.(*os.File)
	if !ok || Columns(file) == nil {
		return nil
	}
	return ScreenOf(w, func() (columns, rows int) {
		columns, rows, err := term.GetSize(int(file.Fd()))
		if err != nil || columns < 1 || rows < 1 {
			return 80, 24
		}
		return columns, rows
	})
}

// ScreenOf returns a screen in a terminal with a size that may change.
func ScreenOf(w io.Writer, size func() (columns, rows int)) *Screen { return &Screen{w: w, size: size} }

// Columns is the width that lines are cut to.
func (s *Screen) Columns() int {
	columns, _ := s.size()
	return max(columns-1, 1) // In the last column, a terminal may wrap.
}

// Show shows lines, cut to the terminal's width and height.
func (s *Screen) Show(lines []string) {
	_, rows := s.size()
	fit := make([]string, 0, len(lines))
	for _, line := range lines {
		fit = append(fit, Fit(line, s.Columns()))
	}
	if most := max(rows-2, 1); len(fit) > most {
		fit = append(fit[:most:most], Fit(fmt.Sprintf("… %d more", len(fit)-most), s.Columns()))
	}
	if slices.Equal(fit, s.shown) {
		return
	}
	s.replace(fit)
}

// Clear takes the lines off the screen, for other text.
func (s *Screen) Clear() {
	if len(s.shown) > 0 {
		s.replace(nil)
	}
}

// replace writes lines over those that are shown.
func (s *Screen) replace(lines []string) {
	columns, rows := s.size()
	up := 0
	for _, line := range s.shown { // A terminal that was made narrower wraps it.
		up += 1 + max(uniseg.StringWidth(line)-1, 0)/columns
	}
	var frame bytes.Buffer // Written at once, so that it does not flicker.
	if up > 0 {
		fmt.Fprintf(&frame, "\x1b[%dA", min(up, max(rows-1, 1)))
	}
	for _, line := range lines {
		fmt.Fprintf(&frame, "\r%s\x1b[K\n", line)
	}
	frame.WriteString("\x1b[J")
	_, _ = s.w.Write(frame.Bytes()) // A terminal that is gone must not stop the work.
	s.shown = lines
}

// Fit makes a text fit into a line of a terminal with a number of columns: it is cut, and has no control characters,
// which a terminal would obey.
func Fit(text string, columns int) string {
	text = Printable(text)
	if uniseg.StringWidth(text) <= columns {
		return text
	}
	var cut strings.Builder
	left := columns - 1 // For the dots.
	for state := -1; ; {
		var cluster string
		var width int
		cluster, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		if left -= width; left < 0 {
			break
		}
		cut.WriteString(cluster)
	}
	if columns > 0 {
		cut.WriteString("…")
	}
	return cut.String()
}

// Printable replaces what a terminal would obey.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
