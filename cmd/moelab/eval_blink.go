package main

import (
	"fmt"
	"strings"

	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/lab"
	"github.com/spf13/cobra"
)

func newEvalBlinkCommand() *cobra.Command {
	var dir, data, truth, out string
	var cross, hard bool
	var n int
	var seed uint64
	command := &cobra.Command{
		Use:   "blink",
		Short: "Measure how well portraits blink",
		Long: `Let the first frame of each blink follow its own blink, and the next blink or, with --cross, every other one,
and measure in the box around the eyes:

  error     mean absolute error over all frames, as a part of that of repeating the picture: median and worst
  closed    the same in the frame in which the true eyes are shut
  follow    correlation, over the frames, of how much the eyes differ from the first frame with how much the reference's
            true ones do: median and least
  shut      how much they differ at most, as a part of the portrait's own true blink
  after     how much the last two frames differ from the picture, in levels of 255, at worst
  foreign   the largest share of a frame whose colour is none of the portrait's own true blink
  seam      how visible the borders of the pasted eyes are, and before that

The truth of a picture is the same blink with the head held still. Of the blinks that moelab draws it is known; --truth
names it for others. Without it the blink itself is the truth, and what its head does counts as an error.

Without --run the network that moelab ships is measured; without --data it is measured on blinks that moelab draws,
with a seed that no training uses.`,
		Example: `  moelab eval blink
  moelab eval blink --hard
  moelab eval blink --run runs/blink --data blinks -o scores.json
  moelab eval blink --data art/blinks --truth art/still --cross`,
	}
	flags := command.Flags()
	oneRun(flags, &dir, "run directory (default: the network that moelab ships)")
	flags.StringVar(&data, "data", "", "folder of blinks (default: blinks that moelab draws)")
	flags.StringVar(&truth, "truth", "",
		"folder of the same blinks with the heads held still: folders of frames with the names of those in --data")
	flags.BoolVar(&cross, "cross", false, "follow the blinks of all others, not of the next one only")
	flags.BoolVar(&hard, "hard", false, "also measure portraits that are hard, with as many of each kind: "+hardCases())
	flags.IntVarP(&n, "number", "n", 12, "drawn blinks")
	flags.Uint64Var(&seed, "seed", blink.HeldOutSeed, "seed of the drawn blinks")
	flags.StringVarP(&out, "out", "o", "", "file for the scores of every portrait, as JSON")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if n < 1 || n > 100_000 {
			return usage("-n is %d: it must be from 1 to 100000", n)
		}
		if truth != "" && data == "" {
			return usage("--truth is that of the blinks in --data, which is missing")
		}
		if hard && data != "" {
			return usage("--hard measures portraits that moelab draws: leave out --data")
		}
		if out != "" {
			if err := checkOutputs([]outFile{{"-o", out}}, append(runFiles(dir), data, truth)...); err != nil {
				return err
			}
		}
		backend, err := open()
		if err != nil {
			return err
		}
		evaluation, err := blink.Evaluate(command.Context(), backend, dir, lab.EvaluateOptions{
			Number: n, Seed: seed, Data: data, Truth: truth, Cross: cross, Hard: hard,
			Progress: progressFor(command), Warn: warner(command),
		})
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintln(command.OutOrStdout(), evaluation)
		return writeEvaluation(out, evaluation)
	}
	return command
}

// hardCases lists the kinds of portraits that --hard measures.
func hardCases() string {
	var names []string
	for _, hard := range portrait.HardCases {
		names = append(names, hard.Name)
	}
	return strings.Join(names, ", ")
}
