package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/moelab/moelab/jupyter"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// runFlags are the flags of moelab run.
type runFlags struct {
	parameters                         parameterFlags
	out, kernel, dir                   string
	timeout, startTimeout              time.Duration
	shutdownTimeout                    time.Duration
	from, jobs                         int
	resume, allowErrors, prepare, help bool
	report, logOutput, noHTML, several bool
}

func newRunCommand() *cobra.Command {
	r := &runFlags{}
	command := &cobra.Command{
		Use:   "run NOTEBOOK…",
		Short: "Run notebooks, and write them with their outputs and as pages",
		Long: `Run all cells of a notebook in its kernel, without a browser, and write NAME.executed.ipynb and
NAME.executed.html next to it. For moelab's own notebooks, the kernel and XLA's plugin are installed first if missing.
"-" is standard input, and for -o standard output, which is then the notebook alone.

A failing cell ends the run with exit status 1; the notebook is written with the traceback. Ctrl-C interrupts the
cell; the outputs so far are written too. The notebook is also saved meanwhile, after each cell and with new output, at
most once a second. Cells run in the notebook's folder; relative paths start there. Cells tagged "skip-execution" are
not run, and those tagged "raises-exception" may fail. Each cell's times and state are in its metadata, as from
papermill and nbclient. A notebook that names no kernel gets python3, or moelab's if it is in Go.

Parameters replace those of the cell tagged "parameters", as in papermill; of several values for one parameter, -r beats
-p, which beats -y, which beats -f, which beats -b. -o may hold their names in braces, as in results/{name}.ipynb and
{steps:05d}. The parameter's type says what a value means: in Python that is its annotation (name: Optional[str] =
None), else that of its default, which takes any number for a number. Python's None fits every parameter. Lists and
dictionaries are written as in Python, JSON or YAML. A value that does not fit is refused before the notebook runs.
Parameters that the notebook does not have are set too, with a warning. In bash, R and Julia, whose declarations are not
read, all of them are.

Several notebooks, or those in a folder and below, run after each other, or --jobs of them at once. A failing one does
not end the others; a list at the end says how each went. In folders, NAME.executed.ipynb is left out. -o then names a
folder for the results.

--from N goes on at cell N of the executed notebook, counted from 1 with text and parameters, as errors count them;
--resume at the first cell that changed or was not run to its end. The cells before keep their outputs, and parameters
that are not given again the values that they had. The kernel is a new one: what was declared outside of main in the Go
cells before is declared again, but what their main did, such as files, is taken as it lies there. A Python kernel has
lost all variables: the cells tagged "parameters" and "setup" run again.`,
		Example: `  moelab run notebooks/hair_colour.ipynb
  moelab run notebooks/hair_colour.ipynb -p steps=4000 -p dir=../runs/longer -o longer.ipynb
  moelab run training.ipynb -p 'layers=[64, 128]' -p best=None -r name=007
  moelab run training.ipynb -f parameters.yaml -y '{steps: 200, name: moe}' --strict
  moelab run training.ipynb -p steps 400 -p lr 0.5 -o 'results/{steps}_{lr}.ipynb'
  moelab run training.ipynb --help-notebook               # its parameters, their types and defaults
  moelab run training.ipynb --resume                      # after a failed cell was mended
  moelab run a.ipynb b.ipynb notebooks --jobs 2 -o results
  moelab run - -p steps=20 <training.ipynb >executed.ipynb`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("name the notebook (see %s -h)", command.CommandPath())
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVarP(&r.out, "out", "o", "",
		"executed notebook to write (default: NAME.executed.ipynb), or folder for those of several")
	r.parameters.add(flags)
	flags.StringVarP(&r.kernel, "kernel", "k", "", "kernel to run it with (default: the notebook's)")
	flags.StringVar(&r.dir, "cwd", "", "folder in which the cells run (default: the notebook's)")
	r.startTimeout, r.shutdownTimeout = time.Minute, 5*time.Second
	flags.Var((*secondsFlag)(&r.timeout), "timeout", "time limit of each cell, as in 20m or 1200 (default: no limit)")
	flags.Var((*secondsFlag)(&r.startTimeout), "start-timeout", "time limit for the start of the kernel")
	flags.Var((*secondsFlag)(&r.shutdownTimeout), "shutdown-timeout",
		"time for the kernel to end by itself after the last cell, such as for its atexit functions")
	flags.BoolVar(&r.allowErrors, "allow-errors", false, "go on after a failing cell, with exit status 0")
	flags.IntVar(&r.from, "from", 0, "go on at this cell of the executed notebook")
	flags.BoolVar(&r.resume, "resume", false, "go on at the first cell that changed or was not run to its end")
	flags.BoolVar(&r.prepare, "prepare-only", false, "set the parameters and write the notebook, but run nothing")
	flags.BoolVar(&r.help, "help-notebook", false, "show the notebook's parameters, and run nothing")
	flags.BoolVar(&r.report, "report-mode", false, "hide the code: the page and JupyterLab show outputs and text")
	flags.BoolVar(&r.logOutput, "log-output", true, "show what the cells print; with --jobs, only if asked for")
	flags.BoolVar(&r.noHTML, "no-html", false, "do not write the HTML page")
	flags.IntVar(&r.jobs, "jobs", 1, "notebooks that run at once")
	command.RunE = r.run
	return command
}

// secondsFlag is a duration, as in 20m; like papermill's, a number alone is one of seconds.
type secondsFlag time.Duration

func (s *secondsFlag) Set(text string) error {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(seconds) < 1e9 {
		*s = secondsFlag(seconds * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("it must be a duration, as in 20m, or a number of seconds")
	}
	*s = secondsFlag(d)
	return nil
}

func (s *secondsFlag) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

func (s *secondsFlag) Type() string { return "duration" }

// run checks everything before anything runs.
func (r *runFlags) run(command *cobra.Command, args []string) error {
	if err := r.check(command); err != nil {
		return err
	}
	found, err := jupyter.FindNotebooks(args)
	if err != nil {
		return usageError{err}
	}
	r.several = len(found) > 1 || found[0].Path != args[0]
	if r.help {
		return r.showParameters(command, found)
	}
	jobs, err := r.prepareAll(command, found)
	if err != nil {
		return err
	}
	if err := r.setUp(command, jobs); err != nil {
		return err
	}
	if !r.several {
		return jobs[0].run(command, newReporter(command.ErrOrStderr(), jobs[0].nb))
	}
	return r.runAll(command, jobs)
}

func (r *runFlags) check(command *cobra.Command) error {
	switch {
	case r.timeout < 0:
		return usage("--timeout is %v: it must be positive", r.timeout)
	case r.startTimeout <= 0 || r.shutdownTimeout <= 0:
		return usage("--start-timeout and --shutdown-timeout must be positive")
	case r.jobs < 1:
		return usage("--jobs is %d: it must be at least 1", r.jobs)
	case r.from < 0 || command.Flags().Changed("from") && r.from == 0:
		return usage("--from is %d: cells are counted from 1", r.from)
	case r.from > 0 && r.resume:
		return usage("--from and --resume exclude each other")
	}
	if info, err := os.Stat(r.dir); r.dir != "" && (err != nil || !info.IsDir()) {
		return usage("--cwd is %q: it must be a folder", r.dir)
	}
	if r.jobs > 1 && !command.Flags().Changed("log-output") {
		r.logOutput = false
	}
	return nil
}

// showParameters lists the parameters of notebooks.
func (r *runFlags) showParameters(command *cobra.Command, found []jupyter.Found) error {
	out := command.OutOrStdout()
	for _, f := range found {
		nb, err := readNotebook(command, f.Path)
		if err != nil {
			return usageError{err}
		}
		parameters, err := nb.Parameters()
		if err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
		fmt.Fprintf(out, "Parameters of %s:\n", f.Path)
		if len(parameters) == 0 {
			fmt.Fprintln(out, `  none: it has no cell tagged "parameters", or nothing is declared there`)
		}
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, p := range parameters {
			fmt.Fprintf(table, "  %s: %s\t(default %s)\t%s\n", p.Name, p.Type, oneLine(p.Default), oneLine(p.Comment))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// oneLine returns text with its white space, such as line breaks, as single spaces.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func readNotebook(command *cobra.Command, path string) (*jupyter.Notebook, error) {
	if path != standard {
		return jupyter.Read(path)
	}
	data, err := io.ReadAll(command.InOrStdin())
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	nb, err := jupyter.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return nb, nil
}

// notebookJob is a notebook to run.
type notebookJob struct {
	*runFlags
	path, out string
	nb        *jupyter.Notebook
	options   jupyter.Options
	isDone    bool  // All cells have run before.
	fault     error // Why it cannot be run.
}

// prepareAll reads the notebooks and sets their parameters.
func (r *runFlags) prepareAll(command *cobra.Command, found []jupyter.Found) ([]*notebookJob, error) {
	var jobs []*notebookJob
	var outputs []outFile
	var inputs []string
	values, err := r.parameters.read()
	if err != nil {
		return nil, err
	}
	if r.out, err = fill(r.out, values); err != nil {
		return nil, err
	}
	for _, f := range found {
		j, err := r.prepareJob(command, f, values)
		if err != nil && (!r.several || j == nil || errors.Is(err, fs.ErrNotExist)) { // The command line is wrong.
			return nil, usageError{err}
		}
		if err != nil { // The others run all the same.
			jobs, inputs = append(jobs, &notebookJob{runFlags: r, path: f.Path, fault: err}), append(inputs, f.Path)
			continue
		}
		jobs, inputs = append(jobs, j), append(inputs, j.path)
		if j.out != standard {
			outputs = append(outputs, outFile{f.Path, j.out})
		}
	}
	return jobs, checkOutputs(outputs, inputs...)
}

func (r *runFlags) prepareJob(
	command *cobra.Command, f jupyter.Found, values map[string]jupyter.Value,
) (*notebookJob, error) {
	j := &notebookJob{runFlags: r, path: f.Path}
	var err error
	if j.out, err = r.output(f); err != nil {
		return nil, err
	}
	if j.nb, err = readNotebook(command, f.Path); err != nil {
		return j, err
	}
	if r.kernel != "" {
		j.nb.SetKernel(r.kernel) // The parameters are in its language.
	}
	j.nb.RemoveErrorMarks()
	earlier, err := j.earlier()
	if err != nil {
		return j, err
	}
	if err := r.parameters.set(j.nb, values, j.path, j.out, warner(command)); err != nil {
		return j, err
	}
	if earlier != nil {
		if kept := j.nb.KeepParameters(earlier); len(kept) > 0 {
			warner(command)(fmt.Errorf("parameters stay as before: %s", strings.Join(kept, "; ")))
		}
	}
	j.options = jupyter.Options{
		KernelName: r.kernel, Dir: r.dir, Timeout: r.timeout, AllowErrors: r.allowErrors,
		StartTimeout: r.startTimeout, ShutdownTimeout: r.shutdownTimeout,
	}
	if j.options.KernelName == "" {
		j.options.KernelName = j.nb.KernelName()
	}
	if j.options.Dir == "" && f.Path != standard {
		j.options.Dir = filepath.Dir(f.Path)
	}
	if r.report {
		j.nb.HideCode()
	}
	j.nb.RecordPaths(f.Path, j.out)
	return j, j.goOn(earlier, warner(command))
}

// output returns the file for an executed notebook.
func (r *runFlags) output(f jupyter.Found) (string, error) {
	isNotebook := filepath.Ext(r.out) == ".ipynb"
	switch {
	case r.several && (isNotebook || r.out == standard):
		return "", usage("-o is %q: name a folder for the results of several notebooks, of which %s is one", r.out, f.Name)
	case r.several && f.Path == standard:
		return "", usage("standard input is one notebook: run the others by themselves")
	case r.several && r.out != "":
		return filepath.Join(r.out, jupyter.ExecutedName(f.Name)), nil
	case r.out == "" && f.Path == standard:
		return standard, nil
	case r.out == "":
		return jupyter.ExecutedName(f.Path), nil
	case !isNotebook && r.out != standard:
		return "", usage("-o is %q: the name of a notebook ends with .ipynb", r.out)
	}
	return r.out, nil
}

// earlier reads the executed notebook to go on with; nil if there is none to go on with.
func (j *notebookJob) earlier() (*jupyter.Notebook, error) {
	if j.from == 0 && !j.resume {
		return nil, nil
	}
	if j.out == standard {
		return nil, errors.New("--from and --resume go on with the executed notebook: name it with -o")
	}
	earlier, err := jupyter.Read(j.out)
	switch {
	case errors.Is(err, fs.ErrNotExist) && j.resume:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the outputs to keep: %w", err)
	}
	return earlier, nil
}

// goOn finds the cell to go on at, and keeps the outputs of those before in an executed notebook.
func (j *notebookJob) goOn(earlier *jupyter.Notebook, warn func(error)) error {
	count := len(j.nb.Cells)
	if j.from > count {
		return fmt.Errorf("--from is %d, but the notebook has %d cells", j.from, count)
	}
	switch {
	case earlier == nil:
		return nil
	case j.resume:
		j.options.From = j.nb.KeepOutputs(earlier, count+1)
		j.isDone = j.options.From > count
		return nil
	}
	j.options.From = j.from
	if first := j.nb.KeepOutputs(earlier, j.from); first < j.from {
		warn(fmt.Errorf("cell %d has changed or was not run to its end: it is left without outputs", first))
	}
	return nil
}

// setUp looks for the kernels, so that no older results are overwritten where one is missing, and installs moelab's.
func (r *runFlags) setUp(command *cobra.Command, jobs []*notebookJob) error {
	if r.prepare {
		return nil
	}
	installed := false
	for _, j := range jobs {
		if j.fault != nil {
			continue
		}
		if j.options.KernelName == jupyter.KernelName && !installed {
			if err := setUp(command.Context(), command.ErrOrStderr(), filepath.Dir(j.path)); err != nil {
				return err
			}
			installed = true
		}
		if _, err := jupyter.FindKernel(j.options.KernelName); err != nil {
			return err
		}
	}
	return nil
}

// run runs the notebook and writes it.
func (j *notebookJob) run(command *cobra.Command, show *reporter) error {
	var runErr error
	switch {
	case j.isDone:
		fmt.Fprintln(command.OutOrStdout(), j.out, "is complete already")
		return nil
	case !j.prepare:
		j.options.Handler = show
		if !j.logOutput {
			j.options.Handler = quiet{show}
		}
		if j.out != standard {
			j.options.Save = saver(command.ErrOrStderr(), j.nb, j.out)
		}
		runErr = jupyter.Run(command.Context(), j.nb, j.options)
	}
	if errors.Is(runErr, jupyter.ErrNotStarted) { // An executed notebook of before stays.
		return runErr
	}
	if n := j.nb.NotRun(); runErr == nil && n > 0 && !j.prepare {
		warner(command)(fmt.Errorf("%s: a cell has ended the notebook, %s after it not run", j.path, counted(n, "cell")))
	}
	if j.out == standard {
		data, err := j.nb.Encode()
		if err == nil {
			_, err = command.OutOrStdout().Write(data)
		}
		return errors.Join(runErr, err)
	}
	return errors.Join(runErr, writeNotebook(command, j.nb, j.out, j.noHTML || j.prepare))
}

// runAll runs several notebooks and lists how they went.
func (r *runFlags) runAll(command *cobra.Command, jobs []*notebookJob) error {
	results, took := make([]error, len(jobs)), make([]time.Duration, len(jobs))
	log := &sync.Mutex{}
	var group errgroup.Group
	group.SetLimit(r.jobs)
	for i, j := range jobs {
		group.Go(func() error {
			if results[i] = cmp.Or(j.fault, context.Cause(command.Context())); results[i] != nil {
				return nil
			}
			start := time.Now()
			lines := &prefixed{w: command.ErrOrStderr(), lock: log, prefix: j.path + ": "}
			results[i] = j.run(command, newReporter(lines, j.nb))
			took[i] = time.Since(start)
			return nil
		})
	}
	_ = group.Wait()
	failed := 0
	for i, j := range jobs {
		state := "done in " + took[i].Round(100*time.Millisecond).String()
		if results[i] != nil {
			failed++
			state = strings.Join(errorLines(results[i]), "; ")
		}
		fmt.Fprintf(command.OutOrStdout(), "%s: %s\n", j.path, strings.TrimPrefix(state, j.path+": "))
	}
	if err := context.Cause(command.Context()); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d notebooks failed", failed, len(jobs))
	}
	return nil
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
