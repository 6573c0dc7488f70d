package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// standard is the name of standard input and output.
const standard = "-"

// smallestTile is the smallest that can be asked for. Smaller ones cost much more than they save.
const smallestTile = 16

func newUpscaleCommand() *cobra.Command {
	var out, model, format string
	var scale float64
	var tile int
	var force bool
	command := &cobra.Command{
		Use:   "upscale IN…",
		Short: "Enlarge pictures, folders of pictures, animations",
		Long: `Enlarge pictures by a network. IN are pictures (PNG, JPEG, GIF, WebP, BMP, TIFF), folders, which are gone through with the folders
in them, or "-", which is standard input. OUT is a file, whose extension says the format (.png, .jpg, .gif, .webp), a folder, or "-".

What is in a picture is kept: transparency, grey, 16 bits, colour profile; pictures that a camera has marked as turned come out
upright. Animated GIFs, PNGs and WebPs are enlarged frame by frame. JPEG keeps no transparency, GIF 256 colours.

In a folder, each picture NAME.* becomes NAME.png, an animated GIF NAME.gif. What is there already, newer than its picture, is left
out, so a run that was stopped goes on. Pictures that cannot be read are named and left out; the exit status is 1 then. No picture is
ever overwritten by its own enlargement.

Models: anime, anime-video (small and fast) and photo are Real-ESRGAN's, which "moelab setup --sr-weights" installs. The others are
runs of "moelab train sr", and RRDB networks in safetensors.`,
		Example: `  moelab upscale portrait.jpg -o large.png
  moelab upscale scans -o large                     # a folder, and what is in it
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
	flags.StringVarP(&out, "out", "o", "", `file or folder for what is made, or "-" (required)`)
	flags.StringVar(&model, "model", "anime", `"anime", "anime-video", "photo", a run directory, or a .safetensors file of an RRDB network`)
	flags.Float64Var(&scale, "scale", 0, "how many times larger, from 1 to 4 (default: the network's own, 4)")
	flags.IntVar(&tile, "tile", 0, "side of the tiles that are enlarged at a time; smaller ones take less memory, more time (default: what takes 3 GB)")
	flags.StringVar(&format, "format", "", `format of what is made in a folder: "png", "jpg", "gif" or "webp" (default: png, and gif for animated GIFs)`)
	flags.BoolVar(&force, "force", false, "make anew what is there already in a folder")
	open := backendFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		switch {
		case out == "":
			return usage("-o is missing: name the file or folder for what is made (see %s -h)", command.CommandPath())
		case command.Flags().Changed("scale") && !(scale >= 1 && scale <= 16):
			return usage("--scale is %g: it must be from 1 to what the network enlarges by", scale)
		case tile != 0 && tile < smallestTile:
			return usage("--tile is %d: it must be at least %d", tile, smallestTile)
		}
		jobs, err := planUpscale(command.Context(), args, out, format)
		if err != nil {
			return err
		}
		u := upscaling{command: command, all: len(jobs)}
		if !force {
			jobs = slices.DeleteFunc(jobs, upscaleJob.done)
		}
		u.skipped = u.all - len(jobs)
		if len(jobs) == 0 {
			return u.run(nil)
		}
		backend, err := open()
		if err != nil {
			return err
		}
		upscaler, err := openUpscaler(backend, model)
		if err != nil {
			return err
		}
		defer upscaler.Close()
		if u.enlarger, err = newEnlarger(upscaler, scale, tile); err != nil {
			return err
		}
		if jobs[0].inDir {
			if err := os.MkdirAll(out, 0o755); err != nil {
				return err
			}
		}
		return u.run(jobs)
	}
	return command
}

// newEnlarger returns what enlarges to a scale; 0: the network's.
func newEnlarger(upscaler *esrgan.Upscaler, scale float64, tile int) (enlarger, error) {
	if scale == 0 {
		scale = float64(upscaler.Scale)
	}
	if scale > float64(upscaler.Scale) {
		return enlarger{}, usage("--scale is %g: %s enlarges %d times; what it made can be enlarged again", scale, upscaler.Name, upscaler.Scale)
	}
	return enlarger{upscaler: upscaler, scale: scale, tile: tile}, nil
}

// openUpscaler opens a model by what --model says.
func openUpscaler(backend compute.Backend, name string) (*esrgan.Upscaler, error) {
	if slices.Contains(esrgan.Pretrained(), name) {
		return esrgan.OpenPretrained(backend, name)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, usage("there is no model %q: it must be %s, a run directory or a .safetensors file", name, strings.Join(esrgan.Pretrained(), ", "))
	case info.IsDir():
		return esrgan.OpenRun(backend, name)
	}
	config, weights, err := esrgan.ReadRRDB(name)
	if err != nil {
		return nil, wrongInput(err)
	}
	upscaler, err := esrgan.NewUpscaler(backend, filepath.Base(name), esrgan.Scale, func(scope *model.Scope, x *Node) *Node {
		return esrgan.RRDBNet(scope, config, x)
	}, weights)
	if err != nil {
		return nil, err
	}
	upscaler.Overlap = esrgan.RRDBOverlap(config.Blocks)
	return upscaler, nil
}

// upscaling goes through pictures.
type upscaling struct {
	enlarger
	command      *cobra.Command
	all, skipped int
	bar          *upscaleBar
}

// run enlarges pictures one after another. One that fails does not stop the others.
func (u *upscaling) run(jobs []upscaleJob) error {
	// Tiles are large and soon forgotten: without this as much memory as the picture takes would be theirs.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	u.bar = newUpscaleBar(u.command.ErrOrStderr(), len(jobs))
	defer u.bar.close()
	failed := 0
	var made imaging.Info
	for i, job := range jobs {
		u.bar.start(i)
		var err error
		made, err = u.do(u.command.Context(), job)
		switch {
		case err == nil:
			continue
		case u.command.Context().Err() != nil:
			return fmt.Errorf("%s: %w", job.in, u.command.Context().Err())
		case u.all == 1:
			return job.wrap(err)
		}
		failed++
		u.bar.clear()
		fmt.Fprintln(u.command.ErrOrStderr(), "moelab:", errorLines(job.wrap(err))[0])
	}
	u.bar.clear()
	if failed > 0 {
		return fmt.Errorf("%d of %d pictures could not be enlarged", failed, u.all)
	}
	u.report(jobs, made)
	return nil
}

// report says what was done, unless a picture went to standard output.
func (u *upscaling) report(jobs []upscaleJob, last imaging.Info) {
	stdout := u.command.OutOrStdout()
	switch {
	case len(jobs) == 1 && jobs[0].out == standard:
	case len(jobs) == 0:
		fmt.Fprintf(stdout, "there was nothing to do: %s enlarged already (--force makes them anew)\n", counted(u.skipped, "picture"))
	case u.all == 1:
		fmt.Fprintf(stdout, "%s: %d×%d pixels, by %s\n", jobs[0].out, last.Width, last.Height, u.upscaler.Name)
	case u.skipped > 0:
		fmt.Fprintf(stdout, "%s enlarged by %s; %d were there already (--force makes them anew)\n", counted(len(jobs), "picture"), u.upscaler.Name, u.skipped)
	default:
		fmt.Fprintf(stdout, "%s enlarged by %s\n", counted(len(jobs), "picture"), u.upscaler.Name)
	}
}

// counted is a number of things, in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// do enlarges a picture, and returns what became of it.
func (u *upscaling) do(ctx context.Context, job upscaleJob) (imaging.Info, error) {
	if job.err != nil {
		return imaging.Info{}, job.err
	}
	p, err := job.open(u.command.InOrStdin())
	if err != nil {
		return imaging.Info{}, err
	}
	large, err := u.large(p.Info)
	if err != nil {
		return large, err
	}
	if job.out == standard {
		out := bufio.NewWriter(u.command.OutOrStdout())
		if err := u.write(ctx, out, job.format, large, p); err != nil {
			return large, err
		}
		return large, out.Flush()
	}
	if err := os.MkdirAll(filepath.Dir(job.out), 0o755); err != nil {
		return large, err
	}
	var inner error // That of the picture, which is not one of writing.
	err = atomicfile.Write(job.out, func(file *os.File) error {
		out := bufio.NewWriter(file)
		if inner = u.write(ctx, out, job.format, large, p); inner != nil {
			return inner
		}
		return out.Flush()
	})
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed): // It names a temporary file.
		return large, &fs.PathError{Op: "write", Path: job.out, Err: failed.Err}
	case inner != nil:
		return large, inner
	default:
		return large, err
	}
}

// write enlarges the frames of a picture and writes each as soon as it is there.
func (u *upscaling) write(ctx context.Context, out io.Writer, format imaging.Format, large imaging.Info, p *imaging.Picture) error {
	writer, err := imaging.NewWriter(out, format, large)
	if err != nil {
		return err
	}
	done := 0
	for frame, err := range p.Frames() {
		if err != nil {
			return err
		}
		frame.Pixels, err = u.enlarge(ctx, frame.Pixels, p.Gray, func(share float64) {
			u.bar.set((float64(done) + share) / float64(p.Info.Frames))
		})
		if err != nil {
			return err
		}
		if err := writer.Write(frame); err != nil {
			return err
		}
		done++
	}
	return writer.Close()
}

// upscaleBar shows how much of all pictures is done, where that is shown in a terminal; else nothing.
type upscaleBar struct {
	bar  *progressbar.ProgressBar
	done int // Pictures.
}

// barSteps is how finely the bar counts a picture.
const barSteps = 1000

func newUpscaleBar(w io.Writer, pictures int) *upscaleBar {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || pictures == 0 {
		return &upscaleBar{}
	}
	return &upscaleBar{bar: progressbar.NewOptions(pictures*barSteps, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription("enlarging"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())}
}

// start begins picture i.
func (b *upscaleBar) start(i int) {
	b.done = i
	b.set(0)
}

// set tells how much of the picture is done, from 0 to 1.
func (b *upscaleBar) set(share float64) {
	if b.bar != nil {
		_ = b.bar.Set(b.done*barSteps + int(share*barSteps)) // Whether a bar could be drawn must not matter.
	}
}

// clear takes the bar off the line, so that something else can be written there.
func (b *upscaleBar) clear() {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
}

func (b *upscaleBar) close() {
	if b.bar != nil {
		_ = b.bar.Exit()
		b.clear()
	}
}
