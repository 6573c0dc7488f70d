package main

import (
	"errors"
	"io"

	"github.com/moelab/moelab/internal/progress"
	"github.com/moelab/moelab/lab/monitor"
	"github.com/spf13/cobra"
)

func newWatchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "watch RUN…",
		Short: "Watch runs while they are trained",
		Long: `Show what goes on in a run until its training ends: its kind, the process that trains it, the step, the rate,
the time left, the metrics with their course since the first step, the measures of the last evaluation, and the newest
picture. Several runs, or the runs below a folder, have a row each. Above those of a sweep it says how many of its cells
have ended.

In a terminal it is drawn anew each second. In a file or a pipe it is a line when something has changed, at most one a
minute. It only reads, so it may be stopped at any time.

The exit status is 0 if all runs are finished in the end, and all cells of a sweep have ended well, and 1 if one is
stopped or damaged, has failed, or was never begun.`,
		Example: `  moelab watch runs/hair
  moelab watch runs/hair runs/more
  moelab watch sweeps/ways
  moelab watch runs/hair > log &
  moelab watch runs/hair && moelab eval --run runs/hair`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("name the run directory (see %s -h)", command.CommandPath())
			}
			return nil
		},
		RunE: func(command *cobra.Command, dirs []string) error {
			out := command.OutOrStdout()
			err := monitor.New(dirs).Watch(command.Context(), out, progress.NewScreen(terminal(out)))
			if errors.Is(err, monitor.ErrNotFinished) {
				return err
			}
			return wrongInput(err)
		},
	}
}

// terminal returns what a command prints to, which may be a terminal.
func terminal(out io.Writer) io.Writer {
	if printed, ok := out.(*printed); ok {
		return printed.Writer
	}
	return out
}
