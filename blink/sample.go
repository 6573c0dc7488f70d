package blink

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
	"golang.org/x/image/draw"
	"golang.org/x/sync/errgroup"
)

// Blinker makes portraits blink with a trained generator. It is for one goroutine.
type Blinker struct {
	// Config is the run's.
	Config Config
	// Step is the number of iterations that the generator was trained for.
	Step int64
	// Blend hides the border of what is pasted. [Open] sets [BlendPoisson].
	Blend Blend
	// Detail keeps what the portrait shows and the networks do not, being small and never perfect, wherever they draw what they draw of it as it is. [Open] sets it for
	// networks that see eyes alone.
	Detail bool

	generator, motion *model.Exec
}

// ReadConfig returns the configuration of a run. The error wraps [lab.ErrNotARun] or [lab.ErrOtherExperiment] where it is none of this package.
func ReadConfig(dir string) (config Config, err error) {
	_, err = lab.OpenExperiment(dir, &config, experimentName)
	return config, err
}

// Open loads the newest checkpoint of a run.
func Open(backend compute.Backend, dir string) (*Blinker, error) {
	var config Config
	run, err := lab.OpenExperiment(dir, &config, experimentName)
	if err != nil {
		return nil, err
	}
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", dir, err)
	}
	store := model.NewStore()
	state, err := run.LoadCheckpoint(store, nil)
	if err != nil {
		return nil, err
	}
	b, err := newBlinker(backend, config, store)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	b.Step = state.Step
	return b, nil
}

// newBlinker compiles the generator whose weights a store has.
func newBlinker(backend compute.Backend, config Config, store *model.Store) (*Blinker, error) {
	b := &Blinker{Config: config, Blend: BlendPoisson, Detail: config.Part == "eyes"}
	var err error
	b.generator, err = model.NewExec(backend, store, func(scope *model.Scope, picture, motion *Node) *Node {
		nn.Plainly(picture.Graph()) // A picture or two are not worth the time of compiling the faster program.
		return config.generate(scope.At("%s", config.trainedScope()), picture, motion)
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the generator: %w", err)
	}
	b.motion, err = model.NewExec(backend, model.NewStore(), func(_ *model.Scope, videos *Node) *Node { return Motion(videos) })
	if err != nil {
		return nil, fmt.Errorf("prepare the optical flow: %w", err)
	}
	if err := b.compile(store); err != nil {
		b.Close()
		return nil, fmt.Errorf("compile the generator for the weights of the run: %w", err)
	}
	return b, nil
}

// compile compiles the two programs at the same time, and checks that the store has all of the weights.
func (b *Blinker) compile(store *model.Store) error {
	size := b.Config.Size
	video := func(channels int) shapes.Shape { return shapes.Make(dtypes.Float32, 1, Frames, size, size, channels) }
	var both errgroup.Group
	both.Go(func() error {
		_, err := b.generator.Compile(shapes.Make(dtypes.Float32, 1, size, size, 3), video(2))
		return err
	})
	both.Go(func() error {
		if b.Config.Network != "unet" {
			return nil
		}
		_, err := b.motion.Compile(video(3))
		return err
	})
	if err := both.Wait(); err != nil {
		return lab.FitError(err)
	}
	return lab.CheckComplete(store) // What it lacks would be drawn at random.
}

// Close frees the compiled programs.
func (b *Blinker) Close() {
	b.generator.Finalize()
	b.motion.Finalize()
}

// Blink makes the faces of an opaque picture, each the boxes of its eyes from left to right, blink as a reference does: the i-th eye as its i-th, or its last where it
// has fewer. The result has the picture's size and as many frames as the reference, which must have [Frames]. A network of whole frames redraws the picture's
// centred square instead.
func (b *Blinker) Blink(ctx context.Context, picture *image.RGBA, faces [][]image.Rectangle, reference *dataset.Clip) ([]*image.RGBA, error) {
	if len(reference.Frames) != Frames || len(reference.Eyes) == 0 {
		return nil, fmt.Errorf("reference %s has %d frames and %d eyes: a blink has %d frames and an eye or two", reference.Name, len(reference.Frames), len(reference.Eyes), Frames)
	}
	frames := make([]*image.RGBA, Frames)
	for i := range frames {
		frames[i] = image.NewRGBA(picture.Rect)
		draw.Draw(frames[i], picture.Rect, picture, picture.Rect.Min, draw.Src)
	}
	if b.Config.Part == "face" {
		square := imaging.CentredSquare(picture.Rect)
		drawn, err := b.draw(picture, square, reference, imaging.CentredSquare(reference.Frames[0].Rect))
		for k, frame := range drawn {
			draw.Draw(frames[k], square, frame, image.Point{}, draw.Src)
		}
		return frames, err
	}
	for _, eyes := range faces {
		for i, eye := range eyes {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			square := dataset.EyeSquare(eye)
			drawn, err := b.draw(picture, square, reference, dataset.EyeSquare(reference.Eyes[min(i, len(reference.Eyes)-1)]))
			if err != nil {
				return nil, fmt.Errorf("eye at %v: %w", eye, err)
			}
			eachFrame(func(k int) { b.Blend.paste(frames[k], drawn[k], square) })
		}
	}
	return frames, nil
}

// eachFrame does something with all frames at the same time.
func eachFrame(do func(k int)) {
	var all sync.WaitGroup
	for k := range Frames {
		all.Go(func() { do(k) })
	}
	all.Wait()
}

// draw draws a square of a picture as a square of the reference moves: frames from (0, 0), as large as the square.
func (b *Blinker) draw(picture *image.RGBA, square image.Rectangle, reference *dataset.Clip, from image.Rectangle) (frames []*image.RGBA, err error) {
	size := b.Config.Size
	each := size * size * 3
	values := make([]float32, each)
	imaging.Symmetric.Put(values, imaging.Cut(picture, square, size), false)
	values, err = b.generate(values, reference, from)
	if err != nil {
		return nil, err
	}
	small := func(k int) *image.RGBA { return imaging.FromValues(values[k*each:], size, size) }
	first := small(0) // Nothing has moved yet: what the networks make of the picture as it is.
	whole, seen := imaging.Cut(picture, square, square.Dx()), imaging.Bicubic(first, square.Dx(), square.Dy())
	frames = make([]*image.RGBA, Frames)
	eachFrame(func(k int) {
		frame := small(k)
		frames[k] = imaging.Bicubic(frame, square.Dx(), square.Dy())
		if b.Detail {
			addDetail(frames[k], whole, seen, first, frame)
		}
	})
	return frames, nil
}

// generate runs the networks: a picture, [size, size, 3], and the motion of the reference's square → [frames, size, size, 3].
func (b *Blinker) generate(picture []float32, reference *dataset.Clip, square image.Rectangle) (drawn []float32, err error) {
	size := b.Config.Size
	motion := tensors.FromShape(shapes.Make(dtypes.Float32, 1, Frames, size, size, 2))
	if b.Config.Network == "unet" {
		each := size * size * 3
		values := make([]float32, Frames*each)
		for k, frame := range reference.Frames {
			imaging.Symmetric.Put(values[k*each:(k+1)*each], imaging.Cut(frame, square, size), false)
		}
		videos := tensors.FromFlatDataAndDimensions(values, 1, Frames, size, size, 3)
		defer func() { err = errors.Join(err, videos.FinalizeAll()) }()
		if motion, err = b.motion.Call1(videos); err != nil {
			return nil, err
		}
	}
	input := tensors.FromFlatDataAndDimensions(picture, 1, size, size, 3)
	output, err := b.generator.Call1(input, motion)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, input.FinalizeAll(), motion.FinalizeAll(), output.FinalizeAll()) }()
	return tensors.CopyFlatData[float32](output)
}

// changed is the difference of colours in [0, 1] from which on a pixel counts as drawn anew.
const changed = 0.2

// addDetail adds to a frame, large at the size of the square, what the whole square of the picture has beyond what the networks drew of it first, which is seen at that
// size: all of it where the frame is as the first one, and less where it changed.
func addDetail(large, whole, seen, first, frame *image.RGBA) {
	size := frame.Rect.Dx()
	kept := image.NewRGBA(frame.Rect)
	eachPixel(frame.Rect, func(x, y int) {
		most := 0.0
		for dy := -1; dy <= 1; dy++ { // Around it too: the details of a line are beside it.
			for dx := -1; dx <= 1; dx++ {
				u, v := min(max(x+dx, 0), size-1), min(max(y+dy, 0), size-1)
				for c := range 3 {
					most = max(most, math.Abs(colourAt(frame, u, v, c)-colourAt(first, u, v, c)))
				}
			}
		}
		setColour(kept, x, y, 0, 1-smoothStep(most/changed))
	})
	share := imaging.Bicubic(kept, large.Rect.Dx(), large.Rect.Dy())
	eachPixel(large.Rect, func(x, y int) {
		for c := range 3 {
			detail := colourAt(whole, x, y, c) - colourAt(seen, x, y, c)
			setColour(large, x, y, c, colourAt(large, x, y, c)+colourAt(share, x, y, 0)*detail)
		}
	})
}
