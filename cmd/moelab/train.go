package main

import (
	"fmt"

	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newTrainCommand() *cobra.Command {
	command := &cobra.Command{Use: "train", Short: "Train a model in a run directory"}
	command.AddCommand(newTrainGANCommand(), newTrainSRCommand(), newTrainBlinkCommand(), newTrainEyesCommand())
	return command
}

// trainText holds the help texts of the training of one kind of experiment.
type trainText struct {
	use, short, long, example string
	// presets and data end the help of --preset and --data. Without data the command has no --data.
	presets, data string
	// steps replaces the usual help of --steps, if set.
	steps string
	// sampleEvery is the default of --sample-every; a negative number: there is no such flag.
	sampleEvery int64
}

// newTrainKindCommand returns the command that trains experiments of a kind. more, which may be nil, adds flags and
// returns a function that applies them.
func newTrainKindCommand[Config lab.Configuration](
	kind *lab.Kind[Config], text trainText, more func(flags *pflag.FlagSet) (change func(*Config)),
) *cobra.Command {
	command := &cobra.Command{Use: text.use, Short: text.short, Long: text.long, Example: text.example}
	var preset, data, dir string
	var steps int64
	var settings []string
	var options lab.TrainOptions
	flags := command.Flags()
	flags.StringVar(&preset, "preset", kind.UsualPreset(),
		"settings to start from: "+text.presets+"; an existing run keeps its own")
	if text.data != "" {
		flags.StringVar(&data, "data", "", text.data)
	}
	flags.StringVar(&dir, "run", "", "run directory (required)")
	flags.Int64Var(&steps, "steps", 0, "iterations to reach (default: the preset's)")
	if text.steps != "" {
		flags.Lookup("steps").Usage = text.steps
	}
	flags.StringArrayVar(&settings, "set", nil,
		"change a setting of config.json, as key=value; may be given several times")
	flags.Int64Var(&options.SaveEvery, "save-every", 500, "iterations between checkpoints")
	if text.sampleEvery >= 0 {
		flags.Int64Var(&options.SampleEvery, "sample-every", text.sampleEvery,
			"iterations between pictures of the same subjects in figures/progress; 0: none")
	}
	var change func(*Config)
	if more != nil {
		change = more(flags)
	}
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case dir == "":
			return usage("--run is missing: name the run directory (see %s -h)", command.CommandPath())
		case options.SaveEvery < 1:
			return usage("--save-every is %d: it must be at least 1", options.SaveEvery)
		case options.SampleEvery < 0:
			return usage("--sample-every is %d: it must not be negative", options.SampleEvery)
		}
		asked := ""
		if flags.Changed("preset") {
			asked = preset
		}
		var changes []string
		if flags.Changed("data") {
			changes = append(changes, "data="+data)
		}
		if flags.Changed("steps") {
			changes = append(changes, fmt.Sprintf("steps=%d", steps))
		}
		config, err := kind.Configure(dir, asked, change, append(changes, settings...)...)
		if err != nil {
			return usageError{err}
		}
		if options.Backend, err = open(); err != nil {
			return err
		}
		options.Progress, options.Warn = progressFor(command), warner(command)
		summary, err := kind.Train(command.Context(), dir, config, options)
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintf(command.OutOrStdout(), "%s, on %s: %v\n", dir, xla.Platform(options.Backend), summary)
		return nil
	}
	return command
}

func newTrainGANCommand() *cobra.Command {
	return newTrainKindCommand(gan.Experiment, trainText{
		use:   "gan",
		short: "Train the GAN that draws portraits by hair colour",
		long: `Train the conditional GAN of the article: the ResBlock networks (SRResNet ones with the presets that end in
-srresnet), a projection discriminator, the hinge loss and the DRAGAN penalty.

Each part is a setting that --set changes; incompatible settings are rejected with an explanation:

  network              resblock, srresnet
  size                 8 (srresnet: 16) to 512, a power of two; blocks are added as in the papers
  conditioning         how D gets the colour: ` + names(gan.Conditionings) + `
  generator_norm       how G gets the colour: conditional (in each normalisation), plain (with the noise)
  loss                 ` + names(gan.Losses) + `
  penalty              ` + names(gan.Penalties) + `; penalty_weight is its λ
  clip                 clips D's "weights" or "gradients" to clip_limit, or none
  spectral_norm        of D's layers: true, false
  discriminator_noise  standard deviation of the noise on D's inputs; the article's author had 0.1 in his code
  squeeze_excitation   in G's blocks: true, false
  generator_blocks     residual blocks of the srresnet generator
  attributes           what G learns in addition to the colour: any of ["eyes","length","style"]; drawn portraits have
                       them, a labels.csv needs columns of these names (see the preset laptop-attributes; with ac-gan
                       D learns details as small as the eyes, with projection it did not)

During the training, moelab watches how often D is right, the lengths of the gradients and the variety of G's
pictures. If D wins, if G collapses or stops learning, or if the training diverges, a line on standard error says so
and suggests a remedy.

Without --data the portraits are drawn by moelab. A data folder holds a folder of pictures per hair colour, or a
labels.csv with the columns file and colour; colours without pictures are not trained. Ctrl-C saves; the same command
resumes where it stopped.`,
		example: `  moelab train gan --preset laptop --run runs/hair
  moelab train gan --preset laptop-srresnet --run runs/srresnet
  moelab train gan --preset laptop-attributes --run runs/more
  moelab train gan --preset laptop --run runs/mine --data pictures --steps 5000
  moelab train gan --preset laptop --run runs/acgan --set conditioning=ac-gan --set penalty=r1
  moelab train gan --preset article --run runs/article --set batch=16 --set seed=7
  moelab train gan --run runs/hair --steps 4000      # continues a run, to 4000 steps`,
		presets: `"smoke" (seconds), "laptop" (minutes) or "article", or one of them followed by "-srresnet"; ` +
			`"laptop-attributes"; "shipped", the generator that comes with moelab`,
		data:        "folder of pictures (default: portraits that moelab draws)",
		sampleEvery: 100,
	}, nil)
}
