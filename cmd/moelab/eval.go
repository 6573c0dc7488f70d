package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/moelab/moelab/lab"
	"github.com/spf13/cobra"
)

func newEvalCommand() *cobra.Command {
	var dir string
	var options lab.EvaluateOptions
	command := &cobra.Command{
		Use:   "eval",
		Short: "Measure what a run has learnt",
		Long:  `Measure a run of any kind, and print a table. The commands below have more options.`,
		Example: `  moelab eval --run runs/hair
  moelab eval gan --run runs/hair -n 2000 --features vgg`,
	}
	flags := command.Flags()
	oneRun(flags, &dir, "run directory (required)")
	flags.StringVar(&options.Data, "data", "", "folder of test data (default: the kind's own)")
	flags.IntVarP(&options.Number, "number", "n", 0, "number of test items (default: the kind's usual number)")
	flags.Uint64Var(&options.Seed, "seed", 0, "seed of the drawn test data (default: the kind's own)")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case dir == "":
			return usage("--run is missing: name the run directory (see %s -h)", command.CommandPath())
		case options.Number < 0 || options.Number > 100_000:
			return usage("-n is %d: it must be from 1 to 100000", options.Number)
		}
		kind, err := experimentOf(dir)
		if err != nil {
			return err
		}
		backend, err := open()
		if err != nil {
			return err
		}
		options.Progress, options.Warn = progressFor(command), warner(command)
		evaluation, err := kind.EvaluateAny(command.Context(), backend, dir, options)
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintln(command.OutOrStdout(), evaluation)
		return nil
	}
	command.AddCommand(newEvalGANCommand(), newEvalSRCommand(), newEvalBlinkCommand())
	return command
}

// writeEvaluation writes an evaluation to a file, if one is named.
func writeEvaluation(path string, evaluation interface{ WriteFile(path string) error }) error {
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return evaluation.WriteFile(path)
}
