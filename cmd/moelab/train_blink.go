package main

import (
	"fmt"
	"strings"

	"github.com/moelab/moelab/blink"
	"github.com/spf13/cobra"
)

func newTrainBlinkCommand() *cobra.Command {
	var f trainFlags
	var failures []string
	for _, failure := range blink.Failures {
		failures = append(failures, fmt.Sprintf("-%s (%s)", failure.Name, failure.Title))
	}
	command := &cobra.Command{
		Use:   "blink",
		Short: "Train the networks that make a portrait blink",
		Long: `Train the networks that make a portrait blink: the picture, as often as there are frames, and the optical flow of a blink go through a U-Net
for frames and one for videos.

The article's failures are presets too, "laptop" or "article" with one of these after it:
` + strings.Join(failures, ", ") + `.

The network of "moelab blink" was trained by the preset "shipped-first", and then twice by "shipped" with --set from=RUN, which begins with what the one
before has learned.

Without --data the blinks are drawn by moelab. A folder holds a folder of 16 frames per blink, with an eyes.json in each that says where the eyes are: "moelab
data blinks" makes such folders of videos and animations. Ctrl-C saves; the same command goes on where it stopped.`,
		Example: `  moelab train blink --preset laptop --run runs/blink
  moelab train blink --preset laptop-content --run runs/content   # one of the article's failures
  moelab train blink --run runs/mine --data blinks --steps 2000
  moelab train blink --preset shipped --set from=runs/mine --data blinks --run runs/larger`,
	}
	f.add(command, `"smoke" (seconds), "laptop" (minutes), "shipped" (an hour) or "article"`,
		"folder of blinks (default: blinks that moelab draws)")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		config, err := trainConfig(command, f, blink.Preset, blink.ReadConfig, nil)
		if err != nil {
			return err
		}
		backend, err := open()
		if err != nil {
			return err
		}
		summary, err := blink.Train(command.Context(), f.dir, config, blink.TrainOptions{
			Backend: backend, SaveEvery: f.saveEvery, Progress: progressFor(command), Warn: warner(command),
		})
		return f.done(command, backend, summary, err)
	}
	return command
}
