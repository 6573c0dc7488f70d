package jupyter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// interruptGrace is the time for an interrupted cell to end, for instance to save its work. GoNB itself kills a cell's
	// program after 5 s.
	interruptGrace = 8 * time.Second
	// interruptAgain is the time between interrupts of a kernel that takes them as messages.
	interruptAgain = time.Second
	// outputGrace is the wait for the rest of a cell's output after the kernel's reply. Each message restarts the wait.
	outputGrace = 4 * time.Second
	// deathGrace is the wait for the last messages of a dead kernel.
	deathGrace = 200 * time.Millisecond
)

// Options are the settings of a run. The zero value runs a notebook with its own kernel in the current directory.
type Options struct {
	KernelName  string        // kernelspec to use instead of the notebook's
	Dir         string        // working directory of the kernel
	Env         []string      // additional environment of the kernel, "NAME=value"
	Timeout     time.Duration // time limit for each cell; 0 means none
	AllowErrors bool          // continue after a failed cell
	From        int           // number of the first cell to run, from 1; 0 means the first one
	Handler     Handler       // receives the events of the run; may be nil

	StartTimeout    time.Duration // time limit for the start of the kernel; 0 means a minute
	ShutdownTimeout time.Duration // time for the kernel to end by itself after the last cell; 0 means 5 s

	// Save, which may be nil, is called while the notebook changes, so that little is lost if this process is killed:
	// after a cell and with new output, but at most once a second and for a twentieth of the time.
	Save func()
}

// Handler receives the events of a run. Its methods are never called concurrently.
type Handler interface {
	// CellStarted is called before each cell. Index counts from 1 to count; cells without code do not count.
	CellStarted(index, count int, cell *Cell)
	// Stream is called with text as the cell prints it. Name is stdout or stderr.
	Stream(name, text string)
	// Display is called with each new or updated output other than streams.
	Display(output *Output)
	// CellFinished is called after each cell. Err is not nil if the cell failed.
	CellFinished(index, count int, cell *Cell, took time.Duration, err error)
}

type silent struct{}

func (silent) CellStarted(int, int, *Cell)                        {}
func (silent) Stream(string, string)                              {}
func (silent) Display(*Output)                                    {}
func (silent) CellFinished(int, int, *Cell, time.Duration, error) {}

// Run runs the notebook's code cells in order in a new kernel, and puts their outputs into the notebook. Outputs of
// earlier runs are removed first. Cells tagged skip-execution are not run and stay as they are. The metadata of the
// notebook and its cells records times and states, in the forms of papermill and nbclient.
//
// With Options.From, the cells before keep their outputs. The kernel is a new one: of Go cells, everything declared
// outside of main is declared again. In other languages, the cells tagged parameters, injected-parameters or setup run
// again, and all else is lost.
//
// Run ends at the first failed cell with a *CellError, unless the cell is tagged raises-exception. A Python cell that
// exits with status 0, as by sys.exit(), ends the run without an error. A cell is interrupted when it exceeds the time
// limit (*TimeoutError), asks for input (ErrInput), or ctx is done; after a short grace period it is killed. The death
// of the kernel is a *KernelDiedError; if it does not even start, the error wraps ErrNotStarted. Even after an error,
// the notebook holds all output so far, and no process is left; on Linux that includes those in sessions of their own.
func Run(ctx context.Context, nb *Notebook, options Options) error {
	if options.Handler == nil {
		options.Handler = silent{}
	}
	name := options.KernelName
	if name == "" {
		name = nb.KernelName()
	}
	spec, err := FindKernel(name)
	if err != nil {
		return err
	}
	if options.From > len(nb.Cells) {
		return fmt.Errorf("%w: there is no cell %d to go on from, but %d cells", ErrNoCell, options.From, len(nb.Cells))
	}
	k, err := startKernel(ctx, spec, options)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	nb.clearOutputs(options.From)
	defer k.stop(ctx, cmp.Or(options.ShutdownTimeout, defaultShutdownTimeout))
	if k.language != nil {
		nb.Metadata = with(nb.Metadata)
		nb.Metadata["language_info"] = k.language
	}
	r := &runner{kernel: k, notebook: nb, options: options, outputs: newCollector(options.Handler)}
	return r.cells(ctx, nb)
}

type runner struct {
	kernel   *kernel
	notebook *Notebook
	options  Options
	outputs  *collector

	save     <-chan time.Time // when to save; nil if nothing has changed since the last time
	saved    time.Time
	saveTook time.Duration
}

func (r *runner) cells(ctx context.Context, nb *Notebook) (err error) {
	from := max(r.options.From, 1)
	cells := (&Notebook{Cells: nb.Cells[from-1:]}).runCells()
	start := time.Now()
	nb.beginRecord(start, cells)
	failed := false
	defer func() { nb.endRecord(start, time.Now(), failed || err != nil) }()

	if err := r.restore(ctx, nb, from); err != nil {
		return err
	}
	before := len(nb.runCells()) - len(cells)
	for i, c := range cells {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		index, count := before+i+1, before+len(cells)
		r.options.Handler.CellStarted(index, count, c)
		start := time.Now()
		c.beginRecord(start)
		err := r.cell(ctx, c, slices.Index(nb.Cells, c)+1)
		allowed, exited := r.allowed(c, err), isExit(err)
		if exited {
			err = nil
		}
		isFailed := err != nil && !(c.HasTag(raisesTag) && allowed)
		c.endRecord(start, time.Now(), isFailed)
		r.options.Handler.CellFinished(index, count, c, time.Since(start), err)
		if err != nil && !allowed {
			return err
		}
		failed = failed || isFailed
		c.ExecutionCount = &[]int{index}[0]
		if exited && !allowed {
			return nil
		}
		r.changed()
	}
	return nil
}

// isExit reports whether a cell ended by exiting with status 0: sys.exit() or sys.exit(0), as in papermill.
func isExit(err error) bool {
	var failed *CellError
	return errors.As(err, &failed) && failed.Name == "SystemExit" && (failed.Value == "" || failed.Value == "0")
}

// changed makes sure that the notebook will be saved.
func (r *runner) changed() {
	if r.options.Save != nil && r.save == nil {
		const share = 20 // Saving takes at most a twentieth of the time.
		r.save = time.After(time.Until(r.saved.Add(max(time.Second, share*r.saveTook))))
	}
}

func (r *runner) saveNow() {
	start := time.Now()
	r.flush()
	r.options.Save()
	r.save, r.saved, r.saveTook = nil, time.Now(), time.Since(start)
}

// flush puts all outputs and widgets so far into the notebook.
func (r *runner) flush() {
	r.outputs.flush()
	if widgets := r.outputs.widgets.metadata(); widgets != nil {
		r.notebook.Metadata = with(r.notebook.Metadata)
		r.notebook.Metadata["widgets"] = widgets
	}
}

// allowed reports whether the run may continue after the error.
func (r *runner) allowed(c *Cell, err error) bool {
	var failed *CellError
	return errors.As(err, &failed) && (r.options.AllowErrors || c.HasTag(raisesTag))
}

// cell runs one cell to its end. An error that the kernel did not report is added to the cell's outputs.
func (r *runner) cell(ctx context.Context, c *Cell, number int) error {
	r.outputs.begin(c)
	err := r.execute(ctx, c, number)
	if errors.As(err, new(*KernelDiedError)) {
		err = fmt.Errorf("cell %d: %w", number, err)
	}
	var failed *CellError
	if err != nil && !errors.As(err, &failed) {
		note := err.Error()
		r.outputs.sink.add(&Output{
			Type:       ErrorOutput,
			ErrorName:  "Stopped",
			ErrorValue: note,
			Traceback:  strings.Split(note, "\n"),
		})
	}
	r.outputs.end()
	r.flush()
	if err == nil {
		err = r.tellWidgets()
	}
	return err
}

// tellWidgets tells the kernel what its Output widgets captured, which it takes in before the next cell. Doing so after
// each output, as nbclient does, would take time with the square of their number.
func (r *runner) tellWidgets() error {
	for _, w := range r.outputs.widgets.takeChanged() {
		if _, err := r.kernel.request(shell, "comm_msg", w.update()); err != nil {
			return err
		}
	}
	return nil
}

// execute sends the cell to the kernel and waits for both the reply and all output.
func (r *runner) execute(ctx context.Context, c *Cell, number int) error {
	request, err := r.kernel.request(shell, "execute_request", map[string]any{
		"code":             c.Source,
		"silent":           false,
		"store_history":    true,
		"user_expressions": struct{}{},
		"allow_stdin":      false,
		"stop_on_error":    true,
	})
	if err != nil {
		return err
	}
	e := &execution{runner: r, request: request, number: number}
	return e.wait(ctx)
}

// execution is a cell in execution.
type execution struct {
	*runner
	request string // id of the request
	number  int    // of the cell in the notebook

	replied, idle bool
	failure       *CellError // error in the reply
	stopped       error      // reason for an interrupt
	again, kill   <-chan time.Time
}

func (e *execution) wait(ctx context.Context) error {
	var timeout, quiet <-chan time.Time
	if e.options.Timeout > 0 {
		timeout = time.After(e.options.Timeout)
	}
	done := ctx.Done()
	for !e.replied || !e.idle {
		select {
		case m := <-e.kernel.incoming:
			if err := e.take(m); err != nil {
				return err
			}
			e.changed()
			if e.replied {
				quiet = time.After(outputGrace)
			}
		case <-e.kernel.dead:
			e.drain()
			return e.kernel.died()
		case <-done:
			done = nil
			e.interrupt(context.Cause(ctx))
		case <-timeout:
			e.interrupt(&TimeoutError{Cell: e.number, Timeout: e.options.Timeout})
		case <-e.save:
			e.saveNow()
		case <-e.again:
			e.interrupt(e.stopped)
		case <-e.kill: // A request to shut down would not help either.
			e.kernel.kill()
			return e.stopped
		case <-quiet: // The idle status was lost.
			e.idle = true
		}
	}
	if e.stopped != nil {
		return e.stopped
	}
	if e.failure != nil {
		return e.failure
	}
	return nil
}

// interrupt interrupts the cell. wait goes on until it has ended.
func (e *execution) interrupt(why error) {
	if e.stopped == nil {
		e.stopped = why
		e.kill = time.After(interruptGrace)
	}
	if err := e.kernel.interrupt(); err != nil {
		e.kill = time.After(0)
	}
	if e.kernel.interruptedByMessage() {
		e.again = time.After(interruptAgain)
	}
}

func (e *execution) take(m received) error {
	if m.Parent.ID != e.request {
		return nil
	}
	e.outputs.cell.recordMessage(m)
	switch {
	case m.channel == iopub:
		idle, err := e.outputs.take(m.message)
		e.idle = e.idle || idle
		return err
	case m.channel == stdin && m.Header.Type == "input_request":
		e.interrupt(ErrInput)
	case m.Header.Type == "execute_reply":
		return e.reply(m.message)
	}
	return nil
}

func (e *execution) reply(m *message) error {
	var reply struct {
		Status     string   `json:"status"`
		ErrorName  string   `json:"ename"`
		ErrorValue string   `json:"evalue"`
		Traceback  []string `json:"traceback"`
	}
	if err := decodeKnown(m.Content, &reply); err != nil {
		return fmt.Errorf("reading the kernel's reply: %w", err)
	}
	e.replied = true
	if reply.Status != "ok" {
		e.failure = &CellError{
			Cell:      e.number,
			Name:      reply.ErrorName,
			Value:     reply.ErrorValue,
			Traceback: reply.Traceback,
		}
	}
	return nil
}

// drain processes the last messages of a dead kernel.
func (e *execution) drain() {
	for {
		select {
		case m := <-e.kernel.incoming:
			_ = e.take(m)
		case <-time.After(deathGrace):
			return
		}
	}
}
