package main

import (
	"errors"
	"fmt"
	"image"
	"os"
	"runtime/debug"
	"slices"

	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/esrgan/upscale"
	"github.com/moelab/moelab/internal/progress"
	"github.com/spf13/cobra"
)

// standard is the name of standard input and output.
const standard = upscale.Standard

// smallestTile is the smallest value of --tile. Smaller tiles cost much time and save little memory.
const smallestTile = 16

func newUpscaleCommand() *cobra.Command {
	var out, model, format string
	var scale float64
	var tile int
	var force bool
	command := &cobra.Command{
		Use:   "upscale IN…",
		Short: "Enlarge pictures, folders of pictures, animations",
		Long: `Enlarge pictures with a network. IN is pictures (PNG, JPEG, GIF, WebP, BMP, TIFF), folders, searched with their
subfolders, or "-" for standard input. OUT is a file in the format that its extension names (.png, .jpg, .gif, .webp),
a folder, or "-" for standard output.

Transparency, greyscale, 16 bits per channel and the colour profile are kept; pictures that a camera has marked as
rotated come out upright. Animated GIFs, PNGs and WebPs are enlarged frame by frame. JPEG has no transparency, GIF
only 256 colours. Of a TIFF of several pages the first is read, which is said.

TIFF and BMP are read in all common compressions. Not read are AVIF, HEIC and JPEG XL; JPEGs of 12 bits, lossless or
with arithmetic coding; TIFFs of signed or floating-point numbers, of more than 16 bits, of Lab colours, of luma and
chroma without JPEG, or compressed with Zstandard, WebP, LZMA, JPEG 2000, the JPEG of TIFF 6.0 or CCITT's code in rows
of 16 bits; BMPs that hold a JPEG or a PNG; GIFs with codes of 1 bit or of more than 8. Convert these to PNG first.

In a folder, each picture NAME.* becomes NAME.png, an animated GIF NAME.gif. Results newer than their pictures are not
made again, so an interrupted run can be continued. Unreadable pictures are named and skipped; the exit status is then
1. A picture is never overwritten by its own enlargement.

The models anime, anime-video (small and fast) and photo are Real-ESRGAN's, installed by "moelab setup --sr-weights".
Runs of "moelab train sr" and RRDB networks in safetensors files work too.`,
		Example: `  moelab upscale portrait.jpg -o large.png
  moelab upscale scans -o large                     # a folder and its subfolders
  moelab upscale dance.gif -o dance.png --model anime-video --scale 2
  moelab upscale *.webp -o large/ --format jpg
  moelab upscale page.png -o page4.png --model runs/esrgan
  curl … | moelab upscale - -o - > large.png`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("name the pictures to enlarge (see %s -h)", command.CommandPath())
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVarP(&out, "out", "o", "", `file or folder for the results, or "-" (required)`)
	flags.StringVar(&model, "model", "anime",
		`"anime", "anime-video", "photo", a run directory, or a .safetensors file of an RRDB network`)
	flags.Float64Var(&scale, "scale", 0, "enlargement factor, from 1 to 4 (default: the network's own, 4)")
	flags.IntVar(&tile, "tile", 0, "side of the tiles that a picture is enlarged in; "+
		"smaller ones take less memory and more time (default: as large as 3 GB allow)")
	flags.StringVar(&format, "format", "", `format of the results in a folder: "png", "jpg", "gif" or "webp" `+
		`(default: png, and gif for animated GIFs)`)
	flags.BoolVar(&force, "force", false, "make results again even if they exist")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		switch {
		case out == "":
			return usage("-o is missing: name the file or folder for the results (see %s -h)", command.CommandPath())
		case command.Flags().Changed("scale") && !(scale >= 1 && scale <= 16):
			return usage("--scale is %g: it must be from 1 to the network's own", scale)
		case tile != 0 && tile < smallestTile:
			return usage("--tile is %d: it must be at least %d", tile, smallestTile)
		}
		jobs, err := upscale.Plan(command.Context(), args, out, format)
		if err != nil {
			return err
		}
		u := upscaling{command: command, all: len(jobs), journal: new(upscale.Journal)}
		if jobs[0].InFolder {
			if u.journal, err = upscale.OpenJournal(out, model, scale); err != nil {
				return err
			}
		}
		if !force {
			jobs = slices.DeleteFunc(jobs, func(job upscale.Job) bool {
				done := u.journal.Done(job)
				if done { // It may be of an older moelab, and is known from now on.
					u.note(job)
				}
				return done
			})
		}
		u.skipped = u.all - len(jobs)
		if len(jobs) == 0 {
			return u.run(nil)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		if u.network, err = upscale.Open(backend, model); err != nil {
			return err
		}
		defer u.network.Close()
		options := upscale.Options{Scale: scale, Tile: tile, Progress: u.progress, Warn: func(err error) {
			u.bar.Clear()
			warner(command)(err)
		}}
		if u.enlarger, err = upscale.NewEnlarger(u.network, options); err != nil {
			return err
		}
		if jobs[0].InFolder {
			if err := errors.Join(os.MkdirAll(out, 0o755), u.journal.Sweep()); err != nil {
				return err
			}
		}
		return u.run(jobs)
	}
	return command
}

// upscaling enlarges a list of pictures.
type upscaling struct {
	network      *esrgan.Upscaler
	enlarger     *upscale.Enlarger
	journal      *upscale.Journal
	command      *cobra.Command
	all, skipped int
	bar          *progress.Bar
	done         int // Pictures.
}

// progress shows that a share of the current picture is done, from 0 to 1.
func (u *upscaling) progress(share float64) { u.bar.Set(float64(u.done)+share, "enlarging") }

// run enlarges pictures one after another. One that fails does not stop the others.
func (u *upscaling) run(jobs []upscale.Job) error {
	// Tiles are large and short-lived: with the default setting, garbage would take as much memory again.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	u.bar = progress.New(u.command.ErrOrStderr(), "picture")
	u.bar.Start(0, float64(len(jobs)), "")
	defer u.bar.Clear()
	failed := 0
	var made image.Point
	for i, job := range jobs {
		u.done = i
		u.progress(0)
		_ = u.journal.Begin(job) // Where this fails, what follows does too.
		var err error
		made, err = u.enlarger.Do(u.command.Context(), job, u.command.InOrStdin(), u.command.OutOrStdout())
		switch {
		case err == nil:
			u.note(job)
			continue
		case u.command.Context().Err() != nil:
			return fmt.Errorf("%s: %w", job.In, u.command.Context().Err())
		case u.all == 1:
			return err
		}
		failed++
		u.bar.Clear()
		fmt.Fprintln(u.command.ErrOrStderr(), "moelab:", errorLines(err)[0])
	}
	u.bar.Clear()
	if failed > 0 {
		return fmt.Errorf(
			"%d of %d pictures could not be enlarged; %d were enlarged, %d were there already", failed, u.all, len(jobs)-failed,
			u.skipped,
		)
	}
	u.report(jobs, made)
	return nil
}

// note notes that a picture is made. Without that it may be enlarged once more than it must.
func (u *upscaling) note(job upscale.Job) {
	if err := u.journal.Add(job); err != nil {
		if u.bar != nil {
			u.bar.Clear()
		}
		warner(u.command)(fmt.Errorf("note that %s is made: %w", job.Out, err))
	}
}

// report prints a summary, unless a picture went to standard output.
func (u *upscaling) report(jobs []upscale.Job, last image.Point) {
	stdout := u.command.OutOrStdout()
	switch {
	case len(jobs) == 1 && jobs[0].Out == standard:
	case len(jobs) == 0:
		fmt.Fprintf(stdout, "there was nothing to do: %s enlarged already (--force makes them again)\n",
			counted(u.skipped, "picture"))
	case u.all == 1:
		fmt.Fprintf(stdout, "%s: %d×%d pixels, by %s\n", jobs[0].Out, last.X, last.Y, u.network.Name)
	case u.skipped > 0:
		fmt.Fprintf(stdout, "%s enlarged by %s; %d were there already (--force makes them again)\n",
			counted(len(jobs), "picture"), u.network.Name, u.skipped)
	default:
		fmt.Fprintf(stdout, "%s enlarged by %s\n", counted(len(jobs), "picture"), u.network.Name)
	}
}

// counted returns a count with its noun, as in "1 picture" and "2 pictures".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
