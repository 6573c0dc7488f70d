package collect

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// inOrder calls do for 0…n−1, in the given number of goroutines (0: one per CPU), and take with each result: in
// their order, and one at a time, so that nothing depends on chance. It ends with the first error, or with ctx.
func inOrder[T any](
	ctx context.Context, workers, n int, do func(ctx context.Context, i int) (T, error), take func(made T) error,
) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	type result struct {
		made T
		err  error
	}
	var group errgroup.Group
	group.SetLimit(workers + 1) // One of them starts the others.
	order := make(chan chan result, 4*workers)
	group.Go(func() error {
		defer close(order)
		for i := range n {
			one := make(chan result, 1)
			select {
			case order <- one:
			case <-ctx.Done():
				return nil
			}
			group.Go(func() error {
				made, err := do(ctx, i)
				one <- result{made, err}
				return nil
			})
		}
		return nil
	})
	err := func() error {
		for one := range order {
			result := <-one
			if result.err != nil {
				return result.err
			}
			if err := take(result.made); err != nil {
				return err
			}
		}
		return ctx.Err()
	}()
	stop()
	for range order { // Otherwise the first goroutine would wait for ever.
	}
	_ = group.Wait() // The errors have come in their order.
	return err
}
