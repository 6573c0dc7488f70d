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
	"github.com/moelab/moelab/internal/imaging"
	"gonum.org/v1/gonum/mat"
)

// Embedder turns pictures into rows of 512 numbers: the features of VGG16's conv5_3 after the ReLU, averaged over the
// pixels. Sets of pictures can be compared by them as FID compares them by Inception's; see package measure's Frechet.
// It is for one goroutine.
type Embedder struct {
	exec *model.Exec
}

// NewEmbedder prepares a network. Random weights are the same in every call.
func NewEmbedder(backend compute.Backend, network *Network) (*Embedder, error) {
	exec, err := network.exec(backend, func(scope *model.Scope, x *Node) *Node {
		features := network.Features(scope, x, len(Layers), false)
		return ReduceMean(features[len(features)-1], 1, 2)
	})
	if err != nil {
		return nil, err
	}
	return &Embedder{exec}, nil
}

// Close frees the compiled program.
func (e *Embedder) Close() { e.exec.Finalize() }

// embedBatch is the number of pictures embedded at a time: one program is compiled for it.
const embedBatch = 16

// Embed returns a row for each picture. They are opaque, of one size, and at least 16×16 pixels.
func (e *Embedder) Embed(ctx context.Context, pictures []*image.RGBA) (*mat.Dense, error) {
	if len(pictures) == 0 {
		return nil, errors.New("embed pictures: there are none")
	}
	size := pictures[0].Rect.Size()
	if min(size.X, size.Y) < smallestSide {
		return nil, fmt.Errorf("embed pictures: they have %d×%d pixels, less than %d×%d",
			size.X, size.Y, smallestSide, smallestSide)
	}
	var rows []float64
	for start := 0; start < len(pictures); start += embedBatch {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("embed pictures: %w", err)
		}
		batch := pictures[start:min(start+embedBatch, len(pictures))]
		each := size.X * size.Y * 3
		values := make([]float32, embedBatch*each) // The rest of a short batch stays grey, and is ignored.
		for i, picture := range batch {
			if other := picture.Rect.Size(); other != size {
				return nil, fmt.Errorf("embed pictures: one has %d×%d pixels, another %d×%d",
					size.X, size.Y, other.X, other.Y)
			}
			imaging.Symmetric.Put(values[i*each:(i+1)*each], picture, false)
		}
		for i, v := range values {
			values[i] = (v + 1) / 2 // From [-1, 1].
		}
		output, err := e.exec.Call(tensors.FromFlatDataAndDimensions(values, embedBatch, size.Y, size.X, 3))
		if err != nil {
			return nil, fmt.Errorf("embed pictures: %w", err)
		}
		features, err := tensors.CopyFlatData[float32](output[0])
		if err != nil {
			return nil, fmt.Errorf("embed pictures: %w", err)
		}
		for _, v := range features[:len(batch)*output[0].Shape().Dim(1)] {
			rows = append(rows, float64(v))
		}
	}
	return mat.NewDense(len(pictures), len(rows)/len(pictures), rows), nil
}
