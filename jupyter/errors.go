package jupyter

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors that a caller may want to tell apart, with errors.Is.
var (
	// ErrNotNotebook is for a file that is no JSON, or JSON but no notebook.
	ErrNotNotebook = errors.New("not a notebook")
	// ErrFormat is for a notebook of a format other than 4.
	ErrFormat = errors.New("notebook format is not supported")
	// ErrNoKernel is for a notebook that names no kernel, and for a kernel that is not installed.
	ErrNoKernel = errors.New("no such kernel")
	// ErrParameter is for a parameter that the notebook does not have, or a value that does not fit its type.
	ErrParameter = errors.New("bad parameter")
	// ErrInput is for a cell that asks for input, which nobody is there to give.
	ErrInput = errors.New("the cell asks for input, and nobody is there to give it")
)

// CellError is a cell that failed: its code raised an error, did not compile, or ended with an exit status other than 0.
type CellError struct {
	Cell      int      // number of the cell in the notebook, from 1
	Name      string   // kind of the error, as the kernel calls it
	Value     string   // message of the error
	Traceback []string // lines, with ANSI colours
}

func (e *CellError) Error() string {
	value := firstLine(e.Value)
	if e.Name == "ERROR" { // GoNB calls every error so.
		return fmt.Sprintf("cell %d failed: %s", e.Cell, value)
	}
	return fmt.Sprintf("cell %d failed: %s: %s", e.Cell, e.Name, value)
}

// TimeoutError is a cell that ran longer than it was allowed to.
type TimeoutError struct {
	Cell    int // number of the cell in the notebook, from 1
	Timeout time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("cell %d was stopped: it ran longer than %s", e.Cell, e.Timeout)
}

// KernelDiedError is a kernel whose process ended while it was needed.
type KernelDiedError struct {
	Kernel string // name of the kernel
	Status string // how its process ended: "exit status 1", "signal: killed"
	Stderr string // the last lines that it wrote to standard error
}

func (e *KernelDiedError) Error() string {
	message := fmt.Sprintf("the kernel %s died (%s)", e.Kernel, e.Status)
	if e.Stderr != "" {
		message += "; its last words:\n" + e.Stderr
	}
	return message
}

// firstLine is the first line that says something; the go tool heads its errors with "# package".
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "# ") {
			return line
		}
	}
	return strings.TrimSpace(text)
}
