package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/moelab/moelab/dataset"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newDataCommand() *cobra.Command {
	command := &cobra.Command{Use: "data", Short: "Make and check pictures to train on"}
	command.AddCommand(newDataDrawCommand(), newDataBlinksCommand(), newDataImportCommand(), newDataTagCommand(), newDataCheckCommand())
	return command
}

func newDataDrawCommand() *cobra.Command {
	var n, size int
	var seed uint64
	var out string
	var blink, illustration bool
	command := &cobra.Command{
		Use:   "draw",
		Short: "Draw anime portraits, with exact labels, or illustrations into a folder",
		Long: `Draw portraits into OUT/<colour>/<number>.png, with OUT/labels.csv, which also says the colour of the eyes
and the length and the style of the hair. With --blink draw blinks of 16 frames into
OUT/<number>/frame_00.png and so on, each with the true opening of the eyes in aperture.csv. With --illustration draw
scenes and manga pages, to enlarge, into OUT/<number>.png. The same seed draws the same pictures.`,
		Example: `  moelab data draw -n 1000 --size 128 --seed 1 --out portraits
  moelab data draw -n 60 --size 256 --blink --out blinks
  moelab data draw -n 300 --size 512 --illustration --out illustrations`,
	}
	flags := command.Flags()
	flags.IntVarP(&n, "number", "n", 100, "portraits, blinks or illustrations")
	flags.IntVar(&size, "size", 128, "height and width in pixels, 16 to 512")
	flags.Uint64Var(&seed, "seed", 1, "seed of the pictures")
	flags.StringVar(&out, "out", "", "folder to fill (required)")
	flags.BoolVar(&blink, "blink", false, "draw blinks instead of portraits")
	flags.BoolVar(&illustration, "illustration", false, "draw illustrations instead of portraits")
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case out == "":
			return usage("--out is missing: name the folder to fill (see %s -h)", command.CommandPath())
		case n < 1:
			return usage("-n is %d: it must be at least 1", n)
		case size < 16 || size > 512:
			return usage("--size is %d: it must be from 16 to 512", size)
		case blink && illustration:
			return usage("--blink and --illustration are given: choose one")
		}
		draw, what := dataset.Draw, "portraits"
		switch {
		case blink:
			draw, what = dataset.DrawBlinks, "blinks"
		case illustration:
			draw, what = dataset.DrawIllustrations, "illustrations"
		}
		if err := draw(command.Context(), out, n, size, seed, countBar(command, "drawing")); err != nil {
			return wrongInput(err)
		}
		fmt.Fprintf(command.OutOrStdout(), "%d %s of %d×%d in %s\n", n, what, size, size, out)
		return nil
	}
	return command
}

func newDataCheckCommand() *cobra.Command {
	var strict bool
	command := &cobra.Command{
		Use:   "check DIR",
		Short: "Say what training would find in a folder of pictures",
		Long: `Read every picture of a folder and print how many there are of each hair colour, and which are broken and why. The exit
status is 1 if some are broken and --strict is given.`,
		Example: "  moelab data check pictures",
		Args:    oneArgument("folder"),
	}
	command.Flags().BoolVar(&strict, "strict", false, "stop at the first picture that is broken")
	command.RunE = func(command *cobra.Command, args []string) error {
		_, report, err := dataset.OpenFolder(command.Context(), args[0], dataset.FolderOptions{
			Classes: dataset.HairColours(), Strict: strict, Progress: countBar(command, "reading"),
		})
		switch {
		case errors.As(err, new(dataset.Bad)):
			return err // The call is right, the picture is not.
		case err != nil:
			return wrongInput(err)
		}
		fmt.Fprintln(command.OutOrStdout(), report)
		return nil
	}
	return command
}

// countBar returns a function that shows how many of how many are done, where standard error is a terminal.
func countBar(command *cobra.Command, what string) func(done, total int) {
	file, ok := command.ErrOrStderr().(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set(done) // Whether a bar could be drawn must not matter.
	}
}
