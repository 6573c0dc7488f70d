package lab

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/moelab/moelab/internal/progress"
)

// Progress follows a training. Calls come from one goroutine.
type Progress interface {
	// Start is called before the first step, with the present step and the total. The program is compiled next, which
	// takes a while.
	Start(step, steps int64)
	// Step is called after each step, with its metrics.
	Step(step int64, values map[string]float64)
	// Stop is called at the end, with the error, if any.
	Stop(err error)
}

// NewProgress returns a progress that fits where it is shown: a bar in a GoNB notebook or, if file is a terminal, in
// file. Other files get a line after ten seconds, then one a minute, and the last.
func NewProgress(file *os.File) Progress {
	return &bar{Bar: progress.New(file, "step"), compiled: func() {}}
}

// silent shows nothing.
type silent struct{}

func (silent) Start(int64, int64)             {}
func (silent) Step(int64, map[string]float64) {}
func (silent) Stop(error)                     {}

// bar shows how far a training is.
type bar struct {
	*progress.Bar
	compiled func() // Ends what Start began.
}

func (b *bar) Start(step, steps int64) {
	const text = "compiling …"
	b.Bar.Start(float64(step), float64(steps), text)
	b.compiled = b.Wait(text)
}

func (b *bar) Step(step int64, values map[string]float64) {
	b.compiled()
	b.Set(float64(step), describe(values))
}

func (b *bar) Stop(err error) {
	b.compiled()
	b.Bar.Stop(err)
}

// describe formats metrics on one line, ordered by name.
func describe(values map[string]float64) string {
	parts := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, fmt.Sprintf("%s %.3f", name, values[name]))
	}
	return strings.Join(parts, "  ")
}
