package main

import "github.com/moelab/moelab/gan"

var trainGAN = trainText{
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
}
