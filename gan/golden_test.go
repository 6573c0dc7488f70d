package gan_test

import (
	"context"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/bench"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// update makes the golden file anew: go test ./gan -run PyTorch -update. It needs PyTorch, which it installs in an environment
// of its own.
var update = flag.Bool("update", false, "make testdata/iteration.safetensors anew with PyTorch")

const goldenPath = "testdata/iteration.safetensors"

// goldenIterations is the number of iterations in the golden file.
const goldenIterations = 3

// goldenConfig is the article's GAN, but tiny. The learning rate is large, so that an error in a weight's change is seen in the
// losses that follow.
func goldenConfig(t *testing.T) gan.Config {
	t.Helper()
	config, err := gan.Preset("article")
	require.NoError(t, err)
	config.Size, config.Noise, config.Batch = 16, 4, 3
	config.GeneratorChannels, config.DiscriminatorChannels = 2, 3
	config.LearningRate = 0.01
	return config
}

func TestIterationMatchesPyTorch(t *testing.T) {
	config := goldenConfig(t)
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	if *update {
		require.NoError(t, bench.WriteGolden(context.Background(), backend, config, goldenIterations, goldenPath, os.Stderr))
	}
	golden, err := lab.ReadSafetensors(goldenPath)
	require.NoError(t, err)

	store := model.NewStore()
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
		inputs := gan.Inputs{Pictures: x[0], Labels: x[1], Noise: x[2], FakeLabels: x[3], Uniform: x[4]}
		return gan.Iteration(scope, config, gan.Networks[config.Network], inputs)
	})
	require.NoError(t, err)
	defer exec.Finalize()
	var inputs []any
	var inputShapes []shapes.Shape
	for _, name := range []string{"pictures", "labels", "noise", "fake_labels", "uniform"} {
		input := golden["inputs/"+name]
		require.NotNil(t, input, name)
		inputs, inputShapes = append(inputs, input), append(inputShapes, input.Shape())
	}
	_, err = exec.Compile(inputShapes...)
	require.NoError(t, err)
	require.NoError(t, store.InitializeVariables(backend, nil))
	weights := setWeights(t, store, golden)

	want := values(t, golden["losses"])
	for i := range goldenIterations {
		losses, err := exec.Call(inputs...)
		require.NoError(t, err)
		for j, name := range []string{gan.LossD, gan.LossG, gan.Penalty} {
			assert.InEpsilonf(t, want[3*i+j], tensors.ToScalar[float32](losses[j]), 1e-4, "%s of iteration %d", name, i+1)
		}
		if i == 0 {
			assertChanges(t, store, weights, golden)
		}
	}
}

// setWeights gives the networks the weights of the golden file and returns their paths.
func setWeights(t *testing.T, store *model.Store, golden map[string]*tensors.Tensor) (paths []string) {
	t.Helper()
	for path, value := range golden {
		if strings.HasPrefix(path, "generator/") || strings.HasPrefix(path, "discriminator/") {
			v := store.GetVariable("/" + path)
			require.NotNilf(t, v, "the networks have no %s", path)
			copied, err := value.LocalClone() // The program takes the memory of what it is given.
			require.NoError(t, err)
			require.NoError(t, v.SetValue(copied))
			paths = append(paths, path)
		}
	}
	require.Greater(t, len(paths), 50)
	return paths
}

// assertChanges compares how an iteration changed the weights, and the moments that Adam keeps, with PyTorch's.
func assertChanges(t *testing.T, store *model.Store, paths []string, golden map[string]*tensors.Tensor) {
	t.Helper()
	compared := 0
	for _, path := range paths {
		if change, ok := golden["change/"+path]; ok {
			got := valueOf(t, store.GetVariable("/"+path))
			for i, before := range values(t, golden[path]) {
				got[i] -= before
			}
			compared++
			if vanishing(path) {
				continue
			}
			assertNear(t, "change of "+path, values(t, change), got)
		}
		if moment, ok := golden["moment/"+path]; ok {
			network, _, _ := strings.Cut(path, "/")
			v := store.GetVariable("/adam_" + network + "/" + path + "_1st_moment")
			if vanishing(path) {
				assert.Less(t, norm(valueOf(t, v)), 1e-6, path)
				continue
			}
			assertNear(t, "moment of "+path, values(t, moment), valueOf(t, v))
		}
	}
	assert.Greater(t, compared, 50)
}

// vanishing says whether a weight has no influence, since batch normalisation takes it out again: its gradient is rounding, of
// which Adam makes a step of any size.
func vanishing(path string) bool {
	return strings.HasPrefix(path, "generator/up") && strings.HasSuffix(path, "/bias")
}

// assertNear asserts that two vectors differ by less than 1e-4 of their length.
func assertNear(t *testing.T, what string, want, got []float64) {
	t.Helper()
	require.Len(t, got, len(want), what)
	difference := make([]float64, len(want))
	for i := range want {
		difference[i] = got[i] - want[i]
	}
	assert.LessOrEqualf(t, norm(difference), 1e-4*norm(want), "%s: want %v, got %v", what, want[:min(4, len(want))], got[:min(4, len(got))])
}

// norm is the length of a vector.
func norm(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// values copies a tensor.
func values(t *testing.T, x *tensors.Tensor) []float64 {
	t.Helper()
	require.NotNil(t, x)
	flat, err := tensors.CopyFlatData[float32](x)
	require.NoError(t, err)
	wide := make([]float64, len(flat))
	for i, v := range flat {
		wide[i] = float64(v)
	}
	return wide
}

// valueOf copies a variable.
func valueOf(t *testing.T, v *model.Variable) []float64 {
	t.Helper()
	require.NotNil(t, v)
	value, err := v.Value()
	require.NoError(t, err)
	return values(t, value)
}
