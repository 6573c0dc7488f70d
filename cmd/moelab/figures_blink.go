package main

import (
	"errors"
	"fmt"
	"image"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

// blinkFigures holds the arguments of "moelab figures blink".
type blinkFigures struct {
	runs []string
	n    int
	seed uint64
	out  string
	// survey also compares the videos as a set.
	survey bool
}

func newFiguresBlinkCommand() *cobra.Command {
	var f blinkFigures
	command := &cobra.Command{
		Use:   "blink",
		Short: "Draw the results of each way to make portraits blink, with a verdict",
		Long: `Draw the article's figures of blinks into a folder, with the data behind them, and print a verdict on each
run, measured on portraits that none was trained on. The figures show the networks' own output, without the portrait's
own detail that "moelab blink" keeps where nothing changes:

  strip.png            a portrait by each run, below the blink that it followed
  film.png             the same as an animated PNG
  openings.png, .csv   how far the eyes are open in each frame
  seam.png             the border around the first run's pasted eyes, and two ways to hide it
  content_1.png …      training curves of each run, in the order of --run: the content loss;
  losses_1.png …       for a run with a D, the adversarial losses
  ranking_1.png …      and how often D ranks the real above the drawn

With --survey also a table of the networks, printed and saved: runs that differ in their seeds only are one row.

  survey.csv           of each run: weights, seconds a step, how far its eyes close, how often in time, the error beside
                       repeating the picture, the kernel distance of its videos to real ones, beside that of other real
                       ones, and how much they flicker beside real ones
  distances.png, .csv  the distances, a dot for each seed

The presets of "moelab train blink" for the article's attempts are laptop, laptop-adversarial, laptop-clipping,
laptop-content, laptop-face, laptop-flat and laptop-frozen; those for the models that it surveys are laptop-tgan,
laptop-tganv2, laptop-mocogan, laptop-dynamics, laptop-forecast and laptop-convlstm.`,
		Example: `  moelab figures blink --run runs/blink --run runs/blink-content --run runs/blink-face -o figures
  moelab figures blink --survey --run runs/tgan-1 --run runs/tgan-2 --run runs/mocogan-1 --run runs/mocogan-2`,
	}
	flags := command.Flags()
	severalRuns(flags, &f.runs, "run directory; may be given several times (required)")
	flags.IntVarP(&f.n, "number", "n", 6, "drawn portraits to measure with")
	flags.Uint64Var(&f.seed, "seed", blink.HeldOutSeed, "seed of the drawn portraits")
	flags.StringVarP(&f.out, "out", "o", "", "folder for the figures (default: the first run's figures)")
	flags.BoolVar(&f.survey, "survey", false, "also compare the networks' videos with real ones, and print a table")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case len(f.runs) == 0:
			return usage("--run is missing: name a run directory (see %s -h)", command.CommandPath())
		case f.n < 1 || f.n > 1000:
			return usage("-n is %d: it must be from 1 to 1000", f.n)
		}
		var err error
		if f.out, err = figuresFolder(f.out, f.runs...); err != nil {
			return err
		}
		for _, dir := range f.runs {
			if err := blink.CheckHeldOut(dir, f.seed); err != nil {
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
func (f blinkFigures) draw(command *cobra.Command, backend compute.Backend) error {
	ctx := command.Context()
	clips := dataset.TrueBlinks(f.seed, f.n, 256)
	clip, err := clips.Clip(ctx, 0)
	if err != nil {
		return err
	}
	strips := []blink.Strip{{Label: "the truth", Frames: clip.Still}}
	var names []string
	var scores []blink.Score
	for i, dir := range f.runs {
		strip, score, err := f.drawRun(command, backend, i, clip, clips)
		if err != nil {
			return err
		}
		strips = append(strips, strip)
		if score != nil {
			names, scores = append(names, filepath.Base(dir)), append(scores, *score)
		}
	}
	if f.survey {
		if err := f.drawSurvey(command, backend, clips); err != nil {
			return err
		}
	}
	err = errors.Join(
		f.save(command, "strip", func() (*plots.Figure, error) { return blink.StripFigure(2, strips...) }),
		f.save(command, "film", func() (*plots.Figure, error) { return blink.FilmFigure(strips...) }),
	)
	if len(scores) == 0 { // All draw from noise alone.
		return err
	}
	return errors.Join(err,
		f.save(command, "openings", func() (*plots.Figure, error) { return blink.OpeningFigure(names, scores...) }))
}

// drawRun draws the figures of the i-th run and prints its verdict. It returns what the run makes of a clip, and how
// well: nil if it draws from noise alone.
func (f blinkFigures) drawRun(
	command *cobra.Command, backend compute.Backend, i int, clip *dataset.Clip, clips dataset.Clips,
) (strip blink.Strip, score *blink.Score, err error) {
	ctx, dir := command.Context(), f.runs[i]
	blinker, err := blink.Open(backend, dir)
	if err != nil {
		return strip, nil, err
	}
	defer blinker.Close()
	blinker.Detail = false
	for _, curve := range blink.Experiment.Curves(blinker.Config) {
		err := f.save(
			command, fmt.Sprintf("%s_%d", curve.Name, i+1), func() (*plots.Figure, error) { return curve.Figure(dir) },
		)
		if err != nil && !errors.Is(err, lab.ErrLacks) {
			return strip, nil, err
		}
	}
	if blinker.Config.Unconditional {
		films, err := blinker.Films(ctx, f.seed, 1)
		if err != nil {
			return strip, nil, err
		}
		drawn := &dataset.Clip{Frames: films[0]}
		return blink.StripOf(filepath.Base(dir), drawn, clip.Frames[0].Rect), nil, nil
	}
	evaluation, err := blinker.Evaluate(ctx, clips, lab.EvaluateOptions{Warn: warner(command)})
	if err != nil {
		return strip, nil, err
	}
	verdict, err := blink.Verdict(dir, evaluation)
	if err != nil {
		return strip, nil, err
	}
	fmt.Fprintf(command.OutOrStdout(), "%s: %s\n", dir, verdict)
	frames, err := blinker.Blink(ctx, clip.Frames[0], [][]image.Rectangle{clip.Eyes}, clip)
	if err == nil && i == 0 && blinker.Config.Pastes() {
		err = f.save(command, "seam", func() (*plots.Figure, error) {
			return blink.SeamFigure(ctx, blinker, clip, clip, blink.Closed(clip), false)
		})
	}
	return blink.Strip{Label: filepath.Base(dir), Frames: frames}, &evaluation.Scores[0], err
}

// drawSurvey prints and saves the survey.
func (f blinkFigures) drawSurvey(command *cobra.Command, backend compute.Backend, clips dataset.Clips) error {
	ctx := command.Context()
	real, err := blink.NewRealFilms(ctx, f.seed, 64, 128)
	if err != nil {
		return err
	}
	survey, err := blink.NewSurvey(ctx, backend, f.runs, clips, real, lab.EvaluateOptions{Warn: warner(command)})
	if err != nil {
		return err
	}
	fmt.Fprintf(command.OutOrStdout(), "\n%s\n", survey)
	path := filepath.Join(f.out, "survey.csv")
	if err := lab.WriteFile(path, survey.WriteCSV); err != nil {
		return err
	}
	return f.save(command, "distances", survey.DistanceFigure)
}

// save saves a figure, with the data behind it if any.
func (f blinkFigures) save(command *cobra.Command, name string, of func() (*plots.Figure, error)) error {
	figure, err := of()
	return saveFigure(command, f.out, name, figure, err)
}
