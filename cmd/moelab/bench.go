package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/bench"
	"github.com/spf13/cobra"
)

// benchCases are the sizes at which a training iteration is timed.
var benchCases = []struct{ size, batch int }{{64, 16}, {128, 4}}

func newBenchCommand() *cobra.Command {
	command := &cobra.Command{Use: "bench", Short: "Time moelab against PyTorch, JAX, ncnn and OpenCV"}
	command.AddCommand(newBenchTrainCommand(), newBenchSRCommand(), newBenchUpscaleCommand(), newBenchBlinkCommand())
	return command
}

func newBenchTrainCommand() *cobra.Command {
	var runs, size, batch, channels int
	var presets []string
	var asJSON bool
	command := &cobra.Command{
		Use:   "train",
		Short: "Time one iteration of the GAN's training",
		Long: `Time one iteration of the article's GANs (two steps of D with the penalty and one of G) in moelab, in PyTorch
(in both memory layouts) and in JAX, with the same equations, weights, inputs and shapes. Each program runs once to
compile; then all of them run in turn, and their medians are compared. A ratio below 1 means that moelab is faster. On
the first call the peers' Python environment is set up; it takes several gigabytes.`,
		Example: `  moelab bench train
  moelab bench train --preset article-srresnet --size 128 --batch 64 --runs 3     # the article's own batch: 20 GiB
  moelab bench train --channels 32 --runs 9`,
	}
	flags := command.Flags()
	flags.IntVar(&runs, "runs", 5, "timed runs of each program")
	flags.IntVar(&size, "size", 0, "picture size (default: 64 with batch 16, and 128 with batch 4)")
	flags.IntVar(&batch, "batch", 16, "batch size if --size is given")
	flags.IntVar(
		&channels, "channels", 64,
		"width of the generator at full size, the discriminator's in proportion; the article's is 64",
	)
	flags.StringArrayVar(
		&presets, "preset", []string{"article", "article-srresnet"}, `networks: "article" or "article-srresnet"`,
	)
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if runs < 1 || runs > 1000 {
			return usage("--runs is %d: it must be from 1 to 1000", runs)
		}
		cases := benchCases
		if size != 0 {
			cases = []struct{ size, batch int }{{size, batch}}
		}
		var configs []gan.Config
		for _, name := range presets {
			if !slices.Contains([]string{"article", "article-srresnet"}, name) { // The peers implement no others.
				return usage("--preset is %q: it must be article or article-srresnet", name)
			}
			for _, c := range cases {
				config, err := gan.Experiment.Preset(name)
				if err != nil {
					return err
				}
				config.Size, config.Batch = c.size, c.batch
				config.DiscriminatorChannels = config.DiscriminatorChannels * channels / config.GeneratorChannels
				config.GeneratorChannels = channels
				if err := config.Validate(); err != nil {
					return usageError{err}
				}
				configs = append(configs, config)
			}
		}
		backend, err := open()
		if err != nil {
			return err
		}
		for _, config := range configs {
			iteration, err := bench.GAN(backend, config)
			if err != nil {
				return err
			}
			title := fmt.Sprintf(
				"%s: one iteration at %d×%[2]d, batch %d, %d channels", config.Network, config.Size, config.Batch, channels,
			)
			if err := timeContest(command, backend, iteration, title, config, runs, asJSON); err != nil {
				return err
			}
		}
		return nil
	}
	return command
}

func newBenchSRCommand() *cobra.Command {
	var runs, crop, batch, blocks int
	var preset string
	var asJSON bool
	command := &cobra.Command{
		Use:   "sr",
		Short: "Time one iteration of the super-resolution GAN's training",
		Long: `Time one iteration of ESRGAN's or SRGAN's training: a step of D and a step of G, with the perceptual loss
over all five layers of a VGG16. Otherwise as "moelab bench train".`,
		Example: `  moelab bench sr
  moelab bench sr --preset article-srgan --crop 128 --batch 2`,
	}
	flags := command.Flags()
	flags.IntVar(&runs, "runs", 5, "timed runs of each program")
	flags.StringVar(&preset, "preset", "article", "widths and losses: a preset of moelab train sr")
	flags.IntVar(&crop, "crop", 64, "side of the high-resolution pictures")
	flags.IntVar(&batch, "batch", 4, "crops in a step")
	flags.IntVar(&blocks, "blocks", 4, "blocks of the generator; the article has 15")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if runs < 1 || runs > 1000 {
			return usage("--runs is %d: it must be from 1 to 1000", runs)
		}
		config, err := esrgan.Experiment.Preset(preset)
		if err != nil {
			return usageError{err}
		}
		config.Crop, config.Batch, config.Blocks, config.VGG = crop, batch, blocks, "random"
		if err := config.Validate(); err != nil {
			return usageError{err}
		}
		iteration, err := bench.SR(config)
		if err != nil {
			return err
		}
		backend, err := open()
		if err != nil {
			return err
		}
		title := fmt.Sprintf("one iteration of %s, %d blocks, crop %d, batch %d", config.Network, blocks, crop, batch)
		return timeContest(command, backend, iteration, title, config, runs, asJSON)
	}
	return command
}

func newBenchUpscaleCommand() *cobra.Command {
	var runs, side int
	var asJSON bool
	command := &cobra.Command{
		Use:   "upscale",
		Short: "Time the enlargement of a picture",
		Long: `Time a fourfold enlargement by Real-ESRGAN's network for anime, against ncnn and PyTorch (in both memory
layouts), on the CPU, with the same weights and the same picture. moelab runs the optimised program, which "moelab
upscale" compiles once it has processed a megapixel of pictures or tiles of one size. Each program runs once to
compile; then all of them run in turn, and their medians are compared. A ratio below 1 means that moelab is faster.
The weights must be installed ("moelab setup --sr-weights"). On the first call the peers' Python environments are set
up; they take several gigabytes.`,
		Example: `  moelab bench upscale
  moelab bench upscale --size 256 --runs 3`,
	}
	flags := command.Flags()
	flags.IntVar(&runs, "runs", 5, "timed runs of each program")
	flags.IntVar(&side, "size", 0, "side of the small picture (default: 128, and 512)")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		sides := []int{128, 512}
		switch {
		case runs < 1 || runs > 1000:
			return usage("--runs is %d: it must be from 1 to 1000", runs)
		case command.Flags().Changed("size") && (side < 16 || side > 2048):
			return usage("--size is %d: it must be from 16 to 2048", side)
		case side != 0:
			sides = []int{side}
		}
		backend, err := open()
		if err != nil {
			return err
		}
		for _, side := range sides {
			contest := bench.Upscaling{Side: side}
			title := fmt.Sprintf("enlarging %d×%[1]d to %d×%[2]d", side, esrgan.Scale*side)
			if err := timeContest(command, backend, contest, title, contest, runs, asJSON); err != nil {
				return err
			}
		}
		return nil
	}
	return command
}

// timeContest times moelab against its peers and prints a table, or JSON.
func timeContest(
	command *cobra.Command, backend compute.Backend, contest bench.Contest, title string, config any, runs int,
	asJSON bool,
) error {
	results, err := bench.Run(command.Context(), backend, contest, runs, command.ErrOrStderr())
	if err != nil {
		return err
	}
	out := command.OutOrStdout()
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"config": config, "results": results})
	}
	fmt.Fprintf(out, "\n%s\n", title)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "program\tmedian\tfastest\tmoelab / it\tresults differ by\t")
	for _, r := range results {
		fmt.Fprintf(
			table, "%s\t%v\t%v\t%.2f\t%.0e\t\n", r.Name, r.Median.Round(time.Millisecond), r.Fastest.Round(time.Millisecond),
			r.Ratio, r.LossDifference,
		)
	}
	return table.Flush()
}
