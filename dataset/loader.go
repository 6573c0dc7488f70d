package dataset

import (
	"context"
	"fmt"

	"github.com/moelab/moelab/internal/imaging"
)

// LoaderOptions are the options of a [Loader].
type LoaderOptions struct {
	// Size is the side of the pictures in pixels.
	Size int
	// Batch is the number of pictures in a batch.
	Batch int
	// Seed decides the order and the flips.
	Seed uint64
	// Flip mirrors half of the pictures left to right.
	Flip bool
	// Start is the index of the first batch that Next returns: 0, or the position of an interrupted training.
	Start int64
	// Attributes are the names of the attributes whose labels a batch holds in addition to the class.
	Attributes []string
	// Workers is the number of pictures read at once; 0 means one per CPU.
	Workers int
	// Ahead is the number of batches to read ahead; 0 means 2. It bounds the memory.
	Ahead int
	// OnBad, if set, is called once for each picture that has become unreadable. The next one replaces it.
	OnBad func(err error)
}

// Batch is a batch of pictures with their labels, in the form that networks take.
type Batch struct {
	// Pictures is [batch, height, width, 3]: RGB in [-1, 1].
	Pictures []float32
	// Labels is [batch, 1 + attributes]: the indices of the class and of each attribute's class, -1 for unknown ones.
	Labels []int32
	// Size is height and width in pixels.
	Size int
	// N is the number of pictures.
	N int

	free chan<- *Batch
}

// Release returns the batch's memory for reuse. Calling it is optional; the batch must not be used afterwards.
func (b *Batch) Release() { release(b, b.free) }

// Loader reads batches ahead of training, in parallel, in an order determined by its seed.
//
// The pictures form an endless stream of epochs. Each epoch is a permutation of the whole set drawn from (seed, epoch),
// and batch k is the k-th run of Batch pictures of that stream. An epoch's end may therefore fall inside a batch, and
// no picture is left out. Next, Position and Close are for one goroutine.
type Loader struct {
	set     Set
	opts    LoaderOptions
	places  []int // Of the class and the requested attributes.
	batches ahead[Batch]
}

// NewLoader returns a loader that reads ahead until it is closed.
func NewLoader(set Set, opts LoaderOptions) (*Loader, error) {
	l := &Loader{set: set, opts: opts}
	l.batches = ahead[Batch]{
		stream: stream{pictures: set.Len(), batch: opts.Batch, seed: opts.Seed, start: opts.Start},
		fill:   l.fill, new: l.newBatch, onBad: opts.OnBad,
	}
	if err := l.batches.stream.check(); err != nil {
		return nil, err
	}
	if opts.Size < 1 {
		return nil, fmt.Errorf("cannot load batches: picture size %d is not positive", opts.Size)
	}
	wanted, err := places(set, opts.Attributes)
	if err != nil {
		return nil, fmt.Errorf("cannot load batches: %w", err)
	}
	l.places = append([]int{0}, wanted...)
	l.batches.begin(opts.Workers, opts.Ahead)
	return l, nil
}

// Next waits for the next batch. It fails if ctx ends, if the loader is closed, or if no picture of the set can be read
// any more.
func (l *Loader) Next(ctx context.Context) (*Batch, error) { return l.batches.next(ctx) }

// Position is the index of the batch that Next returns next: the Start of a loader that continues from here.
func (l *Loader) Position() int64 { return l.batches.position }

// Close stops reading and waits for all goroutines. Returned batches stay valid.
func (l *Loader) Close() { l.batches.close() }

func (l *Loader) newBatch(free chan<- *Batch) *Batch {
	n, size := l.opts.Batch, l.opts.Size
	return &Batch{
		Pictures: make([]float32, n*size*size*3),
		Labels:   make([]int32, n*len(l.places)),
		Size:     size,
		N:        n,
		free:     free,
	}
}

func (l *Loader) fill(ctx context.Context, batch *Batch, s slot) error {
	square, err := l.set.Picture(ctx, s.index, l.opts.Size)
	if err != nil {
		return err
	}
	values := l.opts.Size * l.opts.Size * 3
	flip := l.opts.Flip && flipped(l.opts.Seed, s.at)
	imaging.Symmetric.Put(batch.Pictures[s.number*values:(s.number+1)*values], square, flip)
	for a, place := range l.places {
		batch.Labels[s.number*len(l.places)+a] = int32(l.set.Label(s.index, place))
	}
	return nil
}
