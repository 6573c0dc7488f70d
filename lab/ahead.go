package lab

import (
	"cmp"
	"context"
	"errors"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
)

// ahead reads the inputs of the next iteration, and puts them on the device, while the current one runs.
type ahead struct {
	ready  chan inputs
	cancel context.CancelFunc
	first  *inputs // Taken by peek, and not returned by next yet.
}

// inputs are the inputs of one iteration, or the error of reading them.
type inputs struct {
	tensors []*tensors.Tensor
	err     error
}

// readAhead starts to read from a source.
func readAhead(ctx context.Context, backend compute.Backend, source Source) *ahead {
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead{ready: make(chan inputs), cancel: cancel}
	go func() {
		defer close(a.ready)
		for {
			next, err := source.Next(ctx)
			for _, t := range next {
				if err == nil {
					err = t.MaterializeOnDevice(backend, false, 0)
				}
			}
			select {
			case a.ready <- inputs{next, err}:
			case <-ctx.Done():
				_ = finalize(next)
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return a
}

// next returns the inputs of the next iteration.
func (a *ahead) next(ctx context.Context) ([]*tensors.Tensor, error) {
	if first := a.first; first != nil {
		a.first = nil
		return first.tensors, first.err
	}
	select {
	case next, ok := <-a.ready:
		if !ok { // The reader stops when ctx ends, and after an error.
			return nil, cmp.Or(context.Cause(ctx), errors.New("the data has ended"))
		}
		return next.tensors, next.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// peek returns the inputs that next will return.
func (a *ahead) peek(ctx context.Context) ([]*tensors.Tensor, error) {
	next, err := a.next(ctx)
	a.first = &inputs{next, err}
	return next, err
}

// stop ends the reading, waits for it, and frees unused inputs.
func (a *ahead) stop() {
	a.cancel()
	if a.first != nil {
		_ = finalize(a.first.tensors)
	}
	for next := range a.ready {
		_ = finalize(next.tensors)
	}
}
