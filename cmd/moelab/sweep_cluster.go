package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/lab/sweep"
	"github.com/spf13/cobra"
)

// schedulers are the values of --print.
var schedulers = map[string]sweep.Scheduler{"slurm": sweep.Slurm, "k8s": sweep.Kubernetes}

// checkScheduler returns an error if the cells cannot be given to a scheduler.
func checkScheduler(slurm bool, scheduler string) error {
	if _, known := schedulers[scheduler]; scheduler != "" && !known {
		return usage("--print is %q: it must be one of %s", scheduler, names(schedulers))
	}
	if slurm && scheduler != "" {
		return usage("--slurm submits, and --print only prints: give one of them")
	}
	if !slurm {
		return nil
	}
	if _, err := exec.LookPath("sbatch"); err != nil {
		return usage("--slurm: sbatch is not installed on this machine: run the command where it is, or see --print")
	}
	return nil
}

// tasksOf turns the options of a sweep on this machine into those of one on a cluster.
func tasksOf(options sweep.Options) sweep.Tasks {
	tasks := sweep.Tasks{
		Program: options.Program, Arguments: options.Arguments, AtOnce: options.Jobs, Retry: options.Retry,
	}
	if options.Retry {
		tasks.Arguments = append(tasks.Arguments, "--retry")
	}
	return tasks
}

// giveAway prints what a scheduler is told, or submits the cells to Slurm if none is named.
func giveAway(command *cobra.Command, s *sweep.Sweep, tasks sweep.Tasks, scheduler string) error {
	out := command.OutOrStdout()
	if scheduler != "" {
		text, err := s.Script(schedulers[scheduler], tasks)
		if err != nil {
			return wrongTemplate(err)
		}
		_, err = fmt.Fprint(out, text)
		return err
	}
	jobs, err := s.Submit(command.Context(), tasks)
	for _, job := range jobs {
		fmt.Fprintf(out, "Slurm has taken %s as job %s\n", counted(len(job.Cells), "cell"), job.ID)
	}
	if errors.Is(err, sweep.ErrAllDone) {
		fmt.Fprintln(out, err)
		err = nil
	}
	if err == nil {
		fmt.Fprintf(out, "moelab sweep status %s shows how far they are\n", s.Dir())
	}
	return wrongTemplate(err)
}

// wrongTemplate turns an error in a template, which is the user's, into a usage error.
func wrongTemplate(err error) error {
	if errors.Is(err, sweep.ErrTemplate) {
		return usageError{err}
	}
	return err
}

// printQueue prints what Slurm does with the cells of a sweep that it was given.
func printQueue(command *cobra.Command, s *sweep.Sweep) error {
	queue, ok, err := s.Queue(command.Context())
	if err != nil || !ok {
		return err
	}
	out := command.OutOrStdout()
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(queue.Tasks)) {
		parts = append(parts, fmt.Sprintf("%d %s", queue.Tasks[state], strings.ToLower(state)))
	}
	if len(parts) > 0 {
		fmt.Fprintf(out, "in Slurm's queue: %s\n", strings.Join(parts, ", "))
	}
	if queue.Lost > 0 {
		fmt.Fprintf(out, "%s neither ended nor queued, %s says why; the command that submitted them does so again\n",
			counted(queue.Lost, "cell"), filepath.Join(s.Dir(), "logs"))
	}
	return nil
}

func newSweepReportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report FOLDER",
		Short: "Write the table and the report of a sweep",
		Long: `Write results.csv and report.html of the cells of a sweep that have ended, and print what came out. A sweep
does so by itself when its last cell ends; this shows those of a sweep that goes on, or that was given up.`,
		Example: `  moelab sweep report sweeps/ways`,
		Args:    oneArgument("folder of the sweep"),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := sweep.Open(args[0])
			if err != nil {
				return wrongSweep(err)
			}
			if err := s.WriteResults(); err != nil {
				return err
			}
			return printSweep(command, s)
		},
	}
}

func newSweepCellCommand() *cobra.Command {
	var backend string
	var options sweep.Options
	command := &cobra.Command{
		Use:   "cell FOLDER CELL",
		Short: "Run one cell of a sweep, as a task of a cluster does",
		Long: `Train and measure one cell of a sweep, by its name, and note its result in the folder. Other processes may run
other cells meanwhile, on any host that shares the folder; of several that are given the same cell, one runs it and the
others wait. Whoever ends the last cell writes results.csv and report.html. SIGTERM saves, and the same command goes on.
The exit status is 1 if the cell has failed. The tasks of "moelab sweep --slurm" and "--print k8s" run this.`,
		Example: `  moelab sweep cell sweeps/ways conditioning=projection,seed=1`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("name the folder of the sweep and a cell (see %s -h)", command.CommandPath())
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.BoolVar(&options.Retry, "retry", false, "run the cell again if it has failed")
	flags.StringVar(&backend, "backend", "", "backend of the training; see moelab train gan -h")
	command.RunE = func(command *cobra.Command, args []string) error {
		s, err := sweep.Open(args[0])
		if err != nil {
			return wrongSweep(err)
		}
		if options.Program, err = os.Executable(); err != nil {
			return fmt.Errorf("find moelab itself: %w", err)
		}
		if backend != "" {
			options.Arguments = []string{"--backend", backend}
		}
		result, err := s.RunCell(command.Context(), args[1], options)
		switch {
		case errors.Is(err, sweep.ErrNoCell):
			return usageError{err}
		case err != nil:
			return err
		case result.Failed != "":
			return errors.New(resultLine(result))
		}
		fmt.Fprintln(command.OutOrStdout(), resultLine(result))
		return nil
	}
	return command
}
