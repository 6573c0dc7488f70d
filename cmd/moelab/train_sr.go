package main

import (
	"github.com/moelab/moelab/esrgan"
	"github.com/spf13/pflag"
)

var trainSR = trainText{
	use:   "sr",
	short: "Train SRGAN or ESRGAN, which enlarge pictures four times",
	long: `Train a network that enlarges pictures four times, as in the article: first G alone, in RUN/pretrain, then G
and D. Presets that end in -srgan train SRGAN (residual blocks with batch normalisation, features after the
activation), the others ESRGAN (RRDB blocks, a relativistic discriminator, features before the activation).

Without --data the illustrations are drawn by moelab. A folder or an archive (.zip, .tar, .tar.gz) may hold pictures
of any size. The perceptual loss uses a VGG16 that "moelab setup --vgg" installs. Without it, --perceptual random uses
an untrained network, and --perceptual none leaves the loss out. Ctrl-C saves; the same command resumes where it
stopped.`,
	example: `  moelab train sr --preset laptop --run runs/esrgan
  moelab train sr --preset laptop-srgan --run runs/srgan
  moelab train sr --run runs/mine --data illustrations.zip --perceptual none
  moelab train sr --preset article --run runs/article --set batch=2`,
	presets: `"smoke" (seconds), "laptop" (minutes) or "article", each also followed by "-srgan"`,
	data:    "folder or archive of pictures (default: illustrations that moelab draws)",
	steps:   "iterations of G and D to reach, after the pretraining (default: the preset's)",
	more: func(flags *pflag.FlagSet) func(config any) {
		perceptual := flags.String("perceptual", "",
			`VGG16 of the perceptual loss: "installed", a file of weights, "random" or "none" (default: the preset's)`)
		return func(config any) {
			if *perceptual != "" {
				config.(*esrgan.Config).UseVGG(*perceptual)
			}
		}
	},
}
