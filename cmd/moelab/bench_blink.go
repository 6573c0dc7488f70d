package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/bench"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/stat"
)

func newBenchBlinkCommand() *cobra.Command {
	var runs int
	var presets []string
	var asJSON bool
	command := &cobra.Command{
		Use:   "blink",
		Short: "Time the optical flow and the training of the blink networks",
		Long: `Time Farnebäck's optical flow of one and of eight blinks, each 16 frames of 256×256 pixels, against OpenCV's;
and a training iteration of the U-Nets, and of VideoGAN with its discriminator, against PyTorch's (in both memory
layouts), with the same inputs, weights and shapes. Each program runs once to compile; then all of them run in turn,
and their medians are compared. A ratio below 1 means that moelab is faster. On the first call the peers' Python
environments are set up; they take several gigabytes. All flows of a video start from its first frame: moelab
processes that frame once, OpenCV's function once per flow.

Last, "moelab blink" itself is timed from start to end, on a portrait of 1024×1024 pixels and in each format.`,
		Example: `  moelab bench blink --runs 9
  moelab bench blink --preset laptop --preset laptop-adversarial`,
	}
	flags := command.Flags()
	flags.IntVar(&runs, "runs", 5, "timed runs of each program")
	flags.StringArrayVar(
		&presets, "preset", []string{"article", "article-adversarial"}, "networks and sizes: presets of moelab train blink",
	)
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if runs < 1 || runs > 1000 {
			return usage("--runs is %d: it must be from 1 to 1000", runs)
		}
		var configs []blink.Config
		for _, preset := range presets {
			config, err := blink.Experiment.Preset(preset)
			if err != nil {
				return usageError{err}
			}
			configs = append(configs, config)
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
		for _, config := range configs {
			if err := benchBlinkTraining(command, backend, config, runs, asJSON); err != nil {
				return err
			}
		}
		return benchBlinking(command, runs, asJSON)
	}
	return command
}

// benchBlinkTraining times an iteration.
func benchBlinkTraining(
	command *cobra.Command, backend compute.Backend, config blink.Config, runs int, asJSON bool,
) error {
	config.AverageDecay, config.Drawn = 0, 8 // The peers have no average.
	iteration, err := bench.Blink(backend, config)
	if err != nil {
		return err
	}
	title := fmt.Sprintf(
		"one iteration of %s at %d×%[2]d, batch %d, %d channels", config.Network, config.Size, config.Batch, config.Channels,
	)
	return timeContest(command, backend, iteration, title, config, runs, asJSON)
}

// benchBlinking times the command "moelab blink" as a user calls it.
func benchBlinking(command *cobra.Command, runs int, asJSON bool) error {
	ctx := command.Context()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "moelab-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	const side = 1024
	clip, err := dataset.DrawnBlinks(1, 1, side).Clip(ctx, 0)
	if err != nil {
		return err
	}
	portrait := filepath.Join(dir, "portrait.png")
	if err := imaging.SavePNG(portrait, clip.Frames[0]); err != nil {
		return err
	}
	medians := map[string]float64{}
	for _, extension := range []string{".gif", ".png", ".webp"} {
		var seconds []float64
		for run := range runs + 1 {
			start := time.Now()
			out, err := exec.CommandContext(ctx, program, "blink", portrait, "-o", filepath.Join(dir, "blink"+extension)).
				CombinedOutput()
			if err != nil {
				return fmt.Errorf("moelab blink: %w: %s", err, out)
			}
			if run > 0 { // The first run also reads the executable from disk.
				seconds = append(seconds, time.Since(start).Seconds())
			}
		}
		slices.Sort(seconds)
		medians[extension] = stat.Quantile(0.5, stat.Empirical, seconds, nil)
	}
	if asJSON {
		return json.NewEncoder(command.OutOrStdout()).Encode(map[string]any{"size": side, "blink_seconds": medians})
	}
	_, err = fmt.Fprintf(
		command.OutOrStdout(), "\nmoelab blink, a portrait of %d×%[1]d: .gif %.1f s, .png %.1f s, .webp %.1f s\n", side,
		medians[".gif"], medians[".png"], medians[".webp"],
	)
	return err
}
