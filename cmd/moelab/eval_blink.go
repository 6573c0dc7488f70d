package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/dataset"
	"github.com/spf13/cobra"
)

// heldOutBlinkSeed is that of the blinks that networks are measured on.
const heldOutBlinkSeed = 20_260_103

func newEvalBlinkCommand() *cobra.Command {
	var dir, data, out string
	var n int
	var seed uint64
	command := &cobra.Command{
		Use:   "blink",
		Short: "Measure how well portraits blink",
		Long: `Make the first frame of each blink move as the whole blink does, and as the next one does, and compare with what is known: the mean absolute error within
the boxes of the eyes, as a part of that of repeating the picture; how far the eyes close, as a part of the truth; the correlation of the eyes' opening
with the reference's; whether they are most closed in the right frame, or beside it; and how much the borders of what was pasted show.

Without --run it is the network that moelab ships that is measured, without --data on blinks that moelab draws, with a seed that no training has.`,
		Example: `  moelab eval blink
  moelab eval blink --run runs/blink --data blinks -o scores.json`,
	}
	flags := command.Flags()
	flags.StringVar(&dir, "run", "", "run directory (default: the network that moelab ships)")
	flags.StringVar(&data, "data", "", "folder of blinks (default: blinks that moelab draws)")
	flags.IntVarP(&n, "number", "n", 12, "drawn blinks")
	flags.Uint64Var(&seed, "seed", heldOutBlinkSeed, "seed of the drawn blinks")
	flags.StringVarP(&out, "out", "o", "", "file for the scores of every portrait, as JSON")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if n < 1 {
			return usage("-n is %d: it must be at least 1", n)
		}
		if _, err := os.Stat(filepath.Dir(out)); err != nil { // Better now than after the work.
			return fmt.Errorf("there is no folder for %s: %w", out, err)
		}
		if dir != "" && data == "" {
			if err := checkBlinkSeed(dir, seed); err != nil {
				return err
			}
		}
		clips := dataset.DrawnBlinks(seed, n, 256)
		if data != "" {
			opened, bad, err := dataset.OpenBlinks(command.Context(), data)
			for _, b := range bad {
				warner(command)(b)
			}
			if err != nil {
				return wrongInput(err)
			}
			clips = opened
		}
		backend, err := open()
		if err != nil {
			return err
		}
		blinker, err := openBlinker(backend, dir)
		if err != nil {
			return err
		}
		defer blinker.Close()
		evaluation, err := blinker.EvaluateAll(command.Context(), clips, progressFor(command), warner(command))
		if err != nil {
			return err
		}
		fmt.Fprintln(command.OutOrStdout(), evaluation)
		if out == "" {
			return nil
		}
		return evaluation.WriteFile(out)
	}
	return command
}

// openBlinker opens the network of a run, or that which moelab ships.
func openBlinker(backend compute.Backend, dir string) (*blink.Blinker, error) {
	if dir == "" {
		return blink.OpenShipped(backend)
	}
	return blink.Open(backend, dir)
}
