package dataset

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
)

// EyeOptions are the options of an [EyeLoader].
type EyeOptions struct {
	// Size is the height and width that eyes are resized to, in pixels.
	Size int
	// Whole takes whole frames, cropped to their centred square, instead of an eye.
	Whole bool
	// Batch is the number of videos in a batch, one eye each.
	Batch int
	// Seed decides the order, the flips and the changes.
	Seed uint64
	// Flip mirrors half of the videos left to right.
	Flip bool
	// Vary moves and scales the cut-outs slightly, and changes their colours, equally in all frames of a video.
	Vary bool
	// Shake is how far Vary moves and scales the cut-outs, as a multiple of the usual; 0: 1.
	Shake float64
	// Sway is how far each frame of Frames but the first is moved and stretched, as a part of its side, as if the head had
	// moved; Still is not. It is for references of which the networks see Openings alone.
	Sway float64
	// Clutter draws locks, brows and lines over most videos, the same in all their frames: see [clutter].
	Clutter bool
	// Hues is the largest rotation of hues in half of the videos, in radians, if Vary is set; the others' hues turn by at
	// most 0.3.
	Hues float64
	// Truth adds Still and Openings to the batches.
	Truth bool
	// Few, if not 0, is the number of frames of each video: the first one, and others in which the lids have moved as far
	// as there are any.
	Few int
	// Start is the index of the first batch that Next returns: 0, or the position of an interrupted training.
	Start int64
	// Workers is the number of videos read at once; 0 means one per CPU.
	Workers int
	// OnBad, if set, is called once for each clip that could not be read. The next one replaces it.
	OnBad func(err error)
}

// EyeBatch is a batch of videos of eyes.
type EyeBatch struct {
	// Frames is [batch, frames, size, size, 3]: RGB in [-1, 1]. There are [portrait.BlinkFrames] frames, or Few.
	Frames []float32
	// Still is the same with the head held still, as far as that is known; see [Clip].
	Still []float32
	// Openings is how far the eyes are open, as a part of that in the first frame: [batch, frames], 0…1, or -1 if unknown.
	Openings []float32
	// N is the number of videos, Size their height and width in pixels.
	N, Size int

	free chan<- *EyeBatch
}

// Release returns the batch's memory for reuse. Calling it is optional; the batch must not be used afterwards.
func (b *EyeBatch) Release() { release(b, b.free) }

// EyeLoader reads batches of eyes that blink ahead of training, in parallel. As with a [Loader], clips come in epochs,
// and batch k depends only on the clips, the options and k.
type EyeLoader struct {
	clips   Clips
	opts    EyeOptions
	batches ahead[EyeBatch]
}

// NewEyeLoader returns a loader that reads ahead until it is closed.
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

// Next waits for the next batch. It fails if ctx ends, if the loader is closed, or if no clip can be read any more.
func (l *EyeLoader) Next(ctx context.Context) (*EyeBatch, error) { return l.batches.next(ctx) }

// Close stops reading and waits for all goroutines. Returned batches stay valid.
func (l *EyeLoader) Close() { l.batches.close() }

func (l *EyeLoader) newBatch(free chan<- *EyeBatch) *EyeBatch {
	videos := l.opts.Batch * l.opts.frames()
	values := videos * l.opts.Size * l.opts.Size * 3
	batch := &EyeBatch{Frames: make([]float32, values), N: l.opts.Batch, Size: l.opts.Size, free: free}
	if l.opts.Truth {
		batch.Still, batch.Openings = make([]float32, values), make([]float32, videos)
	}
	return batch
}

// frames returns the number of frames of a video.
func (o EyeOptions) frames() int { return cmp.Or(o.Few, portrait.BlinkFrames) }

// choose returns the frames to show, in their order.
func (o EyeOptions) choose(rng *rand.Rand, openings []float32) (frames []int) {
	if o.Few == 0 {
		for k := range portrait.BlinkFrames {
			frames = append(frames, k)
		}
		return frames
	}
	frames = rng.Perm(portrait.BlinkFrames - 1)
	if openings != nil { // First those in which the lids have moved.
		slices.SortStableFunc(frames, func(a, b int) int {
			moved := func(k int) int {
				if openings[k+1] < 1 {
					return 0
				}
				return 1
			}
			return moved(a) - moved(b)
		})
	}
	frames = frames[:o.Few]
	for i := range frames {
		frames[i]++
	}
	frames[o.Few-1] = 0
	slices.Sort(frames)
	return frames
}

func (l *EyeLoader) fill(ctx context.Context, batch *EyeBatch, s slot) error {
	clip, err := l.clips.Clip(ctx, s.index)
	if err != nil {
		return err
	}
	if len(clip.Frames) != portrait.BlinkFrames {
		return fmt.Errorf("%s has %d frames, a blink has %d", clip.Name, len(clip.Frames), portrait.BlinkFrames)
	}
	const variations = 0x65796573 // Separates these numbers from those of the order and the flips.
	rng := rand.New(rand.NewPCG(l.opts.Seed^variations, s.at))
	part := imaging.CentredSquare(clip.Frames[0].Rect)
	if !l.opts.Whole {
		part = EyeSquare(clip.Eyes[rng.IntN(len(clip.Eyes))])
	}
	tint := plainly
	if l.opts.Vary {
		part = shaken(rng, part, cmp.Or(l.opts.Shake, 1))
		tint = tinted(rng, l.opts.Hues)
	}
	flip := l.opts.Flip && flipped(l.opts.Seed, s.at)
	openings := clip.openings()
	chosen := l.opts.choose(rng, openings)
	each := l.opts.Size * l.opts.Size * 3
	var over clutter
	if l.opts.Clutter {
		const clutters = 0x636c7574 // Separates these numbers, too.
		over = newClutter(l.opts.Seed^clutters, int(s.at), imaging.Cut(clip.Frames[0], part, l.opts.Size))
	}
	show := func(to []float32, frames []*image.RGBA, sway float64) {
		for i, k := range chosen {
			values := to[(s.number*len(chosen)+i)*each:][:each]
			seen := part
			if i > 0 && sway > 0 {
				seen = swayed(rng, part, sway)
			}
			cut := imaging.Cut(frames[k], seen, l.opts.Size)
			over.draw(cut)
			imaging.Symmetric.Put(values, cut, flip)
			tint(values)
		}
	}
	show(batch.Frames, clip.Frames, l.opts.Sway)
	if !l.opts.Truth {
		return nil
	}
	if clip.Still != nil {
		show(batch.Still, clip.Still, 0)
	} else {
		show(batch.Still, clip.Frames, 0)
	}
	for i, k := range chosen {
		opening := float32(-1)
		if openings != nil {
			opening = openings[k]
		}
		batch.Openings[s.number*len(chosen)+i] = opening
	}
	return nil
}

// openings returns how far the eyes are open in each frame, as a part of that in the first one; nil if unknown.
func (c *Clip) openings() (openings []float32) {
	if c.Aperture == nil || c.Aperture[0] <= 0 {
		return nil
	}
	for _, aperture := range c.Aperture {
		openings = append(openings, float32(min(max(aperture/c.Aperture[0], 0), 1)))
	}
	return openings
}

// eyeMargin is the ratio of the cut-out square's side to the box of the eye: it includes lids and lashes, and some skin
// around them.
const eyeMargin = 1.3

// EyeSquare returns the square around the box of an eye that networks see.
func EyeSquare(box image.Rectangle) image.Rectangle {
	side := int(math.Ceil(eyeMargin * float64(max(box.Dx(), box.Dy()))))
	corner := image.Pt(box.Min.X+(box.Dx()-side)/2, box.Min.Y+(box.Dy()-side)/2)
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
}

// shaken returns a square with a slightly different place and size; by is a multiple of the usual difference.
func shaken(rng *rand.Rand, square image.Rectangle, by float64) image.Rectangle {
	within := func(most float64) float64 { return most * by * (2*rng.Float64() - 1) }
	old := float64(square.Dx())
	side := max(int(math.Round(old*(1+within(0.15)))), 2)
	middle := image.Pt(square.Min.X+int(old/2+within(0.08)*old), square.Min.Y+int(old/2+within(0.08)*old))
	corner := middle.Sub(image.Pt(side/2, side/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
}

// swayed returns a rectangle with a slightly different place, width and height; by is the largest difference, as a part
// of the side.
func swayed(rng *rand.Rand, square image.Rectangle, by float64) image.Rectangle {
	side := float64(square.Dx())
	within := func() int { return int(math.Round(by * side * (2*rng.Float64() - 1))) }
	moved := square.Add(image.Pt(within(), within()))
	moved.Max = moved.Max.Add(image.Pt(within(), within()))
	return moved
}

// plainly leaves colours unchanged.
func plainly([]float32) {}

// tinted returns a random change of RGB colours in [-1, 1]: a rotation around the axis of greys, which changes hues,
// and changes of saturation, brightness and contrast. The results include other artists' colours. hues is the largest
// rotation, in radians, every second time.
func tinted(rng *rand.Rand, hues float64) func(rgb []float32) {
	within := func(least, most float64) float64 { return least + (most-least)*rng.Float64() }
	hue, saturation := within(-hues, hues), within(0.5, 1.3)
	if rng.IntN(2) == 0 {
		hue = within(-0.3, 0.3) // Skin that looks like skin in half of the videos.
	}
	contrast, brightness := within(0.7, 1.1), within(-0.15, 0.15)
	// Rodrigues' rotation around (1, 1, 1)/√3, with the chromatic part scaled.
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

// KeptEyes keeps the surroundings of the eyes of clips in memory, up to a number of bytes, so that clips are decoded or
// drawn once. The clips that it returns have no other pixels: Frames are cropped to the eyes and their surroundings,
// and Eyes are relative to those.
func KeptEyes(clips Clips, bytes int64) Clips {
	return &keptClips{clips, newCache[int, *Clip](bytes), (*Clip).aroundEyes}
}

// KeptClips keeps whole clips in memory, likewise.
func KeptClips(clips Clips, bytes int64) Clips {
	return &keptClips{clips, newCache[int, *Clip](bytes), func(clip *Clip) *Clip { return clip }}
}

type keptClips struct {
	Clips
	cache *cache[int, *Clip]
	of    func(*Clip) *Clip // The part of a clip to keep.
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

// aroundEyes returns the clip cropped to the surroundings of its eyes.
func (c *Clip) aroundEyes() *Clip {
	var part image.Rectangle
	for _, eye := range c.Eyes {
		square := EyeSquare(eye)
		part = part.Union(square.Inset(-square.Dx() / 3))
	}
	part = part.Intersect(c.Frames[0].Rect)
	near := *c
	parts := func(frames []*image.RGBA) (near []*image.RGBA) {
		for k, frame := range frames {
			if same := slices.Index(frames[:k], frame); same >= 0 {
				near = append(near, near[same])
				continue
			}
			near = append(near, imaging.CopyPart(frame, part)) // A copy, so that the whole frame can be freed.
		}
		return near
	}
	near.Frames, near.Still, near.Eyes = parts(c.Frames), parts(c.Still), nil
	for _, eye := range c.Eyes {
		near.Eyes = append(near.Eyes, eye.Sub(part.Min))
	}
	return &near
}
