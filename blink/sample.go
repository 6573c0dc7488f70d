package blink

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"golang.org/x/image/draw"
)

// Blinker makes portraits blink with a trained generator. It is for one goroutine.
type Blinker struct {
	// Config is the run's.
	Config Config
	// Step is the number of iterations that the generator was trained for.
	Step int64
	exec *model.Exec
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
	b := &Blinker{Config: config, Step: state.Step}
	b.exec, err = model.NewExec(backend, store, func(scope *model.Scope, pictures, references *Node) *Node {
		weights := generatorScope
		if config.AverageDecay > 0 {
			weights = averageScope
		}
		return Generator(scope.At("%s", weights), config, pictures, Motion(references))
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the generator: %w", err)
	}
	if err := b.compile(store); err != nil {
		b.Close()
		return nil, fmt.Errorf("compile the generator for the weights of the run: %w", err)
	}
	return b, nil
}

// compile compiles the generator, and checks that the store has all of its weights.
func (b *Blinker) compile(store *model.Store) error {
	size := b.Config.Size
	if _, err := b.exec.Compile(shapes.Make(dtypes.Float32, 1, size, size, 3), shapes.Make(dtypes.Float32, 1, Frames, size, size, 3)); err != nil {
		return lab.FitError(err)
	}
	return lab.CheckComplete(store) // What it lacks would be drawn at random.
}

// Close frees the compiled program.
func (b *Blinker) Close() { b.exec.Finalize() }

// Blink makes the eyes of an opaque picture blink as those of a reference do: the i-th eye as its i-th, or its last where it has fewer. The result has the
// picture's size and as many frames as the reference, which must have [Frames].
func (b *Blinker) Blink(ctx context.Context, picture *image.RGBA, eyes []image.Rectangle, reference *dataset.Clip) ([]*image.RGBA, error) {
	if len(reference.Frames) != Frames || len(reference.Eyes) == 0 {
		return nil, fmt.Errorf("reference %s has %d frames and %d eyes: a blink has %d frames and an eye or two", reference.Name, len(reference.Frames), len(reference.Eyes), Frames)
	}
	frames := make([]*image.RGBA, Frames)
	for i := range frames {
		frames[i] = image.NewRGBA(picture.Rect)
		draw.Draw(frames[i], picture.Rect, picture, picture.Rect.Min, draw.Src)
	}
	for i, eye := range eyes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		square := dataset.EyeSquare(eye)
		moving, err := b.eye(dataset.Cut(picture, square, b.Config.Size), reference, reference.Eyes[min(i, len(reference.Eyes)-1)])
		if err != nil {
			return nil, fmt.Errorf("eye at %v: %w", eye, err)
		}
		for k, frame := range frames {
			paste(frame, moving[k], square)
		}
	}
	return frames, nil
}

// eye draws an eye, at the size of the networks, as that of a reference moves.
func (b *Blinker) eye(picture *image.RGBA, reference *dataset.Clip, box image.Rectangle) (frames []*image.RGBA, err error) {
	size := b.Config.Size
	square := dataset.EyeSquare(box)
	values := make([]float32, 0, Frames*size*size*3)
	for _, frame := range reference.Frames {
		values = appendColours(values, dataset.Cut(frame, square, size))
	}
	input := tensors.FromFlatDataAndDimensions(appendColours(nil, picture), 1, size, size, 3)
	motion := tensors.FromFlatDataAndDimensions(values, 1, Frames, size, size, 3)
	output, err := b.exec.Call1(input, motion)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, input.FinalizeAll(), motion.FinalizeAll(), output.FinalizeAll()) }()
	drawn, err := tensors.CopyFlatData[float32](output)
	if err != nil {
		return nil, err
	}
	each := size * size * 3
	for k := range Frames {
		frames = append(frames, toImage(drawn[k*each:(k+1)*each], size))
	}
	return frames, nil
}

// appendColours appends the colours of a picture, [height, width, 3] in [-1, 1].
func appendColours(values []float32, picture *image.RGBA) []float32 {
	size := picture.Rect.Size()
	for y := range size.Y {
		for p := range picture.Pix[y*picture.Stride:][:4*size.X] {
			if p%4 < 3 {
				values = append(values, float32(picture.Pix[y*picture.Stride+p])/127.5-1)
			}
		}
	}
	return values
}

// toImage turns values, [size, size, 3] in [-1, 1], into a picture.
func toImage(values []float32, size int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		for c := range 3 {
			picture.Pix[4*i+c] = uint8(math.Round(min(max((float64(values[3*i+c])+1)*127.5, 0), 255)))
		}
		picture.Pix[4*i+3] = 255
	}
	return picture
}

// pasted is the part of the networks' 32×32 pixels that the article pastes back: 30×30.
const pasted = 30.0 / 32

// paste puts an eye where its square is, without the border.
func paste(onto, eye *image.RGBA, square image.Rectangle) {
	large := dataset.Bicubic(eye, square.Dx(), square.Dy())
	border := int(math.Round(float64(square.Dx()) * (1 - pasted) / 2))
	inner := square.Inset(border)
	draw.Draw(onto, inner, large, image.Pt(border, border), draw.Src)
}
