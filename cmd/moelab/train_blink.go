package main

import (
	"fmt"
	"strings"

	"github.com/moelab/moelab/blink"
)

// presetsOf lists the presets of attempts, a line each.
func presetsOf(attempts []blink.Failure) string {
	var lines []string
	for _, attempt := range attempts {
		lines = append(lines, fmt.Sprintf("  -%-13s %s", attempt.Name, attempt.Title))
	}
	return strings.Join(lines, "\n")
}

var trainBlink = trainText{
	use:   "blink",
	short: "Train the networks that make a portrait blink",
	long: `Train the networks that make a portrait blink. The picture, repeated for each frame, and the optical flow of
a blink pass through a U-Net for frames and another for videos.

The article's failures are presets too, "laptop" or "article" followed by one of these:

` + presetsOf(blink.Failures) + `

So are the other video models that the article surveys:

` + presetsOf(blink.Surveyed) + `

With --set unconditional=true --set content=0 the networks of VideoGAN (laptop-adversarial), TGAN, TGANv2 and MoCoGAN
draw videos from noise alone, as in their papers.

The network of "moelab blink" is moelab's own, the preset "lids": it paints lids with the picture's own colours, and
follows no flow, but how far the eyes of the reference are open. --set from=RUN starts from the weights of another run.

Without --data the blinks are drawn by moelab. A data folder holds a folder of 16 frames per blink, each with an
eyes.json that gives the eyes' boxes: "moelab data blinks" makes such folders from videos and animations. Ctrl-C
saves; the same command resumes where it stopped.`,
	example: `  moelab train blink --preset laptop --run runs/blink
  moelab train blink --preset laptop-content --run runs/content   # one of the article's failures
  moelab train blink --preset laptop-mocogan --set unconditional=true --set content=0 --run runs/from-noise
  moelab train blink --run runs/mine --data blinks --steps 2000
  moelab train blink --preset lids --set from=runs/lids --data blinks --run runs/more`,
	presets: `"smoke" (seconds), "laptop" (minutes), "lids" (an hour) or "article"`,
	data:    "folder of blinks (default: blinks that moelab draws)",
}

var trainEyes = trainText{
	use:   "eyes",
	short: "Train the network that finds the eyes of anime faces",
	long: `Train the network with which "moelab blink" and "moelab data import" find eyes, only on faces that moelab
draws. The shipped network was trained in the same way, in some twenty minutes on two cores. Ctrl-C saves; the same
command resumes where it stopped.`,
	example: `  moelab train eyes --run runs/eyes
  moelab eval --run runs/eyes`,
	presets:     `"smoke" (seconds) or "shipped"`,
	sampleEvery: -1,
}

var trainBorder = trainText{
	use:   "border",
	short: "Train the network that hides the borders of pasted eyes",
	long: `Train the network of "moelab blink --blend learned", which corrects the border of eyes that another network drew
and that are pasted into the picture. It is trained on patches of portraits that moelab draws, shifted, blurred and
tinted on purpose. The shipped network was trained in the same way, in minutes on two cores. Ctrl-C saves; the same
command resumes where it stopped.`,
	example: `  moelab train border --run runs/border
  moelab eval --run runs/border`,
	presets:     `"smoke" (seconds) or "shipped"`,
	sampleEvery: -1,
}
