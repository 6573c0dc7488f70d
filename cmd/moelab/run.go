package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/moelab/moelab/jupyter"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newRunCommand() *cobra.Command {
	var out, kernel string
	var parameters []string
	var timeout time.Duration
	var noHTML bool
	command := &cobra.Command{
		Use:   "run NOTEBOOK",
		Short: "Run a notebook, and write it with its outputs and as a page",
		Long: `Run all cells of a notebook in its kernel, without a browser, and write NAME.executed.ipynb and NAME.executed.html beside
it. For moelab's own notebooks what is missing is set up first: the kernel and XLA's plugin.

A cell that fails ends the run with exit status 1; the notebook is written with its traceback. Ctrl-C interrupts the
cell, and what came until then is written too. Parameters replace those of the cell tagged "parameters".`,
		Example: `  moelab run notebooks/hair_colour.ipynb
  moelab run notebooks/hair_colour.ipynb -p steps=4000 -p dir=runs/longer -o longer.ipynb`,
		Args: cobra.ExactArgs(1),
	}
	flags := command.Flags()
	flags.StringVarP(&out, "out", "o", "", "executed notebook to write (default: NAME.executed.ipynb)")
	flags.StringArrayVarP(&parameters, "parameter", "p", nil, "give a parameter of the notebook a value, as name=value; may be given several times")
	flags.StringVar(&kernel, "kernel", "", "kernel to run it with (default: the notebook's)")
	flags.DurationVar(&timeout, "timeout", 0, "longest that one cell may run, as in 20m (default: no limit)")
	flags.BoolVar(&noHTML, "no-html", false, "do not write the page")
	command.RunE = func(command *cobra.Command, args []string) error {
		path := args[0]
		nb, err := jupyter.Read(path)
		if err != nil {
			return err
		}
		values := map[string]string{}
		for _, p := range parameters {
			name, value, ok := strings.Cut(p, "=")
			if !ok {
				return usage("parameter %q is not of the form name=value", p)
			}
			values[name] = value
		}
		if err := nb.SetParameters(values); err != nil {
			return err
		}
		if kernel == "" {
			kernel = nb.KernelName()
		}
		if kernel == jupyter.KernelName {
			if err := setUp(command.Context(), command.ErrOrStderr(), filepath.Dir(path)); err != nil {
				return err
			}
		}
		if out == "" {
			out = strings.TrimSuffix(path, ".ipynb") + ".executed.ipynb"
		}
		runErr := jupyter.Run(command.Context(), nb, jupyter.Options{
			KernelName: kernel, Dir: filepath.Dir(path), Timeout: timeout, Handler: newReporter(command.ErrOrStderr()),
		})
		return errors.Join(runErr, writeNotebook(command, nb, out, noHTML))
	}
	return command
}

// writeNotebook writes the executed notebook and its page.
func writeNotebook(command *cobra.Command, nb *jupyter.Notebook, out string, noHTML bool) error {
	if err := nb.Write(out); err != nil {
		return err
	}
	fmt.Fprintln(command.OutOrStdout(), "wrote", out)
	if noHTML {
		return nil
	}
	page := strings.TrimSuffix(out, ".ipynb") + ".html"
	if err := jupyter.WriteHTML(page, nb); err != nil {
		return err
	}
	fmt.Fprintln(command.OutOrStdout(), "wrote", page)
	return nil
}

// reporter tells in a terminal, or a log, how far a notebook is.
type reporter struct {
	w        io.Writer
	terminal bool
	inLine   bool // The last line is a bar that the next update replaces.
}

func newReporter(w io.Writer) *reporter {
	file, ok := w.(*os.File)
	return &reporter{w: w, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

// CellStarted prints the number of the cell and its first line.
func (r *reporter) CellStarted(index, count int, cell *jupyter.Cell) {
	r.endLine()
	fmt.Fprintf(r.w, "[%d/%d] %s\n", index, count, firstLine(cell.Source))
}

// Stream passes on what the cell prints.
func (r *reporter) Stream(_, text string) {
	r.endLine()
	for line := range strings.Lines(text) {
		fmt.Fprint(r.w, "      ", line)
	}
}

// Display shows an output in a line: a bar in a terminal replaces itself, and is left out of a log.
func (r *reporter) Display(output *jupyter.Output) {
	text, isText := output.Data["text/plain"].(string)
	if isText && len(output.Data) > 1 { // A rich output with a text beside it: a bar.
		if r.terminal {
			fmt.Fprintf(r.w, "\r\033[K      %s", firstLine(text))
			r.inLine = true
		}
		return
	}
	if _, isPicture := output.Data["image/png"]; isPicture {
		r.endLine()
		fmt.Fprintln(r.w, "      (picture)")
	}
}

// CellFinished prints how long the cell took.
func (r *reporter) CellFinished(index, count int, _ *jupyter.Cell, took time.Duration, err error) {
	r.endLine()
	state := "done"
	if err != nil {
		state = "failed"
	}
	fmt.Fprintf(r.w, "[%d/%d] %s in %v\n", index, count, state, took.Round(100*time.Millisecond))
}

// endLine ends the line of a bar.
func (r *reporter) endLine() {
	if r.inLine {
		fmt.Fprintln(r.w)
		r.inLine = false
	}
}

// firstLine returns the first line of a text that says something.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

// setUp puts in place what moelab's notebooks need: XLA's plugin, and the kernel. near is a folder of the checkout.
func setUp(ctx context.Context, log io.Writer, near string) error {
	backend, err := ensureBackend(ctx, log)
	if err != nil {
		return err
	}
	_, err = ensureKernel(ctx, log, near, backend)
	return err
}
