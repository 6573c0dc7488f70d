package jupyter

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors to distinguish with errors.Is.
var (
	// ErrNotNotebook means that a file is not JSON, or is JSON but not a notebook.
	ErrNotNotebook = errors.New("not a notebook")
	// ErrFormat means that a notebook has an nbformat other than 2, 3 and 4.
	ErrFormat = errors.New("notebook format is not supported")
	// ErrNoKernel means that a notebook names no kernel, or that the kernel is not installed.
	ErrNoKernel = errors.New("no such kernel")
	// ErrParameter means that the notebook has no such parameter, or that the value does not fit its type.
	ErrParameter = errors.New("bad parameter")
	// ErrNotStarted means that the kernel has not started, so that no cell was run and the notebook is as it was.
	ErrNotStarted = errors.New("the kernel did not start")
	// ErrNoCell means that a notebook has no cell with this number.
	ErrNoCell = errors.New("no such cell")
	// ErrInput means that a cell asked for input. A run is not interactive.
	ErrInput = errors.New("the cell asks for input, but the run is not interactive")
)

// CellError reports a failed cell: its code raised an error, did not compile, or exited with a status other than 0.
type CellError struct {
	Cell      int      // number of the cell in the notebook, from 1
	Name      string   // the kernel's name for this kind of error
	Value     string   // error message
	Traceback []string // lines, with ANSI colours
}

func (e *CellError) Error() string {
	value := firstLine(e.Value)
	if e.Name == "" || e.Name == "ERROR" { // bash's, and GoNB's name for every error.
		return fmt.Sprintf("cell %d failed: %s", e.Cell, value)
	}
	return fmt.Sprintf("cell %d failed: %s: %s", e.Cell, e.Name, value)
}

// TimeoutError reports a cell that ran for longer than Options.Timeout.
type TimeoutError struct {
	Cell    int // number of the cell in the notebook, from 1
	Timeout time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("cell %d was stopped: it ran longer than %s", e.Cell, e.Timeout)
}

// KernelDiedError reports a kernel whose process ended while it was needed.
type KernelDiedError struct {
	Kernel string // name of the kernel
	Status string // how its process ended: "exit status 1", "signal: killed"
	Stderr string // the last lines of its standard error
}

func (e *KernelDiedError) Error() string {
	message := fmt.Sprintf("the kernel %s died (%s)", e.Kernel, e.Status)
	if e.Stderr != "" {
		message += "; its last words:\n" + e.Stderr
	}
	return message
}

// firstLine returns the first meaningful line. The go tool heads its errors with "# package".
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "# ") {
			return line
		}
	}
	return strings.TrimSpace(text)
}
