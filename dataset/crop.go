package dataset

import (
	"context"
	"fmt"
	"image"
	"math/rand/v2"

	"github.com/moelab/moelab/internal/imaging"
)

// CropOptions say what the batches of a [CropLoader] hold and how they are read.
type CropOptions struct {
	// Crop is the side of the crops in pixels, a multiple of 4.
	Crop int
	// Batch is the number of crops in a batch.
	Batch int
	// Seed decides the order, the crops, the flips and the degradations.
	Seed uint64
	// Flip mirrors half of the crops left to right.
	Flip bool
	// Degrade spoils the small pictures, each in another way; see [Degrade].
	Degrade bool
	// Start is the index of the first batch that Next returns: 0, or where an interrupted training stopped.
	Start int64
	// Workers is how many pictures are read at once; 0 means one per CPU.
	Workers int
	// Ahead is how many batches are read before they are asked for; 0 means 2. Memory is bounded by it.
	Ahead int
	// OnBad, if set, is told once of each picture that could not be read any more. The next one stands in for it.
	OnBad func(err error)
}

// CropScale is how many times higher and wider CropBatch.High is than CropBatch.Low.
const CropScale = 4

// CropBatch is crops of pictures, large and small, ready for a network that enlarges.
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

// Release gives the batch's memory back for a later one. Call it when nothing reads the batch any more, or never.
func (b *CropBatch) Release() { release(b, b.free) }

// CropLoader reads batches of random crops ahead of training, in parallel. What was said of [Loader] holds: pictures
// come in epochs, one crop of each, and batch k depends only on the pictures, the options and k.
//
// A crop is taken at the picture's own size. A picture that is smaller than the crop is continued by its mirror image,
// as enlarging it would teach a network to draw blur. To read a file anew for each crop is slow: see [CachedPictures].
type CropLoader struct {
	pictures Pictures
	opts     CropOptions
	batches  ahead[CropBatch]
}

// NewCropLoader starts to read ahead. Close it to stop.
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

// Next waits for the next batch. It fails when ctx ends, when the loader is closed, or when no picture can be read any more.
func (l *CropLoader) Next(ctx context.Context) (*CropBatch, error) { return l.batches.next(ctx) }

// Position is the index of the batch that Next returns next: the Start of a loader that is to go on from here.
func (l *CropLoader) Position() int64 { return l.batches.position }

// Close stops reading and waits until nothing runs any more. Batches that were returned stay valid.
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
	const crops = 0x63726f70 // Keeps these numbers apart from those of the order and the flips.
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

// randomCrop is a square out of a picture.
func randomCrop(rng *rand.Rand, whole *image.RGBA, side int) *image.RGBA {
	within := func(length int) int { return rng.IntN(max(length-side, 0) + 1) }
	corner := image.Pt(within(whole.Rect.Dx()), within(whole.Rect.Dy())).Add(whole.Rect.Min)
	square := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
	if square.In(whole.Rect) {
		return whole.SubImage(square).(*image.RGBA)
	}
	return imaging.CopyPart(whole, square)
}
