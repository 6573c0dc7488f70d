package esrgan

import (
	"context"
	"errors"
	"fmt"
	"image"
	"maps"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
)

// Pixels is a picture as numbers.
type Pixels struct {
	Width, Height int
	// RGB is [height, width, 3] in [0, 1].
	RGB []float32
}

// PixelsOf returns the colours of a picture, without its alpha channel and not multiplied by it.
func PixelsOf(picture *image.NRGBA) Pixels {
	size := picture.Rect.Size()
	p := Pixels{size.X, size.Y, make([]float32, 0, size.X*size.Y*3)}
	for y := range size.Y {
		row := picture.Pix[y*picture.Stride:][:4*size.X]
		for i := 0; i < len(row); i += 4 {
			p.RGB = append(p.RGB, float32(row[i])/255, float32(row[i+1])/255, float32(row[i+2])/255)
		}
	}
	return p
}

// Image rounds to 8 bits, opaque.
func (p Pixels) Image() *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i := range p.Width * p.Height {
		for c := range 3 {
			picture.Pix[4*i+c] = uint8(min(max(p.RGB[3*i+c], 0), 1)*255 + 0.5)
		}
		picture.Pix[4*i+3] = 255
	}
	return picture
}

// Upscaler enlarges pictures by a network with weights. It is for one goroutine.
type Upscaler struct {
	// Name says which network it is, for figures and messages.
	Name string
	// Scale is how many times larger a picture becomes.
	Scale int

	exec *model.Exec
}

// NewUpscaler returns what enlarges by a network. It is compiled for each size of tile when that is met first. The weights are the variables that network asks for, by their paths
// without the leading slash; it is an error if they are not just those.
//
//	network: x [1, height, width, 3] in [0, 1] → [1, scale·height, scale·width, 3]
func NewUpscaler(backend compute.Backend, name string, scale int, network func(scope *model.Scope, x *Node) *Node, weights map[string]*tensors.Tensor) (*Upscaler, error) {
	store := model.NewStore()
	given := maps.Clone(lab.Weights(weights))
	given.Into(store)
	exec, err := model.NewExec(backend, store, network)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", name, err)
	}
	u := &Upscaler{Name: name, Scale: scale, exec: exec}
	if err := u.check(store, given); err != nil {
		u.Close()
		return nil, fmt.Errorf("prepare %s: %w", name, err)
	}
	return u, nil
}

// check builds the network for a small picture, to see that it has just the weights that are given.
func (u *Upscaler) check(store *model.Store, given lab.Weights) error {
	if _, err := u.exec.Compile(shapes.Make(dtypes.Float32, 1, 8, 8, 3)); err != nil {
		return lab.FitError(err)
	}
	return errors.Join(given.CheckUsed(), lab.CheckComplete(store))
}

// Close frees the compiled programs.
func (u *Upscaler) Close() { u.exec.Finalize() }

// TileOptions say how a picture is cut into tiles.
type TileOptions struct {
	// Tile is the side of a tile in pixels of the small picture, without what it shares with its neighbours. 0: a size that suits.
	Tile int
	// Progress, if set, is told how many tiles of how many are done.
	Progress func(done, total int)
}

// Upscale enlarges a picture.
func (u *Upscaler) Upscale(ctx context.Context, picture Pixels, options TileOptions) (Pixels, error) {
	return Pixels{}, errors.New("not written yet")
}
