package main

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

func newSampleCommand() *cobra.Command {
	var dir, out string
	var raw bool
	var colours []string
	var n int
	var seed uint64
	command := &cobra.Command{
		Use:   "sample",
		Short: "Draw portraits with a trained GAN",
		Long: `Draw portraits with the newest checkpoint of a run. The folder gets numbered PNGs and grid.png, a picture of all.

With several colours each noise vector is drawn under each of them: the same face, other hair.`,
		Example: `  moelab sample --run runs/hair --colour blue -n 16 -o samples
  moelab sample --run runs/hair --colour blue,blonde,green -n 4 --seed 3 -o samples
  moelab sample --run runs/hair -o samples           # all nine colours
  moelab sample --run runs/hair --colour pink -n 1 -o - | moelab upscale - -o large.png`,
	}
	flags := command.Flags()
	flags.StringVar(&dir, "run", "", "run directory (required)")
	flags.StringSliceVar(&colours, "colour", nil, "hair colours, separated by commas (default: all)")
	flags.IntVarP(&n, "number", "n", 8, "noise vectors: portraits of each colour")
	flags.Uint64Var(&seed, "seed", 1, "seed of the noise")
	flags.StringVarP(&out, "out", "o", "", `folder for the pictures, or "-" to write one as a PNG to standard output (required)`)
	flags.BoolVar(&raw, "raw", false, "with the generator's last weights, not with their average over the training")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case dir == "":
			return usage("--run is missing: name the run directory (see %s -h)", command.CommandPath())
		case out == "":
			return usage("-o is missing: name the folder for the pictures (see %s -h)", command.CommandPath())
		case n < 1:
			return usage("-n is %d: it must be at least 1", n)
		}
		if _, err := gan.ReadConfig(dir); err != nil {
			return wrongInput(err)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		openSampler := gan.OpenSampler
		if raw {
			openSampler = gan.OpenRawSampler
		}
		sampler, err := openSampler(backend, dir)
		if err != nil {
			return err
		}
		defer sampler.Close()
		if len(colours) == 0 {
			colours = sampler.Config.Classes
		}
		return writeSamples(command, sampler, colours, n, seed, out)
	}
	return command
}

// writeSamples draws n noise vectors under each colour and writes them to a folder.
func writeSamples(command *cobra.Command, sampler *gan.Sampler, colours []string, n int, seed uint64, out string) error {
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
			if err := dataset.SavePNG(filepath.Join(out, fmt.Sprintf("%04d_%s.png", number, colours[i])), picture); err != nil {
				return err
			}
		}
		grid = append(grid, row)
	}
	figure, err := plots.Grid{Pictures: grid, ColumnLabels: colours}.Figure()
	if err != nil {
		return err
	}
	if err := figure.Save(filepath.Join(out, "grid.png")); err != nil {
		return err
	}
	fmt.Fprintf(command.OutOrStdout(), "%d portraits and grid.png in %s, by the generator of step %d\n", number, out, sampler.Step)
	return nil
}

// writeSample draws one portrait to standard output.
func writeSample(command *cobra.Command, sampler *gan.Sampler, labels []int, n int, seed uint64) error {
	if n*len(labels) != 1 {
		return usage("-o - is for one portrait, not %d: give -n 1 and one --colour", n*len(labels))
	}
	pictures, err := sampler.Sample(command.Context(), sampler.Config.DrawNoise(seed, 1), labels)
	if err != nil {
		return err
	}
	return png.Encode(command.OutOrStdout(), pictures[0])
}

func newEvalCommand() *cobra.Command {
	command := &cobra.Command{Use: "eval", Short: "Measure a trained model"}
	command.AddCommand(newEvalGANCommand(), newEvalSRCommand(), newEvalBlinkCommand())
	return command
}
