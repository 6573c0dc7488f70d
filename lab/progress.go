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
		return &notebookBar{}
	case term.IsTerminal(int(file.Fd())):
		return &terminalBar{w: file}
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

// terminalBar is a bar in a terminal.
type terminalBar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func (b *terminalBar) Start(step, steps int64) {
	b.bar = progressbar.NewOptions64(steps,
		progressbar.OptionSetWriter(b.w),
		progressbar.OptionSetDescription("compiling"),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("steps"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(refresh),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionFullWidth(),
	)
	_ = b.bar.RenderBlank() // Whether a bar could be drawn must not matter to a training.
}

func (b *terminalBar) Step(step int64, values map[string]float64) {
	if state := b.bar.State(); state.CurrentNum == 0 {
		b.bar.Reset() // The rate and the time left begin after compiling.
	}
	b.bar.Describe(describe(values))
	_ = b.bar.Set64(step)
}

func (b *terminalBar) Stop(err error) {
	if err == nil {
		_ = b.bar.Finish()
	} else {
		_ = b.bar.Exit()
	}
	fmt.Fprintln(b.w)
}

// notebookBar is a bar in a GoNB notebook, as HTML; beside it goes the same as text, for whoever runs notebooks in a terminal.
type notebookBar struct {
	id           string
	first, steps int64
	compiling    time.Time
	start, shown time.Time
	last         string
}

func (b *notebookBar) Start(step, steps int64) {
	b.id, b.first, b.steps = gonbui.UniqueID(), step, steps
	b.compiling = time.Now()
	b.show(step, "compiling …")
}

func (b *notebookBar) Step(step int64, values map[string]float64) {
	now := time.Now()
	if b.start.IsZero() {
		b.start, b.first = now, step
		return // The rate is known from the second step on.
	}
	if now.Sub(b.shown) < refresh && step < b.steps {
		return
	}
	rate := float64(step-b.first) / now.Sub(b.start).Seconds()
	left := time.Duration(float64(b.steps-step) / rate * float64(time.Second)).Round(time.Second)
	b.show(step, fmt.Sprintf("%s · %.1f steps/s · %v left", describe(values), rate, left))
}

func (b *notebookBar) Stop(err error) {
	if err != nil {
		text, _, _ := strings.Cut(err.Error(), "\n")
		b.show(b.first, "stopped: "+text)
	}
	gonbui.Sync()
}

// show updates the bar.
func (b *notebookBar) show(step int64, text string) {
	b.shown = time.Now()
	gonbui.SendData(&protocol.DisplayData{
		DisplayID: b.id,
		Data: map[protocol.MIMEType]any{
			protocol.MIMETextHTML: fmt.Sprintf(`<progress value="%d" max="%d" style="width:40%%"></progress> <code>%d/%d · %s</code>`,
				step, b.steps, step, b.steps, html.EscapeString(text)),
			protocol.MIMETextPlain: fmt.Sprintf("%d/%d · %s", step, b.steps, text),
		},
	})
}

// describe writes metrics in a line, in order of name.
func describe(values map[string]float64) string {
	parts := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, fmt.Sprintf("%s %.3f", name, values[name]))
	}
	return strings.Join(parts, "  ")
}
