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
	var parameters parameterFlags
	var timeout time.Duration
	var noHTML bool
	command := &cobra.Command{
		Use:   "run NOTEBOOK",
		Short: "Run a notebook, and write it with its outputs and as a page",
		Long: `Run all cells of a notebook in its kernel, without a browser, and write NAME.executed.ipynb and
NAME.executed.html next to it. For moelab's own notebooks, the kernel and XLA's plugin are installed first if missing.

A failing cell ends the run with exit status 1; the notebook is written with the traceback. Ctrl-C interrupts the
cell; the outputs so far are written too. Cells run in the notebook's folder; relative paths start there. Cells tagged
"skip-execution" are not run.

Parameters replace those of the cell tagged "parameters", as in papermill; of several values for one parameter, -r beats
-p, which beats -y, which beats -f. The parameter's type says what a value means: in Python that is its annotation
(name: Optional[str] = None), else that of its default, which takes any number for a number. Python's None fits every
parameter. Lists and dictionaries are written as in JSON, Python or YAML. A value that does not fit is refused before
anything runs. Parameters that the notebook does not have are set too, with a warning.`,
		Example: `  moelab run notebooks/hair_colour.ipynb
  moelab run notebooks/hair_colour.ipynb -p steps=4000 -p dir=../runs/longer -o longer.ipynb
  moelab run training.ipynb -p 'layers=[64, 128]' -p best=None -r name=007
  moelab run training.ipynb -f parameters.yaml -y '{steps: 200, name: moe}' --strict`,
		Args: oneArgument("notebook"),
	}
	flags := command.Flags()
	flags.StringVarP(&out, "out", "o", "", "executed notebook to write (default: NAME.executed.ipynb)")
	parameters.add(flags)
	flags.StringVar(&kernel, "kernel", "", "kernel to run it with (default: the notebook's)")
	flags.DurationVar(&timeout, "timeout", 0, "time limit of each cell, as in 20m (default: no limit)")
	flags.BoolVar(&noHTML, "no-html", false, "do not write the HTML page")
	command.RunE = func(command *cobra.Command, args []string) error {
		path := args[0]
		if timeout < 0 {
			return usage("--timeout is %v: it must be positive", timeout)
		}
		nb, err := jupyter.Read(path)
		if err != nil {
			return usageError{err}
		}
		if err := parameters.set(nb, warner(command)); err != nil {
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
		})
		return errors.Join(runErr, writeNotebook(command, nb, out, noHTML))
	}
	return command
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
