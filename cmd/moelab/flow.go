package main

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/numpy"
	"github.com/moelab/moelab/flow"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/plots"
	"github.com/spf13/cobra"
)

func newFlowCommand() *cobra.Command {
	options := flow.Default()
	var out string
	command := &cobra.Command{
		Use:   "flow FIRST SECOND…",
		Short: "Estimate how each pixel moves between pictures",
		Long: `Estimate the optical flow from the first frame to each of the others by Farnebäck's algorithm. It takes the
arguments of OpenCV's calcOpticalFlowFarneback and computes the same flow. Frames are pictures of one size; an
animation counts as its frames.

For each frame after the first, NAME.npy in the folder is a float32 array [height, width, 2] of displacements to the
right and down, in pixels, and NAME.png a picture of it, with colours for directions, and arrows.`,
		Example: `  moelab flow open.png half.png shut.png -o flow
  moelab flow blink.gif -o flow --window 9`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("name the pictures, or an animation (see %s -h)", command.CommandPath())
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVarP(&out, "out", "o", "", "folder for the flow (required)")
	flags.Float64Var(&options.PyramidScale, "pyramid-scale", options.PyramidScale,
		"size of a pyramid level relative to the one below")
	flags.IntVar(&options.Levels, "levels", options.Levels, "levels of the pyramid above the frames themselves")
	flags.IntVar(&options.Window, "window", options.Window, "side of the averaging window in pixels")
	flags.IntVar(&options.Iterations, "iterations", options.Iterations, "refinements at each level")
	flags.IntVar(&options.PolyRadius, "poly-n", options.PolyRadius,
		"radius of each polynomial's neighbourhood, in pixels")
	flags.Float64Var(&options.PolySigma, "poly-sigma", options.PolySigma,
		"standard deviation of the polynomial's Gaussian weights, in pixels")
	flags.BoolVar(&options.Gaussian, "gaussian", options.Gaussian, "average with a Gaussian window: slower, more exact")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		if out == "" {
			return usage("-o is missing: name the folder for the flow (see %s -h)", command.CommandPath())
		}
		if err := options.Validate(); err != nil {
			return usageError{err}
		}
		names, first, err := checkFrames(args)
		if err != nil {
			return usageError{err}
		}
		if len(names) < 2 {
			return usage("there is only one frame: optical flow needs at least two")
		}
		var outputs []outFile
		for _, name := range names[1:] {
			path := filepath.Join(out, name)
			outputs = append(outputs, outFile{"-o", path + ".npy"}, outFile{"-o", path + ".png"})
		}
		if err := checkOutputs(outputs, args...); err != nil {
			return err
		}
		backend, err := open()
		if err != nil {
			return err
		}
		estimator, err := flow.NewEstimator(backend, options)
		if err != nil {
			return err
		}
		defer estimator.Close()
		if err := os.MkdirAll(out, 0o755); err != nil {
			return err
		}
		names = names[1:]
		from := gray(first)
		estimate := func(later []*image.Gray) error {
			flows, err := estimator.Estimate(command.Context(), from, later...)
			if err != nil {
				return err
			}
			for i, f := range flows {
				if err := writeFlow(filepath.Join(out, names[i]), f, first); err != nil {
					return err
				}
			}
			names = names[len(flows):]
			return nil
		}
		all := len(names)
		if err := eachPart(args, estimate); err != nil {
			return err
		}
		fmt.Fprintf(command.OutOrStdout(), "%s: the flow from the first frame to each later one, %d in all\n", out, all)
		return nil
	}
	return command
}

// checkFrames reads pictures and the frames of animations, which must all be intact and of one size. It returns the
// base names of their output files, and the first frame. Each is named after its file; frames of an animation are also
// numbered.
func checkFrames(paths []string) (names []string, first image.Image, err error) {
	taken := map[string]bool{}
	for _, path := range paths {
		base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		number := 0
		err := eachFrame(path, func(frame *image.NRGBA64, animated bool) error {
			if first == nil {
				first = imaging.OnWhite(frame)
			}
			if size, want := frame.Rect.Size(), first.Bounds().Size(); size != want {
				return fmt.Errorf("%s has %d×%d pixels, the first frame %d×%d: all frames must have the same size",
					path, size.X, size.Y, want.X, want.Y)
			}
			number++
			name := base
			if animated {
				name = fmt.Sprintf("%s_%03d", base, number)
			}
			for n := 2; taken[name]; n++ {
				name = fmt.Sprintf("%s-%d", base, n)
			}
			taken[name] = true
			names = append(names, name)
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return names, first, nil
}

// eachFrame calls do for the frames of a file, one after the other.
func eachFrame(path string, do func(frame *image.NRGBA64, animated bool) error) error {
	p, err := imaging.Open(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if p.Pages > 1 {
		return fmt.Errorf("%s has %d pages, of which only the first can be read: save each as a picture of its own", path,
			p.Pages)
	}
	for frame, err := range p.Frames() {
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if err := do(frame.Pixels, p.Info.Frames > 1); err != nil {
			return err
		}
	}
	return nil
}

// partPixels is about how many pixels of later frames are held in memory, in grey and as their flow.
const partPixels = 32 << 20

// eachPart calls do for some of the frames after the first at a time, in grey: all frames of a long animation would not
// fit into memory.
func eachPart(paths []string, do func(later []*image.Gray) error) error {
	var later []*image.Gray
	isFirst, pixels := true, 0
	flush := func() error {
		if len(later) == 0 {
			return nil
		}
		err := do(later)
		later, pixels = nil, 0
		return err
	}
	for _, path := range paths {
		err := eachFrame(path, func(frame *image.NRGBA64, _ bool) error {
			if isFirst {
				isFirst = false
				return nil
			}
			later = append(later, gray(imaging.OnWhite(frame)))
			if pixels += frame.Rect.Dx() * frame.Rect.Dy(); pixels >= partPixels {
				return flush()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return flush()
}

// gray returns a frame in greyscale.
func gray(frame image.Image) *image.Gray {
	gray := image.NewGray(frame.Bounds())
	draw.Draw(gray, gray.Rect, frame, gray.Rect.Min, draw.Src)
	return gray
}

// writeFlow writes a flow as an array, and as a picture over the frame that it starts from.
func writeFlow(path string, f *tensors.Tensor, from image.Image) error {
	err := lab.WriteFile(path+".npy", func(w io.Writer) error { return numpy.ToNpyWriter(f, w) })
	if err != nil {
		return err
	}
	vectors, err := tensors.CopyFlatData[float32](f)
	if err != nil {
		return err
	}
	field := plots.FlowField{Width: f.Shape().Dim(1), Height: f.Shape().Dim(0), Vectors: vectors}
	figure, err := plots.Flow{Fields: []plots.FlowField{field}, Pictures: []image.Image{from}}.Figure()
	if err != nil {
		return err
	}
	if err := figure.Save(path + ".png"); err != nil {
		return errors.Join(err, os.Remove(path+".npy")) // One is nothing without the other.
	}
	return nil
}
