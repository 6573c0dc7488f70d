package dataset

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// ahead is the common part of loaders: it fills batches before they are needed, in parallel, from a stream of pictures
// determined by a seed. B is the batch. next, close and the field position are for one goroutine.
type ahead[B any] struct {
	stream stream
	// fill reads a picture into its slot. It is called concurrently.
	fill     func(ctx context.Context, batch *B, slot slot) error
	new      func(free chan<- *B) *B // A batch whose memory comes back through free.
	onBad    func(error)
	position int64       // The index of the batch that next returns next.
	waiting  *pending[B] // The batch that next waits for, if a context ended before it was filled.
	err      error       // The permanent error of next.

	ready chan *pending[B]
	free  chan *B
	stop  context.CancelFunc
	done  sync.WaitGroup

	badMutex sync.Mutex
	bad      map[int]bool // Pictures passed to onBad.
}

// stream determines the pictures of each batch.
type stream struct {
	pictures int // Of the set.
	batch    int // Of a batch.
	seed     uint64
	start    int64 // The first batch.
}

func (s stream) check() error {
	switch {
	case s.pictures == 0:
		return errors.New("cannot load batches: the set holds no pictures")
	case s.batch < 1:
		return fmt.Errorf("cannot load batches: batch size %d is not positive", s.batch)
	case s.start < 0:
		return fmt.Errorf("cannot load batches: start %d is negative", s.start)
	}
	return nil
}

// slot is the place of one picture.
type slot struct {
	number int    // Index in the batch.
	index  int    // Index in the set.
	at     uint64 // Position in the stream.
}

// pending is a batch that is being filled.
type pending[B any] struct {
	batch  *B
	left   atomic.Int32  // Pictures still to read.
	filled chan struct{} // Closed when left is 0.
	err    atomic.Pointer[error]
}

// job is one picture of a pending batch.
type job[B any] struct {
	into *pending[B]
	slot slot
}

// begin starts to read ahead, with the given numbers of goroutines and batches.
func (a *ahead[B]) begin(readers, batches int) {
	if batches < 1 {
		batches = 2
	}
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.position = a.stream.start
	a.ready = make(chan *pending[B], batches)
	a.free = make(chan *B, batches+3) // The most that are ever in use at once, if all are released.
	a.bad = map[int]bool{}
	jobs := make(chan job[B])
	a.done.Go(func() { a.plan(ctx, jobs) })
	for range workers(readers) {
		a.done.Go(func() { a.work(ctx, jobs) })
	}
}

// next waits for the next batch. It fails if ctx ends, after close, or if no picture can be read any more.
func (a *ahead[B]) next(ctx context.Context) (*B, error) {
	if a.err != nil {
		return nil, a.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if a.waiting == nil {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case a.waiting = <-a.ready:
		}
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-a.waiting.filled:
	}
	if failed := a.waiting.err.Load(); failed != nil {
		a.err = *failed
		return nil, a.err
	}
	batch := a.waiting.batch
	a.waiting = nil
	a.position++
	return batch, nil
}

// close stops reading and waits for all goroutines.
func (a *ahead[B]) close() {
	a.stop()
	a.done.Wait()
	a.err = errors.New("the loader is closed")
}

// plan distributes the stream of pictures, batch after batch, until ctx ends.
func (a *ahead[B]) plan(ctx context.Context, jobs chan<- job[B]) {
	defer close(jobs)
	order := newOrder(a.stream.seed, a.stream.pictures)
	for k := a.stream.start; ; k++ {
		p := &pending[B]{batch: a.batch(), filled: make(chan struct{})}
		p.left.Store(int32(a.stream.batch))
		select {
		case a.ready <- p:
		case <-ctx.Done():
			return
		}
		for number := range a.stream.batch {
			at := uint64(k)*uint64(a.stream.batch) + uint64(number)
			select {
			case jobs <- job[B]{into: p, slot: slot{number, order.picture(at), at}}:
			case <-ctx.Done():
				return
			}
		}
	}
}

// batch returns a released batch, or a new one.
func (a *ahead[B]) batch() *B {
	select {
	case b := <-a.free:
		return b
	default:
		return a.new(a.free)
	}
}

// release returns a batch's memory for reuse.
func release[B any](batch *B, free chan<- *B) {
	select {
	case free <- batch:
	default: // Enough spare batches: this one is left to the garbage collector.
	}
}

func (a *ahead[B]) work(ctx context.Context, jobs <-chan job[B]) {
	for j := range jobs {
		if err := a.read(ctx, j.into.batch, j.slot); err != nil {
			j.into.err.CompareAndSwap(nil, &err)
		}
		if j.into.left.Add(-1) == 0 {
			close(j.into.filled)
		}
	}
}

// read puts one picture into its batch. An unreadable one is replaced by the next readable one of the set.
func (a *ahead[B]) read(ctx context.Context, batch *B, s slot) error {
	n := a.stream.pictures
	var first error
	for range n {
		err := a.fill(ctx, batch, s)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
		a.reportBad(s.index, err)
		s.index = (s.index + 1) % n
	}
	return fmt.Errorf("none of the %d pictures can be read any more: %w", n, first)
}

func (a *ahead[B]) reportBad(i int, err error) {
	a.badMutex.Lock()
	defer a.badMutex.Unlock()
	if a.bad[i] || a.onBad == nil {
		return
	}
	a.bad[i] = true
	a.onBad(err)
}

// order is the order of pictures in the endless stream of epochs. It holds one epoch's permutation at a time.
type order struct {
	seed        uint64
	n           uint64
	epoch       uint64
	permutation []int
}

func newOrder(seed uint64, n int) *order {
	return &order{seed: seed, n: uint64(n)}
}

// picture returns the index of the picture at a position of the stream.
func (o *order) picture(at uint64) int {
	epoch := at / o.n
	if o.permutation == nil || epoch != o.epoch {
		o.epoch = epoch
		o.permutation = rand.New(rand.NewPCG(o.seed, epoch)).Perm(int(o.n))
	}
	return o.permutation[at%o.n]
}

// flipped reports whether the picture at a position of the stream is mirrored.
func flipped(seed, at uint64) bool {
	const flips = 0x666c697073 // Separates these numbers from the permutations', which use the same seed.
	return rand.NewPCG(seed^flips, at).Uint64()>>63 == 1
}
