package blink

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

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

// painter paints eyelids over portraits: the two networks of [Lids].
type painter struct {
	size            int
	openings, paint *model.Exec
}

// newPainter compiles the networks with their weights.
func newPainter(backend compute.Backend, config Config, weights lab.Weights) (p *painter, err error) {
	p = &painter{size: config.Size}
	drawn := lab.DrawnScope(config.AverageDecay)
	scope := func(root *model.Scope) *model.Scope { return root.At("%s", drawn) }
	of := func(network string) lab.Weights {
		return weights.Below(drawn + "/" + network).At(drawn + "/" + network)
	}
	picture := shapes.Make(dtypes.Float32, 1, p.size, p.size, 3)
	openings := shapes.Make(dtypes.Float32, 1, Frames)
	var both errgroup.Group
	both.Go(func() (err error) {
		p.openings, err = lab.Compile(backend, of("openings"), func(root *model.Scope, inputs []*Node) *Node {
			nn.Plainly(inputs[0].Graph())
			return Openings(scope(root), config, inputs[0])
		}, shapes.Make(dtypes.Float32, 1, Frames, p.size, p.size, 3))
		return err
	})
	both.Go(func() (err error) {
		p.paint, err = lab.Compile(backend, of("paint"), func(root *model.Scope, inputs []*Node) *Node {
			nn.Plainly(inputs[0].Graph())
			painted := Paint(scope(root), config, inputs[0], inputs[1])
			lashes := BroadcastToShape(painted.Lashes, painted.Skin.Shape())
			return Concatenate([]*Node{painted.Logits, painted.Skin, lashes}, -1)
		}, picture, openings)
		return err
	})
	if err := both.Wait(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *painter) close() {
	for _, exec := range []*model.Exec{p.openings, p.paint} {
		if exec != nil {
			exec.Finalize()
		}
	}
}

// certainlyOpen is the output of [Openings] from which on an eye is taken for as open as in the first frame.
const certainlyOpen = 0.95

// openingsOf returns how far each eye of a reference is open in each frame.
func (p *painter) openingsOf(reference *dataset.Clip) (all [][]float32, err error) {
	for _, view := range viewsOf(reference.Eyes) {
		cut := func(frame *image.RGBA) *image.RGBA { return view.cut(frame, p.size) }
		openings, err := p.compare(cutOuts(reference, cut))
		if err != nil {
			return nil, err
		}
		all = append(all, openings)
	}
	return all, nil
}

// compare returns how far an eye is open in each of [Frames] cut-outs, from 1, as in the first, to 0, shut.
func (p *painter) compare(cuts []*image.RGBA) ([]float32, error) {
	openings, err := call(p.openings, videoOf(cuts, p.size))
	for k, opening := range openings {
		openings[k] = min(max(opening/certainlyOpen, 0), 1)
	}
	return openings, err
}

// isShut reports whether an eye is shut in the picture: painted lids then close it no further.
func (p *painter) isShut(ctx context.Context, picture *image.RGBA, view view) (bool, error) {
	painted, err := p.draw(ctx, picture, view, []float32{0})
	if err != nil {
		return false, err
	}
	shut := copies(picture, 1)[0]
	p.over(shut, view, painted[0], 0)
	cuts := slices.Repeat([]*image.RGBA{view.cut(shut, p.size)}, Frames)
	cuts[0] = view.cut(picture, p.size)
	openings, err := p.compare(cuts)
	return err == nil && openings[1] > 0.4, err // Open eyes get 0.1 at most, shut ones hardly less than 0.5.
}

// patches paints the eyes of faces. openings are how far each eye is open in each frame. shut, unless nil, gets the
// eyes that are shut in the picture; they are left out.
func (p *painter) patches(
	ctx context.Context, picture *image.RGBA, faces [][]image.Rectangle, openings [][]float32, shut func(image.Rectangle),
) (patches []Patch, err error) {
	grey := imaging.IsGrey(picture)
	n := len(openings[0])
	frames := copies(picture, n)
	for _, face := range faces {
		for i, view := range viewsOf(face) {
			if shut != nil {
				isShut, err := p.isShut(ctx, picture, view)
				if err != nil {
					return nil, fmt.Errorf("eye at %v: %w", face[i], err)
				}
				if isShut {
					shut(face[i])
					continue
				}
			}
			opening := openings[min(i, len(openings)-1)]
			painted, err := p.draw(ctx, picture, view, opening)
			if err != nil {
				return nil, fmt.Errorf("eye at %v: %w", face[i], err)
			}
			part := view.bounds().Intersect(picture.Rect)
			patch := Patch{make([]*image.RGBA, n)}
			eachFrame(n, func(k int) { // Onto earlier patches, since eyes may be close together.
				p.over(frames[k], view, painted[k], float64(opening[k]))
				patch.Frames[k] = image.NewRGBA(part)
				draw.Draw(patch.Frames[k], part, frames[k], part.Min, draw.Src)
				if grey { // Lest rounding colour it.
					patch.Frames[k] = imaging.Grey(patch.Frames[k])
				}
			})
			patches = append(patches, patch)
		}
	}
	return patches, nil
}

// draw draws the paint of an eye for each frame, [size, size, 9]: logits, skin and lashes.
func (p *painter) draw(
	ctx context.Context, picture *image.RGBA, view view, openings []float32,
) (painted [][]float32, err error) {
	cut := make([]float32, p.size*p.size*3)
	imaging.Symmetric.Put(cut, view.cut(picture, p.size), false)
	for some := range slices.Chunk(openings, Frames) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		wanted := make([]float32, Frames) // The program's number of frames.
		copy(wanted, some)
		values, err := call(p.paint, tensors.FromFlatDataAndDimensions(cut, 1, p.size, p.size, 3),
			tensors.FromFlatDataAndDimensions(wanted, 1, Frames))
		if err != nil {
			return nil, err
		}
		frames := slices.Collect(slices.Chunk(values, p.size*p.size*9))
		painted = append(painted, frames[:len(some)]...)
	}
	return painted, nil
}

// over is [Painted.over] at the picture's own size, with what draw has drawn.
func (p *painter) over(picture *image.RGBA, view view, painted []float32, opening float64) {
	most := min(max((1-opening)/fullFrom, 0), 1)
	if most == 0 {
		return
	}
	part := view.bounds().Intersect(picture.Rect)
	onto := view.onto(p.size)
	onto[2], onto[5] = onto[2]-float64(part.Min.X), onto[5]-float64(part.Min.Y)
	enlarged := func(first int, least, greatest float64) *image.RGBA64 {
		small := image.NewRGBA64(image.Rect(0, 0, p.size, p.size))
		level := func(v float32) uint16 {
			return uint16(math.Round(65535 * min(max((float64(v)-least)/(greatest-least), 0), 1)))
		}
		for i := range p.size * p.size {
			v := painted[9*i+first:]
			small.SetRGBA64(i%p.size, i/p.size, color.RGBA64{level(v[0]), level(v[1]), level(v[2]), 65535})
		}
		large := image.NewRGBA64(image.Rect(0, 0, part.Dx(), part.Dy()))
		draw.CatmullRom.Transform(large, onto, small, small.Rect, draw.Src, nil)
		return large
	}
	const reach = 16 // Of logits: the difference of two of them is what counts.
	logits, skin := enlarged(0, -reach, reach), enlarged(3, -1, 1)
	lashes := painted[6:9] // The same everywhere.
	back := inverse(onto)
	eachPixel(logits.Rect, func(x, y int) {
		u := (back[0]*(float64(x)+0.5) + back[1]*(float64(y)+0.5) + back[2]) / float64(p.size)
		v := (back[3]*(float64(x)+0.5) + back[4]*(float64(y)+0.5) + back[5]) / float64(p.size)
		if u <= 0 || u >= 1 || v <= 0 || v >= 1 {
			return
		}
		logit, s := logits.RGBA64At(x, y), skin.RGBA64At(x, y)
		exp := func(level uint16) float64 { return math.Exp((float64(level)/65535*2 - 1) * reach) }
		kept, isSkin, isLash := exp(logit.R), exp(logit.G), exp(logit.B)
		share := most * inside(u) * inside(v) / (kept + isSkin + isLash)
		for c, ofSkin := range []uint16{s.R, s.G, s.B} {
			old, ofLash := colourAt(picture, x+part.Min.X, y+part.Min.Y, c), float64(lashes[c]+1)/2
			new := old + share*(isSkin*(float64(ofSkin)/65535-old)+isLash*(ofLash-old))
			setColour(picture, x+part.Min.X, y+part.Min.Y, c, new)
		}
	})
}

// call runs a program, frees its inputs, and returns the values of its output.
func call(exec *model.Exec, inputs ...*tensors.Tensor) (values []float32, err error) {
	all := make([]any, len(inputs))
	for i, input := range inputs {
		all[i] = input
		defer func() { err = errors.Join(err, input.FinalizeAll()) }()
	}
	output, err := exec.Call1(all...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, output.FinalizeAll()) }()
	return tensors.CopyFlatData[float32](output)
}
