package dataset

import (
	"context"
	"fmt"
	"image"
	"math/rand/v2"

	"github.com/moelab/moelab/internal/imaging"
)

// CropOptions are the options of a [CropLoader].
type CropOptions struct {
	// Crop is the side of the crops in pixels, a multiple of 4.
	Crop int
	// Batch is the number of crops in a batch.
	Batch int
	// Seed decides the order, the crops, the flips and the degradations.
	Seed uint64
	// Flip mirrors half of the crops left to right.
	Flip bool
	// Degrade spoils the small pictures, each differently; see [Degrade].
	Degrade bool
	// Start is the index of the first batch that Next returns: 0, or the position of an interrupted training.
	Start int64
	// Workers is the number of pictures read at once; 0 means one per CPU.
	Workers int
	// Ahead is the number of batches to read ahead; 0 means 2. It bounds the memory.
	Ahead int
	// OnBad, if set, is called once for each picture that has become unreadable. The next one replaces it.
	OnBad func(err error)
}

// CropScale is the ratio of CropBatch.High's height and width to CropBatch.Low's.
const CropScale = 4

// CropBatch is a batch of crops of pictures, large and small, for a network that enlarges.
type CropBatch struct {
	// High is [batch, crop, crop, 3]: RGB in [0, 1].
	High []float32
	// Low is [batch, crop/4, crop/4, 3]: High made smaller by [imaging.Bicubic], RGB in [0, 1].
	Low []float32
	// Crop is High's height and width in pixels.
	Crop int
	// N is the number of crops.
	N int

	free chan<- *CropBatch
}

// Release returns the batch's memory for reuse. Calling it is optional; the batch must not be used afterwards.
func (b *CropBatch) Release() { release(b, b.free) }

// CropLoader reads batches of random crops ahead of training, in parallel. As with a [Loader], pictures come in epochs,
// one crop of each, and batch k depends only on the pictures, the options and k.
//
// Pictures are cropped at their own size. A picture smaller than the crop is extended by its mirror image, since
// enlarging it would teach a network to draw blur. Reading a file anew for each crop is slow: see [CachedPictures].
type CropLoader struct {
	pictures Pictures
	opts     CropOptions
	batches  ahead[CropBatch]
}

// NewCropLoader returns a loader that reads ahead until it is closed.
func NewCropLoader(pictures Pictures, opts CropOptions) (*CropLoader, error) {
	l := &CropLoader{pictures: pictures, opts: opts}
	l.batches = ahead[CropBatch]{
		stream: stream{pictures: pictures.Len(), batch: opts.Batch, seed: opts.Seed, start: opts.Start},
		fill:   l.fill, new: l.newBatch, onBad: opts.OnBad,
	}
	if err := l.batches.stream.check(); err != nil {
		return nil, err
	}
	if opts.Crop < CropScale || opts.Crop%CropScale != 0 {
		return nil, fmt.Errorf("cannot load batches: crop size %d is not a positive multiple of %d", opts.Crop, CropScale)
	}
	l.batches.begin(opts.Workers, opts.Ahead)
	return l, nil
}

// Next waits for the next batch. It fails if ctx ends, if the loader is closed, or if no picture can be read any more.
func (l *CropLoader) Next(ctx context.Context) (*CropBatch, error) { return l.batches.next(ctx) }

// Position is the index of the batch that Next returns next: the Start of a loader that continues from here.
func (l *CropLoader) Position() int64 { return l.batches.position }

// Close stops reading and waits for all goroutines. Returned batches stay valid.
func (l *CropLoader) Close() { l.batches.close() }

func (l *CropLoader) newBatch(free chan<- *CropBatch) *CropBatch {
	n, high, low := l.opts.Batch, l.opts.Crop, l.opts.Crop/CropScale
	return &CropBatch{
		High: make([]float32, n*high*high*3),
		Low:  make([]float32, n*low*low*3),
		Crop: high,
		N:    n,
		free: free,
	}
}

func (l *CropLoader) fill(ctx context.Context, batch *CropBatch, s slot) error {
	whole, err := l.pictures.Whole(ctx, s.index)
	if err != nil {
		return err
	}
	const crops = 0x63726f70 // Separates these numbers from those of the order and the flips.
	rng := rand.New(rand.NewPCG(l.opts.Seed^crops, s.at))
	high := randomCrop(rng, whole, l.opts.Crop)
	small := l.opts.Crop / CropScale
	low := imaging.Bicubic(high, small, small)
	if l.opts.Degrade {
		low = Degrade(low, rng)
	}
	flip := l.opts.Flip && flipped(l.opts.Seed, s.at)
	put := func(to []float32, crop *image.RGBA) {
		values := len(to) / batch.N
		imaging.Unit.Put(to[s.number*values:(s.number+1)*values], crop, flip)
	}
	put(batch.High, high)
	put(batch.Low, low)
	return nil
}

// randomCrop returns a random square of a picture.
func randomCrop(rng *rand.Rand, whole *image.RGBA, side int) *image.RGBA {
	within := func(length int) int { return rng.IntN(max(length-side, 0) + 1) }
	corner := image.Pt(within(whole.Rect.Dx()), within(whole.Rect.Dy())).Add(whole.Rect.Min)
	square := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
	if square.In(whole.Rect) {
		return whole.SubImage(square).(*image.RGBA)
	}
	return imaging.CopyPart(whole, square)
}
