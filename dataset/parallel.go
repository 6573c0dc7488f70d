package dataset

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// workers returns n, or the number of CPUs if n is 0.
func workers(n int) int {
	if n < 1 {
		return runtime.GOMAXPROCS(0)
	}
	return n
}

// inParallel calls do for 0…n−1, in the given number of goroutines (see workers), until one fails or ctx ends. If
// several fail, the error is that of the least number, however the goroutines are scheduled: all calls before a failure
// are carried out.
func inParallel(ctx context.Context, limit, n int, progress func(done, total int), do func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(workers(limit))
	var mutex sync.Mutex
	done, failed := 0, n
	var failure error
	wanted := func(i int) bool {
		mutex.Lock()
		defer mutex.Unlock()
		return i < failed && ctx.Err() == nil
	}
	for i := 0; i < n && wanted(i); i++ {
		group.Go(func() error {
			if !wanted(i) {
				return nil
			}
			err := do(i)
			mutex.Lock()
			defer mutex.Unlock()
			switch {
			case err == nil:
				done++
				if progress != nil {
					progress(done, n)
				}
			case i < failed:
				failed, failure = i, err
			}
			return nil
		})
	}
	_ = group.Wait()
	if failure != nil {
		return failure
	}
	return ctx.Err()
}
