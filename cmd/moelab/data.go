package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/progress"
	"github.com/spf13/cobra"
)

func newDataCommand() *cobra.Command {
	command := &cobra.Command{Use: "data", Short: "Make and check pictures to train on"}
	command.AddCommand(
		newDataDrawCommand(), newDataBlinksCommand(), newDataImportCommand(), newDataTagCommand(), newDataCheckCommand())
	return command
}

func newDataDrawCommand() *cobra.Command {
	var n, size int
	var seed uint64
	var out string
	var hats float64
	var blink, illustration bool
	command := &cobra.Command{
		Use:   "draw",
		Short: "Draw anime portraits, with exact labels, or illustrations into a folder",
		Long: `Draw portraits into OUT/<colour>/<number>.png. OUT/labels.csv also lists the colour of the eyes and the
length and style of the hair. With --hats, that share of the portraits wears a hat, a hood, a ribbon or the like of
any colour, or has hair of two colours; labels.csv says what. With --blink, draw blinks of 16 frames into
OUT/<number>/frame_00.png and so on, each with the true opening of the eyes in aperture.csv. With --illustration, draw
scenes and manga pages for super-resolution into OUT/<number>.png. The same seed draws the same pictures.`,
		Example: `  moelab data draw -n 1000 --size 128 --seed 1 --out portraits
  moelab data draw -n 1000 --hats 0.3 --out dressed
  moelab data draw -n 60 --size 256 --blink --out blinks
  moelab data draw -n 300 --size 512 --illustration --out illustrations`,
	}
	flags := command.Flags()
	flags.IntVarP(&n, "number", "n", 100, "portraits, blinks or illustrations")
	flags.IntVar(&size, "size", 128, "height and width in pixels, 16 to 512")
	flags.Uint64Var(&seed, "seed", 1, "seed of the pictures")
	flags.StringVar(&out, "out", "", "folder to fill (required)")
	flags.Float64Var(&hats, "hats", 0, "share of portraits with hats and the like, 0 to 1")
	flags.BoolVar(&blink, "blink", false, "draw blinks instead of portraits")
	flags.BoolVar(&illustration, "illustration", false, "draw illustrations instead of portraits")
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case out == "":
			return usage("--out is missing: name the folder to fill (see %s -h)", command.CommandPath())
		case n < 1 || n > 10_000_000:
			return usage("-n is %d: it must be from 1 to 10000000", n)
		case size < 16 || size > 512:
			return usage("--size is %d: it must be from 16 to 512", size)
		case blink && illustration:
			return usage("--blink and --illustration exclude each other: choose one")
		case !(hats >= 0 && hats <= 1):
			return usage("--hats is %g: it must be from 0 to 1", hats)
		case hats > 0 && (blink || illustration):
			return usage("--hats is for portraits: leave out --blink and --illustration")
		}
		draw, what := withHats(hats), "portraits"
		switch {
		case blink:
			draw, what = dataset.DrawBlinks, "blinks"
		case illustration:
			draw, what = dataset.DrawIllustrations, "illustrations"
		}
		bar := countBar(command, "drawing", strings.TrimSuffix(what, "s"))
		if err := draw(command.Context(), out, n, size, seed, bar); err != nil {
			return wrongInput(err)
		}
		fmt.Fprintf(command.OutOrStdout(), "%d %s of %d×%d in %s\n", n, what, size, size, out)
		return nil
	}
	return command
}

// withHats is [dataset.Draw] with hats on a share of the portraits.
func withHats(share float64) func(context.Context, string, int, int, uint64, func(done, total int)) error {
	return func(ctx context.Context, dir string, n, size int, seed uint64, progress func(done, total int)) error {
		return dataset.DrawWithHats(ctx, dir, n, size, seed, share, progress)
	}
}

func newDataCheckCommand() *cobra.Command {
	var strict bool
	command := &cobra.Command{
		Use:   "check DIR",
		Short: "Count what training would find in a folder of pictures",
		Long: `Read every picture of a folder. Print the number of pictures of each hair colour, and which pictures are
broken and why. With --strict the exit status is 1 if any are broken.`,
		Example: "  moelab data check pictures",
		Args:    oneArgument("folder"),
	}
	command.Flags().BoolVar(&strict, "strict", false, "stop at the first broken picture")
	command.RunE = func(command *cobra.Command, args []string) error {
		_, report, err := dataset.OpenFolder(command.Context(), args[0], dataset.FolderOptions{
			Classes: dataset.HairColours(), Strict: strict, Progress: countBar(command, "reading", "picture"),
		})
		if err != nil && !strict && report.Total+len(report.Bad) > 0 {
			fmt.Fprintln(command.OutOrStdout(), report) // What is broken may be why too few are left.
		}
		switch {
		case errors.As(err, new(dataset.Bad)):
			return err // The picture is broken; the arguments are fine.
		case err != nil:
			return wrongInput(err)
		}
		fmt.Fprintln(command.OutOrStdout(), report)
		return nil
	}
	return command
}

// countBar returns a function that shows how many of how many are done, on standard error. A count from 1 begins anew.
func countBar(command *cobra.Command, what, unit string) func(done, total int) {
	bar := progress.New(command.ErrOrStderr(), unit)
	started := false
	return func(done, total int) {
		if !started || done == 1 {
			bar.Start(0, float64(total), "")
			started = true
		}
		bar.Set(float64(done), what)
		if done == total {
			bar.Clear()
		}
	}
}
