package border

import (
	"flag"
	"image"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ship makes the shipped weights anew from a run: go test ./blink/border -run ShippedNetwork -ship RUN.
var ship = flag.String("ship", "", "run whose weights to ship")

// noise is a picture of random colours.
func noise(size int) *image.RGBA {
	rng := rand.New(rand.NewPCG(1, 2))
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(rng.IntN(256)) | uint8(255*(i%4/3))
	}
	return picture
}

// called runs a graph on a picture, and returns pictures of its outputs' values.
func called(t *testing.T, picture *image.RGBA, build func(scope *model.Scope, x *Node) *Node) []float32 {
	t.Helper()
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(1))
	exec, err := model.NewExec(backend, store, build)
	require.NoError(t, err)
	defer exec.Finalize()
	size := picture.Rect.Dx()
	values := make([]float32, size*size*3)
	imaging.Symmetric.Put(values, picture, false)
	output, err := exec.Call1(tensors.FromFlatDataAndDimensions(values, 1, size, size, 3))
	require.NoError(t, err)
	made, err := tensors.CopyFlatData[float32](output)
	require.NoError(t, err)
	return made
}

func TestSpoiledChangesThePatchOnly(t *testing.T) {
	const size = 32
	picture := noise(size)
	spoiled := imaging.FromValues(called(t, picture, Spoiled), size, size)
	patch := patchOf(picture.Rect)
	assert.Equal(t, image.Rect(4, 4, 28, 28), patch)
	changed := 0
	for y := range size {
		for x := range size {
			if !image.Pt(x, y).In(patch) {
				assert.Equal(t, picture.RGBAAt(x, y), spoiled.RGBAAt(x, y))
			} else if picture.RGBAAt(x, y) != spoiled.RGBAAt(x, y) {
				changed++
			}
		}
	}
	assert.Greater(t, changed, patch.Dx()*patch.Dy()*9/10)
}

// Beyond what the kernel reaches nothing is mixed, and a kernel of one tap shifts.
func TestMixedShiftsByTheTapsThatCount(t *testing.T) {
	const size = 16
	picture := noise(size)
	shifted := imaging.FromValues(called(t, picture, func(_ *model.Scope, x *Node) *Node {
		return mixed(x, 2, Const(x.Graph(), [][]float32{{0, 0, 0, 0, 1}}))
	}), size, size)
	for y := range size {
		for x := 2; x < size; x++ {
			assert.Equal(t, picture.RGBAAt(x-2, y), shifted.RGBAAt(x, y))
		}
	}
}

func TestCorrectionIsNearTheBorderOnly(t *testing.T) {
	config := with(shipped, func(c *Config) { c.Size, c.Channels = 32, 2 })
	values := called(t, noise(32), func(scope *model.Scope, x *Node) *Node {
		_, colour := Correction(scope, config, x, x)
		return colour
	})
	at := func(x, y int) (sum float64) {
		for _, v := range values[(y*32+x)*3:][:3] {
			sum += float64(max(v, -v))
		}
		return sum
	}
	assert.NotZero(t, at(4, 16), "the patch's leftmost pixels")
	assert.Zero(t, at(16, 16), "its middle")
	assert.Zero(t, at(10, 16), "a quarter of its side inside")
}

func TestTrainingsAreMeasured(t *testing.T) {
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	config, err := Experiment.Preset("smoke")
	require.NoError(t, err)
	dir := t.TempDir()
	summary, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: backend})
	require.NoError(t, err)
	assert.Positive(t, summary.Values[metricError])
	scores, err := Evaluate(t.Context(), backend, dir, lab.EvaluateOptions{Number: 2})
	require.NoError(t, err)
	assert.Equal(t, 2, scores.Patches)
	assert.Positive(t, scores.Spoiled)
	assert.InDelta(t, scores.Spoiled, scores.Error, scores.Spoiled/2, "after two steps it hardly does anything")
	_, err = Evaluate(t.Context(), backend, dir, lab.EvaluateOptions{Data: "blinks"})
	assert.ErrorContains(t, err, "leave --data out")
	config.Size, config.AverageDecay = 20, 1
	_, err = Train(t.Context(), t.TempDir(), config, lab.TrainOptions{Backend: backend})
	assert.ErrorContains(t, err, "size is 20: it must be a multiple of 8 from 16 to 256")
	assert.ErrorContains(t, err, "average_decay is 1")
}

func TestShippedNetworkHidesBorders(t *testing.T) {
	if *ship != "" {
		require.NoError(t, Ship(*ship, "shipped.safetensors"))
		t.Skip("shipped: run the test again, it is built with the old weights")
	}
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	scores, err := Evaluate(t.Context(), backend, "", lab.EvaluateOptions{})
	require.NoError(t, err)
	t.Log(scores)
	assert.Less(t, scores.Error, 0.5*scores.Spoiled)

	c, err := OpenShipped(backend)
	require.NoError(t, err)
	defer c.Close()
	picture := noise(100)
	before := imaging.CopyPart(picture, picture.Rect)
	patch := image.Rect(60, 20, 110, 70) // It reaches beyond the picture.
	require.NoError(t, c.Correct(picture, before, patch))
	changed := 0
	for y := range 100 {
		for x := range 100 {
			if picture.RGBAAt(x, y) == before.RGBAAt(x, y) {
				continue
			}
			changed++
			assert.True(t, image.Pt(x, y).In(patch), "pixel %d, %d", x, y)
		}
	}
	assert.Positive(t, changed)
}
