package dataset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// LoaderOptions say what the batches of a [Loader] hold and how they are read.
type LoaderOptions struct {
	// Size is the side of the pictures in pixels.
	Size int
	// Batch is the number of pictures in a batch.
	Batch int
	// Seed decides the order and the flips.
	Seed uint64
	// Flip mirrors half of the pictures left to right.
	Flip bool
	// Start is the index of the first batch that Next returns: 0, or where an interrupted training stopped.
	Start int64
	// Workers is how many pictures are read at once; 0 means one per CPU.
	Workers int
	// Ahead is how many batches are read before they are asked for; 0 means 2. Memory is bounded by it.
	Ahead int
	// OnBad, if set, is told once of each picture that could not be read any more. The next one stands in for it.
	OnBad func(err error)
}

// Batch is pictures with their labels, ready for a network.
type Batch struct {
	// Pictures is [batch, height, width, 3]: RGB in [-1, 1].
	Pictures []float32
	// Labels is [batch]: indices into the set's Classes.
	Labels []int32
	// Size is height and width in pixels.
	Size int
	// N is the number of pictures.
	N int

	free chan<- *Batch
}

// Release gives the batch's memory back for a later one. Call it when nothing reads the batch any more, or never.
func (b *Batch) Release() {
	select {
	case b.free <- b:
	default: // Enough spare batches: this one is left to the garbage collector.
	}
}

// Loader reads batches ahead of training, in parallel, in an order that its seed decides.
//
// The pictures form an endless stream of epochs. Each epoch is a permutation of the whole set drawn from (seed, epoch),
// and batch k is the k-th run of Batch pictures of that stream. An epoch's end may therefore fall inside a batch, and
// no picture is left out. Next, Position and Close are for one goroutine.
type Loader struct {
	set      Set
	opts     LoaderOptions
	position int64
	next     *pending // What Next waits for, where a context ended before it was filled.
	err      error    // What Next failed with for good.

	ready chan *pending
	free  chan *Batch
	stop  context.CancelFunc
	done  sync.WaitGroup

	badMutex sync.Mutex
	bad      map[int]bool // Pictures that OnBad was told of.
}

// pending is a batch that is being filled.
type pending struct {
	batch  *Batch
	left   atomic.Int32  // Pictures still to read.
	filled chan struct{} // Closed when none is left.
	err    atomic.Pointer[error]
}

// job is one picture of a pending batch.
type job struct {
	into  *pending
	slot  int // Which picture of the batch.
	index int // Which picture of the set.
	flip  bool
}

// NewLoader starts to read ahead. Close it to stop.
func NewLoader(set Set, opts LoaderOptions) (*Loader, error) {
	switch {
	case set.Len() == 0:
		return nil, errors.New("cannot load batches: the set holds no pictures")
	case opts.Size < 1:
		return nil, fmt.Errorf("cannot load batches: picture size %d is not positive", opts.Size)
	case opts.Batch < 1:
		return nil, fmt.Errorf("cannot load batches: batch size %d is not positive", opts.Batch)
	case opts.Start < 0:
		return nil, fmt.Errorf("cannot load batches: start %d is negative", opts.Start)
	}
	if opts.Ahead < 1 {
		opts.Ahead = 2
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &Loader{
		set:      set,
		opts:     opts,
		position: opts.Start,
		ready:    make(chan *pending, opts.Ahead),
		free:     make(chan *Batch, opts.Ahead+3), // As many as are ever in use at once, when all are released.
		stop:     stop,
		bad:      map[int]bool{},
	}
	jobs := make(chan job)
	l.done.Go(func() { l.plan(ctx, jobs) })
	for range workers(opts.Workers) {
		l.done.Go(func() { l.work(ctx, jobs) })
	}
	return l, nil
}

// Next waits for the next batch. It fails when ctx ends, when the loader is closed, or when no picture of the set can
// be read any more.
func (l *Loader) Next(ctx context.Context) (*Batch, error) {
	if l.err != nil {
		return nil, l.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.next == nil {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case l.next = <-l.ready:
		}
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.next.filled:
	}
	if failed := l.next.err.Load(); failed != nil {
		l.err = *failed
		return nil, l.err
	}
	batch := l.next.batch
	l.next = nil
	l.position++
	return batch, nil
}

// Position is the index of the batch that Next returns next: the Start of a loader that is to go on from here.
func (l *Loader) Position() int64 { return l.position }

// Close stops reading and waits until nothing runs any more. Batches that were returned stay valid.
func (l *Loader) Close() {
	l.stop()
	l.done.Wait()
	l.err = errors.New("the loader is closed")
}

// plan hands out the stream of pictures, batch after batch, until ctx ends.
func (l *Loader) plan(ctx context.Context, jobs chan<- job) {
	defer close(jobs)
	stream := newOrder(l.opts.Seed, l.set.Len())
	for k := l.opts.Start; ; k++ {
		p := &pending{batch: l.batch(), filled: make(chan struct{})}
		p.left.Store(int32(l.opts.Batch))
		select {
		case l.ready <- p:
		case <-ctx.Done():
			return
		}
		for slot := range l.opts.Batch {
			at := uint64(k)*uint64(l.opts.Batch) + uint64(slot)
			j := job{into: p, slot: slot, index: stream.picture(at), flip: l.opts.Flip && stream.flip(at)}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return
			}
		}
	}
}

// batch is a released batch, or a new one.
func (l *Loader) batch() *Batch {
	select {
	case b := <-l.free:
		return b
	default:
		n, size := l.opts.Batch, l.opts.Size
		return &Batch{
			Pictures: make([]float32, n*size*size*3),
			Labels:   make([]int32, n),
			Size:     size,
			N:        n,
			free:     l.free,
		}
	}
}

func (l *Loader) work(ctx context.Context, jobs <-chan job) {
	for j := range jobs {
		if err := l.read(ctx, j); err != nil {
			j.into.err.CompareAndSwap(nil, &err)
		}
		if j.into.left.Add(-1) == 0 {
			close(j.into.filled)
		}
	}
}

// read puts one picture into its batch. In the place of one that cannot be read it puts the next of the set that can.
func (l *Loader) read(ctx context.Context, j job) error {
	n := l.set.Len()
	var first error
	for step := range n {
		i := (j.index + step) % n
		picture, err := l.set.Picture(ctx, i, l.opts.Size)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			values := l.opts.Size * l.opts.Size * 3
			normalise(j.into.batch.Pictures[j.slot*values:(j.slot+1)*values], picture, j.flip)
			j.into.batch.Labels[j.slot] = int32(l.set.Label(i))
			return nil
		}
		if first == nil {
			first = err
		}
		l.reportBad(i, err)
	}
	return fmt.Errorf("none of the %d pictures can be read any more: %w", n, first)
}

func (l *Loader) reportBad(i int, err error) {
	l.badMutex.Lock()
	defer l.badMutex.Unlock()
	if l.bad[i] || l.opts.OnBad == nil {
		return
	}
	l.bad[i] = true
	l.opts.OnBad(err)
}

// inUnitRange is 0…255 as [-1, 1].
var inUnitRange = func() (table [256]float32) {
	for v := range table {
		table[v] = float32(v)/127.5 - 1
	}
	return table
}()

// normalise writes picture into to, [height, width, 3], in [-1, 1], mirrored left to right if flip.
func normalise(to []float32, picture *image.RGBA, flip bool) {
	width, height := picture.Rect.Dx(), picture.Rect.Dy()
	for y := range height {
		row := picture.Pix[y*picture.Stride : y*picture.Stride+4*width]
		for x := range width {
			from := 4 * x
			if flip {
				from = 4 * (width - 1 - x)
			}
			pixel := to[3*(y*width+x):]
			pixel[0] = inUnitRange[row[from]]
			pixel[1] = inUnitRange[row[from+1]]
			pixel[2] = inUnitRange[row[from+2]]
		}
	}
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

// flip says whether the picture at a position of the stream is mirrored.
func (o *order) flip(at uint64) bool {
	const flips = 0x666c697073 // Keeps these numbers apart from the permutations', which use the same seed.
	return rand.NewPCG(o.seed^flips, at).Uint64()>>63 == 1
}
