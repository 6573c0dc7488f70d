package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newExportCommand() *cobra.Command {
	var out string
	command := &cobra.Command{
		Use:   "export RUN -o FILE",
		Short: "Write a trained network for other programs",
		Long: `Write the network of a run's newest checkpoint to a file for other programs, with the weights that moelab
itself draws with: their average over the training, if the run keeps one. The extension is the format:

  .onnx         for onnxruntime, onnxruntime-web and others, opset 17: runs of every kind
  .safetensors  with BasicSR's names, for programs that enlarge pictures: runs of super-resolution with ESRGAN's network

A network in ONNX takes any number of pictures at once, and of super-resolution any height and width. Pictures are
[batch, 3, height, width]. Its inputs and outputs:

  train gan    noise, and for each label (colour, …) a vector with a 1 at the class to draw → picture, in [-1, 1]
  train sr     picture, in [0, 1] → larger, four times as high and wide
  train blink  picture, in [-1, 1], and motion, the optical flow of another blink in pixels → frames
  train eyes   picture, in [-1, 1] → cells

The file says the rest in its metadata: the settings, the step, the names of the classes, the ranges of the values.`,
		Example: `  moelab export runs/hair -o hair.onnx
  moelab export runs/esrgan -o esrgan.safetensors
  moelab export runs/esrgan/pretrain -o l1.onnx     # only the pretraining`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("name one run directory (see %s -h)", command.CommandPath())
			}
			return nil
		},
	}
	command.Flags().StringVarP(&out, "out", "o", "", "file to write: .onnx or .safetensors (required)")
	command.RunE = func(command *cobra.Command, args []string) error {
		dir := args[0]
		if out == "" {
			return usage("-o is missing: name the file to write (see %s -h)", command.CommandPath())
		}
		kind, err := experimentOf(dir)
		if err != nil {
			return err
		}
		if err := checkOutputs([]outFile{{"-o", out}}, dir); err != nil {
			return err
		}
		step, err := kind.Export(dir, out)
		if err != nil {
			return wrongInput(err)
		}
		fmt.Fprintf(command.OutOrStdout(), "%s, the network of step %d\n", out, step)
		return nil
	}
	return command
}
