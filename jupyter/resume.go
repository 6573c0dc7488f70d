package jupyter

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// setupTag marks cells that run again where a run goes on.
const setupTag = "setup"

// KeepOutputs takes the outputs of an earlier run over, for the cells before the one numbered from. A cell keeps them
// if its code is the same; text does not count. It returns the number of the first cell before from that was changed or
// has not been run to its end, or from.
func (nb *Notebook) KeepOutputs(earlier *Notebook, from int) int {
	done := earlier.runCells()
	i, first := 0, from
	for n, c := range nb.Cells[:min(from-1, len(nb.Cells))] {
		if !c.isRun() {
			continue
		}
		if i >= len(done) || done[i].Source != c.Source || done[i].state() != stateCompleted {
			first = min(first, n+1)
		} else {
			c.Outputs, c.ExecutionCount = done[i].Outputs, done[i].ExecutionCount
			c.Metadata = with(c.Metadata)
			for _, key := range []string{recordKey, timesKey} {
				if value, ok := done[i].Metadata[key]; ok {
					c.Metadata[key] = value
				}
			}
		}
		i++
	}
	return first
}

// runCells returns the cells with code that is run.
func (nb *Notebook) runCells() []*Cell {
	var cells []*Cell
	for _, c := range nb.Cells {
		if c.isRun() {
			cells = append(cells, c)
		}
	}
	return cells
}

// restore brings back what the new kernel needs from the cells before the first one that is run: all declarations of Go
// cells, and cells of other languages that are tagged for it. It leaves the cells and their outputs alone.
func (r *runner) restore(ctx context.Context, nb *Notebook, from int) error {
	isGo := nb.kernelLanguage() == "go"
	for i, c := range nb.Cells[:from-1] {
		if !c.isRun() {
			continue
		}
		again := &Cell{Type: CodeCell, Source: c.Source}
		switch {
		case isGo:
			again.Source = goDeclarations(c.Source)
		case !slices.ContainsFunc([]string{parametersTag, injectedTag, setupTag}, c.HasTag):
			continue
		}
		if strings.TrimSpace(again.Source) == "" {
			continue
		}
		if err := r.cell(ctx, again, i+1); err != nil {
			return fmt.Errorf("before going on at cell %d: %w", from, err)
		}
	}
	return nil
}

// goDeclarations returns a Go cell without its body of main and without commands to the shell.
func goDeclarations(source string) string {
	if main := gonbMain.FindStringIndex(source); main != nil {
		source = source[:main[0]]
	}
	return gonbShell.ReplaceAllString(source, "")
}
