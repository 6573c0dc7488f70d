package dataset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// addressed are pictures whose pixels encode their place: red is x, green is y, blue is the number of the picture.
type addressed struct {
	sizes  []image.Point
	broken map[int]bool
	delay  time.Duration
}

func (a addressed) Len() int          { return len(a.sizes) }
func (a addressed) Name(i int) string { return fmt.Sprint("picture ", i) }

func (a addressed) Whole(_ context.Context, i int) (*image.RGBA, error) {
	if a.broken[i] {
		return nil, fmt.Errorf("%s is broken", a.Name(i))
	}
	time.Sleep(a.delay * time.Duration(i%3))
	picture := image.NewRGBA(image.Rectangle{Max: a.sizes[i]})
	for y := range a.sizes[i].Y {
		for x := range a.sizes[i].X {
			picture.SetRGBA(x, y, color.RGBA{uint8(x), uint8(y), uint8(i), 255})
		}
	}
	return picture, nil
}

// sized are n pictures of one size.
func sized(n, width, height int) addressed {
	return addressed{sizes: slices.Repeat([]image.Point{{X: width, Y: height}}, n)}
}

// readCrops returns copies of the batches from start to end.
func readCrops(t *testing.T, pictures Pictures, opts CropOptions, start, end int64) []CropBatch {
	t.Helper()
	opts.Start = start
	loader, err := NewCropLoader(pictures, opts)
	require.NoError(t, err)
	defer loader.Close()
	var batches []CropBatch
	for k := start; k < end; k++ {
		require.Equal(t, k, loader.Position())
		batch, err := loader.Next(t.Context())
		require.NoError(t, err)
		batches = append(
			batches, CropBatch{High: slices.Clone(batch.High), Low: slices.Clone(batch.Low), Crop: batch.Crop, N: batch.N},
		)
		batch.Release()
	}
	return batches
}

// corner decodes the pixel of a large crop: its place, and its picture.
func corner(b *CropBatch, slot, x, y int) (atX, atY, picture int) {
	pixel := b.High[((slot*b.Crop+y)*b.Crop+x)*3:]
	level := func(v float32) int { return int(math.Round(float64(v) * 255)) }
	return level(pixel[0]), level(pixel[1]), level(pixel[2])
}

func TestCropsAreWholePartsOfTheirPictures(t *testing.T) {
	const crop = 16
	opts := CropOptions{Crop: crop, Batch: 40, Seed: 4, Flip: true}
	flips := 0
	places := map[image.Point]bool{}
	for _, b := range readCrops(t, sized(10, 60, 40), opts, 0, 5) {
		for slot := range b.N {
			left, top, picture := corner(&b, slot, 0, 0)
			step := 1
			if right, _, _ := corner(&b, slot, 1, 0); right < left {
				step = -1
				flips++
			}
			for y := range crop {
				for x := range crop {
					atX, atY, same := corner(&b, slot, x, y)
					require.Equal(t, []int{left + step*x, top + y, picture}, []int{atX, atY, same})
				}
			}
			places[image.Pt(min(left, left+step*(crop-1)), top)] = true
		}
	}
	assert.InDelta(t, 100, flips, 35)
	assert.Greater(t, len(places), 150, "of 200 crops")
	for place := range places {
		assert.True(t, place.In(image.Rect(0, 0, 60-crop+1, 40-crop+1)), "%v", place)
	}
}

func TestCropsReachEveryEdge(t *testing.T) {
	var left, right bool
	for _, b := range readCrops(t, sized(1, 6, 4), CropOptions{Crop: 4, Batch: 60, Seed: 1}, 0, 1) {
		for slot := range b.N {
			x, y, _ := corner(&b, slot, 0, 0)
			require.Zero(t, y)
			left, right = left || x == 0, right || x == 2
		}
	}
	assert.True(t, left && right)
}

func TestLowIsHighAtAQuarter(t *testing.T) {
	b := readCrops(t, Illustrations(3, 2), CropOptions{Crop: 64, Batch: 2, Seed: 4, Flip: true}, 0, 1)[0]
	require.Len(t, b.Low, 2*16*16*3)
	for slot := range b.N {
		high := image.NewRGBA(image.Rect(0, 0, 64, 64))
		for i := range 64 * 64 {
			for c := range 3 {
				high.Pix[4*i+c] = uint8(math.Round(float64(b.High[(slot*64*64+i)*3+c]) * 255))
			}
		}
		low := imaging.Bicubic(high, 16, 16)
		for i := range 16 * 16 {
			for c := range 3 {
				// The flip comes afterwards, so .5 is rounded the other way.
				require.InDelta(t, float64(low.Pix[4*i+c])/255, b.Low[(slot*16*16+i)*3+c], 1.01/255)
			}
		}
	}
}

func TestSmallPicturesAreContinuedByTheirMirrorImage(t *testing.T) {
	b := readCrops(t, sized(1, 3, 100), CropOptions{Crop: 8, Batch: 1, Seed: 1}, 0, 1)[0]
	_, top, _ := corner(&b, 0, 0, 0)
	for x, want := range []int{0, 1, 2, 2, 1, 0, 0, 1} {
		atX, atY, _ := corner(&b, 0, x, 5)
		assert.Equal(t, want, atX)
		assert.Equal(t, top+5, atY)
	}
	one := readCrops(t, sized(1, 1, 1), CropOptions{Crop: 4, Batch: 1, Degrade: true}, 0, 3)
	assert.Zero(t, one[0].High[0])
}

func TestCropsAreTheSameWhateverTheWorkers(t *testing.T) {
	pictures := sized(30, 50, 70)
	pictures.delay = 100 * time.Microsecond
	opts := CropOptions{Crop: 16, Batch: 7, Seed: 3, Flip: true, Degrade: true, Workers: 1, Ahead: 1}
	want := readCrops(t, pictures, opts, 0, 15)
	for _, workers := range []int{2, 5, 16} {
		opts.Workers, opts.Ahead = workers, workers
		assert.Equal(t, want, readCrops(t, pictures, opts, 0, 15), "%d workers", workers)
	}
	assert.Equal(t, want, readCrops(t, CachedPictures(pictures, 1<<20), opts, 0, 15), "cached")
	for _, start := range []int64{1, 4, 14} {
		assert.Equal(t, want[start:], readCrops(t, pictures, opts, start, 15), "from batch %d", start)
	}
	opts.Seed = 4
	assert.NotEqual(t, want, readCrops(t, pictures, opts, 0, 15))
}

func TestDegradingLeavesTheLargePicturesAlone(t *testing.T) {
	opts := CropOptions{Crop: 64, Batch: 20, Seed: 3}
	clean := readCrops(t, Illustrations(1, 3), opts, 0, 1)[0]
	opts.Degrade = true
	spoilt := readCrops(t, Illustrations(1, 3), opts, 0, 1)[0]
	assert.Equal(t, clean.High, spoilt.High)
	values := 16 * 16 * 3
	same := 0
	for slot := range clean.N {
		if slices.Equal(clean.Low[slot*values:(slot+1)*values], spoilt.Low[slot*values:(slot+1)*values]) {
			same++
		}
	}
	assert.InDelta(t, clean.N/8, same, 4)
}

func TestAPictureThatCannotBeCroppedIsNamedOnceAndReplacedByTheNext(t *testing.T) {
	pictures := sized(5, 8, 8)
	pictures.broken = map[int]bool{2: true, 4: true}
	named := map[string]int{}
	opts := CropOptions{Crop: 8, Batch: 5, Workers: 1, OnBad: func(err error) { named[err.Error()]++ }}
	for _, b := range readCrops(t, pictures, opts, 0, 4) {
		var shown []int
		for slot := range b.N {
			_, _, picture := corner(&b, slot, 0, 0)
			shown = append(shown, picture)
		}
		assert.ElementsMatch(t, []int{0, 0, 1, 3, 3}, shown)
	}
	assert.Equal(t, map[string]int{"picture 2 is broken": 1, "picture 4 is broken": 1}, named)

	pictures.broken = map[int]bool{0: true, 1: true, 2: true, 3: true, 4: true}
	loader, err := NewCropLoader(pictures, CropOptions{Crop: 8, Batch: 5})
	require.NoError(t, err)
	defer loader.Close()
	_, err = loader.Next(t.Context())
	require.ErrorContains(t, err, "none of the 5 pictures can be read any more")
}

func TestImpossibleCropLoadersAreRefused(t *testing.T) {
	for _, c := range []struct {
		n    int
		opts CropOptions
		says string
	}{
		{0, CropOptions{Crop: 8, Batch: 4}, "holds no pictures"},
		{4, CropOptions{Batch: 4}, "crop size 0 is not a positive multiple of 4"},
		{4, CropOptions{Crop: 10, Batch: 4}, "crop size 10"},
		{4, CropOptions{Crop: 8}, "batch size 0"},
		{4, CropOptions{Crop: 8, Batch: 4, Start: -1}, "start -1"},
	} {
		_, err := NewCropLoader(sized(c.n, 9, 9), c.opts)
		assert.ErrorContains(t, err, c.says)
	}
}

func TestNoiseHasItsDeviation(t *testing.T) {
	grey := image.NewRGBA(image.Rect(0, 0, 100, 100))
	for i := range grey.Pix {
		grey.Pix[i] = 128
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shared := range []bool{false, true} {
		noisy := addNoise(grey, 7, shared, rng)
		sum, squares, equal := 0.0, 0.0, 0
		for i := 0; i < len(noisy.Pix); i += 4 {
			v := float64(noisy.Pix[i]) - 128
			sum, squares = sum+v, squares+v*v
			if noisy.Pix[i] == noisy.Pix[i+1] && noisy.Pix[i] == noisy.Pix[i+2] {
				equal++
			}
		}
		assert.InDelta(t, 0, sum/1e4, 0.3)
		assert.InDelta(t, 7, math.Sqrt(squares/1e4), 0.3)
		assert.Equal(t, shared, equal == 1e4)
	}
	assert.Equal(t, uint8(128), grey.Pix[0], "the picture itself stays")
}

func TestCropsStopWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	loader, err := NewCropLoader(Illustrations(1, 100), CropOptions{Crop: 64, Batch: 50})
	require.NoError(t, err)
	_, err = loader.Next(ctx)
	require.True(t, errors.Is(err, context.Canceled))
	loader.Close()
	_, err = loader.Next(t.Context())
	require.ErrorContains(t, err, "closed")
	_, err = Illustrations(1, 1).Whole(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
}
