package eyes

import (
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIterationLearns(t *testing.T) {
	config := smoke(t)
	drawn, err := newStudio(t.Context(), config)
	require.NoError(t, err)
	inputs, err := (&batches{drawn, 0}).Next(t.Context())
	require.NoError(t, err)
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(1))
	plain, err := openGo()
	require.NoError(t, err)
	exec, err := model.NewExec(plain, store, func(scope *model.Scope, pictures, truth *graph.Node) []*graph.Node {
		return Iteration(scope, config, pictures, truth)
	})
	require.NoError(t, err)
	defer exec.Finalize()
	var first, last [4]float32
	for step := range 30 {
		metrics, err := exec.Call(inputs[0], inputs[1])
		require.NoError(t, err)
		for i, m := range metrics {
			last[i] = tensors.ToScalar[float32](m)
		}
		if step == 0 {
			first = last
		}
	}
	for i, name := range []string{metricHeat, metricBox, metricMiddle, metricOpen} {
		assert.Less(t, last[i], 0.8*first[i], name)
	}
}

func TestTrainFillsARunThatEyesAreFoundWith(t *testing.T) {
	config, dir := smoke(t), t.TempDir()
	plain, err := openGo()
	require.NoError(t, err)
	summary, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: plain})
	require.NoError(t, err)
	assert.Equal(t, config.Steps, summary.Step)
	finder, err := Open(plain, dir)
	require.NoError(t, err)
	defer finder.Close()
	assert.Equal(t, config, finder.Config)
	_, err = finder.Find(t.Context(), portrait.At(1, 1).Draw(64))
	require.NoError(t, err)

	path := filepath.Join(t.TempDir(), "eyes.safetensors")
	require.NoError(t, Ship(dir, path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	_, all, _, err := Experiment.OpenModel(dir)
	require.NoError(t, err)
	weights := all.Below(lab.AverageScope)
	shipped, _, err := lab.ReadShipped(data)
	require.NoError(t, err)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(weights)), slices.Collect(maps.Keys(shipped)))
}

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	for _, setting := range []string{
		"size=40", "size=16", "channels=0", "backdrops=-1", "batch=0",
		"learning_rate=0", "beta1=1", "beta2=-1", "average_decay=0", "steps=-1",
		"channels=1000000000", "backdrops=1000000000", "batch=1000000000000", "steps=1000000000001",
	} {
		config, err := lab.Assign(smoke(t), setting)
		require.NoError(t, err)
		assert.Error(t, config.Validate(), setting)
		_, err = Train(t.Context(), t.TempDir(), config, lab.TrainOptions{})
		assert.Error(t, err, setting)
	}
	for _, name := range Experiment.PresetNames() {
		config, err := Experiment.Preset(name)
		require.NoError(t, err)
		assert.NoError(t, config.Validate(), name)
	}
	_, err := Experiment.Preset("none")
	assert.ErrorContains(t, err, "shipped")
}

func TestShippedWeightsAreSmall(t *testing.T) {
	assert.Less(t, len(shippedWeights), 1<<20)
	weights, _, err := lab.ReadShipped(shippedWeights)
	require.NoError(t, err)
	n := 0
	for _, w := range weights {
		n += w.Shape().Size()
	}
	assert.Less(t, n, 300_000)
}

func TestWindowsDependOnTheSeedAlone(t *testing.T) {
	config := smoke(t)
	read := func(position int64) []float32 {
		drawn, err := newStudio(t.Context(), config)
		require.NoError(t, err)
		inputs, err := (&batches{drawn, position}).Next(t.Context())
		require.NoError(t, err)
		values, err := tensors.CopyFlatData[float32](inputs[0])
		require.NoError(t, err)
		return values
	}
	first := read(3)
	assert.Equal(t, first, read(3))
	assert.NotEqual(t, first, read(4))
	config.Seed++
	assert.NotEqual(t, first, read(3))
}

func TestWarpIsInvertible(t *testing.T) {
	for i := range uint64(50) {
		rng := rand.New(rand.NewPCG(i, 0))
		warp := newWarp(rng, 128)
		for range 10 {
			x, y := within(rng, 0, 128), within(rng, 0, 128)
			backX, backY := warp.invert(warp.apply(x, y))
			assert.InDelta(t, x, backX, 0.05, "warp %d", i)
			assert.InDelta(t, y, backY, 0.05, "warp %d", i)
		}
	}
}

// The targets for a window read back as the eyes in it.
func TestEyesAreReadFromWhatIsToBeSaid(t *testing.T) {
	config := shipped
	eyes := []drawnEye{
		{x: 40, y: 60, width: 24, height: 20, middleX: 60, middleY: 61, open: 1},
		{x: 80.5, y: 62.25, width: 23, height: 21, middleX: 60, middleY: 61, open: 0},
		{x: 100, y: 10, width: 30, height: 30, middleX: 120, middleY: 10, open: 1, vague: true},
	}
	truth := make([]float32, config.cells()*config.cells()*targets)
	config.target(truth, eyes)
	said := make([]float32, config.cells()*config.cells()*outputs)
	for cell := range config.cells() * config.cells() {
		copy(said[cell*outputs:][:outputs], truth[cell*targets:])
		for _, channel := range []int{heatChannel, openChannel} { // Logits.
			v := min(max(float64(said[cell*outputs+channel]), 1e-6), 1-1e-6)
			said[cell*outputs+channel] = float32(math.Log(v / (1 - v)))
		}
	}
	found := apart(config.read(said, window{x: 1000, y: 2000, scale: 2}, leastHeat))
	require.Len(t, found, 2)
	faces := pairs(found)
	require.Len(t, faces, 1, "the two belong together")
	for i, e := range faces[0] {
		x, y := e.middle()
		assert.InDelta(t, 1000+2*eyes[i].x, x, 0.01)
		assert.InDelta(t, 2000+2*eyes[i].y, y, 0.01)
		assert.InDelta(t, 2*eyes[i].width, e.width(), 0.01)
		assert.InDelta(t, 2*eyes[i].height, e.height(), 0.01)
		assert.InDelta(t, 1000+2*eyes[i].middleX, e.middleX, 0.01)
		assert.InDelta(t, eyes[i].open, e.open, 0.01)
	}
}

func TestAVagueEyeIsNoMistake(t *testing.T) {
	logits, heat := tensors.FromValue([]float32{9, 9, -9}), tensors.FromValue([]float32{-1, 1, 0})
	loss, err := graph.CallOnce(backend(t), FocalLoss, logits, heat)
	require.NoError(t, err)
	assert.InDelta(t, 0, tensors.ToScalar[float32](loss), 1e-6)
	heat = tensors.FromValue([]float32{0, 1, 0})
	loss, err = graph.CallOnce(backend(t), FocalLoss, logits, heat)
	require.NoError(t, err)
	assert.InDelta(t, 9, tensors.ToScalar[float32](loss), 0.01, "nothing is there")
}
