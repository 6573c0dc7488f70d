package lab

import (
	"fmt"
	"html"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Progress is told how far a training is. Calls come from one goroutine.
type Progress interface {
	// Start begins at a step of a number of steps. The program is compiled next, which takes a while.
	Start(step, steps int64)
	// Step tells that a step is done, and its metrics.
	Step(step int64, values map[string]float64)
	// Stop ends it, with an error if there was one.
	Stop(err error)
}

// NewProgress returns a progress that fits where it is shown: a bar in a GoNB notebook or, where file is a terminal, in it.
// Where file is something else it shows nothing.
func NewProgress(file *os.File) Progress {
	switch {
	case gonbui.IsNotebook:
		return newNotebookBar()
	case term.IsTerminal(int(file.Fd())):
		return newTerminalBar(file, func() int {
			width, _, err := term.GetSize(int(file.Fd()))
			if err != nil || width == 0 {
				return 80
			}
			return width
		})
	default:
		return silent{}
	}
}

// silent shows nothing.
type silent struct{}

func (silent) Start(int64, int64)             {}
func (silent) Step(int64, map[string]float64) {}
func (silent) Stop(error)                     {}

// refresh is the time between two updates of a bar.
const refresh = 250 * time.Millisecond

// bar tells how far a training is, how fast, and how long it will take.
type bar struct {
	// draw shows that step of steps are done, and a text.
	draw func(step, steps int64, text string)
	// end is called after the last draw.
	end func()

	step, steps int64
	counted     int64     // The step from which on steps are timed, since
	since       time.Time // which moment: the first one, so that neither compiling counts nor earlier parts of the run.
	drawn       time.Time
}

func (b *bar) Start(step, steps int64) {
	b.step, b.steps, b.since = step, steps, time.Time{}
	b.draw(step, steps, "compiling …")
}

func (b *bar) Step(step int64, values map[string]float64) {
	now := time.Now()
	b.step = step
	if b.since.IsZero() {
		b.counted, b.since = step, now
	}
	if now.Sub(b.drawn) < refresh && step < b.steps {
		return
	}
	b.drawn = now
	text := describe(values)
	if seconds := now.Sub(b.since).Seconds(); seconds > 0 && step > b.counted {
		text += pace(float64(step-b.counted)/seconds, b.steps-step)
	}
	b.draw(step, b.steps, text)
}

func (b *bar) Stop(err error) {
	if err != nil {
		text, _, _ := strings.Cut(err.Error(), "\n")
		b.draw(b.step, b.steps, "stopped: "+text)
	}
	b.end()
}

// pace writes a number of steps a second, and how long the steps that are left take at that.
func pace(rate float64, left int64) string {
	speed := fmt.Sprintf("%.1f steps/s", rate)
	if rate < 1 {
		speed = fmt.Sprintf("%.1f s/step", 1/rate)
	}
	if left == 0 {
		return " · " + speed
	}
	time := time.Duration(float64(left) / rate * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf(" · %s · %v left", speed, time)
}

// barWidth is that of a terminal's bar, in columns, and sideWidth what it is with the percentage before and the count after it.
const barWidth, sideWidth = 10, 40

// newTerminalBar returns a bar in a terminal of a width, which may change. A longer line would be broken, and not be
// written over.
func newTerminalBar(w io.Writer, width func() int) *bar {
	var line *progressbar.ProgressBar
	return &bar{
		draw: func(step, steps int64, text string) {
			if line == nil {
				line = progressbar.NewOptions64(steps,
					progressbar.OptionSetWriter(w),
					progressbar.OptionShowCount(),
					progressbar.OptionSetPredictTime(false), // Its time left begins when it is made, and at step 0.
					progressbar.OptionSetElapsedTime(false),
					progressbar.OptionUseANSICodes(true),
					progressbar.OptionSetWidth(barWidth),
				)
			}
			runes := []rune(text)
			line.Describe(string(runes[:min(len(runes), max(width()-sideWidth, 0))]))
			_ = line.Set64(step) // Whether a bar could be drawn must not matter to a training.
		},
		end: func() { fmt.Fprintln(w) },
	}
}

// newNotebookBar returns a bar in a GoNB notebook, as HTML; beside it goes the same as text, for whoever runs notebooks
// in a terminal.
func newNotebookBar() *bar {
	id := gonbui.UniqueId()
	return &bar{
		draw: func(step, steps int64, text string) {
			gonbui.SendData(&protocol.DisplayData{
				DisplayID: id,
				Data: map[protocol.MIMEType]any{
					protocol.MIMETextHTML: fmt.Sprintf(`<progress value="%d" max="%d" style="width:40%%"></progress> <code>%d/%d · %s</code>`,
						step, steps, step, steps, html.EscapeString(text)),
					protocol.MIMETextPlain: fmt.Sprintf("%d/%d · %s", step, steps, text),
				},
			})
		},
		end: gonbui.Sync,
	}
}

// describe writes metrics in a line, in order of name.
func describe(values map[string]float64) string {
	parts := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, fmt.Sprintf("%s %.3f", name, values[name]))
	}
	return strings.Join(parts, "  ")
}
