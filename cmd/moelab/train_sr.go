package main

import (
	"github.com/moelab/moelab/esrgan"
	"github.com/spf13/cobra"
)

func newTrainSRCommand() *cobra.Command {
	var f trainFlags
	var perceptual string
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
	f.add(command, `"smoke" (seconds), "laptop" (minutes) or "article", each also with "-srgan" after it`, "folder or archive of pictures (default: illustrations that moelab draws)")
	command.Flags().Lookup("steps").Usage = "iterations of G and D to reach, after the pretraining (default: the preset's)"
	command.Flags().StringVar(&perceptual, "perceptual", "", `VGG16 of the perceptual loss: "installed", a file of weights, "random" or "none" (default: the preset's)`)
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		config, err := trainConfig(command, f, esrgan.Preset, esrgan.ReadConfig, func(config *esrgan.Config) {
			if perceptual != "" {
				config.UseVGG(perceptual)
			}
		})
		if err != nil {
			return err
		}
		backend, err := open()
		if err != nil {
			return err
		}
		summary, err := esrgan.Train(command.Context(), f.dir, config, esrgan.TrainOptions{
			Backend: backend, SaveEvery: f.saveEvery, Progress: progressFor(command), Warn: warner(command),
		})
		return f.done(command, backend, summary, err)
	}
	return command
}
