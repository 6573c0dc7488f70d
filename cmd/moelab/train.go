package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
	"github.com/spf13/cobra"
)

func newTrainCommand() *cobra.Command {
	command := &cobra.Command{Use: "train", Short: "Train a model in a run directory"}
	command.AddCommand(newTrainGANCommand(), newTrainSRCommand(), newTrainBlinkCommand())
	return command
}

// trainFlags are the flags that all trainings have.
type trainFlags struct {
	preset, data, dir string
	steps, saveEvery  int64
	settings          []string
}

// add adds the flags to a command. presets and data end the help of two of them.
func (f *trainFlags) add(command *cobra.Command, presets, data string) {
	flags := command.Flags()
	flags.StringVar(&f.preset, "preset", "laptop", "settings to start from: "+presets+"; an existing run keeps its own")
	flags.StringVar(&f.data, "data", "", data)
	flags.StringVar(&f.dir, "run", "", "run directory (required)")
	flags.Int64Var(&f.steps, "steps", 0, "iterations to reach (default: the preset's)")
	flags.StringArrayVar(&f.settings, "set", nil, "change a setting of config.json, as key=value; may be given several times")
	flags.Int64Var(&f.saveEvery, "save-every", 500, "iterations between checkpoints")
}

// setter is a pointer to a configuration.
type setter[Config any] interface {
	*Config
	Set(assignment string) error
}

// trainConfig puts a configuration together: the run's own if it exists and no preset is asked for, else the preset's, changed by the flags and by also.
func trainConfig[Config interface{ Validate() error }, Pointer setter[Config]](
	command *cobra.Command, f trainFlags, preset, read func(string) (Config, error), also func(*Config),
) (config Config, err error) {
	switch {
	case f.dir == "":
		return config, usage("--run is missing: name the run directory (see %s -h)", command.CommandPath())
	case f.saveEvery < 1:
		return config, usage("--save-every is %d: it must be at least 1", f.saveEvery)
	}
	if config, err = startConfig(f.dir, f.preset, command.Flags().Changed("preset"), preset, read); err != nil {
		return config, err
	}
	var settings []string
	if command.Flags().Changed("data") {
		settings = append(settings, "data="+f.data)
	}
	if command.Flags().Changed("steps") {
		settings = append(settings, fmt.Sprintf("steps=%d", f.steps))
	}
	if also != nil {
		also(&config)
	}
	for _, setting := range append(settings, f.settings...) {
		if err := Pointer(&config).Set(setting); err != nil {
			return config, usageError{err}
		}
	}
	if err := config.Validate(); err != nil {
		return config, usageError{err}
	}
	return config, nil
}

// done says how a training ended.
func (f *trainFlags) done(command *cobra.Command, backend compute.Backend, summary lab.Summary, err error) error {
	if err != nil {
		return wrongInput(err)
	}
	fmt.Fprintf(command.OutOrStdout(), "%s, on %s: %v\n", f.dir, xla.Platform(backend), summary)
	return nil
}

func newTrainGANCommand() *cobra.Command {
	var f trainFlags
	var sampleEvery int64
	command := &cobra.Command{
		Use:   "gan",
		Short: "Train the GAN that draws portraits by hair colour",
		Long: `Train the conditional GAN of the article: the ResBlock networks, or with the presets that end in -srresnet the SRResNet ones, a projection
discriminator, the hinge loss and the DRAGAN penalty.

Each part is a setting that --set changes; what does not go together is refused, with the reason:

  network              resblock, srresnet
  size                 8 (srresnet: 16) to 512, a power of two: blocks are added as the papers scale
  conditioning         how D learns the colour: projection, input, hidden, ac-gan
  generator_norm       how G learns it: conditional (in each normalisation), plain (beside the noise)
  loss                 hinge, non-saturating, wgan
  penalty              dragan, wgan-gp, r1, none; penalty_weight is its λ
  clip                 of D's "weights" or "gradients" what exceeds clip_limit, or none
  spectral_norm        of D's layers: true, false
  discriminator_noise  deviation of the noise on what D sees; the article's author had 0.1 in his code
  squeeze_excitation   in G's blocks: true, false
  generator_blocks     residual blocks of the srresnet generator
  attributes           what G is told beside the colour: ["eyes","length","style"] or some of them; drawn portraits know them, a labels.csv has a
                       column of that name (laptop-attributes; with ac-gan D learns what is as small as the eyes, with projection it did not)

While it trains, moelab watches how often D is right, how long the gradients are and how varied G's pictures are, and says in a line on standard error when D
wins, when G collapses or stands still, or when the training diverges, and what to try.

Without --data the portraits are drawn by moelab. A folder holds a folder of pictures per hair colour, or a labels.csv
with the columns file and colour; colours that it lacks are left out of what the GAN learns. Ctrl-C saves; the same command goes on where it stopped.`,
		Example: `  moelab train gan --preset laptop --run runs/hair
  moelab train gan --preset laptop-srresnet --run runs/srresnet
  moelab train gan --preset laptop-attributes --run runs/more
  moelab train gan --preset laptop --run runs/mine --data pictures --steps 5000
  moelab train gan --preset laptop --run runs/acgan --set conditioning=ac-gan --set penalty=r1
  moelab train gan --preset article --run runs/article --set batch=16 --set seed=7
  moelab train gan --run runs/hair --steps 4000      # goes on with a run, to 4000 steps`,
	}
	f.add(command, `"smoke" (seconds), "laptop" (minutes) or "article", or one of them with "-srresnet" behind it; "laptop-attributes"; "shipped", the generator that comes with moelab`, "folder of pictures (default: portraits that moelab draws)")
	command.Flags().Int64Var(&sampleEvery, "sample-every", 100, "iterations between pictures of the same noise, for \"moelab figures gan\"; 0: none")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if sampleEvery < 0 {
			return usage("--sample-every is %d: it must not be negative", sampleEvery)
		}
		config, err := trainConfig(command, f, gan.Preset, gan.ReadConfig, nil)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(f.settings, func(setting string) bool { return strings.HasPrefix(setting, "classes=") }) {
			var left []string
			if config, left, err = gan.FitClasses(command.Context(), f.dir, config); err != nil {
				return wrongInput(err)
			}
			if len(left) > 0 {
				warner(command)(fmt.Errorf("%s has no pictures of %s: the GAN learns %s", config.Data, strings.Join(left, ", "), strings.Join(config.Classes, ", ")))
			}
		}
		set, err := config.OpenData(command.Context(), warner(command))
		if err != nil {
			return wrongInput(err)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		summary, err := gan.Train(command.Context(), f.dir, config, gan.TrainOptions{
			Backend: backend, Set: set, SaveEvery: f.saveEvery, SampleEvery: sampleEvery, Progress: progressFor(command), Warn: warner(command),
		})
		return f.done(command, backend, summary, err)
	}
	return command
}

// startConfig returns the configuration of the run that is there, unless a preset was asked for or there is none.
func startConfig[Config any](dir, name string, asked bool, preset, read func(string) (Config, error)) (Config, error) {
	config, err := preset(name)
	if err != nil {
		return config, usageError{err}
	}
	own, err := read(dir)
	switch {
	case errors.Is(err, lab.ErrNotARun): // A new one, or one that Train will complain of.
		return config, nil
	case err != nil:
		return config, usageError{err}
	case asked:
		return config, nil
	}
	return own, nil
}
