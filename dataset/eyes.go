package dataset

import (
	"context"
	"fmt"
	"image"
	"math"
	"math/rand/v2"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
)

// EyeOptions say what the batches of an [EyeLoader] hold and how they are read.
type EyeOptions struct {
	// Size is the height and width that eyes are brought to, in pixels.
	Size int
	// Whole takes the whole frames, cropped to their centred square, instead of an eye.
	Whole bool
	// Batch is the number of videos in a batch, one eye each.
	Batch int
	// Seed decides the order, the flips and the changes.
	Seed uint64
	// Flip mirrors half of the videos left to right.
	Flip bool
	// Vary moves and scales what is cut out a little, and changes its colours, the same in all frames of a video.
	Vary bool
	// Hues is how far in radians the hues of half of the videos are turned at most, where colours are changed; those of the others by at most 0.3.
	Hues float64
	// Start is the index of the first batch that Next returns: 0, or where an interrupted training stopped.
	Start int64
	// Workers is how many videos are read at once; 0 means one per CPU.
	Workers int
	// OnBad, if set, is told once of each clip that could not be read. The next one stands in for it.
	OnBad func(err error)
}

// EyeBatch is videos of eyes.
type EyeBatch struct {
	// Frames is [batch, frames, size, size, 3]: RGB in [-1, 1]. There are [portrait.BlinkFrames] frames.
	Frames []float32
	// N is the number of videos, Size their height and width in pixels.
	N, Size int

	free chan<- *EyeBatch
}

// Release gives the batch's memory back for a later one. Call it when nothing reads the batch any more, or never.
func (b *EyeBatch) Release() { release(b, b.free) }

// EyeLoader reads batches of eyes that blink ahead of training, in parallel. What was said of [Loader] holds: clips come in epochs, and batch k depends only
// on the clips, the options and k.
type EyeLoader struct {
	clips   Clips
	opts    EyeOptions
	batches ahead[EyeBatch]
}

// NewEyeLoader starts to read ahead. Close it to stop.
func NewEyeLoader(clips Clips, opts EyeOptions) (*EyeLoader, error) {
	l := &EyeLoader{clips: clips, opts: opts}
	l.batches = ahead[EyeBatch]{
		stream: stream{pictures: clips.Len(), batch: opts.Batch, seed: opts.Seed, start: opts.Start},
		fill:   l.fill, new: l.newBatch, onBad: opts.OnBad,
	}
	if err := l.batches.stream.check(); err != nil {
		return nil, err
	}
	if opts.Size < 8 {
		return nil, fmt.Errorf("cannot load batches: eyes of %d pixels are too small, 8 is the least", opts.Size)
	}
	l.batches.begin(opts.Workers, 0)
	return l, nil
}

// Next waits for the next batch. It fails when ctx ends, when the loader is closed, or when no clip can be read any more.
func (l *EyeLoader) Next(ctx context.Context) (*EyeBatch, error) { return l.batches.next(ctx) }

// Close stops reading and waits until nothing runs any more. Batches that were returned stay valid.
func (l *EyeLoader) Close() { l.batches.close() }

func (l *EyeLoader) newBatch(free chan<- *EyeBatch) *EyeBatch {
	values := portrait.BlinkFrames * l.opts.Size * l.opts.Size * 3
	return &EyeBatch{Frames: make([]float32, l.opts.Batch*values), N: l.opts.Batch, Size: l.opts.Size, free: free}
}

func (l *EyeLoader) fill(ctx context.Context, batch *EyeBatch, s slot) error {
	clip, err := l.clips.Clip(ctx, s.index)
	if err != nil {
		return err
	}
	if len(clip.Frames) != portrait.BlinkFrames {
		return fmt.Errorf("%s has %d frames, a blink has %d", clip.Name, len(clip.Frames), portrait.BlinkFrames)
	}
	const variations = 0x65796573 // Keeps these numbers apart from those of the order and the flips.
	rng := rand.New(rand.NewPCG(l.opts.Seed^variations, s.at))
	part := imaging.CentredSquare(clip.Frames[0].Rect)
	if !l.opts.Whole {
		part = EyeSquare(clip.Eyes[rng.IntN(len(clip.Eyes))])
	}
	tint := plainly
	if l.opts.Vary {
		part = shaken(rng, part)
		tint = tinted(rng, l.opts.Hues)
	}
	flip := l.opts.Flip && flipped(l.opts.Seed, s.at)
	each := l.opts.Size * l.opts.Size * 3
	for i, frame := range clip.Frames {
		values := batch.Frames[(s.number*portrait.BlinkFrames+i)*each:][:each]
		imaging.Symmetric.Put(values, imaging.Cut(frame, part, l.opts.Size), flip)
		tint(values)
	}
	return nil
}

// eyeMargin is how much larger than the box of an eye the square is that is cut out for it: lids and lashes, and some skin around them.
const eyeMargin = 1.3

// EyeSquare is the square around the box of an eye that networks see.
func EyeSquare(box image.Rectangle) image.Rectangle {
	side := int(math.Ceil(eyeMargin * float64(max(box.Dx(), box.Dy()))))
	corner := image.Pt(box.Min.X+(box.Dx()-side)/2, box.Min.Y+(box.Dy()-side)/2)
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
}

// shaken is a square of about the same place and size.
func shaken(rng *rand.Rand, square image.Rectangle) image.Rectangle {
	within := func(most float64) float64 { return most * (2*rng.Float64() - 1) }
	old := float64(square.Dx())
	side := max(int(math.Round(old*(1+within(0.15)))), 2)
	middle := image.Pt(square.Min.X+int(old/2+within(0.08)*old), square.Min.Y+int(old/2+within(0.08)*old))
	corner := middle.Sub(image.Pt(side/2, side/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
}

// plainly leaves colours as they are.
func plainly([]float32) {}

// tinted is a change of the colours of RGB in [-1, 1]: turned around the axis of greys, which changes hues, and more or less saturated, bright and contrasted.
// Other artists' colours are among what comes out. hues is how far it is turned at most, in radians, every second time.
func tinted(rng *rand.Rand, hues float64) func(rgb []float32) {
	within := func(least, most float64) float64 { return least + (most-least)*rng.Float64() }
	hue, saturation := within(-hues, hues), within(0.5, 1.3)
	if rng.IntN(2) == 0 {
		hue = within(-0.3, 0.3) // Skin that looks like skin in half of the videos.
	}
	contrast, brightness := within(0.7, 1.1), within(-0.15, 0.15)
	// Rodrigues' rotation around (1, 1, 1)/√3, and what is not grey scaled.
	sin, cos := math.Sincos(hue)
	var m [3][3]float32
	for i := range 3 {
		for j := range 3 {
			grey := 1.0 / 3
			turned := -cos / 3
			switch (j - i + 3) % 3 {
			case 0:
				turned += cos
			case 1:
				turned -= sin / math.Sqrt(3)
			case 2:
				turned += sin / math.Sqrt(3)
			}
			m[i][j] = float32(contrast * (grey + saturation*turned))
		}
	}
	return func(rgb []float32) {
		for p := 0; p+2 < len(rgb); p += 3 {
			r, g, b := rgb[p], rgb[p+1], rgb[p+2]
			for i := range 3 {
				rgb[p+i] = min(max(m[i][0]*r+m[i][1]*g+m[i][2]*b+float32(brightness), -1), 1)
			}
		}
	}
}

// KeptEyes keeps what is around the eyes of the clips that were read in memory, up to a number of bytes, so that they are decoded or drawn once. What it
// returns has no other pixels: Frames are cut to the eyes and what may be around them, and Eyes are where they are in those.
func KeptEyes(clips Clips, bytes int64) Clips {
	return &keptClips{clips, newCache[int, *Clip](bytes), (*Clip).aroundEyes}
}

// KeptClips keeps the clips that were read whole.
func KeptClips(clips Clips, bytes int64) Clips {
	return &keptClips{clips, newCache[int, *Clip](bytes), func(clip *Clip) *Clip { return clip }}
}

type keptClips struct {
	Clips
	cache *cache[int, *Clip]
	of    func(*Clip) *Clip // What is kept of a clip.
}

func (k *keptClips) Clip(ctx context.Context, i int) (*Clip, error) {
	if clip, ok := k.cache.get(i); ok {
		return clip, nil
	}
	clip, err := k.Clips.Clip(ctx, i)
	if err != nil {
		return nil, err
	}
	clip = k.of(clip)
	frame := clip.Frames[0]
	k.cache.keep(i, clip, int64(len(clip.Frames)*len(frame.Pix)))
	return clip, nil
}

// aroundEyes is the clip without what is far from all eyes.
func (c *Clip) aroundEyes() *Clip {
	var part image.Rectangle
	for _, eye := range c.Eyes {
		square := EyeSquare(eye)
		part = part.Union(square.Inset(-square.Dx() / 3))
	}
	part = part.Intersect(c.Frames[0].Rect)
	near := *c
	near.Frames, near.Eyes = nil, nil
	for _, frame := range c.Frames {
		near.Frames = append(near.Frames, imaging.CopyPart(frame, part)) // A copy: the rest of the frame can be forgotten.
	}
	for _, eye := range c.Eyes {
		near.Eyes = append(near.Eyes, eye.Sub(part.Min))
	}
	return &near
}
