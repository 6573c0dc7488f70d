package main

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/esrgan/upscale"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/spf13/cobra"
)

func newEvalSRCommand() *cobra.Command {
	var runs, models []string
	var data, out string
	var n int
	var seed uint64
	command := &cobra.Command{
		Use:   "sr",
		Short: "Measure how well networks restore shrunk pictures",
		Long: `Shrink pictures to a quarter of their height and width, restore them by bicubic interpolation, by the
networks of runs and by Real-ESRGAN's, and print a table: PSNR and SSIM, an LPIPS-like distance of VGG16's features
(if installed by "moelab setup --vgg"), distances of colour histograms, and the sharpness of lines. Each run is
measured with its G after the pretraining, and with its final G.

Without --data the pictures are illustrations that moelab draws, with a seed that no training uses. A folder or an
archive (.zip, .tar, .tar.gz) may hold pictures of any size.`,
		Example: `  moelab eval sr --run runs/esrgan --run runs/srgan --model anime
  moelab eval sr --model anime,anime-video,photo --data illustrations -n 50 --out quality.json`,
	}
	flags := command.Flags()
	severalRuns(flags, &runs, "run directory; may be given several times")
	flags.StringSliceVar(
		&models, "model", nil, `networks of Real-ESRGAN, separated by commas: "anime", "anime-video", "photo"`,
	)
	flags.StringVar(&data, "data", "", "folder or archive of pictures (default: illustrations that moelab draws)")
	flags.IntVarP(&n, "number", "n", 20, "number of pictures, from the first on")
	flags.Uint64Var(&seed, "seed", esrgan.HeldOutSeed, "seed of the drawn illustrations")
	flags.StringVarP(&out, "out", "o", "", "file for the table and the scores of every picture, as JSON")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if n < 1 || n > 100_000 {
			return usage("-n is %d: it must be from 1 to 100000", n)
		}
		if out != "" {
			if err := checkOutputs([]outFile{{"-o", out}}, append(runFiles(runs...), data)...); err != nil {
				return err
			}
		}
		pictures, err := esrgan.TestPictures(command.Context(), lab.EvaluateOptions{
			Number: n, Seed: seed, Data: data, Warn: warner(command),
		}, runs...)
		if err != nil {
			return wrongInput(err)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		restorers, closeAll, err := openRestorers(backend, esrgan.OpenStages, runs, models)
		defer closeAll()
		if err != nil {
			return err
		}
		return evaluateSR(command, backend, pictures, restorers, out)
	}
	return command
}

// stagesOf opens the trained stages of a run, as [esrgan.OpenStages] does.
type stagesOf func(backend compute.Backend, dir string) ([]*esrgan.Upscaler, error)

// openRestorers opens bicubic interpolation, the networks of runs, and networks of Real-ESRGAN. The returned function
// closes them; it must be called even if there is an error.
func openRestorers(
	backend compute.Backend, open stagesOf, runs, models []string,
) (restorers []esrgan.Restorer, closeAll func(), err error) {
	restorers = []esrgan.Restorer{esrgan.Bicubic()}
	var opened []*esrgan.Upscaler
	var dirs []string // The run directory of each opened network.
	closeAll = func() {
		for _, upscaler := range opened {
			upscaler.Close()
		}
	}
	for _, dir := range runs {
		stages, err := open(backend, dir)
		if err != nil {
			return nil, closeAll, err
		}
		for _, stage := range stages {
			opened, dirs = append(opened, stage), append(dirs, dir)
		}
	}
	if twice(opened) != "" {
		for i, stage := range opened {
			stage.Name += " of " + dirs[i]
		}
	}
	for _, name := range models {
		model, err := upscale.OpenPretrained(backend, name)
		if err != nil {
			return nil, closeAll, usageError{err}
		}
		opened = append(opened, model)
		if model.Scale != esrgan.Scale {
			return nil, closeAll, usage(
				"%s enlarges %d times, not %d times like the others: they cannot be compared", name, model.Scale, esrgan.Scale,
			)
		}
	}
	if name := twice(opened); name != "" {
		return nil, closeAll, usage("%s is named twice: name it once", name)
	}
	for _, upscaler := range opened {
		restorers = append(restorers, upscaler.Restorer(esrgan.TileOptions{}))
	}
	return restorers, closeAll, nil
}

// twice returns a name that occurs more than once, or "".
func twice(networks []*esrgan.Upscaler) string {
	for i, network := range networks {
		if slices.ContainsFunc(networks[:i], func(before *esrgan.Upscaler) bool { return before.Name == network.Name }) {
			return network.Name
		}
	}
	return ""
}

// evaluateSR measures, prints the table and writes the file.
func evaluateSR(
	command *cobra.Command, backend compute.Backend, pictures dataset.Pictures, restorers []esrgan.Restorer, out string,
) error {
	features, err := vgg.InstalledDistance(backend)
	if err != nil {
		return err
	}
	defer features.Close()
	options := esrgan.MeasureOptions{Features: features, OnBad: warner(command), Progress: progressFor(command)}
	evaluation, err := esrgan.Measure(command.Context(), pictures, restorers, options)
	if err != nil {
		return err
	}
	fmt.Fprintf(command.OutOrStdout(), "%v\n%s", evaluation, evaluation.Legend())
	if features == nil {
		fmt.Fprintln(command.OutOrStdout(), `"moelab setup --vgg" installs them.`)
	}
	return writeEvaluation(out, evaluation)
}
