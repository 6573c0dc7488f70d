package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moelab/moelab/internal/realpath"
	"github.com/moelab/moelab/lab/archive"
	"github.com/spf13/cobra"
)

func newPackCommand() *cobra.Command {
	var out, licence string
	command := &cobra.Command{
		Use:   "pack RUN",
		Short: "Pack a run into one file, with a model card",
		Long: `Pack a run directory into one file, a zip archive, for a colleague or another machine: settings, weights,
metrics and pictures, as they are, so that moelab unpack makes the same run of it and its training goes on. The data is
not in it; config.json names its folder.

The archive gets a model card, README.md: what the run is, its data, settings, measures and licence. A README.md of your
own in the run stays in its place; the card of an unpacked run is made anew, and keeps its licence.`,
		Example: `  moelab pack runs/hair_colour -o hair_colour.zip
  moelab pack runs/esrgan -o esrgan.zip --licence "CC BY-NC 4.0"`,
		Args: oneArgument("run directory"),
	}
	flags := command.Flags()
	flags.StringVarP(&out, "out", "o", "", "archive to write (default: NAME.zip in the current folder)")
	flags.StringVar(&licence, "licence", "", "licence of the weights, for the card")
	command.RunE = func(command *cobra.Command, args []string) error {
		dir := args[0]
		kind, err := experimentOf(dir)
		if err != nil {
			return err
		}
		if out == "" {
			name, err := archive.Name(dir)
			if err != nil {
				return err
			}
			out = name + ".zip"
			if _, err := os.Lstat(out); err == nil { // Perhaps of another run of this name.
				return usage("%s exists already: name it with -o to replace it, or another file", out)
			}
		}
		if !strings.EqualFold(filepath.Ext(out), ".zip") {
			return usage("-o: %s: the archive is a .zip file", out)
		}
		inside, err := realpath.Contains(dir, out)
		if err != nil {
			return err
		}
		if inside {
			return usage("-o: %s is in the run that is packed: name a file elsewhere", out)
		}
		if err := checkOutputs([]outFile{{"-o", out}}, dir); err != nil {
			return err
		}
		_, title := kind.About()
		about := archive.About{Title: title, Licence: licence}
		if err := archive.Pack(command.Context(), dir, out, about); err != nil {
			return err
		}
		fmt.Fprintln(command.OutOrStdout(), "wrote", out)
		return nil
	}
	return command
}

func newUnpackCommand() *cobra.Command {
	var out string
	var limit int64
	command := &cobra.Command{
		Use:   "unpack ARCHIVE",
		Short: "Unpack a run that moelab pack has packed",
		Long: `Unpack a run that moelab pack has packed, into a new folder. An archive of somebody else can do no harm: a file
whose name leads out of the folder, a link, and more than --limit GiB are refused, and then nothing is left. Hidden
files are passed over.`,
		Example: `  moelab unpack hair_colour.zip                       # makes the folder hair_colour
  moelab unpack hair_colour.zip -o runs/theirs
  moelab figures --run runs/theirs`,
		Args: oneArgument("archive"),
	}
	flags := command.Flags()
	flags.StringVarP(&out, "out", "o", "", "run directory to make (default: the run's name, in the current folder)")
	flags.Int64Var(&limit, "limit", 16, "largest size of the unpacked run, in GiB")
	command.RunE = func(command *cobra.Command, args []string) error {
		const most = 1 << 20
		if limit < 1 || limit > most {
			return usage("--limit is %d: it must be 1 to %d GiB", limit, most)
		}
		dir, err := archive.Unpack(command.Context(), args[0], out, limit<<30)
		if err != nil {
			return err
		}
		fmt.Fprintln(command.OutOrStdout(), "wrote", dir)
		return nil
	}
	return command
}
