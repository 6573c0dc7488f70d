package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/collect"
	"github.com/moelab/moelab/eyes"
	"github.com/spf13/cobra"
)

// sourcesFlags adds --by and --tagger to a command. The function that it returns opens the tagger, which is nil if
// --tagger is not given.
func sourcesFlags(
	command *cobra.Command, backend func() (compute.Backend, error),
) func() (by []string, tagger *collect.Tagger, err error) {
	flags := command.Flags()
	names := flags.StringSlice("by", collect.Sources(), "sources of the hair colour, tried in this order")
	path := flags.String("tagger", "",
		"WD14's or Illustration2Vec's network, an ONNX file next to its selected_tags.csv or tag_list.json")
	return func() ([]string, *collect.Tagger, error) {
		by := *names
		for _, name := range by {
			if !slices.Contains(collect.Sources(), name) {
				return nil, nil, usage("--by has %q: there are %s", name, strings.Join(collect.Sources(), ", "))
			}
		}
		asked := slices.Contains(by, collect.ByTagger)
		switch {
		case *path == "" && !flags.Changed("by"):
			return nil, nil, nil
		case *path == "" && asked:
			return nil, nil, usage("--by has %q, but --tagger is missing: name the network's file", collect.ByTagger)
		case *path == "":
			return by, nil, nil
		case !asked:
			return nil, nil, usage("--tagger has no effect: add %q to --by", collect.ByTagger)
		}
		opened, err := backend()
		if err != nil {
			return nil, nil, err
		}
		tagger, err := collect.OpenTagger(opened, *path)
		return by, tagger, wrongInput(err)
	}
}

func newDataImportCommand() *cobra.Command {
	var out string
	var size, least int
	var strict bool
	command := &cobra.Command{
		Use:   "import DIR",
		Short: "Make a dataset of your own illustrations: faces found, cut out, tagged by hair colour",
		Long: `Find the faces in the pictures of a folder and cut each out with its hair. Write OUT/<colour>/<number>.png and
OUT/labels.csv for "moelab train gan --data OUT", and OUT/report.html, which shows the portraits and lists what was
left out and why: duplicates, hair of none of the nine colours, faces that are small, cut off, in profile or tilted by
more than 35°. It also counts places that may be faces but were not taken.

The sources of the hair colour are tried in this order; --by selects some of them:
  folder  a labels.csv in DIR (columns file and colour, between commas, semicolons or tabs), or a folder's name:
          blonde, blonde_hair, …
  tags    a file next to the picture: NAME.txt, NAME.caption or NAME.json with Danbooru's or e621's tags
          (blonde_hair, …), with weights or without, or a tagger's with scores, of which those from 0.35 on count; or
          Danbooru20xx's metadata: JSON lines below DIR/metadata or DIR/danbooru-metadata, for pictures named by their
          number; also Kaggle's "Tagged Anime Illustrations", unmodified
  tagger  the network given by --tagger
  look    the hair in the picture: what frames the face, under a hat too; of two colours the larger part
The first source with an answer wins. Tags answer if any of them names a hair colour, even orange_hair, streaked_hair
or one of two colours, for which a face is left out; a tagger answers with any tag. If a picture has several faces,
only the last two sources are used. Tags, the tagger and labels.csv (columns eyes, length, style) supply attributes
too; eyes that are tagged heterochromia or the like have no colour.

An interrupted import resumes when the command is run again. Later runs add pictures that are new or changed, or whose
labels, tags or tagger changed, and remove the portraits of pictures that are gone. To correct a colour, name the
picture in DIR/labels.csv: OUT/labels.csv is written anew, and one that was changed by hand is kept as labels.csv.bak,
as is a portrait that was changed.`,
		Example: `  moelab data import illustrations --out portraits
  moelab data import illustrations --out portraits --size 64 --by look
  moelab data import illustrations --out portraits --tagger wd-vit-tagger-v3/model.onnx
  moelab train gan --run runs/mine --data portraits`,
		Args: oneArgument("folder"),
	}
	flags := command.Flags()
	flags.StringVar(&out, "out", "", "folder to fill (required)")
	flags.IntVar(&size, "size", 128, "height and width of the portraits in pixels, 16 to 512")
	flags.IntVar(&least, "least", 48, "minimum height and width in pixels of a face with its hair")
	flags.BoolVar(&strict, "strict", false, "stop at the first picture, or file of tags, that is broken")
	backend := sync.OnceValues(backendFor(command, true)) // The finder and the tagger share it.
	sources := sourcesFlags(command, backend)
	command.RunE = func(command *cobra.Command, args []string) error {
		switch {
		case out == "":
			return usage("--out is missing: name the folder to fill (see %s -h)", command.CommandPath())
		case size < 16 || size > 512:
			return usage("--size is %d: it must be from 16 to 512", size)
		case least < 1:
			return usage("--least is %d: it must be at least 1", least)
		}
		by, tagger, err := sources()
		if err != nil {
			return err
		}
		if tagger != nil {
			defer tagger.Close()
		}
		opened, err := backend()
		if err != nil {
			return err
		}
		finder, err := eyes.OpenShipped(opened)
		if err != nil {
			return err
		}
		defer finder.Close()
		count := counting{show: countBar(command, "importing", "picture")}
		report, err := collect.Import(command.Context(), finder, args[0], out, collect.Options{
			Size: size, Least: least, By: by, Tagger: tagger, Strict: strict,
			Checking: countBar(command, "reading", "picture"), Progress: count.set,
		})
		err = count.wrap(err, "are imported, and the same command goes on from there")
		switch {
		case errors.Is(err, collect.ErrLocked):
			return err // The arguments are fine; another import is running.
		case err != nil:
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
		Long: `Find the hair colour of each picture of a folder and write the colours to DIR/labels.csv. Each picture must
show one face that fills it. See "moelab data import -h" for the sources. If the folder itself gives colours, they are
compared with those of --by.`,
		Example: `  moelab data tag portraits
  moelab data tag portraits --by look --out guessed.csv
  moelab data tag portraits --by tagger --tagger illustration2vec/tagger.onnx --out guessed.csv`,
		Args: oneArgument("folder"),
	}
	flags := command.Flags()
	flags.StringVar(&out, "out", "", "file to write (default DIR/labels.csv)")
	flags.BoolVar(&force, "force", false, "replace the file if it exists")
	flags.BoolVar(&strict, "strict", false, "stop at the first picture, or file of tags, that is broken")
	sources := sourcesFlags(command, backendFor(command, true))
	command.RunE = func(command *cobra.Command, args []string) error {
		if out == "" {
			out = filepath.Join(args[0], "labels.csv")
		}
		if _, err := os.Lstat(out); err == nil && !force { // Checked first: tagging takes long.
			return usage("%s is there already: name another file with --out, or replace it with --force", out)
		}
		if filepath.Ext(out) != ".csv" { // With --force even a picture could be replaced.
			return usage("--out is %q: the name of a file of labels ends with .csv", out)
		}
		if err := checkOutputs([]outFile{{"--out", out}}); err != nil {
			return err
		}
		by, tagger, err := sources()
		if err != nil {
			return err
		}
		if tagger != nil {
			defer tagger.Close()
		}
		count := counting{show: countBar(command, "tagging", "picture")}
		tagged, err := collect.Tag(command.Context(), args[0], collect.Options{
			By: by, Tagger: tagger, Strict: strict,
			Checking: countBar(command, "reading", "picture"), Progress: count.set,
		})
		err = count.wrap(err, "were tagged before that, and nothing is written")
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintln(command.OutOrStdout(), tagged)
		return wrongInput(tagged.Save(out, force))
	}
	return command
}

// counting remembers how many pictures of how many are done, and shows it.
type counting struct {
	show        func(done, total int)
	done, total int
}

func (c *counting) set(done, total int) {
	c.done, c.total = done, total
	c.show(done, total)
}

// wrap adds to an error how far the work came before it.
func (c *counting) wrap(err error, what string) error {
	if err == nil || c.total == 0 {
		return err
	}
	return fmt.Errorf("%w; %d of %d pictures %s", err, c.done, c.total, what)
}
