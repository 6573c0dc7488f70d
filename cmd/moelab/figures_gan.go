package main

import (
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/lab"
	"github.com/spf13/cobra"
)

// ganFigures holds the arguments of "moelab figures gan".
type ganFigures struct {
	runs []string
	seed uint64
	out  string
}

func newFiguresGANCommand() *cobra.Command {
	var f ganFigures
	command := &cobra.Command{
		Use:   "gan",
		Short: "Draw the portraits of hair-colour GANs, and their training curves",
		Long: `Draw the article's figures of portraits by hair colour into a folder, with the data behind them. N counts the
runs, in the order of --run:

  samples_N.png          portraits of random noise and colours
  three_colours_N.png    one noise vector under blue, blonde and green (if the run has them)
  all_colours_N.png      noise vectors under each colour
  noise_N.png            interpolation between noise vectors
  morph_N.png            interpolation between hair colours
  attributes_N.png       one face, its attributes changed one at a time (if the run has any)
  losses_N.png, .csv     training curves: the losses,
  penalty_N.png, .csv    the gradient penalty, if any,
  watch_N.png, .csv      how often D is right and how varied the portraits are, and
  gradients_N.png, .csv  the lengths of the gradients
  average_N.png          portraits by the average of G's weights, next to those by the last weights
  progress_N.png         the same noise over the training, and
  film_N.png             the same as an animated PNG, of a run trained with --sample-every
  compared.png           with several runs, one noise vector under each colour by each run, to compare the two
                         networks or the four conditionings`,
		Example: `  moelab figures gan --run runs/hair
  moelab figures gan --run runs/projection --run runs/input --run runs/hidden --run runs/ac-gan -o figures`,
	}
	flags := command.Flags()
	severalRuns(flags, &f.runs, "run directory; may be given several times (required)")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the noise")
	flags.StringVarP(&f.out, "out", "o", "", "folder for the figures (default: the first run's figures)")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if len(f.runs) == 0 {
			return usage("--run is missing: name a run directory (see %s -h)", command.CommandPath())
		}
		var err error
		if f.out, err = figuresFolder(f.out, f.runs...); err != nil {
			return err
		}
		for _, dir := range f.runs {
			if _, err := gan.Experiment.Read(dir); err != nil {
				return wrongInput(err)
			}
		}
		backend, err := open()
		if err != nil {
			return err
		}
		return f.draw(command, backend)
	}
	return command
}

// draw draws all of the figures.
func (f ganFigures) draw(command *cobra.Command, backend compute.Backend) error {
	var names []string
	var samplers []*gan.Sampler
	defer func() {
		for _, sampler := range samplers {
			sampler.Close()
		}
	}()
	for i, dir := range f.runs {
		sampler, err := gan.Open(backend, dir)
		if err != nil {
			return err
		}
		names, samplers = append(names, filepath.Base(dir)), append(samplers, sampler)
		options := lab.FigureOptions{Backend: backend, Seed: f.seed}
		if err := drawRun(command, gan.Experiment, dir, sampler, options, f.out, fmt.Sprintf("_%d", i+1)); err != nil {
			return err
		}
	}
	if len(samplers) == 1 {
		return nil
	}
	figure, err := gan.CompareFigure(command.Context(), f.seed, names, samplers...)
	return saveFigure(command, f.out, "compared", figure, err)
}
