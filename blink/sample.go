package blink

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/blink/border"
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
	// Blend hides the border of pasted patches. [Open] sets [BlendPoisson], which takes no further network; "moelab blink"
	// sets [BlendLearned], which hides it best.
	Blend Blend
	// Detail restores the portrait's fine detail, which the small networks lose, wherever nothing changes. [Open] sets it
	// for networks that see only eyes.
	Detail bool
	// Shut, if set, gets each eye that is shut in the picture, which is left as it is. Only a network that paints sees
	// that.
	Shut func(eye image.Rectangle)

	network           Network
	generator, motion *model.Exec // motion is nil for a network without a reference.
	painter           *painter    // Instead of both, for a network that paints.
	backend           compute.Backend
	corrector         *border.Corrector // Opened when it is first needed.
}

// Open loads the newest checkpoint of a run.
func Open(backend compute.Backend, dir string) (*Blinker, error) {
	config, weights, state, err := Experiment.OpenModel(dir)
	if err != nil {
		return nil, err
	}
	b, err := newBlinker(backend, config, weights)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	b.Step = state.Step
	return b, nil
}

// newBlinker compiles the generator with its weights and, concurrently, the optical flow.
func newBlinker(backend compute.Backend, config Config, weights lab.Weights) (*Blinker, error) {
	b := &Blinker{
		Config: config, Blend: BlendPoisson, Detail: config.Pastes(), network: config.network(), backend: backend,
	}
	if b.network.Painted {
		var err error
		if b.painter, err = newPainter(backend, config, weights); err != nil {
			return nil, fmt.Errorf("compile the networks for the weights of the run: %w", err)
		}
		return b, nil
	}
	size := config.Size
	video := func(channels int) shapes.Shape { return shapes.Make(dtypes.Float32, 1, Frames, size, size, channels) }
	var both errgroup.Group
	both.Go(func() (err error) {
		inputs := []shapes.Shape{shapes.Make(dtypes.Float32, 1, size, size, 3), video(2)}
		if b.network.Footage {
			inputs[1] = video(3)
		}
		if config.Unconditional {
			inputs = nil
		}
		if n := config.noise(); n > 0 {
			inputs = append(inputs, shapes.Make(dtypes.Float32, 1, n))
		}
		b.generator, err = lab.Compile(backend, weights, func(scope *model.Scope, inputs []*Node) *Node {
			nn.Plainly(inputs[0].Graph()) // The faster program takes too long to compile for a picture or two.
			given := config.given(inputs[0], inputs[len(inputs)-1])
			if !config.Unconditional {
				given.Motion, given.Reference = inputs[1], inputs[1]
			}
			return b.network.video(scope.At("%s", lab.DrawnScope(config.AverageDecay)), config, given)
		}, inputs...)
		return err
	})
	if b.network.Reference {
		both.Go(func() (err error) {
			motion := func(_ *model.Scope, videos *Node) *Node { return Motion(videos) }
			b.motion, err = lab.Compile(backend, nil, motion, video(3))
			return err
		})
	}
	if err := both.Wait(); err != nil {
		b.Close()
		return nil, fmt.Errorf("compile the generator for the weights of the run: %w", err)
	}
	return b, nil
}

// Close frees the compiled programs.
func (b *Blinker) Close() {
	for _, exec := range []*model.Exec{b.generator, b.motion} {
		if exec != nil {
			exec.Finalize()
		}
	}
	if b.painter != nil {
		b.painter.close()
	}
	if b.corrector != nil {
		b.corrector.Close()
	}
}

// correct lets a network hide the border of a pasted patch in each frame.
func (b *Blinker) correct(frames []*image.RGBA, picture *image.RGBA, patch image.Rectangle) (err error) {
	if b.corrector == nil {
		if b.corrector, err = border.OpenShipped(b.backend); err != nil {
			return err
		}
	}
	for _, frame := range frames {
		if err := b.corrector.Correct(frame, picture, patch); err != nil {
			return err
		}
	}
	return nil
}

// Patch is a part of a picture that a blink changes.
type Patch struct {
	// Frames are the part over time, opaque. Their Rect is the part's place in the picture.
	Frames []*image.RGBA
}

// Patches makes the faces of an opaque picture blink as a reference does. A face is the boxes of its eyes from left to
// right; the i-th eye follows the reference's i-th, or its last if it has fewer. The patches are the parts that change,
// in the order in which to paste them; each has as many frames as the reference, which must have [Frames]. A network of
// whole frames redraws the picture's centred square instead. Of a grey picture (see [imaging.IsGrey]) they are grey.
func (b *Blinker) Patches(
	ctx context.Context, picture *image.RGBA, faces [][]image.Rectangle, reference *dataset.Clip,
) (patches []Patch, err error) {
	if b.Config.Unconditional {
		return nil, errors.New("the network draws faces of its own, from noise: it cannot make a picture blink")
	}
	if len(reference.Frames) != Frames || len(reference.Eyes) == 0 {
		return nil, fmt.Errorf("reference %s has %d frames and %d eyes: a blink has %d frames and an eye or two",
			reference.Name, len(reference.Frames), len(reference.Eyes), Frames)
	}
	if b.painter != nil {
		openings, err := b.painter.openingsOf(reference)
		if err != nil {
			return nil, err
		}
		return b.painter.patches(ctx, picture, faces, openings, b.Shut)
	}
	drawSquare := b.draw
	if imaging.IsGrey(picture) {
		picture, drawSquare = imaging.Grey(picture), b.drawGrey
	}
	if b.Config.part().Whole {
		square := imaging.CentredSquare(picture.Rect)
		drawn, err := drawSquare(picture, square, reference, imaging.CentredSquare(reference.Frames[0].Rect))
		for _, frame := range drawn {
			frame.Rect = frame.Rect.Add(square.Min)
		}
		return []Patch{{drawn}}, err
	}
	frames := copies(picture, Frames)
	for _, eyes := range faces {
		for i, eye := range eyes {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			square := dataset.EyeSquare(eye)
			follows := dataset.EyeSquare(reference.Eyes[min(i, len(reference.Eyes)-1)])
			drawn, err := drawSquare(picture, square, reference, follows)
			if err != nil {
				return nil, fmt.Errorf("eye at %v: %w", eye, err)
			}
			part := pastedPart(square).Intersect(picture.Rect)
			patch := Patch{make([]*image.RGBA, Frames)}
			eachFrame(Frames, func(k int) { // Onto earlier patches, since eyes may be close together.
				b.Blend.paste(frames[k], drawn[k], square)
			})
			if b.Blend == BlendLearned {
				if err := b.correct(frames, picture, pastedPart(square)); err != nil {
					return nil, fmt.Errorf("eye at %v: %w", eye, err)
				}
			}
			eachFrame(Frames, func(k int) {
				patch.Frames[k] = image.NewRGBA(part)
				draw.Draw(patch.Frames[k], part, frames[k], part.Min, draw.Src)
			})
			patches = append(patches, patch)
		}
	}
	return patches, nil
}

// PatchesAt is like [Blinker.Patches], but instead of a reference it gets how far the eyes shall be open in each frame,
// from 0, shut, to 1, as in the picture. The patches have as many frames. It is an error unless the network is Painted.
func (b *Blinker) PatchesAt(
	ctx context.Context, picture *image.RGBA, faces [][]image.Rectangle, openings []float64,
) ([]Patch, error) {
	if b.painter == nil {
		return nil, fmt.Errorf("cannot open eyes as far as wanted: network %s can only follow a reference; "+
			"train one with --preset lids", b.Config.Network)
	}
	wanted := make([]float32, len(openings))
	for i, opening := range openings {
		wanted[i] = float32(opening)
	}
	return b.painter.patches(ctx, picture, faces, [][]float32{wanted}, b.Shut)
}

// Blink is like [Blinker.Patches], but returns whole frames of the picture's size.
func (b *Blinker) Blink(
	ctx context.Context, picture *image.RGBA, faces [][]image.Rectangle, reference *dataset.Clip,
) ([]*image.RGBA, error) {
	patches, err := b.Patches(ctx, picture, faces, reference)
	if err != nil {
		return nil, err
	}
	frames := copies(picture, Frames)
	eachFrame(Frames, func(k int) {
		for _, patch := range patches {
			draw.Draw(frames[k], patch.Frames[k].Rect, patch.Frames[k], patch.Frames[k].Rect.Min, draw.Src)
		}
	})
	return frames, nil
}

// copies returns n frames of a picture that does not move.
func copies(picture *image.RGBA, n int) []*image.RGBA {
	frames := make([]*image.RGBA, n)
	eachFrame(n, func(k int) {
		frames[k] = image.NewRGBA(picture.Rect)
		draw.Draw(frames[k], picture.Rect, picture, picture.Rect.Min, draw.Src)
	})
	return frames
}

// eachFrame calls a function for all of n frames concurrently.
func eachFrame(n int, do func(k int)) {
	var all sync.WaitGroup
	for k := range n {
		all.Go(func() { do(k) })
	}
	all.Wait()
}

// draw draws a square of a picture with the motion of a square of the reference: frames from (0, 0), as large as the
// square.
func (b *Blinker) draw(
	picture *image.RGBA, square image.Rectangle, reference *dataset.Clip, from image.Rectangle,
) (frames []*image.RGBA, err error) {
	size := b.Config.Size
	each := size * size * 3
	values := make([]float32, each)
	imaging.Symmetric.Put(values, imaging.Cut(picture, square, size), false)
	values, err = b.generate(values, reference, from)
	if err != nil {
		return nil, err
	}
	small := func(k int) *image.RGBA { return imaging.FromValues(values[k*each:], size, size) }
	first := small(0) // Before any motion: the networks' reconstruction of the picture.
	whole, seen := imaging.Cut(picture, square, square.Dx()), imaging.Bicubic(first, square.Dx(), square.Dy())
	frames = make([]*image.RGBA, Frames)
	eachFrame(Frames, func(k int) {
		frame := small(k)
		frames[k] = imaging.Bicubic(frame, square.Dx(), square.Dy())
		if b.Detail {
			addDetail(frames[k], whole, seen, first, frame)
		}
	})
	return frames, nil
}

// drawGrey is draw without colours: the networks have only seen coloured faces, and give grey ones the lids of these.
func (b *Blinker) drawGrey(
	picture *image.RGBA, square image.Rectangle, reference *dataset.Clip, from image.Rectangle,
) ([]*image.RGBA, error) {
	frames, err := b.draw(picture, square, reference, from)
	for k, frame := range frames {
		frames[k] = imaging.Grey(frame)
	}
	return frames, err
}

// generate runs the networks: a picture, [size, size, 3], and the motion of the reference's square →
// [frames, size, size, 3].
func (b *Blinker) generate(
	picture []float32, reference *dataset.Clip, square image.Rectangle,
) (drawn []float32, err error) {
	size := b.Config.Size
	var told *tensors.Tensor // Of the reference.
	if b.network.Reference || b.network.Footage {
		cuts := cutOuts(reference, func(frame *image.RGBA) *image.RGBA { return imaging.Cut(frame, square, size) })
		told = videoOf(cuts, size)
	} else {
		told = tensors.FromShape(shapes.Make(dtypes.Float32, 1, Frames, size, size, 2))
	}
	if b.network.Reference {
		videos := told
		defer func() { err = errors.Join(err, videos.FinalizeAll()) }()
		if told, err = b.motion.Call1(videos); err != nil {
			return nil, err
		}
	}
	inputs := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(picture, 1, size, size, 3), told}
	if n := b.network.Noise; n > 0 {
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(drawNoise(b.Config.Seed, n), 1, n))
	}
	return call(b.generator, inputs...)
}

// cutOuts cuts a part out of each frame of a clip.
func cutOuts(clip *dataset.Clip, cut func(frame *image.RGBA) *image.RGBA) (cuts []*image.RGBA) {
	for _, frame := range clip.Frames {
		cuts = append(cuts, cut(frame))
	}
	return cuts
}

// videoOf returns cut-outs, size × size pixels each, as a network sees them.
//
//	→ [1, frames, size, size, 3] in [-1, 1]
func videoOf(cuts []*image.RGBA, size int) *tensors.Tensor {
	each := size * size * 3
	values := make([]float32, len(cuts)*each)
	for k, cut := range cuts {
		imaging.Symmetric.Put(values[k*each:(k+1)*each], cut, false)
	}
	return tensors.FromFlatDataAndDimensions(values, 1, len(cuts), size, size, 3)
}

// Films draws n videos from noise, of the network's own size. It is an error unless the network is unconditional.
func (b *Blinker) Films(ctx context.Context, seed uint64, n int) (films [][]*image.RGBA, err error) {
	if !b.Config.Unconditional {
		return nil, errors.New("the network draws from a picture, not from noise alone")
	}
	size, length := b.Config.Size, b.Config.noise()
	all := drawNoise(seed, n*length)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		noise := tensors.FromFlatDataAndDimensions(all[i*length:][:length], 1, length)
		values, err := call(b.generator, noise)
		if err != nil {
			return nil, fmt.Errorf("draw film %d: %w", i+1, err)
		}
		film := make([]*image.RGBA, Frames)
		for k := range film {
			film[k] = imaging.FromValues(values[k*size*size*3:], size, size)
		}
		films = append(films, film)
	}
	return films, nil
}

// drawNoise returns n numbers from N(0, 1), the same for the same seed.
func drawNoise(seed uint64, n int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0x6e6f697365)) // "noise", to differ from the data's stream.
	noise := make([]float32, n)
	for i := range noise {
		noise[i] = float32(rng.NormFloat64())
	}
	return noise
}

// changed is the difference of colours in [0, 1] from which on a pixel counts as redrawn.
const changed = 0.2

// addDetail adds the picture's detail that the networks lost to a frame, large, which has the size of the square: the
// difference between the original square and the networks' first frame of it at that size. All of it is added where the
// frame equals the first one, and less where it changed.
func addDetail(large, whole, seen, first, frame *image.RGBA) {
	size := frame.Rect.Dx()
	kept := image.NewRGBA(frame.Rect)
	eachPixel(frame.Rect, func(x, y int) {
		most := 0.0
		for dy := -1; dy <= 1; dy++ { // Including neighbours, since a line's detail extends to its sides.
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
