package flow

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"golang.org/x/sync/errgroup"
)

// batch is the number of pixels processed at once: few enough to reuse the process's memory, instead of getting cleared
// memory from the system each time.
const batch = 1 << 18

// Estimator estimates the flow between pictures. It is not safe for concurrent use.
type Estimator struct{ exec *model.Exec }

// NewEstimator returns an estimator. It compiles a program for each size of frames and each number of frames in a
// batch; a batch holds up to four frames of 256×256 pixels.
func NewEstimator(backend compute.Backend, options Options) (*Estimator, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	exec, err := model.NewExec(backend, model.NewStore(), func(_ *model.Scope, from, to *Node) *Node {
		return Farneback(from, to, nil, options)
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the flow: %w", err)
	}
	return &Estimator{exec}, nil
}

// Close frees the compiled programs.
func (e *Estimator) Close() { e.exec.Finalize() }

// Estimate returns the flow from a frame to each of several frames of the same size, [height, width, 2]: displacements
// to the right and down in pixels.
func (e *Estimator) Estimate(
	ctx context.Context, from *image.Gray, to ...*image.Gray,
) (flows []*tensors.Tensor, err error) {
	size := from.Rect.Size()
	for i, frame := range to {
		if s := frame.Rect.Size(); s != size {
			return nil, fmt.Errorf(
				"frame %d has %d×%d pixels, the first %d×%d: all frames must have the same size", i+2, s.X, s.Y, size.X, size.Y,
			)
		}
	}
	if min(size.X, size.Y) < 2 {
		return nil, fmt.Errorf("frames of %d×%d pixels are too small: they must have at least 2×2", size.X, size.Y)
	}
	if len(to) == 0 {
		return nil, nil
	}
	each := min(max(batch/(size.X*size.Y), 1), len(to))
	parts := slices.Collect(slices.Chunk(to, each))
	some := make([][]*tensors.Tensor, len(parts))
	work := func(ctx context.Context, i int) (err error) {
		if err := ctx.Err(); err != nil {
			return err
		}
		whole := parts[i]
		for len(whole) < each { // Another number of frames would be compiled anew.
			whole = append(slices.Clip(whole), parts[i][0])
		}
		if some[i], err = e.estimate(size, from, whole); err != nil {
			return fmt.Errorf("estimate the flow: %w", err)
		}
		return nil
	}
	if err := work(ctx, 0); err != nil { // Compiles.
		return nil, err
	}
	// Several programs run at once: each has phases that use a single core.
	pair, ctx := errgroup.WithContext(ctx)
	pair.SetLimit(2)
	for i := range parts[1:] {
		pair.Go(func() error { return work(ctx, i+1) })
	}
	if err := pair.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(some...)[:len(to)], nil
}

// estimate runs the program once.
func (e *Estimator) estimate(
	size image.Point, from *image.Gray, to []*image.Gray,
) (flows []*tensors.Tensor, err error) {
	first, others := values(size, from), values(size, to...)
	output, err := e.exec.Call1(first, others)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, first.FinalizeAll(), others.FinalizeAll(), output.FinalizeAll()) }()
	all, err := tensors.CopyFlatData[float32](output)
	if err != nil {
		return nil, err
	}
	each := size.X * size.Y * 2
	for i := range to {
		flows = append(flows, tensors.FromFlatDataAndDimensions(all[i*each:(i+1)*each], size.Y, size.X, 2))
	}
	return flows, nil
}

// values returns grey frames as numbers, [frames, height, width] in [0, 255].
func values(size image.Point, frames ...*image.Gray) *tensors.Tensor {
	flat := make([]float32, 0, len(frames)*size.X*size.Y)
	for _, frame := range frames {
		for y := range size.Y {
			for _, v := range frame.Pix[y*frame.Stride:][:size.X] {
				flat = append(flat, float32(v))
			}
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, len(frames), size.Y, size.X)
}
