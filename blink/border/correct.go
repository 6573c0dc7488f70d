package border

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
	"golang.org/x/image/draw"
)

// Corrector corrects pasted patches. It is for one goroutine.
type Corrector struct {
	config Config
	exec   *model.Exec
}

// Open loads the newest checkpoint of a run.
func Open(backend compute.Backend, dir string) (*Corrector, error) {
	config, weights, _, err := Experiment.OpenModel(dir)
	if err != nil {
		return nil, err
	}
	c, err := newCorrector(backend, config, weights.Below(lab.AverageScope))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return c, nil
}

// newCorrector compiles the network with its weights.
func newCorrector(backend compute.Backend, config Config, weights lab.Weights) (*Corrector, error) {
	seen := shapes.Make(dtypes.Float32, 1, config.Size, config.Size, 3)
	exec, err := lab.Compile(backend, weights, func(scope *model.Scope, pasted, before *Node) *Node {
		nn.Plainly(pasted.Graph())
		share, colour := Correction(scope, config, pasted, before)
		return Concatenate([]*Node{colour, share}, -1)
	}, seen, seen)
	if err != nil {
		return nil, fmt.Errorf("compile the network that corrects borders: %w", err)
	}
	return &Corrector{config, exec}, nil
}

// Close frees the compiled program.
func (c *Corrector) Close() { c.exec.Finalize() }

// Correct hides the border of a patch that was pasted into a picture; before is the picture without it. Only the patch
// is changed. It may reach beyond the picture, whose colours are continued there.
func (c *Corrector) Correct(picture, before *image.RGBA, patch image.Rectangle) (err error) {
	size := c.config.Size
	seen := patch.Inset(-int(math.Round(float64(patch.Dx()) * (1 - patchShare) / (2 * patchShare))))
	var inputs []any
	for _, picture := range []*image.RGBA{picture, before} {
		values := make([]float32, size*size*3)
		imaging.Symmetric.Put(values, imaging.Cut(picture, seen, size), false)
		input := tensors.FromFlatDataAndDimensions(values, 1, size, size, 3)
		defer func() { err = errors.Join(err, input.FinalizeAll()) }()
		inputs = append(inputs, input)
	}
	output, err := c.exec.Call1(inputs...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, output.FinalizeAll()) }()
	correction, err := tensors.CopyFlatData[float32](output)
	if err != nil {
		return err
	}
	c.apply(picture, before, patch, seen, correction)
	return nil
}

// apply is [corrected] at the picture's own size. correction is [size, size, 4]: the colour and the share.
func (c *Corrector) apply(picture, before *image.RGBA, patch, seen image.Rectangle, correction []float32) {
	size := c.config.Size
	colours, shares := image.NewRGBA64(image.Rect(0, 0, size, size)), image.NewGray16(image.Rect(0, 0, size, size))
	level := func(v float32) uint16 { return uint16(math.Round(65535 * min(max(float64(v), 0), 1))) }
	for i := range size * size {
		v := correction[4*i:]
		shifted := func(v float32) uint16 { return level((v + 2) / 4) } // Differences of colours are in [-2, 2].
		colours.SetRGBA64(i%size, i/size, color.RGBA64{shifted(v[0]), shifted(v[1]), shifted(v[2]), 65535})
		shares.SetGray16(i%size, i/size, color.Gray16{Y: level(v[3])})
	}
	added, returning := image.NewRGBA64(seen), image.NewGray16(seen)
	draw.BiLinear.Scale(added, seen, colours, colours.Rect, draw.Src, nil)
	draw.BiLinear.Scale(returning, seen, shares, shares.Rect, draw.Src, nil)
	part := patch.Intersect(picture.Rect)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			colour, share := added.RGBA64At(x, y), float64(returning.Gray16At(x, y).Y)/65535
			pixel, old := picture.Pix[picture.PixOffset(x, y):], before.Pix[before.PixOffset(x, y):]
			for channel, level := range []uint16{colour.R, colour.G, colour.B} {
				back := share * (float64(old[channel]) - float64(pixel[channel]))
				made := float64(pixel[channel]) + back + 255*(float64(level)/65535*2-1)
				pixel[channel] = uint8(math.Round(min(max(made, 0), 255)))
			}
		}
	}
}
