package esrgan_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/nn"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noise returns a picture of random values.
func noise(seed uint64, width, height int) esrgan.Pixels {
	rng := rand.New(rand.NewPCG(seed, 0))
	p := esrgan.Pixels{Width: width, Height: height, RGB: make([]float32, width*height*3)}
	for i := range p.RGB {
		p.RGB[i] = rng.Float32()
	}
	return p
}

// tileBackend opens GoMLX's own backend, which does not compile.
func tileBackend(t *testing.T) compute.Backend {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{Backend: "go:ops_sequential"})
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	return backend
}

// nearest enlarges by a network that turns each pixel into a block of scale×scale pixels. built counts how often the
// network is built for each size.
func nearest(t *testing.T, scale int, built map[string]int) *esrgan.Upscaler {
	t.Helper()
	network := func(_ *model.Scope, x *Node) *Node {
		built[fmt.Sprint(x.Shape().Dimensions[1:3])]++
		for _, axis := range []int{1, 2} {
			dims := x.Shape().Dimensions
			x = InsertAxes(x, axis+1)
			repeated := make([]*Node, scale)
			for i := range repeated {
				repeated[i] = x
			}
			x = Concatenate(repeated, axis+1)
			dims = slices.Clone(dims)
			dims[axis] *= scale
			x = Reshape(x, dims...)
		}
		return x
	}
	u, err := esrgan.NewUpscaler(tileBackend(t), "nearest", scale, network, nil)
	require.NoError(t, err)
	t.Cleanup(u.Close)
	return u
}

func TestTilesMakeTheWholePicture(t *testing.T) {
	built := map[string]int{}
	u := nearest(t, 3, built)
	for _, overlap := range []int{0, 5, 64} {
		u.Overlap = overlap
		for _, size := range []image.Point{{1, 1}, {1, 300}, {300, 1}, {33, 47}, {129, 130}, {257, 100}} {
			for _, tile := range []int{16, 40, 0} {
				p := noise(1, size.X, size.Y)
				calls := 0
				progress := func(done, total int) {
					calls++
					assert.Equal(t, calls, done)
					assert.LessOrEqual(t, done, total)
				}
				large, err := u.Upscale(t.Context(), p, esrgan.TileOptions{Tile: tile, Progress: progress})
				require.NoError(t, err)
				require.Equal(t, size.Mul(3), image.Pt(large.Width, large.Height))
				assert.Positive(t, calls)
				for y := range large.Height {
					for x := range large.Width {
						for c := range 3 {
							want, got := p.RGB[(y/3*p.Width+x/3)*3+c], large.RGB[(y*large.Width+x)*3+c]
							if want != got {
								t.Fatalf("size %v, overlap %d, tile %d: channel %d at %d, %d is %g, not %g",
									size, overlap, tile, c, x, y, got, want)
							}
						}
					}
				}
			}
		}
	}
}

func TestTilesOfManyPicturesShareFewPrograms(t *testing.T) {
	built := map[string]int{}
	u := nearest(t, 2, built)
	u.Overlap = 8
	for side := 100; side < 140; side++ {
		_, err := u.Upscale(t.Context(), noise(1, side, 100), esrgan.TileOptions{Tile: 32})
		require.NoError(t, err)
	}
	assert.LessOrEqual(t, len(built), 4, "%v", built)

	for side := range 60 { // Small pictures are not padded: programs must neither pile up nor run out.
		_, err := u.Upscale(t.Context(), noise(1, side+1, 3), esrgan.TileOptions{})
		require.NoError(t, err)
	}
}

func TestSizeThatComesOftenGetsAQuickerProgram(t *testing.T) {
	built := map[string]int{}
	u := nearest(t, 2, built)
	before := map[string]int{"[8 8]": 1} // NewUpscaler checked the network.
	film, single := noise(1, 512, 512), noise(1, 100, 100)
	for frame := range 6 {
		for _, picture := range []esrgan.Pixels{film, single} {
			_, err := u.Upscale(t.Context(), picture, esrgan.TileOptions{})
			require.NoError(t, err)
		}
		want := maps.Clone(before)
		want["[100 100]"], want["[512 512]"] = 1, 1
		if frame >= 4 { // After a megapixel.
			want["[512 512]"] = 2
		}
		assert.Equal(t, want, built, "frame %d", frame)
	}
}

// The quick program convolves differently: see nn.Plainly.
func TestQuickProgramMakesTheSamePicture(t *testing.T) {
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	const channels = 64
	first, second := noise(2, 3*channels, 3).RGB, noise(3, channels, 3*channels).RGB
	weights := map[string]*tensors.Tensor{
		"first/weights":  tensors.FromFlatDataAndDimensions(first, 3, 3, 3, channels),
		"first/bias":     tensors.FromShape(shapes.Make(dtypes.Float32, channels)),
		"second/weights": tensors.FromFlatDataAndDimensions(second, 3, 3, channels, channels),
		"second/bias":    tensors.FromShape(shapes.Make(dtypes.Float32, channels)),
	}
	u, err := esrgan.NewUpscaler(backend, "two convolutions", 1, func(scope *model.Scope, x *Node) *Node {
		h := nn.Conv(scope.At("first"), x, channels, 3)
		h = nn.Conv(scope.At("second"), h, channels, 3)
		return MulScalar(Slice(h, AxisRange(), AxisRange(), AxisRange(), AxisRange(0, 3)), 1e-3)
	}, weights)
	require.NoError(t, err)
	t.Cleanup(u.Close)
	picture := noise(1, 90, 50)
	want, err := u.Upscale(t.Context(), picture, esrgan.TileOptions{})
	require.NoError(t, err)
	u.Often = true
	got, err := u.Upscale(t.Context(), picture, esrgan.TileOptions{})
	require.NoError(t, err)
	assert.NotEqual(t, want.RGB, got.RGB, "the programs are the same")
	assert.InEpsilonSlice(t, want.RGB, got.RGB, 1e-4)
}

func TestUpscaleStopsBetweenTiles(t *testing.T) {
	u := nearest(t, 2, map[string]int{})
	ctx, cancel := context.WithCancel(t.Context())
	tiles := 0
	err := u.EachTile(ctx, noise(1, 300, 300), esrgan.TileOptions{Tile: 32}, func(image.Point, esrgan.Pixels) error {
		tiles++
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, tiles)

	full := errors.New("no space left")
	fail := func(image.Point, esrgan.Pixels) error { return full }
	err = u.EachTile(t.Context(), noise(1, 30, 30), esrgan.TileOptions{}, fail)
	assert.ErrorIs(t, err, full)
}

func TestPicturesThatAreNoneAreRefused(t *testing.T) {
	u := nearest(t, 2, map[string]int{})
	for _, p := range []esrgan.Pixels{
		{}, {Width: 3, Height: 3, RGB: make([]float32, 26)}, {Width: -1, Height: -1, RGB: make([]float32, 3)},
	} {
		_, err := u.Upscale(t.Context(), p, esrgan.TileOptions{})
		assert.ErrorContains(t, err, "it must have 3 for each pixel")
	}
	_, err := u.Upscale(t.Context(), noise(1, 2, 2), esrgan.TileOptions{Tile: -1})
	assert.ErrorContains(t, err, "tiles of -1 pixels")
}

func TestNetworkOfAnotherScaleIsRefused(t *testing.T) {
	_, err := esrgan.NewUpscaler(tileBackend(t), "same size", 4, func(_ *model.Scope, x *Node) *Node { return x }, nil)
	assert.ErrorContains(t, err, "same size makes [1 8 8 3] of 8×8 pixels, not [1 32 32 3]")
}

func TestNumbersThatAreNotFiniteAreAnError(t *testing.T) {
	for name, broken := range map[string]func(x *Node) *Node{
		"NaN":      func(x *Node) *Node { return Sqrt(AddScalar(x, -0.5)) },
		"infinity": func(x *Node) *Node { return Exp(MulScalar(x, 1e3)) },
	} {
		u, err := esrgan.NewUpscaler(tileBackend(t), name, 1, func(_ *model.Scope, x *Node) *Node { return broken(x) }, nil)
		require.NoError(t, err)
		_, err = u.Upscale(t.Context(), noise(1, 5, 5), esrgan.TileOptions{})
		assert.ErrorContains(t, err, name+": it made numbers that are not finite")
		u.Close()
	}
}

// randomRRDB returns a network of the paper's kind with random weights, larger than the initial ones of a training, so
// that far pixels count.
func randomRRDB(t *testing.T, backend compute.Backend, blocks int, gain float32) *esrgan.Upscaler {
	t.Helper()
	config, err := esrgan.Experiment.Preset("smoke")
	require.NoError(t, err)
	config.Blocks, config.Channels, config.Growth = blocks, 8, 4
	network := func(scope *model.Scope, x *Node) *Node { return esrgan.RRDBNet(scope, config, x) }
	store := model.NewStore()
	exec, err := model.NewExec(backend, store, network)
	require.NoError(t, err)
	defer exec.Finalize()
	_, err = exec.Compile(shapes.Make(dtypes.Float32, 1, 4, 4, 3))
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(7, 7))
	weights := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		if !v.Trainable {
			continue
		}
		values := make([]float32, v.Shape().Size())
		inputs := v.Shape().Size() / v.Shape().Dim(-1)
		for i := range values {
			values[i] = gain * float32(rng.NormFloat64()) / float32(math.Sqrt(float64(inputs)))
		}
		weights[strings.TrimPrefix(v.Path(), "/")] = tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)
	}
	u, err := esrgan.NewUpscaler(backend, "random", 4, network, weights)
	require.NoError(t, err)
	t.Cleanup(u.Close)
	return u
}

// furthest is the largest difference of two pictures.
func furthest(t *testing.T, a, b esrgan.Pixels) (most float64) {
	t.Helper()
	require.Equal(t, len(a.RGB), len(b.RGB))
	for i := range a.RGB {
		most = max(most, math.Abs(float64(a.RGB[i]-b.RGB[i])))
	}
	return most
}

func TestSeamsOfTilesCannotBeSeen(t *testing.T) {
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	u := randomRRDB(t, backend, 1, 1.4)
	p := noise(3, 150, 97)
	u.Overlap = 400
	whole, err := u.Upscale(t.Context(), p, esrgan.TileOptions{})
	require.NoError(t, err)
	tiled := func(overlap int) float64 {
		u.Overlap = overlap
		made, err := u.Upscale(t.Context(), p, esrgan.TileOptions{Tile: 32})
		require.NoError(t, err)
		return furthest(t, whole, made)
	}
	assert.Greater(t, tiled(0), 2.0/255, "a network that does not see the seams tests nothing")
	assert.Less(t, tiled(esrgan.RRDBOverlap(1)), 0.01/255, "it sees no farther")
}
