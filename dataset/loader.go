package dataset

import (
	"context"
	"fmt"

	"github.com/moelab/moelab/internal/imaging"
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
	// Attributes are the names of those that are wanted beside the class.
	Attributes []string
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
	// Attributes is [batch, attributes]: indices into their classes, -1 where it is not known.
	Attributes []int32
	// Size is height and width in pixels.
	Size int
	// N is the number of pictures.
	N int

	free chan<- *Batch
}

// Release gives the batch's memory back for a later one. Call it when nothing reads the batch any more, or never.
func (b *Batch) Release() { release(b, b.free) }

// Loader reads batches ahead of training, in parallel, in an order that its seed decides.
//
// The pictures form an endless stream of epochs. Each epoch is a permutation of the whole set drawn from (seed, epoch),
// and batch k is the k-th run of Batch pictures of that stream. An epoch's end may therefore fall inside a batch, and
// no picture is left out. Next, Position and Close are for one goroutine.
type Loader struct {
	set     Set
	opts    LoaderOptions
	places  []int // Of the attributes that are wanted.
	batches ahead[Batch]
}

// NewLoader starts to read ahead. Close it to stop.
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
	var err error
	if l.places, err = places(set, opts.Attributes); err != nil {
		return nil, fmt.Errorf("cannot load batches: %w", err)
	}
	l.batches.begin(opts.Workers, opts.Ahead)
	return l, nil
}

// Next waits for the next batch. It fails when ctx ends, when the loader is closed, or when no picture of the set can
// be read any more.
func (l *Loader) Next(ctx context.Context) (*Batch, error) { return l.batches.next(ctx) }

// Position is the index of the batch that Next returns next: the Start of a loader that is to go on from here.
func (l *Loader) Position() int64 { return l.batches.position }

// Close stops reading and waits until nothing runs any more. Batches that were returned stay valid.
func (l *Loader) Close() { l.batches.close() }

func (l *Loader) newBatch(free chan<- *Batch) *Batch {
	n, size := l.opts.Batch, l.opts.Size
	return &Batch{
		Pictures:   make([]float32, n*size*size*3),
		Labels:     make([]int32, n),
		Attributes: make([]int32, n*len(l.places)),
		Size:       size,
		N:          n,
		free:       free,
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
	batch.Labels[s.number] = int32(l.set.Label(s.index))
	for a, place := range l.places {
		batch.Attributes[s.number*len(l.places)+a] = int32(l.set.Attribute(s.index, place))
	}
	return nil
}
