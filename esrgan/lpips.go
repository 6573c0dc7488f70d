package esrgan

import (
	"context"
	"errors"
	"fmt"
	"image"
	"maps"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
)

// FeatureDistance measures how different pictures look: an LPIPS-like distance. As LPIPS (Zhang et al. 2018) it compares features of VGG16 after
// the ReLU, each pixel's channels brought to length 1; unlike it, it has no learnt weights, which makes it the paper's baseline.
// Numbers are no LPIPS: compare them among themselves. It is for one goroutine.
type FeatureDistance struct {
	// Style is that of the VGG16: where it is [Random] the distance is one of untrained features.
	Style VGGStyle
	exec  *model.Exec
}

// NewFeatureDistance prepares a VGG16. Where it has no weights they are drawn, always the same.
func NewFeatureDistance(backend compute.Backend, vgg *VGG) (*FeatureDistance, error) {
	exec, err := vgg.exec(backend, func(scope *model.Scope, x *Node) *Node {
		return FeatureDistances(vgg.Features(scope, x, len(VGGLayers), false))
	})
	if err != nil {
		return nil, err
	}
	return &FeatureDistance{Style: vgg.Style, exec: exec}, nil
}

// exec prepares a function of pictures that uses the weights of a VGG16, which lie in the scope that it gets.
func (v *VGG) exec(backend compute.Backend, f func(scope *model.Scope, x *Node) *Node) (*model.Exec, error) {
	store := model.NewStore()
	if v.Weights == nil {
		if err := store.SetRNGStateFromSeed(1); err != nil {
			return nil, fmt.Errorf("prepare VGG16: %w", err)
		}
	}
	maps.Clone(lab.Weights(v.Weights)).Into(store)
	exec, err := model.NewExec(backend, store, f)
	if err != nil {
		return nil, fmt.Errorf("prepare VGG16: %w", err)
	}
	return exec, nil
}

// Close frees the compiled program.
func (d *FeatureDistance) Close() { d.exec.Finalize() }

// FeatureDistances is the graph of it. The channels of each pixel of each layer are divided by their length; the squared length of the difference is
// averaged over the pixels, and then over the layers. So it lies in [0, 2] where no feature is negative.
//
//	features: per layer [1 + n, height, width, channels], first the truth's → [n]
func FeatureDistances(features []*Node) *Node {
	var sum *Node
	for _, x := range features {
		const epsilon = 1e-10 // Where no channel answers.
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
	// largestTile is the side that larger pictures are cut to, so that any size has room in memory.
	largestTile = 256
	// smallestTile is the side below which VGG16's last layers have no pixel.
	smallestTile = 16
)

// Distances returns that of each restored picture from the truth. Pictures are opaque, of one size, and 16×16 pixels or more. They are measured in
// tiles whose sides are the largest power of two that fits, up to 256, and averaged; the last tile overlaps the one before it.
func (d *FeatureDistance) Distances(ctx context.Context, truth *image.NRGBA, restored ...*image.NRGBA) ([]float64, error) {
	size := truth.Rect.Size()
	if min(size.X, size.Y) < smallestTile {
		return nil, fmt.Errorf("compare features: the picture has %d×%d pixels, less than %d×%d", size.X, size.Y, smallestTile, smallestTile)
	}
	for _, picture := range restored {
		if other := picture.Rect.Size(); other != size {
			return nil, fmt.Errorf("compare features: the truth has %d×%d pixels, what is restored %d×%d", size.X, size.Y, other.X, other.Y)
		}
	}
	if len(restored) == 0 {
		return nil, errors.New("compare features: there is no picture to compare with the truth")
	}
	pictures := append([]*image.NRGBA{truth}, restored...)
	distances := make([]float64, len(restored))
	tiles := distanceTiles(size)
	for _, tile := range tiles {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("compare features: %w", err)
		}
		values, err := d.tileDistances(pictures, tile)
		if err != nil {
			return nil, fmt.Errorf("compare features: %w", lab.FitError(err))
		}
		for i, v := range values {
			distances[i] += float64(v) / float64(len(tiles))
		}
	}
	return distances, nil
}

// tileDistances measures a rectangle of the pictures, the truth first; it counts from their upper left corner.
func (d *FeatureDistance) tileDistances(pictures []*image.NRGBA, tile image.Rectangle) ([]float32, error) {
	var values []float32
	for _, picture := range pictures {
		part := picture.SubImage(tile.Add(picture.Rect.Min)).(*image.NRGBA)
		values = append(values, PixelsOf(part).RGB...)
	}
	output, err := d.exec.Call(tensors.FromFlatDataAndDimensions(values, len(pictures), tile.Dy(), tile.Dx(), 3))
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float32](output[0])
}

// distanceTiles cuts a size into tiles, all of one size. There are few such sizes, and so few programs to compile.
func distanceTiles(size image.Point) (tiles []image.Rectangle) {
	side := func(length int) int {
		tile := smallestTile
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
