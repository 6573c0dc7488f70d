package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/onnxnet"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

// The networks that FID and KID may look through, besides an ONNX file.
const (
	judgeFeatures = "judge"
	vggFeatures   = "vgg"
)

// onnxInputs are how the pictures of an ONNX file may be prepared, by what --features-input calls it.
var onnxInputs = map[string]onnxnet.Input{
	"imagenet": onnxnet.ImageNet, "caffe": onnxnet.Caffe, "levels": onnxnet.Levels, "unit": onnxnet.Unit, "signed": onnxnet.Signed,
}

// isONNX says whether --features names a file.
func isONNX(features string) bool { return strings.EqualFold(filepath.Ext(features), ".onnx") }

func newEvalGANCommand() *cobra.Command {
	var dir, data, features, input, output string
	var n int
	var seed uint64
	command := &cobra.Command{
		Use:   "gan",
		Short: "Measure how well a GAN obeys, and how good its portraits are",
		Long: `Draw portraits with the newest checkpoint of a run and measure them, each number beside that of as many real pictures:

  asked-for hair colour   how often a classifier, which was trained on the run's real pictures only, sees it; its own accuracy is on
                          pictures that were held out from it, one in ten
  FID, KID                how far the features of a network are from those of other real pictures; KID with a 95 % interval
  MS-SSIM                 how alike the portraits of a colour are: more than real ones where the GAN collapsed
  nearest picture         how far the nearest picture of the data is: less than for real ones where the GAN learnt by heart

Prints a table and writes evaluation.json, figures/accuracy.png and figures/neighbours.png in the run directory.`,
		Example: `  moelab eval gan --run runs/hair
  moelab eval gan --run runs/hair -n 2000 --features vgg      # after "moelab setup --vgg"
  moelab eval gan --run runs/hair --features inception.onnx --features-input signed --features-output pool3
  moelab eval gan --run runs/hair --data pictures             # beside other pictures than those it was trained on`,
	}
	flags := command.Flags()
	flags.StringVar(&dir, "run", "", "run directory (required)")
	flags.StringVar(&data, "data", "", "folder of real pictures (default: what the run was trained on)")
	flags.StringVar(&features, "features", judgeFeatures, `what FID and KID look through: "judge", the classifier, "vgg", VGG16 trained on ImageNet, or an ONNX file`)
	flags.StringVar(&input, "features-input", "imagenet", `how an ONNX file wants its pictures: "imagenet" (RGB, torchvision's mean and deviation), "caffe" (BGR less its mean),
"levels" (RGB, 0 to 255), "unit" (0 to 1) or "signed" (-1 to 1)`)
	flags.StringVar(&output, "features-output", "", "the ONNX file's output or inner value (default: its first output); of maps the mean is taken")
	flags.IntVarP(&n, "number", "n", 450, "portraits")
	flags.Uint64Var(&seed, "seed", 1, "seed of the noise")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		switch {
		case dir == "":
			return usage("--run is missing: name the run directory (see %s -h)", command.CommandPath())
		case n < 1:
			return usage("-n is %d: it must be at least 1", n)
		case features != judgeFeatures && features != vggFeatures && !isONNX(features):
			return usage("--features is %q: it must be %q, %q or a file NAME.onnx", features, judgeFeatures, vggFeatures)
		case !isONNX(features) && (flags.Changed("features-input") || flags.Changed("features-output")):
			return usage("--features-input and --features-output are for an ONNX file, not for %q", features)
		case onnxInputs[input] == onnxnet.Input{}:
			return usage("--features-input is %q: there are %s", input, strings.Join(slices.Sorted(maps.Keys(onnxInputs)), ", "))
		case features == vggFeatures && esrgan.InstalledVGG() == "":
			return wrongInput(errors.New(`VGG16 is not installed: run "moelab setup --vgg"`))
		}
		config, err := gan.ReadConfig(dir)
		if err != nil {
			return wrongInput(err)
		}
		config.Data = cmp.Or(data, config.Data)
		set, err := config.OpenData(command.Context(), warner(command))
		if err != nil {
			return wrongInput(err)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		options := gan.EvaluateOptions{Samples: n, Seed: seed, Data: data, Set: set, Progress: progressFor(command)}
		switch {
		case isONNX(features):
			network, err := onnxnet.Open(backend, features, onnxnet.Options{Input: onnxInputs[input], Output: output, Size: config.Size})
			if err != nil {
				return wrongInput(err)
			}
			defer network.Close()
			options.Features = gan.Features{Name: strings.TrimSuffix(filepath.Base(features)+"'s "+output, "'s "), Of: network.Features}
		case features == vggFeatures:
			embedder, err := openEmbedder(backend)
			if err != nil {
				return err
			}
			defer embedder.Close()
			options.Features = gan.Features{Name: "VGG16's conv5_3", Of: embedder.Embed}
		}
		return evaluateGAN(command, backend, dir, options)
	}
	return command
}

// openEmbedder opens the VGG16 that is installed.
func openEmbedder(backend compute.Backend) (*esrgan.Embedder, error) {
	vgg, err := esrgan.ReadVGG(esrgan.InstalledVGG())
	if err != nil {
		return nil, err
	}
	return esrgan.NewEmbedder(backend, vgg)
}

// evaluateGAN measures, draws the figures and prints the table.
func evaluateGAN(command *cobra.Command, backend compute.Backend, dir string, options gan.EvaluateOptions) error {
	evaluation, err := gan.Evaluate(command.Context(), backend, dir, options)
	if err != nil {
		return err
	}
	for name, draw := range map[string]func(gan.Evaluation) (*plots.Figure, error){"accuracy.png": gan.ConfusionFigure, "neighbours.png": gan.NeighbourFigure} {
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
