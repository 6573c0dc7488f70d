package main

import (
	"fmt"
	"strings"

	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newTrainCommand() *cobra.Command {
	command := &cobra.Command{Use: "train", Short: "Train a model in a run directory"}
	for _, kind := range experiments {
		if len(kind.PresetNames()) > 0 { // A judge has none: an evaluation trains it.
			command.AddCommand(newTrainKindCommand(kind))
		}
	}
	return command
}

// trainText describes the command that trains one kind of experiment.
type trainText struct {
	use, short, long, example string
	// presets and data end the help of --preset and --data. Without data the command has no --data.
	presets, data string
	// steps replaces the usual help of --steps, if set.
	steps string
	// sampleEvery is the default of --sample-every; a negative number: there is no such flag.
	sampleEvery int64
	// more, if set, adds flags, and returns a function that applies them to a pointer to the configuration.
	more func(flags *pflag.FlagSet) (change func(config any))
}

// trainTexts are the descriptions by the name of the kind. A kind that is not here is described by its own names.
var trainTexts = map[string]trainText{
	"gan": trainGAN, "esrgan": trainSR, "blink": trainBlink, "eyes": trainEyes, "border": trainBorder,
}

// newTrainKindCommand returns the command that trains experiments of a kind.
func newTrainKindCommand(kind lab.AnyKind) *cobra.Command {
	name, title := kind.About()
	text, ok := trainTexts[name]
	if !ok {
		text = trainText{use: name, short: "Train " + title, presets: strings.Join(kind.PresetNames(), ", ")}
	}
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
	oneRun(flags, &dir, "run directory (required)")
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
	flags.BoolVar(&options.TensorBoard, "tensorboard", false,
		"write event files for TensorBoard to the run's folder tensorboard: metrics, pictures, settings")
	var change func(config any)
	if text.more != nil {
		change = text.more(flags)
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
		train, err := kind.Prepare(dir, asked, change, append(changes, settings...)...)
		if err != nil {
			return usageError{err}
		}
		if options.Backend, err = open(); err != nil {
			return err
		}
		options.Progress, options.Warn = progressFor(command), warner(command)
		summary, err := train(command.Context(), options)
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintf(command.OutOrStdout(), "%s, on %s: %v\n", dir, xla.Platform(options.Backend), summary)
		return nil
	}
	return command
}
