package blink

import (
	"image"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// weightsIn counts the values of the variables that a program has made.
func weightsIn(t *testing.T, store *model.Store) (n int) {
	t.Helper()
	for v := range store.IterVariables() {
		if v.Name() != model.RNGStateVariableName {
			n += v.Shape().Size()
		}
	}
	return n
}

// weightsMade counts the weights that a graph makes.
func weightsMade(t *testing.T, backend compute.Backend, build func(scope *model.Scope, g *Graph) *Node) int {
	t.Helper()
	store, g := model.NewStore(), NewGraph(backend, t.Name())
	defer g.Finalize()
	build(store.RootScope(), g)
	return weightsIn(t, store)
}

// sumOf adds up the weights of layers.
func sumOf(layers ...int) (all int) {
	for _, n := range layers {
		all += n
	}
	return all
}

// norm is the weights of batch normalisation: scale, offset, and two running averages.
func norm(channels int) int { return 4 * channels }

// f32 is a shape of float32.
func f32(dimensions ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dimensions...) }

// The counts of Tulyakov et al.'s code, for 64×64 pixels, without its label.
func TestMoCoGANHasTheWeightsOfItsPaper(t *testing.T) {
	config, err := Experiment.Preset("article-mocogan")
	require.NoError(t, err)
	require.Equal(t, 64, config.Size)
	backend := openXLA(t)
	count := func(build func(scope *model.Scope, g *Graph) *Node) int { return weightsMade(t, backend, build) }
	assert.Equal(t, 660, count(func(scope *model.Scope, g *Graph) *Node {
		return GRU(scope, IotaFull(g, f32(2, 3, 10)), IotaFull(g, f32(2, 10)))
	}), "3·(10·10 + 10·10 + 10 + 10)")
	assert.Equal(t, sumOf(
		60*4*4*512+norm(512), 512*256*16+norm(256), 256*128*16+norm(128), 128*64*16+norm(64), 64*3*16,
	), count(func(scope *model.Scope, g *Graph) *Node { return drawn(scope, config, IotaFull(g, f32(2, 60))) }))
	videos := func(g *Graph) *Node { return IotaFull(g, f32(1, 16, 64, 64, 3)) }
	assert.Equal(t, sumOf(
		3*64*16, 64*128*16+norm(128), 128*256*16+norm(256), 256*16,
	), count(func(scope *model.Scope, g *Graph) *Node { return ImageDiscriminator(scope, config, videos(g)) }))
	assert.Equal(t, sumOf(
		3*64*64, 64*128*64+norm(128), 128*256*64+norm(256), 256*512*64+norm(512), 512*64,
	), count(func(scope *model.Scope, g *Graph) *Node { return VideoDiscriminator(scope, config, videos(g)) }))
}

// A convolution of windows of frames is one in space and time.
func TestWindowsMakeAConvolutionOneOfVideos(t *testing.T) {
	const frames, size, channels = 5, 2, 2
	x := randomValues(frames * size * size * channels)
	exec, err := model.NewExec(openXLA(t), model.NewStore(), func(_ *model.Scope, x *Node) *Node { return windows(x, 4) })
	require.NoError(t, err)
	defer exec.Finalize()
	output, err := exec.Call1(tensors.FromFlatDataAndDimensions(x, 1, frames, size, size, channels))
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, size, size, 4 * channels}, output.Shape().Dimensions)
	got := valuesOf(t, output)
	for frame := range 2 {
		for pixel := range size * size {
			for tap := range 4 {
				for c := range channels {
					want := x[((frame+tap)*size*size+pixel)*channels+c]
					assert.Equal(t, want, got[(frame*size*size+pixel)*4*channels+tap*channels+c])
				}
			}
		}
	}
}

// The unit is PyTorch's, computed by hand.
func TestGRUFollowsItsEquations(t *testing.T) {
	const steps, inputs, channels = 3, 2, 2
	store := model.NewStore()
	exec, err := model.NewExec(openXLA(t), store, func(scope *model.Scope, in []*Node) *Node {
		return GRU(scope, in[0], in[1])
	})
	require.NoError(t, err)
	defer exec.Finalize()
	x, first := randomValues(steps*inputs), randomValues(channels)
	output, err := exec.Call1(
		tensors.FromFlatDataAndDimensions(x, 1, steps, inputs), tensors.FromFlatDataAndDimensions(first, 1, channels),
	)
	require.NoError(t, err)
	got := valuesOf(t, output)
	variables := map[string][]float32{}
	for v := range store.IterVariables() {
		if v.Name() != model.RNGStateVariableName {
			value, err := v.Value()
			require.NoError(t, err)
			variables[v.Path()] = valuesOf(t, value)
		}
	}
	product := func(layer string, values []float64, i int) float64 {
		sum := float64(variables[model.RootScopePath+layer+"/bias"][i])
		for k, v := range values {
			sum += v * float64(variables[model.RootScopePath+layer+"/weights"][k*3*channels+i])
		}
		return sum
	}
	double := func(values []float32) (all []float64) {
		for _, v := range values {
			all = append(all, float64(v))
		}
		return all
	}
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	hidden := double(first)
	for step := range steps {
		now, next := double(x[step*inputs:][:inputs]), make([]float64, channels)
		for c := range channels {
			gate := func(i int) float64 { return product("input", now, i) + product("state", hidden, i) }
			reset, update := sigmoid(gate(c)), sigmoid(gate(channels+c))
			proposed := math.Tanh(product("input", now, 2*channels+c) + reset*product("state", hidden, 2*channels+c))
			next[c] = (1-update)*proposed + update*hidden[c]
		}
		hidden = next
		for c := range channels {
			assert.InDelta(t, hidden[c], got[step*channels+c], 1e-5, "step %d, channel %d", step, c)
		}
	}
}

func TestSurveyedModelsTrainAndAreUsed(t *testing.T) {
	backend, err := onnxfiletest.Backend() // XLA compiles each of them for half a minute.
	require.NoError(t, err)
	clip, err := dataset.DrawnBlinks(1, 1, 64).Clip(t.Context(), 0)
	require.NoError(t, err)
	for _, surveyed := range Surveyed {
		t.Run(surveyed.Name, func(t *testing.T) {
			config, err := Experiment.Preset("smoke-" + surveyed.Name)
			require.NoError(t, err)
			dir := t.TempDir()
			summary, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: backend})
			require.NoError(t, err)
			for _, metric := range config.Metrics() {
				assert.Contains(t, summary.Values, metric)
			}
			b, err := Open(backend, dir)
			require.NoError(t, err)
			defer b.Close()
			frames, err := b.Blink(t.Context(), clip.Frames[0], [][]image.Rectangle{clip.Eyes}, clip)
			require.NoError(t, err)
			assert.Len(t, frames, Frames)
			again, err := b.Blink(t.Context(), clip.Frames[0], [][]image.Rectangle{clip.Eyes}, clip)
			require.NoError(t, err)
			assert.Equal(t, frames[3].Pix, again[3].Pix, "the noise has a seed")
		})
	}
}
