package gan

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/measure"
	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Quality measures how close portraits are to real pictures. Each number comes with a baseline: the same number for as
// many real pictures, held out from the judge, of the same hair colours.
type Quality struct {
	// Pictures is the number of portraits, and of the real pictures compared with them.
	Pictures int `json:"pictures"`
	// Features names the network behind FID and KID, and Reference is the number of other real pictures that they compare
	// with.
	Features  string `json:"features"`
	Reference int    `json:"reference"`
	// FID and KID are the distances from the reference (see [measure.Frechet] and [measure.Kernel]): 0 for pictures that
	// are indistinguishable from it. They are nil for fewer than three pictures. Real ones may lie slightly below 0: their
	// colours are evenly spread, not drawn at random.
	FID *Compared[float64]          `json:"fid,omitempty"`
	KID *Compared[measure.Estimate] `json:"kid,omitempty"`
	// Diversity is the MS-SSIM between portraits of a class, by class, for classes with two or more pictures. A collapsed
	// generator has a higher value than real pictures.
	Diversity []ClassDiversity `json:"diversity"`
	// Nearest is the median distance to the nearest picture that G was trained on, not counting itself, in levels of 255.
	// A generator that memorised pictures has a lower value than real pictures.
	Nearest Compared[float64] `json:"nearest"`
	// Neighbours are the portraits with their nearest pictures, the closest first.
	Neighbours []Neighbour `json:"neighbours"`
}

// Compared is a measure for generated pictures, and for real ones.
type Compared[T any] struct {
	Generated T `json:"generated"`
	Real      T `json:"real"`
}

// ClassDiversity is how alike the pictures of a class are: the mean [measure.MSSSIM] over random pairs.
type ClassDiversity struct {
	Class string `json:"class"`
	Compared[float64]
}

// Neighbour is a portrait and the most similar picture of the data, mirrored or not: by the root of the mean squared
// difference of their red, green and blue, shrunk to 32×32 pixels, in levels of 255.
type Neighbour struct {
	Sample   int         `json:"sample"` // The portrait's number, from 0.
	Name     string      `json:"name"`   // Of the picture.
	Distance float64     `json:"distance"`
	Portrait *image.RGBA `json:"-"`
	Picture  *image.RGBA `json:"-"` // Of the first few; nil of the others.
}

const (
	// referencePictures is the largest number of real pictures that FID and KID compare with.
	referencePictures = 5000
	// leastPictures is the least number of pictures with a KID.
	leastPictures = 3
	// blockPictures is the number of pictures in memory at once.
	blockPictures = 256
	// diversityPairs of each class are compared, at diversitySide pixels at most: the measure is of faces, not of pixels.
	diversityPairs, diversitySide = 50, 128
	// thumbnailSide is the size at which pictures are compared to find the nearest.
	thumbnailSide = 32
	// closestShown is the number of neighbours shown.
	closestShown = 8
)

// pictures are some pictures of a set: their indices in it, their labels, and themselves.
type pictures struct {
	indices, labels []int
	images          []*image.RGBA
}

// read reads the pictures with some indices, several at once, and leaves out broken ones, which the training has
// reported.
func read(ctx context.Context, set dataset.Set, size int, indices []int) (p pictures, err error) {
	images := make([]*image.RGBA, len(indices))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, index := range indices {
		group.Go(func() (err error) {
			if images[i], err = set.Picture(ctx, index, size); ctx.Err() != nil {
				return err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return p, err
	}
	for i, index := range indices {
		if images[i] != nil {
			p.indices, p.images = append(p.indices, index), append(p.images, images[i])
			p.labels = append(p.labels, set.Label(index, 0))
		}
	}
	return p, nil
}

// some returns n of the pictures, or all if there are fewer; see [spread].
func (p pictures) some(n int) pictures {
	return pictures{spread(p.indices, n), spread(p.labels, n), spread(p.images, n)}
}

// spread returns n elements, or all if there are fewer, evenly spread: the pictures of a folder are in the order of
// their classes.
func spread[T any](all []T, n int) []T {
	n = min(n, len(all))
	some := make([]T, n)
	for i := range some {
		some[i] = all[i*len(all)/n]
	}
	return some
}

// measureQuality compares portraits with held-out real pictures, one with the same label for each, and with the
// pictures of the set that were not held out. It searches for the nearest among the training pictures of G: learnt, or
// the set itself if that is nil. Indices refer to the set.
func measureQuality(
	ctx context.Context,
	config Config,
	portraits []*image.RGBA,
	real pictures,
	set, learnt dataset.Set,
	features measure.Features,
	progress lab.Progress,
) (q Quality, err error) {
	training, _ := dataset.SplitIndices(set, heldOut)
	training = spread(training, referencePictures)
	same := learnt == nil
	if same {
		learnt = set
	}
	done, all := 0, learnt.Len()+len(training)
	if progress != nil {
		progress.Start(0, int64(all))
		defer func() { progress.Stop(err) }()
	}
	step := func(n int) {
		if done += n; progress != nil {
			progress.Step(int64(done), nil)
		}
	}
	q = Quality{Pictures: len(portraits), Features: features.Name, Diversity: diversity(config, portraits, real)}
	if err := q.findNearest(ctx, config, portraits, real, learnt, same, step); err != nil {
		return q, err
	}
	if len(portraits) < leastPictures {
		return q, nil
	}
	var reference []float64
	err = inBlocks(ctx, set, config.Size, training, func(block pictures) error {
		rows, err := features.Of(ctx, block.images)
		if err != nil {
			return err
		}
		reference = append(reference, rows.RawMatrix().Data...)
		q.Reference += len(block.images)
		step(len(block.images))
		return nil
	})
	if err != nil || q.Reference < leastPictures {
		return q, err
	}
	return q, q.distances(
		ctx, portraits, real.images, mat.NewDense(q.Reference, len(reference)/q.Reference, reference), features,
	)
}

// inBlocks reads pictures of a set and passes them on, some at a time. Broken ones are left out.
func inBlocks(ctx context.Context, set dataset.Set, size int, indices []int, f func(block pictures) error) error {
	for some := range slices.Chunk(indices, blockPictures) {
		block, err := read(ctx, set, size, some)
		if err != nil {
			return err
		}
		if len(block.images) == 0 {
			continue
		}
		if err := f(block); err != nil {
			return err
		}
	}
	return nil
}

// findNearest fills in the nearest pictures. With same, the real pictures are among those that G learnt from, and none
// counts as its own neighbour.
func (q *Quality) findNearest(
	ctx context.Context, config Config, portraits []*image.RGBA, real pictures, learnt dataset.Set, same bool,
	step func(n int),
) (err error) {
	ofPortraits := measure.NewNearest(thumbnails(portraits, false))
	ofReal := measure.NewNearest(thumbnails(real.images, false))
	var themselves, all []int
	if same {
		themselves = real.indices
	}
	for i := range learnt.Len() {
		all = append(all, i)
	}
	err = inBlocks(ctx, learnt, config.Size, all, func(block pictures) error {
		for _, mirrored := range []bool{false, true} {
			if !mirrored || config.Flip {
				small := thumbnails(block.images, mirrored)
				ofPortraits.Among(small, block.indices, nil)
				ofReal.Among(small, block.indices, themselves)
			}
		}
		step(len(block.images))
		return nil
	})
	if err != nil {
		return err
	}
	q.Nearest = Compared[float64]{median(ofPortraits.Distance), median(ofReal.Distance)}
	q.Neighbours, err = neighbours(ctx, config, portraits, ofPortraits, learnt)
	return err
}

// distances fills in FID and KID.
func (q *Quality) distances(
	ctx context.Context, portraits, real []*image.RGBA, reference *mat.Dense, features measure.Features,
) error {
	q.FID, q.KID = &Compared[float64]{}, &Compared[measure.Estimate]{}
	for _, side := range []struct {
		pictures []*image.RGBA
		fid      *float64
		kid      *measure.Estimate
	}{
		{portraits, &q.FID.Generated, &q.KID.Generated},
		{real, &q.FID.Real, &q.KID.Real},
	} {
		rows, err := features.Of(ctx, side.pictures)
		if err != nil {
			return err
		}
		if *side.fid, err = measure.Frechet(reference, rows); err != nil {
			return err
		}
		if *side.kid, err = measure.Kernel(reference, rows); err != nil {
			return err
		}
	}
	return nil
}

// diversity compares random pairs of the same class, the same ones of portraits and of real pictures.
func diversity(config Config, portraits []*image.RGBA, real pictures) (all []ClassDiversity) {
	rng := rand.New(rand.NewPCG(config.Seed, 0x7061697273)) // "pairs".
	for label, class := range config.Classes {
		var members []int
		for i, other := range real.labels {
			if other == label {
				members = append(members, i)
			}
		}
		if len(members) < 2 {
			continue
		}
		var ofGenerated, ofReal []float64
		for range diversityPairs {
			i := rng.IntN(len(members))
			j := (i + 1 + rng.IntN(len(members)-1)) % len(members)
			a, b := members[i], members[j]
			ofGenerated = append(ofGenerated, alike(portraits[a], portraits[b]))
			ofReal = append(ofReal, alike(real.images[a], real.images[b]))
		}
		if d := (Compared[float64]{stat.Mean(ofGenerated, nil), stat.Mean(ofReal, nil)}); !math.IsNaN(
			d.Generated,
		) { // Too small for MS-SSIM.
			all = append(all, ClassDiversity{class, d})
		}
	}
	return all
}

// alike returns the MS-SSIM of two portraits.
func alike(a, b *image.RGBA) float64 {
	return measure.MSSSIM(opaque(shrink(a, diversitySide)), opaque(shrink(b, diversitySide)))
}

// opaque reinterprets a picture without alpha, which is the same with and without premultiplication.
func opaque(picture *image.RGBA) *image.NRGBA {
	return &image.NRGBA{Pix: picture.Pix, Stride: picture.Stride, Rect: picture.Rect}
}

// shrink halves a picture until it has no more than side × side pixels; sizes are powers of two.
func shrink(picture *image.RGBA, side int) *image.RGBA {
	size := picture.Rect.Dx()
	if size <= side {
		return picture
	}
	half := image.NewRGBA(image.Rect(0, 0, size/2, size/2))
	for y := range size / 2 {
		for x := range size / 2 {
			upper := picture.Pix[picture.PixOffset(picture.Rect.Min.X+2*x, picture.Rect.Min.Y+2*y):]
			lower := upper[picture.Stride:]
			for c := range 4 {
				sum := int(upper[c]) + int(upper[4+c]) + int(lower[c]) + int(lower[4+c])
				half.Pix[half.PixOffset(x, y)+c] = uint8((sum + 2) / 4)
			}
		}
	}
	return shrink(half, side)
}

// thumbnails are the red, green and blue of pictures that were shrunk, a row for each.
func thumbnails(pictures []*image.RGBA, mirrored bool) *mat.Dense {
	side := min(pictures[0].Rect.Dx(), thumbnailSide)
	rows := mat.NewDense(len(pictures), side*side*3, nil)
	for i, picture := range pictures {
		small, row := shrink(picture, thumbnailSide), rows.RawRowView(i)
		for y := range side {
			for x := range side {
				from := x
				if mirrored {
					from = side - 1 - x
				}
				for c := range 3 {
					row[(y*side+x)*3+c] = float64(small.Pix[small.PixOffset(small.Rect.Min.X+from, small.Rect.Min.Y+y)+c])
				}
			}
		}
	}
	return rows
}

// neighbours returns the portraits with their nearest pictures, the closest first.
func neighbours(
	ctx context.Context, config Config, portraits []*image.RGBA, nearest *measure.Nearest, set dataset.Set,
) (all []Neighbour, err error) {
	order := make([]int, len(portraits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(nearest.Distance[i], nearest.Distance[j]) })
	for rank, i := range order {
		index := nearest.Index[i]
		neighbour := Neighbour{Sample: i, Name: set.Name(index), Distance: nearest.Distance[i], Portrait: portraits[i]}
		if rank < closestShown {
			if neighbour.Picture, err = set.Picture(ctx, index, config.Size); err != nil {
				return nil, fmt.Errorf("read the nearest picture: %w", err)
			}
		}
		all = append(all, neighbour)
	}
	return all, nil
}

// median is the middle of some numbers.
func median(values []float64) float64 {
	return stat.Quantile(0.5, stat.Empirical, slices.Sorted(slices.Values(values)), nil)
}
