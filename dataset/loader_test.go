package dataset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// numbered is a set whose picture i encodes i: red and green are its two bytes in the left half, and the right half is
// white, so that a flip shows. Pictures in broken cannot be read.
type numbered struct {
	n      int
	broken map[int]bool
	delay  time.Duration
}

func (s numbered) Len() int            { return s.n }
func (s numbered) Labels() []Attribute { return []Attribute{{"parity", []string{"even", "odd"}}} }
func (s numbered) Label(i, _ int) int  { return i % 2 }
func (s numbered) Name(i int) string   { return fmt.Sprintf("picture %d", i) }

func (s numbered) Picture(ctx context.Context, i, size int) (*image.RGBA, error) {
	if s.broken[i] {
		return nil, fmt.Errorf("%s is broken", s.Name(i))
	}
	time.Sleep(s.delay * time.Duration(i%3))
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			shade := color.RGBA{255, 255, 255, 255}
			if x < size/2 {
				shade = color.RGBA{uint8(i), uint8(i >> 8), 0, 255}
			}
			picture.SetRGBA(x, y, shade)
		}
	}
	return picture, nil
}

// indices returns which pictures of a numbered set a batch holds, and which are flipped.
func indices(b *Batch) (shown []int, flipped []bool) {
	values := b.Size * b.Size * 3
	for slot := range b.N {
		picture := b.Pictures[slot*values : (slot+1)*values]
		left, right := picture[:3], picture[(b.Size-1)*3:b.Size*3]
		flip := left[2] == 1
		if flip {
			left = right
		}
		toByte := func(v float32) int { return int((v+1)*127.5 + 0.5) }
		shown = append(shown, toByte(left[0])+256*toByte(left[1]))
		flipped = append(flipped, flip)
	}
	return shown, flipped
}

// read returns copies of the batches from start to end.
func read(t *testing.T, set Set, opts LoaderOptions, start, end int64) []Batch {
	t.Helper()
	opts.Start = start
	loader, err := NewLoader(set, opts)
	require.NoError(t, err)
	defer loader.Close()
	var batches []Batch
	for k := start; k < end; k++ {
		require.Equal(t, k, loader.Position())
		batch, err := loader.Next(t.Context())
		require.NoError(t, err)
		batches = append(batches, Batch{
			Pictures: append([]float32(nil), batch.Pictures...),
			Labels:   append([]int32(nil), batch.Labels...),
			Size:     batch.Size, N: batch.N,
		})
		batch.Release()
	}
	return batches
}

func TestBatchesAreTheSameWhateverTheWorkers(t *testing.T) {
	set := numbered{n: 50, delay: 100 * time.Microsecond}
	opts := LoaderOptions{Size: 4, Batch: 7, Seed: 3, Flip: true}
	opts.Workers, opts.Ahead = 1, 1
	want := read(t, set, opts, 0, 20)
	for _, workers := range []int{2, 5, 16} {
		opts.Workers, opts.Ahead = workers, workers
		assert.Equal(t, want, read(t, set, opts, 0, 20), "%d workers", workers)
	}
}

func TestALoaderGoesOnFromAnyPosition(t *testing.T) {
	set := numbered{n: 50}
	opts := LoaderOptions{Size: 4, Batch: 7, Seed: 3, Flip: true}
	want := read(t, set, opts, 0, 40)
	for _, start := range []int64{1, 7, 8, 39} {
		assert.Equal(t, want[start:], read(t, set, opts, start, 40), "from batch %d", start)
	}
}

func TestSeedsDecideOrderAndFlips(t *testing.T) {
	set := numbered{n: 50}
	one := read(t, set, LoaderOptions{Size: 4, Batch: 7, Seed: 1}, 0, 5)
	assert.NotEqual(t, one, read(t, set, LoaderOptions{Size: 4, Batch: 7, Seed: 2}, 0, 5))
}

func TestAnEpochShowsEachPictureOnceInANewOrder(t *testing.T) {
	const n, batch = 30, 10
	var epochs [3][]int
	for k, b := range read(t, numbered{n: n}, LoaderOptions{Size: 2, Batch: batch, Seed: 9}, 0, 9) {
		shown, _ := indices(&b)
		epochs[k/3] = append(epochs[k/3], shown...)
		for slot, i := range shown {
			assert.EqualValues(t, i%2, b.Labels[slot])
		}
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	for _, epoch := range epochs {
		assert.ElementsMatch(t, all, epoch)
		assert.NotEqual(t, all, epoch)
	}
	assert.NotEqual(t, epochs[0], epochs[1])
	assert.NotEqual(t, epochs[1], epochs[2])
}

func TestABatchMayBeLargerThanTheSet(t *testing.T) {
	b := read(t, numbered{n: 3}, LoaderOptions{Size: 2, Batch: 9, Seed: 1}, 0, 1)[0]
	shown, _ := indices(&b)
	assert.ElementsMatch(t, []int{0, 0, 0, 1, 1, 1, 2, 2, 2}, shown)
}

func TestHalfOfThePicturesAreFlipped(t *testing.T) {
	count := func(flip bool) (flips int) {
		for _, b := range read(t, numbered{n: 100}, LoaderOptions{Size: 4, Batch: 100, Seed: 5, Flip: flip}, 0, 20) {
			_, flipped := indices(&b)
			for _, f := range flipped {
				if f {
					flips++
				}
			}
		}
		return flips
	}
	assert.InDelta(t, 1000, count(true), 100) // 4.5 standard deviations.
	assert.Zero(t, count(false))
}

func TestAPictureThatCannotBeReadIsNamedOnceAndReplacedByTheNext(t *testing.T) {
	opts := LoaderOptions{Size: 2, Batch: 20, Seed: 4}
	whole := read(t, numbered{n: 20}, opts, 0, 5)

	var mutex sync.Mutex
	named := map[string]int{}
	opts.OnBad = func(err error) {
		mutex.Lock()
		defer mutex.Unlock()
		named[err.Error()]++
	}
	opts.Workers = 4
	broken := read(t, numbered{n: 20, broken: map[int]bool{7: true, 8: true, 19: true}}, opts, 0, 5)
	assert.Equal(t, map[string]int{"picture 7 is broken": 1, "picture 8 is broken": 1, "picture 19 is broken": 1}, named)

	instead := map[int]int{7: 9, 8: 9, 19: 0}
	for k := range whole {
		want, _ := indices(&whole[k])
		for slot, i := range want {
			if other, is := instead[i]; is {
				want[slot] = other
			}
		}
		got, _ := indices(&broken[k])
		assert.Equal(t, want, got)
		for slot, i := range got {
			assert.EqualValues(t, i%2, broken[k].Labels[slot])
		}
	}
}

func TestALoaderFailsWhenNothingCanBeRead(t *testing.T) {
	loader, err := NewLoader(numbered{n: 2, broken: map[int]bool{0: true, 1: true}}, LoaderOptions{Size: 2, Batch: 2})
	require.NoError(t, err)
	defer loader.Close()
	for range 2 {
		_, err = loader.Next(t.Context())
		require.ErrorContains(t, err, "none of the 2 pictures can be read any more")
	}
}

func TestABatchThatWasNotWaitedForIsNotLost(t *testing.T) {
	set := numbered{n: 9, delay: 20 * time.Millisecond}
	loader, err := NewLoader(set, LoaderOptions{Size: 2, Batch: 9, Seed: 2, Workers: 1})
	require.NoError(t, err)
	defer loader.Close()
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = loader.Next(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Zero(t, loader.Position())

	got, err := loader.Next(t.Context())
	require.NoError(t, err)
	want := read(t, numbered{n: 9}, LoaderOptions{Size: 2, Batch: 9, Seed: 2}, 0, 1)[0]
	assert.Equal(t, want.Pictures, got.Pictures)
}

func TestCloseStopsALoaderThatIsBusy(t *testing.T) {
	loader, err := NewLoader(numbered{n: 100, delay: time.Millisecond}, LoaderOptions{Size: 2, Batch: 50, Workers: 3})
	require.NoError(t, err)
	closed := make(chan struct{})
	go func() { loader.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Fatal("Close hangs")
	}
	_, err = loader.Next(t.Context())
	require.ErrorContains(t, err, "closed")
}

func TestMemoryIsReusedOnceReleased(t *testing.T) {
	loader, err := NewLoader(numbered{n: 10}, LoaderOptions{Size: 2, Batch: 2, Ahead: 1})
	require.NoError(t, err)
	defer loader.Close()
	seen := map[*Batch]bool{}
	for range 100 {
		b, err := loader.Next(t.Context())
		require.NoError(t, err)
		seen[b] = true
		b.Release()
	}
	assert.LessOrEqual(t, len(seen), 5)
}

func TestImpossibleLoadersAreRefused(t *testing.T) {
	for _, c := range []struct {
		n    int
		opts LoaderOptions
		says string
	}{
		{0, LoaderOptions{Size: 4, Batch: 4}, "holds no pictures"},
		{4, LoaderOptions{Batch: 4}, "picture size 0"},
		{4, LoaderOptions{Size: 4, Batch: -1}, "batch size -1"},
		{4, LoaderOptions{Size: 4, Batch: 4, Start: -2}, "start -2"},
	} {
		_, err := NewLoader(numbered{n: c.n}, c.opts)
		assert.ErrorContains(t, err, c.says)
	}
}

func TestDrawnPortraitsAreBalancedOverTheColours(t *testing.T) {
	const n = 9*20 + 4
	set := Drawn(11, n)
	count := make([]int, len(Classes(set)))
	for i := range n {
		count[set.Label(i, 0)]++
	}
	for label, c := range count {
		assert.InDelta(t, 20.5, c, 0.5, Classes(set)[label])
	}
}

func TestDrawnPicturesStopWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Drawn(1, 10).Picture(ctx, 3, 16)
	require.True(t, errors.Is(err, context.Canceled))
}
