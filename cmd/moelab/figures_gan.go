package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

// ganFigures is what "moelab figures gan" was asked for.
type ganFigures struct {
	runs []string
	seed uint64
	out  string
}

func newFiguresGANCommand() *cobra.Command {
	var f ganFigures
	command := &cobra.Command{
		Use:   "gan",
		Short: "Draw what hair-colour GANs make of noise, and how they were trained",
		Long: `Draw the article's figures of portraits by hair colour into a folder, with the numbers behind them; N counts the runs, in the order of --run:

  samples_N.png          portraits of random noise and colours
  three_colours_N.png    one noise vector under blue, blonde and green (where the run knows them)
  all_colours_N.png      noise vectors under each colour
  noise_N.png            what lies between noise vectors
  morph_N.png            what lies between hair colours
  attributes_N.png       one face, its attributes changed one at a time (where the run knows them)
  losses_N.png, .csv     its training: the losses, and
  penalty_N.png, .csv    the gradient penalty, where there is one
  watch_N.png, .csv      how often D is right, and how varied the portraits are
  gradients_N.png, .csv  the lengths of the gradients
  average_N.png          what the average of G's weights draws, beside the last ones
  progress_N.png         the same noise over time, and as
  film_N.png             an animated PNG, of a run trained with --sample-every
  compared.png           one noise vector under each colour by each run, where there are several: the two networks, the four conditionings`,
		Example: `  moelab figures gan --run runs/hair
  moelab figures gan --run runs/projection --run runs/input --run runs/hidden --run runs/ac-gan -o figures`,
	}
	flags := command.Flags()
	flags.StringArrayVar(&f.runs, "run", nil, "run directory; may be given several times (required)")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the noise")
	flags.StringVarP(&f.out, "out", "o", "", "folder for the figures (default: the first run's figures)")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case len(f.runs) == 0:
			return usage("--run is missing: name a run directory (see %s -h)", command.CommandPath())
		case f.out == "":
			f.out = filepath.Join(f.runs[0], "figures")
		}
		for _, dir := range f.runs {
			if _, err := gan.ReadConfig(dir); err != nil {
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
		sampler, err := gan.OpenSampler(backend, dir)
		if err != nil {
			return err
		}
		names, samplers = append(names, filepath.Base(dir)), append(samplers, sampler)
		if err := f.drawRun(command, backend, i+1, dir, sampler); err != nil {
			return err
		}
	}
	if len(samplers) == 1 {
		return nil
	}
	figure, err := gan.CompareFigure(command.Context(), f.seed, names, samplers...)
	return saveFigure(command, f.out, "compared", figure, err)
}

// drawRun draws the figures of a run.
func (f ganFigures) drawRun(command *cobra.Command, backend compute.Backend, number int, dir string, sampler *gan.Sampler) error {
	ctx, config := command.Context(), sampler.Config
	classes := len(config.Classes)
	drawings := []struct {
		name string
		of   func() (*plots.Figure, error)
	}{
		{"samples", func() (*plots.Figure, error) { return gan.SampleFigure(ctx, sampler, f.seed, 6, classes) }},
		{"three_colours", func() (*plots.Figure, error) {
			return gan.ColourFigure(ctx, sampler, f.seed, 1, "blue", "blonde", "green")
		}},
		{"all_colours", func() (*plots.Figure, error) { return gan.ColourFigure(ctx, sampler, f.seed, 6) }},
		{"noise", func() (*plots.Figure, error) { return gan.NoiseFigure(ctx, sampler, f.seed, config.Classes[0], 4, 9) }},
		{"morph", func() (*plots.Figure, error) { return gan.MorphFigure(ctx, sampler, f.seed, 9) }},
		{"attributes", func() (*plots.Figure, error) { return gan.AttributesFigure(ctx, sampler, f.seed, config.Classes[0]) }},
		{"losses", func() (*plots.Figure, error) { return gan.LossFigure(dir, false) }},
		{"penalty", func() (*plots.Figure, error) { return gan.PenaltyFigure(dir) }},
		{"watch", func() (*plots.Figure, error) { return gan.WatchFigure(dir) }},
		{"gradients", func() (*plots.Figure, error) { return gan.GradientFigure(dir) }},
		{"average", func() (*plots.Figure, error) { return gan.AverageFigure(ctx, backend, dir, f.seed) }},
		{"progress", func() (*plots.Figure, error) { return gan.ProgressFigure(dir) }},
		{"film", func() (*plots.Figure, error) { return gan.FilmFigure(dir) }},
	}
	for _, drawing := range drawings {
		figure, err := drawing.of()
		for _, missing := range []error{gan.ErrNoClass, gan.ErrNoAttributes, gan.ErrNoPenalty, gan.ErrNoAverage, lab.ErrNoStrips, lab.ErrNoMetric} {
			if errors.Is(err, missing) {
				figure, err = nil, nil
			}
		}
		if figure == nil && err == nil {
			continue
		}
		if err := saveFigure(command, f.out, fmt.Sprintf("%s_%d", drawing.name, number), figure, err); err != nil {
			return err
		}
	}
	return nil
}
