package main

import (
	"fmt"

	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/xla"
	"github.com/spf13/cobra"
)

func newTrainSRCommand() *cobra.Command {
	var preset, data, dir, perceptual string
	var steps, saveEvery int64
	var settings []string
	command := &cobra.Command{
		Use:   "sr",
		Short: "Train SRGAN or ESRGAN, which enlarge pictures four times",
		Long: `Train a network that enlarges pictures four times, as in the article: G alone at first, in RUN/pretrain, then G and D. The presets named
-srgan are SRGAN (residual blocks with batch normalisation, features after the activation), the others ESRGAN (RRDB blocks, a relativistic
discriminator, features before the activation).

Without --data the illustrations are drawn by moelab. A folder or an archive (.zip, .tar, .tar.gz) may hold pictures of any size. The
perceptual loss looks through a VGG16 that "moelab setup --vgg" installs; without one --perceptual random takes a network that was never
trained, and --perceptual none leaves the loss out. Ctrl-C saves; the same command goes on where it stopped.`,
		Example: `  moelab train sr --preset laptop --run runs/esrgan
  moelab train sr --preset laptop-srgan --run runs/srgan
  moelab train sr --run runs/mine --data illustrations.zip --perceptual none
  moelab train sr --preset article --run runs/article --set batch=2`,
	}
	flags := command.Flags()
	flags.StringVar(&preset, "preset", "laptop", `settings to start from: "smoke" (seconds), "laptop" (minutes) or "article", each also with "-srgan" after it; an existing run keeps its own`)
	flags.StringVar(&data, "data", "", "folder or archive of pictures (default: illustrations that moelab draws)")
	flags.StringVar(&dir, "run", "", "run directory (required)")
	flags.StringVar(&perceptual, "perceptual", "", `VGG16 of the perceptual loss: "installed", a file of weights, "random" or "none" (default: the preset's)`)
	flags.Int64Var(&steps, "steps", 0, "iterations of G and D to reach, after the pretraining (default: the preset's)")
	flags.StringArrayVar(&settings, "set", nil, "change a setting of config.json, as key=value; may be given several times")
	flags.Int64Var(&saveEvery, "save-every", 500, "iterations between checkpoints")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case dir == "":
			return usage("--run is missing: name the run directory (see %s -h)", command.CommandPath())
		case saveEvery < 1:
			return usage("--save-every is %d: it must be at least 1", saveEvery)
		}
		config, err := startConfig(dir, preset, command.Flags().Changed("preset"), esrgan.Preset, esrgan.ReadConfig)
		if err != nil {
			return err
		}
		if command.Flags().Changed("data") {
			config.Data = data
		}
		if command.Flags().Changed("steps") {
			config.Steps = steps
		}
		if perceptual != "" {
			config.UseVGG(perceptual)
		}
		for _, setting := range settings {
			if err := config.Set(setting); err != nil {
				return usageError{err}
			}
		}
		if err := config.Validate(); err != nil {
			return usageError{err}
		}
		backend, err := open()
		if err != nil {
			return err
		}
		summary, err := esrgan.Train(command.Context(), dir, config, esrgan.TrainOptions{
			Backend: backend, SaveEvery: saveEvery, Progress: progressFor(command), Warn: warner(command),
		})
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintf(command.OutOrStdout(), "%s, on %s: %v\n", dir, xla.Platform(backend), summary)
		return nil
	}
	return command
}
