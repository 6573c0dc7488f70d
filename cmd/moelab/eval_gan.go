package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/onnxnet"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

// The networks whose features FID and KID can use, besides an ONNX file.
const (
	judgeFeatures = "judge"
	vggFeatures   = "vgg"
)

// onnxInputs lists how pictures can be prepared for an ONNX file, by the value of --features-input.
var onnxInputs = map[string]onnxnet.Input{
	"imagenet": onnxnet.ImageNet,
	"caffe":    onnxnet.Caffe,
	"levels":   onnxnet.Levels,
	"unit":     onnxnet.Unit,
	"signed":   onnxnet.Signed,
}

// isONNX reports whether --features names a file.
func isONNX(features string) bool { return strings.EqualFold(filepath.Ext(features), ".onnx") }

func newEvalGANCommand() *cobra.Command {
	var dir, data, features, input, output string
	var n int
	var seed uint64
	command := &cobra.Command{
		Use:   "gan",
		Short: "Measure a GAN's colour accuracy and the quality of its portraits",
		Long: `Draw portraits with the newest checkpoint of a run and measure them. Each number is shown next to that of as
many real pictures:

  asked-for hair colour   how often it is recognised by a classifier trained on the run's real pictures only; the
                          classifier's own accuracy is measured on a held-out tenth of them
  FID, KID                how far the features of a network are from those of other real pictures; KID with a 95 %
                          interval
  MS-SSIM                 how alike the portraits of one colour are: more than real ones if the GAN collapsed
  nearest picture         distance to the nearest picture of the data: less than for real ones if the GAN memorised
                          its data

Prints a table and writes evaluation.json, figures/accuracy.png and figures/neighbours.png in the run directory.`,
		Example: `  moelab eval gan --run runs/hair
  moelab eval gan --run runs/hair -n 2000 --features vgg      # after "moelab setup --vgg"
  moelab eval gan --run runs/hair --features inception.onnx --features-input signed --features-output pool3
  moelab eval gan --run runs/hair --data pictures             # against pictures other than its training data`,
	}
	flags := command.Flags()
	oneRun(flags, &dir, "run directory (required)")
	flags.StringVar(&data, "data", "", "folder of real pictures (default: what the run was trained on)")
	flags.StringVar(&features, "features", judgeFeatures,
		`network for FID and KID: "judge", the classifier; "vgg", VGG16 trained on ImageNet; or an ONNX file`)
	flags.StringVar(&input, "features-input", "imagenet",
		`pictures for the ONNX file: "imagenet" (RGB, torchvision's mean and deviation), "caffe" (BGR minus its mean),
"levels" (RGB, 0 to 255), "unit" (0 to 1) or "signed" (-1 to 1)`)
	flags.StringVar(&output, "features-output", "",
		"the ONNX file's output or inner value (default: its first output); maps are averaged")
	flags.IntVarP(&n, "number", "n", 450, "portraits")
	flags.Uint64Var(&seed, "seed", 1, "seed of the noise")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case dir == "":
			return usage("--run is missing: name the run directory (see %s -h)", command.CommandPath())
		case n < 1 || n > 100_000:
			return usage("-n is %d: it must be from 1 to 100000", n)
		case features != judgeFeatures && features != vggFeatures && !isONNX(features):
			return usage("--features is %q: it must be %q, %q or a file NAME.onnx", features, judgeFeatures, vggFeatures)
		case !isONNX(features) && (flags.Changed("features-input") || flags.Changed("features-output")):
			return usage("--features-input and --features-output are for an ONNX file only, not for %q", features)
		case onnxInputs[input] == onnxnet.Input{}:
			return usage("--features-input is %q: there are %s", input, strings.Join(slices.Sorted(maps.Keys(onnxInputs)), ", "))
		case features == vggFeatures && vgg.Installed() == "":
			return wrongInput(errors.New(`VGG16 is not installed: run "moelab setup --vgg"`))
		}
		config, err := gan.Experiment.Read(dir)
		if err != nil {
			return wrongInput(err)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		options := lab.EvaluateOptions{
			Number: n, Seed: seed, Data: data, Progress: progressFor(command), Warn: warner(command),
		}
		switch {
		case isONNX(features):
			inputs := onnxnet.Options{Input: onnxInputs[input], Output: output, Size: config.Size}
			network, err := onnxnet.Open(backend, features, inputs)
			if err != nil {
				return wrongInput(err)
			}
			defer network.Close()
			name := strings.TrimSuffix(filepath.Base(features)+"'s "+output, "'s ")
			options.Features = measure.Features{Name: name, Of: network.Features}
		case features == vggFeatures:
			embedder, err := openEmbedder(backend)
			if err != nil {
				return err
			}
			defer embedder.Close()
			options.Features = measure.Features{Name: "VGG16's conv5_3", Of: embedder.Embed}
		}
		return evaluateGAN(command, backend, dir, options)
	}
	return command
}

// openEmbedder opens the installed VGG16.
func openEmbedder(backend compute.Backend) (*vgg.Embedder, error) {
	network, err := vgg.ReadInstalled()
	if err != nil {
		return nil, err
	}
	return vgg.NewEmbedder(backend, network)
}

// evaluateGAN measures, draws the figures and prints the table.
func evaluateGAN(command *cobra.Command, backend compute.Backend, dir string, options lab.EvaluateOptions) error {
	evaluation, err := gan.Evaluate(command.Context(), backend, dir, options)
	if err != nil {
		return wrongInput(err)
	}
	for name, draw := range map[string]func(gan.Evaluation) (*plots.Figure, error){
		"accuracy.png": gan.ConfusionFigure, "neighbours.png": gan.NeighbourFigure,
	} {
		figure, err := draw(evaluation)
		if err != nil {
			return err
		}
		if err := figure.Save(filepath.Join(dir, "figures", name)); err != nil {
			return err
		}
	}
	fmt.Fprintln(command.OutOrStdout(), evaluation)
	return nil
}
