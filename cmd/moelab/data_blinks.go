package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moelab/moelab/collect"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/footage"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/spf13/cobra"
	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

func newDataBlinksCommand() *cobra.Command {
	var b blinkCutter
	var eyes []string
	command := &cobra.Command{
		Use:   "blinks VIDEO|ANIMATION|DIR…",
		Short: "Cut a person's own blinks out of videos, animations or folders of frames",
		Long: `Find where somebody blinks, and write each blink as a clip of 16 frames, 18 a second, at full size: to train on, or as a reference.
Sources are videos (decoded by the program ffmpeg, which must be installed), animated PNGs, GIFs and WebPs, and folders of pictures, in the
order of their names. Other rates are brought to 18 frames a second. A folder or an animation of 16 frames at that rate is one clip as it is.

A blink is where two regions side by side change at the same time, and are what they were after 0.2 to 1.5 seconds, while the rest is nearly
still. Nothing is known of faces, so look at what was found:

  OUT/NAME_001/             frame_00.png … frame_15.png, eyes.json, aperture.csv (how far the eyes are open: estimated)
  OUT-preview/NAME_001.png  some of the frames, with the boxes of the eyes

Where a box is wrong, correct eyes.json (x, y, width, height in pixels of the first frame), or give the boxes with --eyes. Where it is no
blink, delete the folder. The exit status is 1 if a source ends before its time; the blinks before that are written.`,
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
	flags.StringVar(&b.out, "out", "", "folder to fill (required)")
	flags.StringVar(&b.preview, "preview", "", "folder for the pictures to look at (default OUT-preview)")
	flags.StringArrayVar(&eyes, "eyes", nil, "where an eye is, as x,y,width,height in pixels, instead of looking for it; once or twice")
	flags.Float64Var(&b.fps, "fps", portrait.BlinkRate, "frames a second of the folders of frames")
	command.RunE = func(command *cobra.Command, args []string) (err error) {
		switch {
		case b.out == "":
			return usage("--out is missing: name the folder to fill (see %s -h)", command.CommandPath())
		case !(b.fps > 0 && b.fps <= 1000):
			return usage("--fps is %g: it must be more than 0 and at most 1000", b.fps)
		case len(eyes) > 2:
			return usage("--eyes is given %d times: a face has one or two", len(eyes))
		}
		for _, text := range eyes {
			eye, err := parseBox(text)
			if err != nil {
				return usage("--eyes is %q: %w", text, err)
			}
			b.eyes = append(b.eyes, eye)
		}
		slices.SortFunc(b.eyes, func(a, b image.Rectangle) int { return a.Min.X - b.Min.X })
		if b.preview == "" {
			if b.preview, err = beside(b.out, "-preview"); err != nil {
				return err
			}
		}
		b.command, b.fpsGiven = command, flags.Changed("fps")
		var errs []error
		for i, path := range args {
			if err := b.source(path, nameOf(args, i)); err != nil {
				errs = append(errs, err)
			}
			if command.Context().Err() != nil {
				break
			}
		}
		if b.written > 0 {
			fmt.Fprintf(command.OutOrStdout(), "%s in %s; look at %s, and correct eyes.json where a box is wrong\n", counted(b.written, "blink"), b.out, b.preview)
		}
		return errors.Join(errs...)
	}
	return command
}

// parseBox reads x,y,width,height.
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

// beside is a path whose last name is a folder's with something after it.
func beside(dir, suffix string) (string, error) {
	dir = filepath.Clean(dir)
	if name := filepath.Base(dir); name == "." || name == ".." {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		dir = absolute
	}
	return dir + suffix, nil
}

// nameOf is what clips of a source are called: as it is, without extension, and with a number where an earlier one is called so too.
func nameOf(paths []string, i int) string {
	name := func(path string) string {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute // Else "." has no name.
		}
		base := filepath.Base(path)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return base
		}
		return strings.TrimSuffix(base, filepath.Ext(base))
	}
	same := 1
	for _, earlier := range paths[:i] {
		if name(earlier) == name(paths[i]) {
			same++
		}
	}
	if same > 1 {
		return fmt.Sprintf("%s-%d", name(paths[i]), same)
	}
	return name(paths[i])
}

// blinkCutter is what the command was asked for.
type blinkCutter struct {
	command      *cobra.Command
	out, preview string
	eyes         []image.Rectangle
	fps          float64
	fpsGiven     bool
	written      int // Blinks so far.
}

func (b *blinkCutter) say(format string, args ...any) {
	fmt.Fprintf(b.command.OutOrStdout(), format+"\n", args...)
}

// source finds and writes the blinks of one source.
func (b *blinkCutter) source(path, name string) error {
	ctx := b.command.Context()
	if first := filepath.Join(b.out, name+"_001"); exists(first) { // Known before a long film is looked through.
		return usage("%s is there already, and may have been corrected: choose another folder, or delete it", first)
	}
	film, whole, err := b.open(ctx, path)
	switch {
	case errors.Is(err, footage.ErrNoProgram) || ctx.Err() != nil:
		return err // The call is right.
	case err != nil:
		return wrongInput(err)
	}
	frames, broken := b.watched(ctx, film)
	blinks, err := collect.FindBlinks(frames, collect.FindBlinksOptions{Eyes: b.eyes, Whole: whole})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && *broken == nil:
		return usage("%s: %w", path, err)
	case err != nil:
		err = fmt.Errorf("%w; %s before that", err, counted(len(blinks), "blink")) // Those are written.
	case len(blinks) == 0 && b.eyes != nil:
		return usage("%s: there is no blink in the boxes of --eyes", path)
	case len(blinks) == 0:
		return usage("%s: there is no blink in it, or too much else moves: cut out where somebody blinks and holds still, or say with --eyes where the eyes are", path)
	}
	return errors.Join(err, b.write(film.Frames(ctx), blinks, name, whole))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// open says too whether a source is one clip as it is.
func (b *blinkCutter) open(ctx context.Context, path string) (film *footage.Footage, whole bool, err error) {
	options := footage.Options{Rate: portrait.BlinkRate, FolderRate: b.fps}
	film, err = footage.Open(ctx, path, options)
	if err != nil {
		return nil, false, err
	}
	folder := film.Kind == footage.Folder
	if b.fpsGiven && !folder {
		return nil, false, fmt.Errorf("--fps is for folders of frames: %s is a %s, which says its rate itself", path, film.Kind)
	}
	return asClip(ctx, film, options, b.command.OutOrStdout())
}

// asClip opens a film that is one clip already once more, as it is. What becomes of others is told.
func asClip(ctx context.Context, film *footage.Footage, options footage.Options, told io.Writer) (_ *footage.Footage, whole bool, err error) {
	const near = 3 // Times of GIFs are whole hundredths of a second.
	switch {
	case film.Pictures == portrait.BlinkFrames && math.Abs(film.Rate-portrait.BlinkRate) <= near:
		options.Rate = 0
		film, err = footage.Open(ctx, film.Path, options)
		return film, true, err
	case film.Rate == 0:
		fmt.Fprintf(told, "%s: brought to %d frames a second\n", film.Path, portrait.BlinkRate)
	case math.Abs(film.Rate-portrait.BlinkRate) > 0.01:
		fmt.Fprintf(told, "%s: %.4g frames a second, brought to %d\n", film.Path, film.Rate, portrait.BlinkRate)
	}
	return film, false, nil
}

// watched are the frames of a film, with a bar. What was wrong with them is known when they have been gone through.
func (b *blinkCutter) watched(ctx context.Context, film *footage.Footage) (iter.Seq2[footage.Frame, error], *error) {
	var broken error
	bar := countBar(b.command, "looking")
	total := int(film.Length.Seconds() * portrait.BlinkRate)
	return func(yield func(footage.Frame, error) bool) {
		n := 0
		for frame, err := range film.Frames(ctx) {
			broken = err
			if n++; bar != nil && n < total {
				bar(n, total)
			}
			if !yield(frame, err) {
				break
			}
		}
		if bar != nil && total > 0 {
			bar(total, total)
		}
	}, &broken
}

// write cuts the blinks out and draws what they are to be looked at by.
func (b *blinkCutter) write(frames iter.Seq2[footage.Frame, error], blinks []collect.FoundBlink, name string, whole bool) error {
	var names, dirs []string
	for i := range blinks {
		names = append(names, fmt.Sprintf("%s_%03d", name, i+1))
		dirs = append(dirs, filepath.Join(b.out, names[i]))
	}
	n, err := collect.CutBlinks(frames, blinks, dirs)
	if n == 0 && err != nil && !errors.As(err, new(*fs.PathError)) && b.command.Context().Err() == nil {
		err = wrongInput(err)
	}
	for i, blink := range blinks[:n] {
		if preview := b.draw(dirs[i], names[i]); preview != nil {
			return errors.Join(err, preview)
		}
		b.written++
		b.say("%s: %s", dirs[i], describe(blink, whole))
	}
	return err
}

// describe says what a blink is.
func describe(blink collect.FoundBlink, whole bool) string {
	var text strings.Builder
	at := func(frame int) float64 { return (time.Duration(frame) * time.Second / portrait.BlinkRate).Seconds() }
	if whole {
		text.WriteString("the whole clip")
	} else {
		last := blink.Frames[len(blink.Frames)-1]
		fmt.Fprintf(&text, "%.2f s to %.2f s", at(blink.Frames[0]), at(last+1))
	}
	if blink.Slow > 1 {
		fmt.Fprintf(&text, ", %.1f times as long as a clip, so some frames are left out", blink.Slow)
	}
	var boxes []string
	for _, eye := range blink.Eyes {
		boxes = append(boxes, boxText(eye))
	}
	if len(boxes) == 1 {
		fmt.Fprintf(&text, "; one region alone changes, at %s: is it an eye?", boxes[0])
	} else {
		fmt.Fprintf(&text, "; eyes at %s", strings.Join(boxes, " and "))
	}
	if blink.Aperture == nil {
		text.WriteString("; hardly anything changes there, so there is no aperture.csv")
	}
	return text.String()
}

func boxText(box image.Rectangle) string {
	return fmt.Sprintf("%d,%d,%d,%d", box.Min.X, box.Min.Y, box.Dx(), box.Dy())
}

// draw reads a clip that was written and draws some of its frames in a row, with the boxes.
func (b *blinkCutter) draw(dir, name string) error {
	clip, err := dataset.OpenBlink(b.command.Context(), dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.preview, 0o755); err != nil {
		return err
	}
	return imaging.SavePNG(filepath.Join(b.preview, name+".png"), blinkPreview(clip))
}

// blinkPreview is five frames of a clip, from the first over the most closed to the last, and the numbers of the boxes below them.
func blinkPreview(clip *dataset.Clip) *image.RGBA {
	last := len(clip.Frames) - 1
	shut := last / 2
	for i, aperture := range clip.Aperture {
		if aperture < clip.Aperture[shut] {
			shut = i
		}
	}
	const most, gap, below = 320, 4, 18 // Pixels.
	size := clip.Frames[0].Rect.Size()
	scale := min(1, most/float64(max(size.X, size.Y)))
	width, height := max(1, int(float64(size.X)*scale)), max(1, int(float64(size.Y)*scale))
	chosen := []int{0, shut / 2, shut, (shut + last) / 2, last}
	strip := image.NewRGBA(image.Rect(0, 0, len(chosen)*(width+gap)-gap, height+below))
	draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src)
	for i, k := range chosen {
		at := image.Pt(i*(width+gap), 0)
		draw.Draw(strip, image.Rect(0, 0, width, height).Add(at), imaging.Bicubic(clip.Frames[k], width, height), image.Point{}, draw.Src)
		for _, eye := range clip.Eyes {
			box := image.Rect(int(float64(eye.Min.X)*scale), int(float64(eye.Min.Y)*scale), int(math.Ceil(float64(eye.Max.X)*scale)), int(math.Ceil(float64(eye.Max.Y)*scale))).Add(at)
			frame(strip, box.Inset(1), 1)
		}
	}
	text := fmt.Sprintf("frames %v of %dx%d; eyes.json (x,y,width,height):", chosen, size.X, size.Y)
	for _, eye := range clip.Eyes {
		text += "  " + boxText(eye)
	}
	line := font.Drawer{Dst: strip, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(2, height+13)}
	line.DrawString(text)
	return strip
}
