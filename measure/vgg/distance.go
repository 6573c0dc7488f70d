package vgg

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Distance measures how different pictures look: an LPIPS-like distance. Like LPIPS (Zhang et al. 2018) it compares
// features of VGG16 after the ReLU, the channels of each pixel scaled to length 1; unlike LPIPS it has no learnt
// weights, which makes it the paper's baseline. The numbers are not those of LPIPS: compare them among themselves. It
// is for one goroutine.
type Distance struct {
	// Style is the network's style. If it is [Random] the features are untrained.
	Style Style
	exec  *model.Exec
}

// NewDistance prepares a network. Random weights are the same in every call.
func NewDistance(backend compute.Backend, network *Network) (*Distance, error) {
	exec, err := network.exec(backend, func(scope *model.Scope, x *Node) *Node {
		return Distances(network.Features(scope, x, len(Layers), false))
	})
	if err != nil {
		return nil, err
	}
	return &Distance{Style: network.Style, exec: exec}, nil
}

// InstalledDistance is [NewDistance] of the network that [Install] installs. It is nil if none is installed.
func InstalledDistance(backend compute.Backend) (*Distance, error) {
	network, err := ReadInstalled()
	switch {
	case errors.Is(err, ErrNotInstalled):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return NewDistance(backend, network)
}

// Close frees the compiled program, if d is not nil.
func (d *Distance) Close() {
	if d != nil {
		d.exec.Finalize()
	}
}

// Distances is the graph of a [Distance]. The channels of each pixel of each layer are divided by their length; the
// squared length of the difference is averaged over the pixels, and then over the layers. The result lies in [0, 2] if
// no feature is negative.
//
//	features: per layer [1 + n, height, width, channels], first the truth's → [n]
func Distances(features []*Node) *Node {
	var sum *Node
	for _, x := range features {
		const epsilon = 1e-10 // For pixels without any feature.
		x = Div(x, AddScalar(Sqrt(ReduceAndKeep(Square(x), ReduceSum, -1)), epsilon))
		difference := Sub(Slice(x, AxisRange(1)), Slice(x, AxisElem(0)))
		term := ReduceMean(ReduceSum(Square(difference), -1), 1, 2)
		if sum == nil {
			sum = term
		} else {
			sum = Add(sum, term)
		}
	}
	return DivScalar(sum, float64(len(features)))
}

const (
	// largestTile is the side of the tiles that larger pictures are cut into, so that any size fits in memory.
	largestTile = 256
	// smallestSide is the side below which VGG16's last layers have no pixel.
	smallestSide = 16
)

// Of returns the distance of each restored picture from the truth. Pictures are opaque, of one size, and at least
// 16×16 pixels. They are measured in tiles whose sides are the largest power of two that fits, up to 256, and
// averaged; the last tile overlaps the one before it.
func (d *Distance) Of(ctx context.Context, truth *image.NRGBA, restored ...*image.NRGBA) ([]float64, error) {
	size := truth.Rect.Size()
	if min(size.X, size.Y) < smallestSide {
		return nil, fmt.Errorf("compare features: the picture has %d×%d pixels, less than %d×%d",
			size.X, size.Y, smallestSide, smallestSide)
	}
	for _, picture := range restored {
		if other := picture.Rect.Size(); other != size {
			return nil, fmt.Errorf("compare features: the truth has %d×%d pixels, a restored picture %d×%d",
				size.X, size.Y, other.X, other.Y)
		}
	}
	if len(restored) == 0 {
		return nil, errors.New("compare features: there is no picture to compare with the truth")
	}
	pictures := append([]*image.NRGBA{truth}, restored...)
	distances := make([]float64, len(restored))
	tiles := tilesOf(size)
	for _, tile := range tiles {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("compare features: %w", err)
		}
		values, err := d.ofTile(pictures, tile)
		if err != nil {
			return nil, fmt.Errorf("compare features: %w", err)
		}
		for i, v := range values {
			distances[i] += float64(v) / float64(len(tiles))
		}
	}
	return distances, nil
}

// ofTile measures a rectangle of the pictures, the truth first; it counts from their upper left corner.
func (d *Distance) ofTile(pictures []*image.NRGBA, tile image.Rectangle) ([]float32, error) {
	var values []float32
	for _, picture := range pictures {
		part := picture.SubImage(tile.Add(picture.Rect.Min)).(*image.NRGBA)
		values = append(values, unit(part)...)
	}
	output, err := d.exec.Call(tensors.FromFlatDataAndDimensions(values, len(pictures), tile.Dy(), tile.Dx(), 3))
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float32](output[0])
}

// tilesOf cuts a size into tiles, all of one size. There are few such sizes, and so few programs to compile.
func tilesOf(size image.Point) (tiles []image.Rectangle) {
	side := func(length int) int {
		tile := smallestSide
		for 2*tile <= min(length, largestTile) {
			tile *= 2
		}
		return tile
	}
	tile := image.Pt(side(size.X), side(size.Y))
	for y := 0; y < size.Y; y += tile.Y {
		for x := 0; x < size.X; x += tile.X {
			corner := image.Pt(min(x, size.X-tile.X), min(y, size.Y-tile.Y))
			tiles = append(tiles, image.Rectangle{Min: corner, Max: corner.Add(tile)})
		}
	}
	return tiles
}
