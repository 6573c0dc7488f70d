package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/moelab/moelab/collect"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/spf13/cobra"
)

func newDataBlinksCommand() *cobra.Command {
	var out, preview string
	var eyes []string
	var fps float64
	command := &cobra.Command{
		Use:   "blinks VIDEO|ANIMATION|DIR…",
		Short: "Cut blinks out of videos, animations or folders of frames",
		Long: `Find blinks and write each one as a clip of 16 frames, 18 a second, at full size, to train on or to use as a
reference. Sources are videos (decoded by ffmpeg, which must be installed), animated PNGs, GIFs and WebPs, and folders
of pictures in the order of their names. Other frame rates are converted to 18 frames a second. A folder or an
animation of exactly 16 frames at that rate is taken as one clip.

A blink is found where two regions side by side change at the same time and return to their first state after 0.2 to
1.5 seconds, while the rest stays nearly still. Faces are not recognised, so check the results:

  OUT/NAME_001/             frame_00.png … frame_15.png, eyes.json, aperture.csv (estimated openings of the eyes)
  OUT-preview/NAME_001.png  some of the frames, with the boxes of the eyes

If a box is wrong, correct eyes.json (x, y, width, height in pixels of the first frame), or give the boxes with
--eyes. If a clip is not a blink, delete its folder. The exit status is 1 if a source breaks off early; the blinks
found before that are written.`,
		Example: `  moelab data blinks film.mp4 --out blinks
  moelab data blinks blink.gif other.webp --out blinks
  moelab data blinks frames/ --out blinks --fps 24
  moelab data blinks webcam.webm --out blinks --eyes 210,180,60,40 --eyes 330,182,60,40`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("name a video, an animation or a folder of frames (see %s -h)", command.CommandPath())
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&out, "out", "", "folder to fill (required)")
	flags.StringVar(&preview, "preview", "", "folder for the previews (default OUT-preview)")
	flags.StringArrayVar(&eyes, "eyes", nil,
		"box of an eye, x,y,width,height in pixels; given once or twice (default: detected)")
	flags.Float64Var(&fps, "fps", portrait.BlinkRate, "frame rate of folders of frames, in frames a second")
	command.RunE = func(command *cobra.Command, args []string) error {
		switch {
		case out == "":
			return usage("--out is missing: name the folder to fill (see %s -h)", command.CommandPath())
		case !(fps > 0 && fps <= 1000):
			return usage("--fps is %g: it must be more than 0 and at most 1000", fps)
		case len(eyes) > 2:
			return usage("--eyes is given %d times: a face has one or two", len(eyes))
		}
		stdout := command.OutOrStdout()
		options := collect.BlinkOptions{
			Preview:  preview,
			Note:     func(text string) { fmt.Fprintln(stdout, text) },
			Progress: countBar(command, "looking", "frame"),
			Written:  func(blink collect.Blink) { fmt.Fprintln(stdout, blink) },
		}
		if flags.Changed("fps") {
			options.FolderRate = fps
		}
		for _, text := range eyes {
			eye, err := parseBox(text)
			if err != nil {
				return usage("--eyes is %q: %w", text, err)
			}
			options.Eyes = append(options.Eyes, eye)
		}
		blinks, err := collect.CutBlinks(command.Context(), args, out, options)
		if len(blinks) > 0 {
			fmt.Fprintf(stdout, "%s in %s; look at %s, and correct eyes.json if a box is wrong\n",
				counted(len(blinks), "blink"), out, filepath.Dir(blinks[0].Preview))
		}
		return eachSource(err)
	}
	return command
}

// eachSource gives each of the joined errors of several sources the exit status that it would have alone.
func eachSource(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var errs []error
	for _, err := range joined.Unwrap() {
		var broken *collect.BrokenOffError
		switch {
		case errors.Is(err, context.Canceled) || errors.Is(err, collect.ErrNoFFmpeg):
			errs = append(errs, err) // The arguments are fine.
		case errors.As(err, &broken):
			errs = append(errs, fmt.Errorf("%w; %s before that", err, counted(broken.Blinks, "blink")))
		default:
			errs = append(errs, wrongInput(err))
		}
	}
	return errors.Join(errs...)
}

// parseBox reads a box as x,y,width,height.
func parseBox(text string) (image.Rectangle, error) {
	wrong := errors.New("it must be x,y,width,height in pixels, as in 210,180,60,40")
	var v [4]int
	parts := strings.Split(text, ",")
	if len(parts) != len(v) {
		return image.Rectangle{}, wrong
	}
	for i, part := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 || n > math.MaxInt32 || i >= 2 && n < 1 {
			return image.Rectangle{}, wrong
		}
		v[i] = n
	}
	return image.Rect(v[0], v[1], v[0]+v[2], v[1]+v[3]), nil
}

// boxText writes a box as x,y,width,height.
func boxText(box image.Rectangle) string {
	return fmt.Sprintf("%d,%d,%d,%d", box.Min.X, box.Min.Y, box.Dx(), box.Dy())
}
