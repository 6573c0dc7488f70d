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
)

func newRunCommand() *cobra.Command {
	var out, kernel string
	var parameters []string
	var timeout, startTimeout, shutdownTimeout time.Duration
	var noHTML bool
	command := &cobra.Command{
		Use:   "run NOTEBOOK",
		Short: "Run a notebook, and write it with its outputs and as a page",
		Long: `Run all cells of a notebook in its kernel, without a browser, and write NAME.executed.ipynb and
NAME.executed.html next to it. For moelab's own notebooks, the kernel and XLA's plugin are installed first if missing.

A failing cell ends the run with exit status 1; the notebook is written with the traceback. Ctrl-C interrupts the
cell; the outputs so far are written too. The notebook is also saved meanwhile, after each cell and with new output, at
most once a second.

Parameters replace those of the cell tagged "parameters". Cells run in the notebook's folder; relative paths start
there. A notebook that names no kernel gets python3, or moelab's if it is in Go.`,
		Example: `  moelab run notebooks/hair_colour.ipynb
  moelab run notebooks/hair_colour.ipynb -p steps=4000 -p dir=../runs/longer -o longer.ipynb`,
		Args: oneArgument("notebook"),
	}
	flags := command.Flags()
	flags.StringVarP(&out, "out", "o", "", "executed notebook to write (default: NAME.executed.ipynb)")
	flags.StringArrayVarP(&parameters, "parameter", "p", nil,
		"give a parameter of the notebook a value, as name=value; may be given several times")
	flags.StringVar(&kernel, "kernel", "", "kernel to run it with (default: the notebook's)")
	flags.DurationVar(&timeout, "timeout", 0, "time limit of each cell, as in 20m (default: no limit)")
	flags.DurationVar(&startTimeout, "start-timeout", time.Minute, "time limit for the start of the kernel")
	flags.DurationVar(&shutdownTimeout, "shutdown-timeout", 5*time.Second,
		"time for the kernel to end by itself after the last cell, such as for its atexit functions")
	flags.BoolVar(&noHTML, "no-html", false, "do not write the HTML page")
	command.RunE = func(command *cobra.Command, args []string) error {
		path := args[0]
		if timeout < 0 {
			return usage("--timeout is %v: it must be positive", timeout)
		}
		if startTimeout <= 0 || shutdownTimeout <= 0 {
			return usage("--start-timeout and --shutdown-timeout must be positive")
		}
		nb, err := readNotebook(path, kernel, parameters)
		if err != nil {
			return usageError{err}
		}
		if out == "" {
			out = strings.TrimSuffix(path, ".ipynb") + ".executed.ipynb"
		}
		if filepath.Ext(out) != ".ipynb" {
			return usage("-o is %q: the name of a notebook ends with .ipynb", out)
		}
		if err := checkOutputs([]outFile{{"-o", out}}, path); err != nil {
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
		if _, err := jupyter.FindKernel(kernel); err != nil {
			return err // Checked before an older executed notebook is overwritten.
		}
		runErr := jupyter.Run(command.Context(), nb, jupyter.Options{
			KernelName: kernel, Dir: filepath.Dir(path), Timeout: timeout, Handler: newReporter(command.ErrOrStderr(), nb),
			StartTimeout: startTimeout, ShutdownTimeout: shutdownTimeout, Save: saver(command.ErrOrStderr(), nb, out),
		})
		return errors.Join(runErr, writeNotebook(command, nb, out, noHTML))
	}
	return command
}

// readNotebook reads a notebook and sets its parameters, each given as name=value. A notebook that names no kernel gets
// this one, unless it is "".
func readNotebook(path, kernel string, parameters []string) (*jupyter.Notebook, error) {
	nb, err := jupyter.Read(path)
	if err != nil {
		return nil, err
	}
	if kernel != "" {
		nb.SetKernel(kernel) // The parameters are in its language.
	}
	values := map[string]string{}
	for _, p := range parameters {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return nil, fmt.Errorf("parameter %q is not of the form name=value", p)
		}
		values[name] = value
	}
	return nb, nb.SetParameters(values)
}

// saver returns a function that saves a notebook while it runs. The first failure is a warning: the run may still end
// well, and writing its result reports the next failure.
func saver(log io.Writer, nb *jupyter.Notebook, out string) func() {
	warned := false
	return func() {
		err := errors.Join(os.MkdirAll(filepath.Dir(out), 0o755), nb.Write(out))
		if err != nil && !warned {
			fmt.Fprintln(log, "moelab: the notebook cannot be saved meanwhile:", err)
			warned = true
		}
	}
}

// writeNotebook writes the executed notebook and its page.
func writeNotebook(command *cobra.Command, nb *jupyter.Notebook, out string, noHTML bool) error {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
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

// setUp installs XLA's plugin and the kernel for moelab's notebooks. near is a folder of the checkout.
func setUp(ctx context.Context, log io.Writer, near string) error {
	backend, err := ensureBackend(ctx, log)
	if err != nil {
		return err
	}
	_, err = ensureKernel(ctx, log, near, backend)
	return err
}
