package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/collect"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/eyes"
	"github.com/moelab/moelab/internal/atomicfile"
	"github.com/moelab/moelab/internal/footage"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// blinking is what the command is asked for.
type blinking struct {
	command        *cobra.Command
	in, out        string
	reference, run string
	preview, blend string
	boxes          []string
	frames         int
	loop           bool
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
		Long: `Make a still portrait blink as a reference does. The portrait is a picture of any size, or "-" for one from standard input. The result is an animation,
whose extension says the format (.gif, .png, .webp), or a folder of its frames.

The eyes of all faces are found, and a picture beside the result, NAME.eyes.png, shows where; where they are wrong, say with --eyes where they are. What is
around the eyes is kept as it is, transparency, 16 bits and colour profile included, as far as the format can.

The reference is a blink that moelab draws, ` + strings.Join(references, ", ") + `, or somebody
else's: a folder of frames, an animation, or a video, in which one is found (see "moelab data blinks"). Other frame rates are brought to 18 a second, and of fewer
than 16 frames the last one is held.`,
		Example: `  moelab blink portrait.png -o blink.gif
  moelab blink portrait.png -o blink.webp --reference slow --loop
  moelab blink portrait.png -o frames/ --eyes 120,200,60,48 --eyes 210,198,60,50
  moelab blink portrait.png -o blink.png --reference friend.mp4
  moelab sample --run runs/hair --colour pink -n 1 -o - | moelab blink - -o blink.gif`,
		Args: oneArgument("portrait"),
	}
	flags := command.Flags()
	flags.StringVarP(&b.out, "out", "o", "", "file or folder for the animation (required)")
	flags.StringVar(&b.reference, "reference", blink.References[0].Name, "blink to follow: a name, a folder of frames, an animation or a video")
	flags.StringArrayVar(&b.boxes, "eyes", nil, "box of an eye in pixels, x,y,width,height, lashes included; twice for two eyes (default: they are found)")
	flags.IntVar(&b.frames, "frames", blink.Frames, "frames of the result, 18 a second: more hold the open eyes afterwards, fewer leave some out")
	flags.BoolVar(&b.loop, "loop", false, "play it for ever, not once")
	flags.StringVar(&b.run, "run", "", "run of \"moelab train blink\" (default: the network that moelab ships)")
	flags.StringVar(&b.blend, "blend", string(blink.BlendPoisson), "how borders are hidden: "+strings.Join(blends, ", "))
	flags.StringVar(&b.preview, "preview", "", `file for the picture of where the eyes are, "none" for none (default: beside the result, where they were found)`)
	open := backendFor(command, true) // A picture or two: compiling is most of the work.
	command.RunE = func(command *cobra.Command, args []string) error {
		b.command, b.in = command, args[0]
		switch {
		case b.out == "":
			return usage("-o is missing: name the file or folder for the animation (see %s -h)", command.CommandPath())
		case b.frames < 2 || b.frames > 1000:
			return usage("--frames is %d: it must be from 2 to 1000", b.frames)
		case !slices.Contains(blink.Blends, blink.Blend(b.blend)):
			return usage("--blend is %q: it must be one of %s", b.blend, strings.Join(blends, ", "))
		}
		return b.do(command.Context(), open)
	}
	return command
}

// do does all of it. What can be wrong with the call comes before what takes time.
func (b *blinking) do(ctx context.Context, open func() (compute.Backend, error)) error {
	given, err := b.givenEyes()
	if err != nil {
		return err
	}
	write, err := b.writer()
	if err != nil {
		return err
	}
	base, info, err := b.portrait()
	if err != nil {
		return err
	}
	for _, eye := range given {
		if !eye.In(base.Rect) {
			return usage("--eyes %s is not within %s, which has %d×%d pixels", boxText(eye), b.in, base.Rect.Dx(), base.Rect.Dy())
		}
	}
	backend, err := open()
	if err != nil {
		return err
	}
	shown := imaging.OnWhite(base)
	faces := [][]image.Rectangle{given}
	var reference *dataset.Clip
	var blinker *blink.Blinker
	var all errgroup.Group
	all.Go(func() (err error) {
		reference, err = b.openReference(ctx)
		return err
	})
	all.Go(func() (err error) {
		blinker, err = openBlinker(backend, b.run) // Compiles, which is most of the work.
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
	blinker.Blend = blink.Blend(b.blend)
	colours := imaging.Colours(base)
	frames, err := blinker.Blink(ctx, colours, faces, reference)
	if err != nil {
		return err
	}
	info.Frames, info.Plays, info.Gray = b.frames, 1, false
	if b.loop {
		info.Plays = 0
	}
	all = errgroup.Group{}
	all.Go(func() error { return write(info, b.timed(base, colours, frames)) })
	all.Go(func() error { return b.savePreview(shown, faces, given == nil) })
	if err := all.Wait(); err != nil {
		return err
	}
	fmt.Fprintf(b.command.OutOrStdout(), "%s: %d frames of %d×%d pixels\n", b.out, b.frames, info.Width, info.Height)
	return nil
}

// givenEyes are the boxes of --eyes, from left to right.
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

// portrait reads the picture, of an animation the first frame.
func (b *blinking) portrait() (base *image.NRGBA64, info imaging.Info, err error) {
	var p *imaging.Picture
	if b.in == standard {
		p, err = imaging.Read(b.command.InOrStdin())
	} else {
		p, err = imaging.Open(b.in)
	}
	if err != nil {
		return nil, info, usage("read %s: %w", b.in, err)
	}
	if p.Info.Frames > 1 {
		warner(b.command)(fmt.Errorf("%s is an animation: its first frame is taken", b.in))
	}
	for frame, err := range p.Frames() {
		if err != nil {
			return nil, info, usage("read %s: %w", b.in, err)
		}
		base = &image.NRGBA64{Pix: slices.Clone(frame.Pixels.Pix), Stride: frame.Pixels.Stride, Rect: frame.Pixels.Rect}
		break
	}
	return base, p.Info, nil
}

// openReference opens what --reference names: a blink that moelab draws, or footage with one in it.
func (b *blinking) openReference(ctx context.Context) (*dataset.Clip, error) {
	known := slices.ContainsFunc(blink.References, func(r blink.Reference) bool { return r.Name == b.reference })
	if known {
		return blink.OpenReference(ctx, b.reference)
	}
	if _, err := os.Stat(b.reference); errors.Is(err, os.ErrNotExist) {
		_, unknown := blink.OpenReference(ctx, b.reference)
		return nil, usage("--reference: %w, and there is no file of this name", unknown)
	}
	if _, err := os.Stat(filepath.Join(b.reference, dataset.EyesFile)); err == nil {
		clip, err := dataset.OpenBlink(ctx, b.reference)
		return clip, wrongInput(err)
	}
	return b.findReference(ctx)
}

// findReference finds a blink in footage.
func (b *blinking) findReference(ctx context.Context) (*dataset.Clip, error) {
	options := footage.Options{Rate: portrait.BlinkRate}
	film, err := footage.Open(ctx, b.reference, options)
	if err != nil {
		return nil, wrongInput(err)
	}
	film, whole, err := asClip(ctx, film, options, b.command.OutOrStdout())
	if err != nil {
		return nil, wrongInput(err)
	}
	frames := held(film.Frames(ctx))
	blinks, broken := collect.FindBlinks(frames, collect.FindBlinksOptions{Whole: whole})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case len(blinks) == 0 && broken != nil:
		return nil, usage("--reference: %w", broken)
	case len(blinks) == 0:
		return nil, usage("--reference: there is no blink in %s, or too much else moves", b.reference)
	case broken != nil:
		warner(b.command)(fmt.Errorf("%w; the blink before that is taken", broken))
	}
	return blinks[0].Clip(b.reference, frames)
}

// held are frames, of which the last stays until a blink could be over.
func held(frames iter.Seq2[footage.Frame, error]) iter.Seq2[footage.Frame, error] {
	return func(yield func(footage.Frame, error) bool) {
		var last footage.Frame
		n := 0
		for frame, err := range frames {
			if !yield(frame, err) || err != nil {
				return
			}
			last = frame
			n++
		}
		for ; n > 0 && n < blink.Frames && yield(last, nil); n++ {
		}
	}
}

// findEyes finds the faces of a portrait.
func (b *blinking) findEyes(ctx context.Context, backend compute.Backend, portrait *image.RGBA) (faces [][]image.Rectangle, err error) {
	finder, err := eyes.NewFinder(backend)
	if err != nil {
		return nil, err
	}
	defer finder.Close()
	found, err := finder.Find(ctx, portrait)
	if err != nil {
		return nil, err
	}
	shut := 0
	for _, face := range found {
		var open []image.Rectangle
		for _, eye := range face.Eyes {
			if eye.Closed {
				shut++
				continue
			}
			open = append(open, eye.Box.Intersect(portrait.Rect))
		}
		if open != nil {
			faces = append(faces, open)
		}
	}
	switch {
	case len(found) == 0:
		return nil, usage("no eyes were found in %s: say with --eyes x,y,width,height where they are", b.in)
	case len(faces) == 0:
		return nil, usage("the eyes that were found in %s are shut: a blink begins with open ones (--eyes says where open ones are)", b.in)
	}
	if shut > 0 {
		warner(b.command)(fmt.Errorf("%s: %s shut already, which stay so", b.in, counted(shut, "eye")))
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

// savePreview shows where the eyes are.
func (b *blinking) savePreview(shown *image.RGBA, faces [][]image.Rectangle, found bool) error {
	path := b.preview
	switch {
	case path == "none" || path == "" && !found:
		return nil
	case path == "":
		path = strings.TrimSuffix(strings.TrimRight(b.out, string(filepath.Separator)), filepath.Ext(b.out)) + ".eyes.png"
	}
	line := max(shown.Rect.Dx()/250, 1)
	for _, face := range faces {
		for _, eye := range face {
			frame(shown, eye, line)
		}
	}
	if err := imaging.SavePNG(path, shown); err != nil {
		return fmt.Errorf("write the preview: %w", err)
	}
	fmt.Fprintf(b.command.OutOrStdout(), "%s: where the eyes are; --eyes says it otherwise\n", path)
	return nil
}

// frame draws a red frame around a box.
func frame(onto *image.RGBA, box image.Rectangle, line int) {
	red := image.NewUniform(color.RGBA{230, 30, 30, 255})
	outer := box.Inset(-line)
	for _, side := range []image.Rectangle{
		{outer.Min, image.Pt(outer.Max.X, box.Min.Y)}, {image.Pt(outer.Min.X, box.Max.Y), outer.Max},
		{outer.Min, image.Pt(box.Min.X, outer.Max.Y)}, {image.Pt(box.Max.X, outer.Min.Y), outer.Max},
	} {
		draw.Draw(onto, side, red, image.Point{}, draw.Src)
	}
}

// timed are the frames of the result: the portrait, with what a blink changed of its colours.
func (b *blinking) timed(base *image.NRGBA64, colours *image.RGBA, drawn []*image.RGBA) []imaging.Frame {
	frames := make([]imaging.Frame, b.frames)
	delay := imaging.Delay{Numerator: 1, Denominator: portrait.BlinkRate}
	if b.frames < len(drawn) { // It takes as long as it did.
		delay = imaging.Delay{Numerator: uint16(len(drawn)), Denominator: uint16(portrait.BlinkRate * b.frames)}
	}
	shown := func(i int) int {
		if b.frames < len(drawn) {
			return i * len(drawn) / b.frames
		}
		return i
	}
	var all sync.WaitGroup
	for i := range frames {
		frames[i] = imaging.Frame{Pixels: base, Delay: delay}
		if k := shown(i); k < len(drawn) {
			all.Go(func() { frames[i].Pixels = changedTo(base, colours, drawn[k]) })
		}
	}
	all.Wait()
	return frames
}

// changedTo is a picture with the colours of new where they differ from old.
func changedTo(base *image.NRGBA64, old, new *image.RGBA) *image.NRGBA64 {
	made := &image.NRGBA64{Pix: slices.Clone(base.Pix), Stride: base.Stride, Rect: base.Rect}
	for i := 0; i < len(old.Pix); i += 4 {
		if [4]uint8(old.Pix[i:]) == [4]uint8(new.Pix[i:]) {
			continue
		}
		for c := range 3 {
			if v := new.Pix[i+c]; v != old.Pix[i+c] {
				made.Pix[2*(i+c)], made.Pix[2*(i+c)+1] = v, v // 8 bits times 257.
			}
		}
	}
	return made
}

// writer returns what writes the result to --out.
func (b *blinking) writer() (func(info imaging.Info, frames []imaging.Frame) error, error) {
	info, err := os.Stat(b.out)
	if isDir := err == nil && info.IsDir(); isDir || strings.HasSuffix(b.out, string(filepath.Separator)) || filepath.Ext(b.out) == "" {
		return b.writeFolder, nil
	}
	format, err := imaging.FormatOf(b.out)
	switch {
	case err != nil:
		return nil, usage("-o %s: %w", b.out, err)
	case format == imaging.JPEG:
		return nil, usage("-o %s: an animation cannot be a JPEG: write it as .gif, .png or .webp", b.out)
	}
	return func(info imaging.Info, frames []imaging.Frame) error {
		return writeAnimation(b.out, format, info, frames)
	}, nil
}

// writeAnimation writes frames to a file.
func writeAnimation(path string, format imaging.Format, info imaging.Info, frames []imaging.Frame) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, func(file *os.File) error {
		out := bufio.NewWriter(file)
		if err := writeFrames(out, format, info, frames); err != nil {
			return err
		}
		return out.Flush()
	})
}

// writeFrames writes frames as a picture.
func writeFrames(out io.Writer, format imaging.Format, info imaging.Info, frames []imaging.Frame) error {
	writer, err := imaging.NewWriter(out, format, info)
	if err != nil {
		return err
	}
	for _, frame := range frames {
		if err := writer.Write(frame); err != nil {
			return err
		}
	}
	return writer.Close()
}

// writeFolder writes each frame as a PNG.
func (b *blinking) writeFolder(info imaging.Info, frames []imaging.Frame) error {
	info.Frames = 1
	for i, frame := range frames {
		path := filepath.Join(b.out, fmt.Sprintf("frame_%02d.png", i))
		if err := writeAnimation(path, imaging.PNG, info, []imaging.Frame{frame}); err != nil {
			return err
		}
	}
	return nil
}
