// Package progress shows how far a piece of work is: as a bar in a terminal or a GoNB notebook, as a line a minute in a
// log.
package progress

import (
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Bar shows a count, a text, the rate, and the time left. A log has a line soon, to show that the work goes on, then
// one a minute, and the last count if it has any. A Bar is for one goroutine.
type Bar struct {
	w       io.Writer
	unit    string     // What is counted, in the singular.
	columns func() int // Width of the terminal; nil outside one.
	id      string     // The notebook's output; empty outside a notebook.

	line        *progressbar.ProgressBar // In a terminal.
	done, total float64
	counted     float64   // The rate is that since this count,
	since       time.Time // at the first Set: neither compiling nor earlier parts of a run count.
	shown       time.Time // When the bar or its last line was.
	open        bool      // A bar is shown, and not ended.

	due    time.Time // When a log may have its next line.
	logged bool      // A log has a line of this count.
}

// A log's first line comes after soon, and so does the first one after a [Bar.Wait]; between others, lineEvery passes.
const soon, lineEvery = 10 * time.Second, time.Minute

// New returns a bar in a GoNB notebook if the program runs in one, otherwise in w. Units are named in the singular.
func New(w io.Writer, unit string) *Bar {
	if gonbui.IsNotebook {
		return &Bar{unit: unit, id: gonbui.UniqueId()}
	}
	return In(w, Columns(w), unit)
}

// In returns a bar in a terminal with the given width in columns, which may change, or in a log if columns is nil.
func In(w io.Writer, columns func() int, unit string) *Bar {
	return &Bar{w: w, columns: columns, unit: unit, due: time.Now().Add(soon)}
}

// Columns returns a function for the width of the terminal w, or nil if w is none.
func Columns(w io.Writer) func() int {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return func() int {
		columns, _, err := term.GetSize(int(file.Fd()))
		if err != nil || columns < 20 {
			return 80
		}
		return columns
	}
}

// InLog reports whether the bar is shown as lines in a file or a pipe.
func (b *Bar) InLog() bool { return b.columns == nil && b.id == "" }

// Due reports whether Line may write: always, except in a log before a minute has passed since the last line.
func (b *Bar) Due() bool { return !b.InLog() || !time.Now().Before(b.due) }

// Start begins a count at done of total. A bar, unlike a log, shows it at once if there is a text.
func (b *Bar) Start(done, total float64, text string) {
	b.done, b.total, b.since, b.logged = done, total, time.Time{}, false
	b.line = progressbar.NewOptions(1000, progressbar.OptionSetWriter(b.w), progressbar.OptionSetWidth(barWidth),
		progressbar.OptionUseANSICodes(true), progressbar.OptionSetPredictTime(false)) // It would count from step 0.
	if text != "" {
		b.draw(text, "")
	}
}

// refresh is the time between two updates of a bar.
const refresh = 250 * time.Millisecond

// Set shows a new count, with a text that may be empty. Between two updates it shows nothing.
func (b *Bar) Set(done float64, text string) {
	now := time.Now()
	first := b.since.IsZero()
	if b.done = done; first {
		b.counted, b.since = done, now
	}
	if !first && done < b.total && now.Sub(b.shown) < refresh {
		return
	}
	pace := ""
	if seconds := now.Sub(b.since).Seconds(); seconds > 0 && done > b.counted {
		pace = b.pace((done - b.counted) / seconds)
	}
	b.draw(text, pace)
}

// Wait shows a text with the time that it has taken so far, each second, or each minute in a log, until stop is called:
// for work that cannot be counted. Until then nothing else may be called.
func (b *Bar) Wait(text string) (stop func()) {
	start, over, ended := time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-over:
				return
			case now := <-ticker.C:
				b.draw(text, fmt.Sprintf(" · %v so far", now.Sub(start).Round(time.Second)))
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(over)
		<-ended
		if next := time.Now().Add(soon); next.Before(b.due) {
			b.due = next
		}
	})
}

// pace formats a rate per second, and the time left at that rate.
func (b *Bar) pace(rate float64) string {
	speed := fmt.Sprintf(" · %.1f %ss/s", rate, b.unit)
	if rate < 1 {
		speed = fmt.Sprintf(" · %.1f s/%s", 1/rate, b.unit)
	}
	if b.done >= b.total {
		return speed
	}
	left := time.Duration((b.total - b.done) / rate * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%s · %v left", speed, left)
}

// barWidth is the width of a terminal's bar, in columns; sideWidth includes the percentage and the spaces around it.
const barWidth, sideWidth = 10, 20

// draw shows the count, a text and the pace. A log has only lines with a pace, and the last count follows others.
func (b *Bar) draw(text, pace string) {
	if text != "" {
		text = " · " + text
	}
	text = number(b.done) + "/" + number(b.total) + text + pace
	switch {
	case b.InLog():
		last := b.done >= b.total
		if pace != "" && (b.Due() || last && b.logged) {
			b.Line(text)
			b.logged = !last
		}
		return
	case b.id != "":
		gonbui.SendData(&protocol.DisplayData{
			DisplayID: b.id,
			Data: map[protocol.MIMEType]any{
				protocol.MIMETextHTML: fmt.Sprintf(
					`<progress value="%s" max="%s" style="width:40%%"></progress> <code>%s</code>`,
					number(b.done), number(b.total), html.EscapeString(text),
				),
				protocol.MIMETextPlain: text, // For notebooks that run in a terminal.
			},
		})
	default:
		b.line.Describe(b.cut(text, sideWidth))
		_ = b.line.Set(int(1000 * b.done / max(b.total, 1))) // A bar that cannot be drawn must not stop the work.
	}
	b.shown, b.open = time.Now(), true
}

// Line replaces the bar in a terminal by a line of text, cut to the width. In a log it adds the line.
func (b *Bar) Line(text string) {
	b.shown = time.Now()
	b.due = b.shown.Add(lineEvery)
	if b.InLog() {
		fmt.Fprintln(b.w, text)
		return
	}
	fmt.Fprint(b.w, "\r\x1b[K", b.cut(text, 1))
	b.open = true
}

// Stop ends the bar's line, after an error if there was one. It adds nothing to a log.
func (b *Bar) Stop(err error) {
	if err != nil {
		text, _, _ := strings.Cut(err.Error(), "\n")
		b.draw("stopped: "+text, "")
	}
	b.close("\n")
}

// Clear takes the bar off a terminal's line, for other text.
func (b *Bar) Clear() { b.close("\r\x1b[K") }

func (b *Bar) close(last string) {
	switch {
	case !b.open:
	case b.id != "":
		gonbui.Sync()
	default:
		fmt.Fprint(b.w, last)
	}
	b.open = false
}

// cut shortens a text to what a terminal's line holds beside some columns: a line that wraps cannot be replaced.
func (b *Bar) cut(text string, beside int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), max(b.columns()-beside, 0))])
}

// number formats a count, with a decimal if it is not whole.
func number(x float64) string { return strconv.FormatFloat(math.Round(10*x)/10, 'f', -1, 64) }
