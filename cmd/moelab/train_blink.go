package main

import (
	"fmt"
	"strings"

	"github.com/moelab/moelab/blink"
)

// blinkFailures lists the presets of the article's failures, a line each.
func blinkFailures() string {
	var failures []string
	for _, failure := range blink.Failures {
		failures = append(failures, fmt.Sprintf("  -%-13s %s", failure.Name, failure.Title))
	}
	return strings.Join(failures, "\n")
}

var trainBlink = trainText{
	use:   "blink",
	short: "Train the networks that make a portrait blink",
	long: `Train the networks that make a portrait blink. The picture, repeated for each frame, and the optical flow of
a blink pass through a U-Net for frames and another for videos.

The article's failures are presets too, "laptop" or "article" followed by one of these:

` + blinkFailures() + `

The network of "moelab blink" is moelab's own, the preset "lids": it paints lids with the picture's own colours, and
follows no flow, but how far the eyes of the reference are open. --set from=RUN starts from the weights of another run.

Without --data the blinks are drawn by moelab. A data folder holds a folder of 16 frames per blink, each with an
eyes.json that gives the eyes' boxes: "moelab data blinks" makes such folders from videos and animations. Ctrl-C
saves; the same command resumes where it stopped.`,
	example: `  moelab train blink --preset laptop --run runs/blink
  moelab train blink --preset laptop-content --run runs/content   # one of the article's failures
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
