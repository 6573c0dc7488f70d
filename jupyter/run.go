package jupyter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// interruptGrace is how long an interrupted cell may take to end, for instance to save its work. GoNB kills a cell's
	// program after 5 s itself.
	interruptGrace = 8 * time.Second
	// interruptAgain is how long to wait before a kernel that takes messages is interrupted again.
	interruptAgain = time.Second
	// outputGrace is how long to wait for the rest of a cell's output once the kernel has said that the cell is done. As long
	// as something arrives, the wait starts anew.
	outputGrace = 4 * time.Second
	// deathGrace is how long to wait for what a kernel published just before it died.
	deathGrace = 200 * time.Millisecond
)

// Options say how to run a notebook. The zero value runs it with the kernel that it names, in the current directory.
type Options struct {
	KernelName  string        // kernelspec to use instead of the one that the notebook names
	Dir         string        // working directory of the kernel
	Env         []string      // more environment for the kernel, "NAME=value"
	Timeout     time.Duration // longest that a cell may run; 0 is for ever
	AllowErrors bool          // go on after a cell that fails
	Handler     Handler       // hears what happens; may be nil
}

// Handler hears what happens while a notebook runs. Its methods are called one at a time.
type Handler interface {
	// CellStarted is called before the index'th of count cells is run, from 1. Cells without code are not counted.
	CellStarted(index, count int, cell *Cell)
	// Stream is called with what the cell prints, as it comes; name is stdout or stderr.
	Stream(name, text string)
	// Display is called with each output that is no stream, when it is new and when it is updated.
	Display(output *Output)
	// CellFinished is called after a cell has run, err telling how it failed.
	CellFinished(index, count int, cell *Cell, took time.Duration, err error)
}

type silent struct{}

func (silent) CellStarted(int, int, *Cell)                        {}
func (silent) Stream(string, string)                              {}
func (silent) Display(*Output)                                    {}
func (silent) CellFinished(int, int, *Cell, time.Duration, error) {}

// Run runs the notebook's code cells in order, in a kernel of their own, and puts what they output into the notebook.
// Outputs of an earlier run are removed first.
//
// It ends at the first cell that fails, with a *CellError, unless the cell is tagged raises-exception. A cell that runs too
// long (*TimeoutError) or asks for input (ErrInput), and any cell when ctx is done, is interrupted, given a short while to end,
// and then killed. A kernel that dies is a *KernelDiedError. Whatever the error, the notebook holds everything that was output
// until then, and no process is left.
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
	nb.ClearOutputs()
	k, err := startKernel(ctx, spec, options.Dir, options.Env)
	if err != nil {
		return err
	}
	defer k.stop()
	if k.language != nil {
		nb.Metadata = with(nb.Metadata)
		nb.Metadata["language_info"] = k.language
	}
	r := &runner{kernel: k, options: options, outputs: newCollector(options.Handler)}
	return r.cells(ctx, nb)
}

type runner struct {
	kernel  *kernel
	options Options
	outputs *collector
}

func (r *runner) cells(ctx context.Context, nb *Notebook) error {
	isCode := func(c *Cell) bool { return c.Type == CodeCell && strings.TrimSpace(c.Source) != "" }
	count := 0
	for _, c := range nb.Cells {
		if isCode(c) {
			count++
		}
	}
	index := 0
	for i, c := range nb.Cells {
		if !isCode(c) {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		index++
		r.options.Handler.CellStarted(index, count, c)
		start := time.Now()
		err := r.cell(ctx, c, i+1)
		r.options.Handler.CellFinished(index, count, c, time.Since(start), err)
		if err != nil && !r.allowed(c, err) {
			return err
		}
		c.ExecutionCount = &[]int{index}[0]
	}
	return nil
}

// allowed says whether the run may go on after the error.
func (r *runner) allowed(c *Cell, err error) bool {
	var failed *CellError
	return errors.As(err, &failed) && (r.options.AllowErrors || c.HasTag("raises-exception"))
}

// cell runs one cell to its end. An end that the kernel did not report is noted in the cell, for the notebook's reader.
func (r *runner) cell(ctx context.Context, c *Cell, number int) error {
	r.outputs.begin(c)
	err := r.execute(ctx, c, number)
	var failed *CellError
	if err != nil && !errors.As(err, &failed) {
		note := err.Error()
		r.outputs.add(&Output{Type: ErrorOutput, ErrorName: "Stopped", ErrorValue: note, Traceback: strings.Split(note, "\n")})
	}
	r.outputs.end()
	return err
}

// execute sends the cell to the kernel and waits until it has both answered and published everything.
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

// execution is one cell that the kernel works on.
type execution struct {
	*runner
	request string // id of the request
	number  int    // of the cell in the notebook

	replied, idle bool
	failure       *CellError // what the reply said
	stopped       error      // why the cell was interrupted
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
		case <-e.again:
			e.interrupt(e.stopped)
		case <-e.kill: // It would not end when it is asked to shut down either.
			e.kernel.kill()
			return e.stopped
		case <-quiet: // The kernel, or the network, lost its last word.
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

// interrupt stops the cell. The loop goes on, to hear how it ends.
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
	if err := json.Unmarshal(m.Content, &reply); err != nil {
		return fmt.Errorf("the kernel's reply cannot be read: %w", err)
	}
	e.replied = true
	if reply.Status != "ok" {
		e.failure = &CellError{Cell: e.number, Name: reply.ErrorName, Value: reply.ErrorValue, Traceback: reply.Traceback}
	}
	return nil
}

// drain takes what a dead kernel had still published.
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
