package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/collect"
	"github.com/moelab/moelab/eyes"
	"github.com/spf13/cobra"
)

// sourcesFlag adds --by to a command.
func sourcesFlag(command *cobra.Command) func() ([]string, error) {
	names := command.Flags().StringSlice("by", collect.Sources(), "who says the hair colour, asked in this order")
	return func() ([]string, error) {
		for _, name := range *names {
			if !slices.Contains(collect.Sources(), name) {
				return nil, usage("--by has %q: there are %s", name, strings.Join(collect.Sources(), ", "))
			}
		}
		return *names, nil
	}
}

func newDataImportCommand() *cobra.Command {
	var out string
	var size, least int
	var strict bool
	command := &cobra.Command{
		Use:   "import DIR",
		Short: "Make a dataset of your own illustrations: faces found, cut out, tagged by hair colour",
		Long: `Find the faces in the pictures of a folder, cut each out with its hair, and write OUT/<colour>/<number>.png with OUT/labels.csv,
which moelab train gan --data OUT takes, and OUT/report.html, which shows what was taken in and says what was left out and why:
duplicates, hair of none of the nine colours, faces that are small, cut off or seen from the side.

The hair colour is asked for in this order, of which --by takes a part:
  folder  a labels.csv in DIR (columns file and colour), or a folder's name: blonde, blonde_hair, …
  tags    a file beside the picture: NAME.txt or NAME.json with Danbooru's tags (blonde_hair, …), or Danbooru20xx's metadata: JSON lines below
          DIR/metadata or DIR/danbooru-metadata, of pictures named by their number; Kaggle's "Tagged Anime Illustrations" as it is
  look    the hair in the picture, above the forehead
Where a picture has several faces, only the last one is asked.

An import that was interrupted goes on when it is called again, and takes in pictures that came since.`,
		Example: `  moelab data import illustrations --out portraits
  moelab data import illustrations --out portraits --size 64 --by look
  moelab train gan --run runs/mine --data portraits`,
		Args: oneArgument("folder"),
	}
	flags := command.Flags()
	flags.StringVar(&out, "out", "", "folder to fill (required)")
	flags.IntVar(&size, "size", 128, "height and width of the portraits in pixels, 16 to 512")
	flags.IntVar(&least, "least", 48, "height and width in pixels that a face with its hair must have in the picture")
	flags.BoolVar(&strict, "strict", false, "stop at the first picture that is broken")
	by, backend := sourcesFlag(command), backendFor(command, true)
	command.RunE = func(command *cobra.Command, args []string) error {
		names, err := by()
		switch {
		case err != nil:
			return err
		case out == "":
			return usage("--out is missing: name the folder to fill (see %s -h)", command.CommandPath())
		case size < 16 || size > 512:
			return usage("--size is %d: it must be from 16 to 512", size)
		case least < 1:
			return usage("--least is %d: it must be at least 1", least)
		}
		opened, err := backend()
		if err != nil {
			return err
		}
		finder, err := eyes.NewFinder(opened)
		if err != nil {
			return err
		}
		defer finder.Close()
		report, err := collect.Import(command.Context(), finder, args[0], out, collect.Options{
			Size: size, Least: least, By: names, Strict: strict, Progress: countBar(command, "importing"),
		})
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintf(command.OutOrStdout(), "%v\n%s shows them\n", report, filepath.Join(out, "report.html"))
		return nil
	}
	return command
}

func newDataTagCommand() *cobra.Command {
	var out string
	var force, strict bool
	command := &cobra.Command{
		Use:   "tag DIR",
		Short: "Tag portraits, cut out already, by hair colour",
		Long: `Say the hair colour of each picture of a folder, which shows one face that fills it, and write them to DIR/labels.csv. See moelab data
import -h for who is asked. Where the folder says colours itself, they are compared with those of --by.`,
		Example: `  moelab data tag portraits
  moelab data tag portraits --by look --out guessed.csv`,
		Args: oneArgument("folder"),
	}
	flags := command.Flags()
	flags.StringVar(&out, "out", "", "file to write (default DIR/labels.csv)")
	flags.BoolVar(&force, "force", false, "replace the file if it is there")
	flags.BoolVar(&strict, "strict", false, "stop at the first picture that is broken")
	by := sourcesFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		names, err := by()
		if err != nil {
			return err
		}
		if out == "" {
			out = filepath.Join(args[0], "labels.csv")
		}
		tagged, err := collect.Tag(command.Context(), args[0], collect.Options{By: names, Strict: strict, Progress: countBar(command, "tagging")})
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintln(command.OutOrStdout(), tagged)
		return wrongInput(tagged.Save(out, force))
	}
	return command
}
