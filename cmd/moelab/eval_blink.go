package main

import (
	"fmt"

	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/lab"
	"github.com/spf13/cobra"
)

func newEvalBlinkCommand() *cobra.Command {
	var dir, data, out string
	var n int
	var seed uint64
	command := &cobra.Command{
		Use:   "blink",
		Short: "Measure how well portraits blink",
		Long: `Let the first frame of each blink follow its own blink, and the next blink, and compare the results with the
truth: the mean absolute error within the eyes' boxes, relative to repeating the first frame; how far the eyes close,
relative to the truth; the correlation of the eyes' opening with the reference's; whether they are most closed in the
right frame, or the one before or after it; and how visible the borders of the pasted eyes are.

Without --run the network that moelab ships is measured; without --data it is measured on blinks that moelab draws,
with a seed that no training uses.`,
		Example: `  moelab eval blink
  moelab eval blink --run runs/blink --data blinks -o scores.json`,
	}
	flags := command.Flags()
	oneRun(flags, &dir, "run directory (default: the network that moelab ships)")
	flags.StringVar(&data, "data", "", "folder of blinks (default: blinks that moelab draws)")
	flags.IntVarP(&n, "number", "n", 12, "drawn blinks")
	flags.Uint64Var(&seed, "seed", blink.HeldOutSeed, "seed of the drawn blinks")
	flags.StringVarP(&out, "out", "o", "", "file for the scores of every portrait, as JSON")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if n < 1 || n > 100_000 {
			return usage("-n is %d: it must be from 1 to 100000", n)
		}
		if out != "" {
			if err := checkOutputs([]outFile{{"-o", out}}, append(runFiles(dir), data)...); err != nil {
				return err
			}
		}
		backend, err := open()
		if err != nil {
			return err
		}
		evaluation, err := blink.Evaluate(command.Context(), backend, dir, lab.EvaluateOptions{
			Number: n, Seed: seed, Data: data, Progress: progressFor(command), Warn: warner(command),
		})
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintln(command.OutOrStdout(), evaluation)
		return writeEvaluation(out, evaluation)
	}
	return command
}
