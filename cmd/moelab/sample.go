package main

import (
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

func newSampleCommand() *cobra.Command {
	var dir, out string
	var raw bool
	var colours []string
	var attributes map[string]string
	var n int
	var seed uint64
	command := &cobra.Command{
		Use:   "sample",
		Short: "Draw portraits with a trained GAN",
		Long: `Draw portraits by hair colour, either of 64×64 pixels with the generator that moelab ships, or with the newest
checkpoint of a run. The folder gets numbered PNGs and grid.png, an overview of them all.

With several colours, each noise vector is drawn under each of them: the same face with different hair.`,
		Example: `  moelab sample --colour silver -n 16
  moelab sample --run runs/hair --colour blue -n 16 -o samples
  moelab sample --run runs/hair --colour blue,blonde,green -n 4 --seed 3 -o samples
  moelab sample --run runs/hair -o samples           # all nine colours
  moelab sample --run runs/more --colour red --attribute eyes=green,length=short
  moelab sample --run runs/hair --colour pink -n 1 -o - | moelab upscale - -o large.png`,
	}
	flags := command.Flags()
	oneRun(flags, &dir, "run directory (default: the generator that moelab ships)")
	flags.StringSliceVar(&colours, "colour", nil, "hair colours, separated by commas (default: all)")
	flags.StringToStringVar(&attributes, "attribute", nil, "further attributes, for a run that "+
		"learnt them (laptop-attributes): eyes=blue,length=long (default: left to the noise)")
	flags.IntVarP(&n, "number", "n", 8, "noise vectors: portraits of each colour")
	flags.Uint64Var(&seed, "seed", 1, "seed of the noise")
	flags.StringVarP(&out, "out", "o", "samples",
		`folder for the pictures, or "-" to write one as a PNG to standard output`)
	flags.BoolVar(&raw, "raw", false, "use the generator's last weights instead of their average over the training")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case out == "":
			return usage("-o is empty: name the folder for the pictures (see %s -h)", command.CommandPath())
		case n < 1 || n > 100_000:
			return usage("-n is %d: it must be from 1 to 100000", n)
		case raw && dir == "":
			return usage("--raw needs --run: the generator that moelab ships has only its averaged weights")
		}
		if dir != "" {
			if _, err := gan.Experiment.Read(dir); err != nil {
				return wrongInput(err)
			}
		}
		backend, err := open()
		if err != nil {
			return err
		}
		sampler, err := openPortraits(backend, dir, raw)
		if err != nil {
			return err
		}
		defer sampler.Close()
		asking := sampler
		for _, name := range slices.Sorted(maps.Keys(attributes)) {
			if asking, err = asking.Ask(name, attributes[name]); err != nil {
				return usageError{err}
			}
		}
		if len(colours) == 0 {
			colours = sampler.Config.Classes
		}
		return writeSamples(command, asking, colours, n, seed, out)
	}
	return command
}

// openPortraits opens the generator of a run (with its last weights if raw is set), or the one that moelab ships.
func openPortraits(backend compute.Backend, dir string, raw bool) (*gan.Sampler, error) {
	switch {
	case dir == "":
		return gan.OpenShipped(backend)
	case raw:
		return gan.OpenRaw(backend, dir)
	default:
		return gan.Open(backend, dir)
	}
}

// writeSamples draws n noise vectors under each colour and writes them to a folder.
func writeSamples(command *cobra.Command, sampler *gan.Sampler, colours []string, n int, seed uint64,
	out string) error {
	labels := make([]int, len(colours))
	for i, colour := range colours {
		label, err := sampler.Config.Label(strings.TrimSpace(colour))
		if err != nil {
			return usageError{err}
		}
		labels[i] = label
	}
	if out == standard {
		return writeSample(command, sampler, labels, n, seed)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	var grid [][]image.Image
	number := 0
	for _, vector := range sampler.Config.DrawNoise(seed, n) {
		pictures, err := sampler.Sample(command.Context(), slices.Repeat([][]float32{vector}, len(labels)), labels)
		if err != nil {
			return err
		}
		row := make([]image.Image, len(pictures))
		for i, picture := range pictures {
			row[i] = picture
			number++
			if err := imaging.SavePNG(filepath.Join(out, fmt.Sprintf("%04d_%s.png", number, colours[i])), picture); err != nil {
				return err
			}
		}
		grid = append(grid, row)
	}
	figure, err := sampleGrid(grid, colours).Figure()
	if err != nil {
		return err
	}
	if err := figure.Save(filepath.Join(out, "grid.png")); err != nil {
		return err
	}
	fmt.Fprintf(command.OutOrStdout(), "%d portraits and grid.png in %s, by the generator of step %d\n", number, out,
		sampler.Step)
	return nil
}

// sampleGrid has a row for each noise vector and a column for each colour; for a single colour, rows of eight
// portraits.
func sampleGrid(pictures [][]image.Image, colours []string) plots.Grid {
	if len(colours) > 1 {
		return plots.Grid{Pictures: pictures, ColumnLabels: colours}
	}
	return plots.Grid{Pictures: slices.Collect(slices.Chunk(slices.Concat(pictures...), 8))}
}

// writeSample draws one portrait to standard output.
func writeSample(command *cobra.Command, sampler *gan.Sampler, labels []int, n int, seed uint64) error {
	if n*len(labels) != 1 {
		return usage("-o - writes a single portrait, not %d: give -n 1 and one --colour", n*len(labels))
	}
	pictures, err := sampler.Sample(command.Context(), sampler.Config.DrawNoise(seed, 1), labels)
	if err != nil {
		return err
	}
	return png.Encode(command.OutOrStdout(), pictures[0])
}
