package dataset

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// ahead is what loaders have in common: it fills batches before they are asked for, in parallel, from a stream of
// pictures that a seed decides. B is the batch. next, close and the field position are for one goroutine.
type ahead[B any] struct {
	stream   stream
	fill     func(ctx context.Context, batch *B, slot slot) error // Reads a picture into its slot. Many are called at once.
	new      func(free chan<- *B) *B                              // A batch whose memory comes back through free.
	onBad    func(error)
	position int64       // The index of the batch that next returns next.
	waiting  *pending[B] // What next waits for, where a context ended before it was filled.
	err      error       // What next failed with for good.

	ready chan *pending[B]
	free  chan *B
	stop  context.CancelFunc
	done  sync.WaitGroup

	badMutex sync.Mutex
	bad      map[int]bool // Pictures that onBad was told of.
}

// stream says which pictures are in which batch.
type stream struct {
	pictures int // How many there are.
	batch    int // How many a batch holds.
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
	number int    // Which picture of the batch.
	index  int    // Which picture of the set.
	at     uint64 // Which picture of the stream.
}

// pending is a batch that is being filled.
type pending[B any] struct {
	batch  *B
	left   atomic.Int32  // Pictures still to read.
	filled chan struct{} // Closed when none is left.
	err    atomic.Pointer[error]
}

// job is one picture of a pending batch.
type job[B any] struct {
	into *pending[B]
	slot slot
}

// begin starts to read ahead, in that many goroutines, that many batches.
func (a *ahead[B]) begin(readers, batches int) {
	if batches < 1 {
		batches = 2
	}
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.position = a.stream.start
	a.ready = make(chan *pending[B], batches)
	a.free = make(chan *B, batches+3) // As many as are ever in use at once, when all are released.
	a.bad = map[int]bool{}
	jobs := make(chan job[B])
	a.done.Go(func() { a.plan(ctx, jobs) })
	for range workers(readers) {
		a.done.Go(func() { a.work(ctx, jobs) })
	}
}

// next waits for the next batch. It fails when ctx ends, after close, or when no picture can be read any more.
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

// close stops reading and waits until nothing runs any more.
func (a *ahead[B]) close() {
	a.stop()
	a.done.Wait()
	a.err = errors.New("the loader is closed")
}

// plan hands out the stream of pictures, batch after batch, until ctx ends.
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

// batch is a released batch, or a new one.
func (a *ahead[B]) batch() *B {
	select {
	case b := <-a.free:
		return b
	default:
		return a.new(a.free)
	}
}

// release gives a batch's memory back for a later one.
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

// read puts one picture into its batch. In the place of one that cannot be read it puts the next of the set that can.
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

// order says which picture stands where in the endless stream of epochs. It holds one epoch's permutation at a time.
type order struct {
	seed        uint64
	n           uint64
	epoch       uint64
	permutation []int
}

func newOrder(seed uint64, n int) *order {
	return &order{seed: seed, n: uint64(n)}
}

// picture is the index of the picture at a position of the stream.
func (o *order) picture(at uint64) int {
	epoch := at / o.n
	if o.permutation == nil || epoch != o.epoch {
		o.epoch = epoch
		o.permutation = rand.New(rand.NewPCG(o.seed, epoch)).Perm(int(o.n))
	}
	return o.permutation[at%o.n]
}

// flipped says whether the picture at a position of the stream is mirrored.
func flipped(seed, at uint64) bool {
	const flips = 0x666c697073 // Keeps these numbers apart from the permutations', which use the same seed.
	return rand.NewPCG(seed^flips, at).Uint64()>>63 == 1
}
