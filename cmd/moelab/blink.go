package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/collect"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/eyes"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// blinking holds the arguments of the command.
type blinking struct {
	command        *cobra.Command
	in, out        string
	reference, run string
	preview, blend string
	boxes          []string
	frames         int
	loop           bool
	open           float64
	curve          string
	openings       []float64 // of --open or --curve; nil: those of the reference.
}

func newBlinkCommand() *cobra.Command {
	var b blinking
	var references []string
	for _, r := range blink.References {
		references = append(references, fmt.Sprintf("%q (%s)", r.Name, r.Title))
	}
	var blends []string
	for _, blend := range blink.Blends {
		blends = append(blends, fmt.Sprintf("%q", blend))
	}
	command := &cobra.Command{
		Use:   "blink PORTRAIT -o FILE|DIR",
		Short: "Make a still portrait blink",
		Long: `Make a still portrait blink the way a reference does. The portrait is a picture of any size, or "-" for
standard input. The result is an animation, in the format that its extension names (.gif, .png, .webp), or a folder of
its frames.

The eyes of all faces are found, and a picture next to the result, NAME.eyes.png, shows where. If it is wrong, give
their boxes with --eyes. Everything but the eyes is kept as it is, including transparency, 16 bits per channel and the
colour profile as far as the format supports them.

The reference is a blink that moelab draws,
` + strings.Join(references, ",\n") + `,
or your own: a folder of frames, an animation, or a video that shows a blink (see "moelab data blinks"). Other frame
rates are converted to 18 frames a second; if there are fewer than 16 frames, the last one is repeated.

Instead of following a reference, --open makes one picture whose eyes are open so far, and --curve an animation from a
list: a file like the aperture.csv of "moelab data blinks", with the columns frame and aperture, 0 shut … 1 open. The
apertures are relative to the first one. The networks of the article, in a run of yours, can only follow a reference.`,
		Example: `  moelab blink portrait.png -o blink.gif
  moelab blink portrait.png -o blink.webp --reference slow --loop
  moelab blink portrait.png -o frames/ --eyes 120,200,60,48 --eyes 210,198,60,50
  moelab blink portrait.png -o blink.png --reference friend.mp4
  moelab blink portrait.png -o half.png --open 0.5
  moelab blink portrait.png -o blink.gif --curve blinks/003/aperture.csv
  moelab sample --run runs/hair --colour pink -n 1 -o - | moelab blink - -o blink.gif`,
		Args: oneArgument("portrait"),
	}
	flags := command.Flags()
	flags.StringVarP(&b.out, "out", "o", "", "file or folder for the animation (required)")
	flags.StringVar(&b.reference, "reference", blink.References[0].Name,
		"blink to follow: a name, a folder of frames, an animation or a video")
	flags.StringArrayVar(&b.boxes, "eyes", nil,
		"box of an eye in pixels, x,y,width,height, lashes included; twice for two eyes (default: they are found)")
	flags.IntVar(&b.frames, "frames", blink.Frames,
		"frames of the result, 18 a second: beyond 16 the eyes stay open, below 16 frames are skipped")
	flags.BoolVar(&b.loop, "loop", false, "loop for ever instead of playing once")
	flags.Float64Var(&b.open, "open", 1, "make one picture whose eyes are open so far: from 0, shut, to 1, as they are")
	flags.StringVar(&b.curve, "curve", "", "CSV file of how far the eyes are open in each frame, instead of a reference")
	oneRun(flags, &b.run, "run of \"moelab train blink\" (default: the network that moelab ships)")
	flags.StringVar(&b.blend, "blend", string(blink.BlendLearned),
		"how the borders of the eyes that a run of the article's networks draws are hidden: "+strings.Join(blends, ", "))
	flags.StringVar(&b.preview, "preview", "",
		`file for the picture that shows the eyes' boxes, or "none" (default: next to the result, unless --eyes is given)`)
	open := backendFor(command, true) // A picture or two: compiling is most of the work.
	command.RunE = func(command *cobra.Command, args []string) error {
		b.command, b.in = command, args[0]
		switch {
		case b.out == "":
			return usage("-o is missing: name the file or folder for the animation (see %s -h)", command.CommandPath())
		case b.out == standard:
			return usage("-o is %q: an animation is written to a file or a folder, not to standard output", b.out)
		case b.frames < 2 || b.frames > 1000:
			return usage("--frames is %d: it must be from 2 to 1000", b.frames)
		case !slices.Contains(blink.Blends, blink.Blend(b.blend)):
			return usage("--blend is %q: it must be one of %s", b.blend, strings.Join(blends, ", "))
		}
		if err := b.setOpenings(); err != nil {
			return err
		}
		return b.do(command.Context(), open)
	}
	return command
}

// setOpenings reads --open or --curve, if one is given.
func (b *blinking) setOpenings() (err error) {
	given := b.command.Flags().Changed
	for _, flag := range []string{"open", "curve"} {
		for _, other := range []string{"curve", "reference", "frames", "loop"} {
			ofCurve := flag == "curve" && (other == "frames" || other == "loop")
			if flag != other && given(flag) && given(other) && !ofCurve {
				return usage("--%s and --%s cannot be given together", flag, other)
			}
		}
	}
	switch {
	case given("open"):
		if !(b.open >= 0 && b.open <= 1) {
			return usage("--open is %g: it must be from 0, shut, to 1, as open as they are", b.open)
		}
		b.openings, b.frames = []float64{b.open}, 1
	case given("curve"):
		if b.openings, err = dataset.ReadOpenings(b.curve); err != nil {
			return usage("--curve: %w", err)
		}
		if !given("frames") {
			b.frames = len(b.openings)
		}
	}
	return nil
}

// do runs the command. It checks the arguments before the slow work.
func (b *blinking) do(ctx context.Context, open func() (compute.Backend, error)) error {
	given, err := b.givenEyes()
	if err != nil {
		return err
	}
	if err := blink.CheckFilmPath(b.out, b.frames); err != nil {
		return usage("-o %s: %w", b.out, err)
	}
	if err := b.checkFolder(); err != nil {
		return err
	}
	if err := checkOutputs(b.outputs(given == nil), b.in, b.reference, b.curve); err != nil {
		return err
	}
	portrait, err := b.portrait()
	if err != nil {
		return err
	}
	for _, eye := range given {
		if size := portrait.Bounds(); !eye.In(size) {
			return usage("--eyes %s is outside %s, which has %d×%d pixels", boxText(eye), b.in, size.Dx(), size.Dy())
		}
	}
	backend, err := open()
	if err != nil {
		return err
	}
	shown := portrait.Shown()
	faces := [][]image.Rectangle{given}
	var reference *dataset.Clip
	var blinker *blink.Blinker
	var all errgroup.Group
	if b.openings == nil {
		all.Go(func() (err error) {
			reference, err = b.openReference(ctx)
			return err
		})
	}
	all.Go(func() (err error) {
		blinker, err = blink.OpenOrShipped(backend, b.run) // Compiles, which is most of the work.
		return err
	})
	if given == nil {
		all.Go(func() (err error) {
			faces, err = b.findEyes(ctx, backend, shown)
			return err
		})
	}
	err = all.Wait()
	if blinker != nil {
		defer blinker.Close()
	}
	if err != nil {
		return err
	}
	if blinker.Config.Unconditional {
		return usage("--run %s: the network draws faces of its own, from noise: it cannot make a picture blink", b.run)
	}
	if b.command.Flags().Changed("blend") && !blinker.Config.Pastes() {
		drawn := "frames that are drawn whole"
		if blink.Networks[blinker.Config.Network].Painted {
			drawn = "lids that are painted"
		}
		return usage("--blend %s: %s have no border to hide; leave it out", b.blend, drawn)
	}
	blinker.Blend = blink.Blend(b.blend)
	if given == nil { // Who gives boxes says that these eyes are open.
		blinker.Shut = func(eye image.Rectangle) {
			warner(b.command)(fmt.Errorf("%s: the eye at %s is already shut, left unchanged", b.in, boxText(eye)))
		}
	}
	var patches []blink.Patch
	if b.openings != nil {
		patches, err = blinker.PatchesAt(ctx, portrait.Colours(), faces, b.openings)
	} else {
		patches, err = blinker.Patches(ctx, portrait.Colours(), faces, reference)
	}
	if err != nil {
		return err
	}
	film := blink.Film{Portrait: portrait, Patches: patches, Length: b.frames, Loop: b.loop}
	all = errgroup.Group{}
	all.Go(func() error { return film.Save(b.out) })
	all.Go(func() error { return b.savePreview(shown, faces, given == nil) })
	if err := all.Wait(); err != nil {
		return err
	}
	size := portrait.Bounds()
	length := counted(b.frames, "frame")
	fmt.Fprintf(b.command.OutOrStdout(), "%s: %s of %d×%d pixels\n", b.out, length, size.Dx(), size.Dy())
	return nil
}

// givenEyes returns the boxes of --eyes, from left to right.
func (b *blinking) givenEyes() (given []image.Rectangle, err error) {
	for _, text := range b.boxes {
		box, err := parseBox(text)
		if err != nil {
			return nil, usage("--eyes %s: %w", text, err)
		}
		if min(box.Dx(), box.Dy()) < 4 {
			return nil, usage("--eyes %s is too small: an eye has at least 4×4 pixels", text)
		}
		given = append(given, box)
	}
	slices.SortFunc(given, func(a, b image.Rectangle) int { return a.Min.X - b.Min.X })
	return given, nil
}

// portrait reads the picture; of an animation, the first frame.
func (b *blinking) portrait() (portrait *blink.Portrait, err error) {
	if b.in == standard {
		portrait, err = blink.ReadPortrait(b.command.InOrStdin())
	} else {
		portrait, err = blink.OpenPortrait(b.in)
	}
	if err != nil {
		return nil, usage("read %s: %w", b.in, err)
	}
	if portrait.Animated {
		warner(b.command)(fmt.Errorf("%s is an animation: only its first frame is used", b.in))
	}
	if portrait.Pages > 1 {
		warner(b.command)(fmt.Errorf("%s has %d pages: only the first is used", b.in, portrait.Pages))
	}
	return portrait, nil
}

// openReference opens the reference that --reference names: a blink that moelab draws, or footage that contains one.
func (b *blinking) openReference(ctx context.Context) (*dataset.Clip, error) {
	known := slices.ContainsFunc(blink.References, func(r blink.Reference) bool { return r.Name == b.reference })
	if known {
		return blink.OpenReference(ctx, b.reference)
	}
	if _, err := os.Stat(b.reference); errors.Is(err, os.ErrNotExist) {
		_, unknown := blink.OpenReference(ctx, b.reference)
		return nil, usage("--reference: %w, and there is no file of this name", unknown)
	}
	clip, err := collect.FindReference(ctx, b.reference, func(text string) {
		fmt.Fprintln(b.command.OutOrStdout(), text)
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case clip == nil:
		return nil, wrongInput(fmt.Errorf("--reference: %w", err))
	case err != nil:
		warner(b.command)(fmt.Errorf("%w; using the blink found before that", err))
	}
	return clip, nil
}

// findEyes finds the open eyes of a portrait and prints their boxes.
func (b *blinking) findEyes(
	ctx context.Context, backend compute.Backend, portrait *image.RGBA,
) ([][]image.Rectangle, error) {
	finder, err := eyes.OpenShipped(backend)
	if err != nil {
		return nil, err
	}
	defer finder.Close()
	found, err := finder.Find(ctx, portrait)
	if err != nil {
		return nil, err
	}
	lies, err := finder.Turned(ctx, portrait, found)
	if err != nil {
		return nil, err
	}
	faces, shut, err := eyes.OpenOf(found, portrait.Rect)
	switch {
	case errors.Is(err, eyes.ErrNoEyes) && lies != "":
		return nil, usage("no eyes were found in %s, which lies %s: turn it first", b.in, lies)
	case errors.Is(err, eyes.ErrNoEyes):
		return nil, usage("no eyes were found in %s: give their boxes with --eyes x,y,width,height", b.in)
	case errors.Is(err, eyes.ErrShut):
		return nil, usage("the eyes that were found in %s are shut: a blink starts with open eyes "+
			"(if they are open, give their boxes with --eyes)", b.in)
	case err != nil:
		return nil, err
	}
	if lies != "" {
		warner(b.command)(fmt.Errorf("%s seems to lie %s, so that lids close the wrong way: turn it first", b.in, lies))
	}
	if shut > 0 {
		warner(b.command)(fmt.Errorf("%s: %s already shut, left unchanged", b.in, counted(shut, "eye")))
	}
	for i, face := range faces {
		var texts []string
		for _, eye := range face {
			texts = append(texts, boxText(eye))
		}
		note := ""
		if len(face) == 1 {
			note = " (one eye: a profile, or the other one is hidden)"
		}
		fmt.Fprintf(b.command.OutOrStdout(), "face %d: eyes at %s%s\n", i+1, strings.Join(texts, " and "), note)
	}
	return faces, nil
}

// checkFolder returns an error if the folder for the frames holds frames that would stay there among the new ones.
func (b *blinking) checkFolder() error {
	left, err := blink.LeftFrames(b.out, b.frames)
	if err != nil || len(left) == 0 { // The check of the files says why a folder cannot be used.
		return nil
	}
	return usage("-o: %s has frames of a longer film, such as %s: remove them, or name another folder", b.out,
		filepath.Base(left[0]))
}

// outputs lists the files that are written, by the flag that names them.
func (b *blinking) outputs(found bool) (all []outFile) {
	for _, file := range blink.FilmFiles(b.out, b.frames) {
		all = append(all, outFile{"-o", file})
	}
	if path := b.previewPath(found); path != "" {
		all = append(all, outFile{"--preview", path})
	}
	return all
}

// previewPath returns the file for the picture that shows the eyes' boxes, or "" if there is to be none. By default it
// is made only if the eyes were found, not given.
func (b *blinking) previewPath(found bool) string {
	switch {
	case b.preview == "none" || b.preview == "" && !found:
		return ""
	case b.preview != "":
		return b.preview
	default:
		out := strings.TrimRight(b.out, string(filepath.Separator))
		return strings.TrimSuffix(out, filepath.Ext(b.out)) + ".eyes.png"
	}
}

// savePreview writes the picture that shows the eyes' boxes.
func (b *blinking) savePreview(shown *image.RGBA, faces [][]image.Rectangle, found bool) error {
	path := b.previewPath(found)
	if path == "" {
		return nil
	}
	for _, face := range faces {
		for _, eye := range face {
			eyes.Frame(shown, eye)
		}
	}
	if err := imaging.SavePNG(path, shown); err != nil {
		return fmt.Errorf("write the preview: %w", err)
	}
	fmt.Fprintf(b.command.OutOrStdout(), "%s shows where the eyes are; if it is wrong, use --eyes\n", path)
	return nil
}
