package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/moelab/moelab/blink"
	"github.com/spf13/cobra"
)

func newFiguresMotionCommand() *cobra.Command {
	var out string
	var n int
	var seed uint64
	command := &cobra.Command{
		Use:   "motion",
		Short: "Draw what becomes of motions that are larger than a blink",
		Long: `Draw how far drawn portraits can follow the optical flow of others when more than the lids moves: the head
tilts, comes nearer or moves aside, brows rise, the mouth widens, the eyes shut. The flow is brought to each portrait's
own face by the places of the eyes, and moves the picture's pixels; no network is used. The truth is known:

  motion.png               a portrait, what it should become, and what becomes of it by each part of a motion
  motion_error.png, .csv   the mean error, relative to a still picture: above 1 following is worse than doing nothing`,
		Example: `  moelab figures motion -o figures`,
		Args:    cobra.NoArgs,
	}
	flags := command.Flags()
	flags.IntVarP(&n, "number", "n", 6, "portraits, each following another")
	flags.Uint64Var(&seed, "seed", blink.HeldOutSeed, "seed of the drawn portraits")
	flags.StringVarP(&out, "out", "o", "", "folder for the figures (required)")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case out == "":
			return usage("-o is missing: name a folder for the figures (see %s -h)", command.CommandPath())
		case n < 1 || n > 1000:
			return usage("-n is %d: it must be from 1 to 1000", n)
		}
		if info, err := os.Stat(out); err == nil && !info.IsDir() {
			return usage("-o %s is a file: name a folder", out)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		study, err := blink.NewMotionStudy(command.Context(), backend, seed, n)
		if err != nil {
			return fmt.Errorf("follow larger motions: %w", err)
		}
		strip, stripErr := study.StripFigure()
		curve, curveErr := study.ErrorFigure()
		return errors.Join(
			saveFigure(command, out, "motion", strip, stripErr), saveFigure(command, out, "motion_error", curve, curveErr),
		)
	}
	return command
}
