package dataset

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// workers is n, or one for each CPU if n is 0.
func workers(n int) int {
	if n < 1 {
		return runtime.GOMAXPROCS(0)
	}
	return n
}

// inParallel calls do for 0…n−1, in the given number of goroutines (see workers), until one fails or ctx ends.
func inParallel(ctx context.Context, limit, n int, progress func(done, total int), do func(i int) error) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(workers(limit))
	var mutex sync.Mutex
	done := 0
	for i := range n {
		if groupCtx.Err() != nil {
			break
		}
		group.Go(func() error {
			if groupCtx.Err() != nil {
				return nil
			}
			if err := do(i); err != nil {
				return err
			}
			mutex.Lock()
			defer mutex.Unlock()
			done++
			if progress != nil {
				progress(done, n)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}
