package main

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/internal/bench"
	"github.com/spf13/cobra"
)

func newBenchBlinkCommand() *cobra.Command {
	var runs int
	var asJSON bool
	command := &cobra.Command{
		Use:   "blink",
		Short: "Time the optical flow, and iterations of the networks that make portraits blink",
		Long: `Time Farnebäck's optical flow of one and of eight blinks, 16 frames of 256×256 pixels each, beside OpenCV's, and an iteration of the U-Nets and of
VideoGAN with its discriminator beside PyTorch's (both of its layouts): the same inputs, weights and shapes, those of the preset "laptop". After a run that
compiles, each program runs in turn; medians are compared. A ratio below 1 says that moelab is faster. The peers' Python environments are made first; they take
some gigabytes.`,
		Example: "  moelab bench blink --runs 9",
	}
	flags := command.Flags()
	flags.IntVar(&runs, "runs", 5, "timed runs of each program")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if runs < 1 {
			return usage("--runs is %d: it must be at least 1", runs)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		for _, videos := range []int{1, 8} {
			contest := bench.Flow{Videos: videos, Side: 256}
			title := fmt.Sprintf("optical flow of %d × 16 frames of %d×%[2]d", videos, contest.Side)
			if err := timeContest(command, backend, contest, title, contest, runs, asJSON); err != nil {
				return err
			}
		}
		for _, preset := range []string{"laptop", "laptop-adversarial"} {
			if err := benchBlinkTraining(command, backend, preset, runs, asJSON); err != nil {
				return err
			}
		}
		return nil
	}
	return command
}

// benchBlinkTraining times an iteration of a preset.
func benchBlinkTraining(command *cobra.Command, backend compute.Backend, preset string, runs int, asJSON bool) error {
	config, err := blink.Preset(preset)
	if err != nil {
		return err
	}
	config.AverageDecay, config.Drawn = 0, 8 // The peers have no average.
	iteration, err := bench.Blink(backend, config)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("one iteration of %s at %d×%[2]d, batch %d, %d channels", config.Network, config.Size, config.Batch, config.Channels)
	return timeContest(command, backend, iteration, title, config, runs, asJSON)
}
