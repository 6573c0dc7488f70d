package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

// srFigures holds the arguments of "moelab figures sr".
type srFigures struct {
	runs, models []string
	data         string
	n            int
	seed         uint64
	portraits    string
	out          string
}

func newFiguresSRCommand() *cobra.Command {
	var f srFigures
	command := &cobra.Command{
		Use:   "sr",
		Short: "Draw restored pictures side by side, their colours, features and training curves",
		Long: `Draw the article's figures of super-resolution into a folder, with the data behind them:

  restored_1.png …     pictures shrunk to a quarter and restored by each network, with details
  colours.png, .csv    histograms of red, green and blue in the original and the restored pictures
  features_….png       VGG16's features before and after ReLU (if installed by "moelab setup --vgg")
  portraits.png        a hair-colour GAN's portraits and real ones, enlarged (with --portraits)
  losses_1.png …       training curves of each run, in the order of --run: pretraining, losses and distances

For a run of ESRGAN, G after the pretraining is shown too. Without --data the pictures are illustrations that moelab
draws, with a seed that no training uses.`,
		Example: `  moelab figures sr --run runs/esrgan --run runs/srgan -o figures
  moelab figures sr --run runs/esrgan --portraits runs/hair
  moelab figures sr --model anime,photo --data illustrations -n 4 -o figures`,
	}
	flags := command.Flags()
	severalRuns(flags, &f.runs, "run directory; may be given several times")
	flags.StringSliceVar(
		&f.models, "model", nil, `networks of Real-ESRGAN, separated by commas: "anime", "anime-video", "photo"`,
	)
	flags.StringVar(&f.data, "data", "", "folder or archive of pictures (default: illustrations that moelab draws)")
	flags.IntVarP(&f.n, "number", "n", 3, "number of pictures, from the first on")
	flags.Uint64Var(&f.seed, "seed", esrgan.HeldOutSeed, "seed of the drawn illustrations")
	flags.StringVar(&f.portraits, "portraits", "", "run of a hair-colour GAN whose portraits are enlarged")
	flags.StringVarP(&f.out, "out", "o", "", "folder for the figures (default: the first run's figures)")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case f.n < 1 || f.n > 1000:
			return usage("-n is %d: it must be from 1 to 1000", f.n)
		case len(f.runs)+len(f.models) == 0:
			return usage("--run and --model are missing: name a run directory or a network (see %s -h)", command.CommandPath())
		case f.out == "" && len(f.runs) == 0:
			return usage("-o is missing: name the folder for the figures (see %s -h)", command.CommandPath())
		}
		var err error
		if f.out, err = figuresFolder(f.out, f.runs...); err != nil {
			return err
		}
		if f.portraits != "" {
			if _, err := gan.Experiment.Read(f.portraits); err != nil {
				return wrongInput(err)
			}
		}
		pictures, err := esrgan.TestPictures(command.Context(), lab.EvaluateOptions{
			Number: f.n, Seed: f.seed, Data: f.data, Warn: warner(command),
		}, f.runs...)
		if err != nil {
			return wrongInput(err)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		return f.draw(command, backend, pictures)
	}
	return command
}

// draw draws all of the figures.
func (f srFigures) draw(command *cobra.Command, backend compute.Backend, pictures dataset.Pictures) error {
	restorers, closeAll, err := openRestorers(backend, shownStages, f.runs, f.models)
	defer closeAll()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return err
	}
	if err := f.drawRestored(command, backend, pictures, restorers); err != nil {
		return err
	}
	if f.portraits != "" {
		figure, err := portraitFigure(command.Context(), backend, f.portraits, restorers)
		if err := f.save(command, "portraits", figure, err); err != nil {
			return err
		}
	}
	for i, dir := range f.runs {
		if err := f.drawCurves(command, i, dir); err != nil {
			return err
		}
	}
	return nil
}

// shownStages opens the stages of a run that the article shows: of an SRGAN, only the last.
func shownStages(backend compute.Backend, dir string) ([]*esrgan.Upscaler, error) {
	config, err := esrgan.Experiment.Read(dir)
	if err != nil {
		return nil, err
	}
	stages, err := esrgan.OpenStages(backend, dir)
	if err == nil && config.Network == "srgan" && len(stages) > 1 {
		stages[0].Close()
		stages = stages[1:]
	}
	return stages, err
}

// drawRestored draws the original and restored pictures side by side, their colours, and features of the first.
func (f srFigures) drawRestored(
	command *cobra.Command, backend compute.Backend, pictures dataset.Pictures, restorers []esrgan.Restorer,
) error {
	ctx := command.Context()
	var comparisons []esrgan.Comparison
	for i := range pictures.Len() {
		comparison, err := esrgan.ComparePicture(ctx, pictures, i, restorers...)
		if ctx.Err() == nil && errors.As(err, new(esrgan.BadPicture)) {
			warner(command)(err)
			continue
		}
		if err != nil {
			return err
		}
		comparisons = append(comparisons, comparison)
		size := comparison.Truth.Rect.Size()
		figure, err := esrgan.CompareFigure(comparison, measure.Details(comparison.Truth, 2, min(size.X, size.Y)/6)...)
		if err := f.save(command, fmt.Sprintf("restored_%d", len(comparisons)), figure, err); err != nil {
			return err
		}
	}
	figure, err := esrgan.ColourFigure(comparisons...)
	if err := f.save(command, "colours", figure, err); err != nil {
		return err
	}
	network, err := vgg.ReadInstalled()
	switch {
	case errors.Is(err, vgg.ErrNotInstalled):
		return nil
	case err != nil:
		return err
	}
	for _, layer := range []string{"conv1_2", "conv3_3", "conv5_3"} {
		figure, err := esrgan.FeatureFigure(ctx, backend, network, comparisons[0].Truth, layer, 6)
		if err := f.save(command, "features_"+layer, figure, err); err != nil {
			return err
		}
	}
	return nil
}

// drawCurves draws the training curves of a run, as far as it got.
func (f srFigures) drawCurves(command *cobra.Command, i int, dir string) error {
	for _, part := range []struct{ name, dir string }{{"pretraining", filepath.Join(dir, "pretrain")}, {"", dir}} {
		config, err := esrgan.Experiment.Read(part.dir)
		if errors.Is(err, lab.ErrNotARun) {
			continue
		}
		if err != nil {
			return err
		}
		for _, curve := range esrgan.Experiment.Curves(config) {
			figure, err := curve.Figure(part.dir)
			if errors.Is(err, lab.ErrLacks) {
				continue
			}
			name := cmp.Or(part.name, curve.Name)
			if err := f.save(command, fmt.Sprintf("%s_%d", name, i+1), figure, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// save saves a figure, unless there was an error.
func (f srFigures) save(command *cobra.Command, name string, figure *plots.Figure, err error) error {
	return saveFigure(command, f.out, name, figure, err)
}

// portraitFigure enlarges a hair-colour GAN's portraits, next to real ones of the same colours.
func portraitFigure(
	ctx context.Context, backend compute.Backend, dir string, restorers []esrgan.Restorer,
) (*plots.Figure, error) {
	sampler, err := gan.Open(backend, dir)
	if err != nil {
		return nil, err
	}
	defer sampler.Close()
	pairs, err := sampler.Pairs(ctx, 1, 4)
	if err != nil {
		return nil, err
	}
	real := esrgan.Gallery{Name: "real", Pictures: pairs.Real}
	if sampler.Config.Data == "" {
		real.Name = "drawn"
	}
	return esrgan.EnlargeFigure(
		ctx,
		[]esrgan.Gallery{{Name: "generated", Pictures: pairs.Generated}, real},
		pairs.Classes,
		restorers...)
}
