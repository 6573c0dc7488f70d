// Package golden compares an iteration of a training with what PyTorch made of the same weights and inputs, in a file that package bench
// writes. It is for tests.
package golden

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Check asserts that the losses of iterations, and how the first changes the weights and Adam's moments, are PyTorch's to 1e-4 relative.
// The names of the inputs and of the losses are in the order of the iteration's. vanishing says which weights have no influence, since batch normalisation takes
// it out again: their gradient is rounding, of which Adam makes a step of any size.
func Check(t *testing.T, backend compute.Backend, path string, iteration func(scope *model.Scope, x []*graph.Node) []*graph.Node,
	inputNames, lossNames []string, vanishing func(path string) bool) {
	t.Helper()
	golden, err := lab.ReadSafetensors(path)
	require.NoError(t, err)
	store := model.NewStore()
	exec, err := model.NewExec(backend, store, iteration)
	require.NoError(t, err)
	defer exec.Finalize()
	var inputs []any
	var inputShapes []shapes.Shape
	for _, name := range inputNames {
		input := golden["inputs/"+name]
		require.NotNil(t, input, name)
		input = double(t, input)
		inputs, inputShapes = append(inputs, input), append(inputShapes, input.Shape())
	}
	_, err = exec.Compile(inputShapes...)
	require.NoError(t, err)
	require.NoError(t, store.InitializeVariables(backend, nil))
	weights := setWeights(t, store, golden)

	want := values(t, golden["losses"])
	for i := range len(want) / len(lossNames) {
		losses, err := exec.Call(inputs...)
		require.NoError(t, err)
		for j, name := range lossNames {
			expected := want[len(lossNames)*i+j]
			assert.InDeltaf(t, expected, tensors.ToScalar[float64](losses[j]), 1e-4*math.Abs(expected), "%s of iteration %d", name, i+1)
		}
		if i == 0 {
			assertChanges(t, store, weights, golden, vanishing)
		}
	}
}

// double turns numbers into double precision. In single precision what lies next to the corner of a ReLU or of an absolute value would fall on one side or the
// other as the machine rounds, and a gradient with it.
func double(t *testing.T, x *tensors.Tensor) *tensors.Tensor {
	t.Helper()
	if x.DType() != dtypes.Float32 {
		return x
	}
	return tensors.FromFlatDataAndDimensions(values(t, x), x.Shape().Dimensions...)
}

// setWeights gives the networks the weights of the golden file and returns their paths.
func setWeights(t *testing.T, store *model.Store, golden map[string]*tensors.Tensor) (paths []string) {
	t.Helper()
	for path, value := range golden {
		if scope, _, _ := strings.Cut(path, "/"); !slices.Contains([]string{"inputs", "change", "moment", "losses"}, scope) {
			v := store.GetVariable("/" + path)
			require.NotNilf(t, v, "the networks have no %s", path)
			require.NoError(t, v.SetValue(double(t, value)))
			paths = append(paths, path)
		}
	}
	require.Greater(t, len(paths), 40)
	return paths
}

// assertChanges compares how an iteration changed the weights, and the moments that Adam keeps, with PyTorch's.
func assertChanges(t *testing.T, store *model.Store, paths []string, golden map[string]*tensors.Tensor, vanishing func(path string) bool) {
	t.Helper()
	compared := 0
	for _, path := range paths {
		moment := golden["moment/"+path]
		if change, ok := golden["change/"+path]; ok {
			want, got := values(t, change), valueOf(t, store.GetVariable("/"+path))
			for i, before := range values(t, golden[path]) {
				got[i] -= before
			}
			compared++
			if vanishing(path) {
				continue
			}
			if moment != nil {
				ignoreVanishing(values(t, moment), want, got)
			}
			assertNear(t, "change of "+path, want, got)
		}
		if moment != nil {
			network, _, _ := strings.Cut(path, "/")
			v := store.GetVariable("/adam_" + network + "/" + path + "_1st_moment")
			if vanishing(path) {
				assert.Less(t, norm(valueOf(t, v)), 1e-6, path)
				continue
			}
			assertNear(t, "moment of "+path, values(t, moment), valueOf(t, v))
		}
	}
	assert.Greater(t, compared, 40)
}

// ignoreVanishing sets those elements of changes to zero of which the gradient is a thousandth of the largest: Adam makes as large a step
// of what is rounding there.
func ignoreVanishing(gradient []float64, changes ...[]float64) {
	largest := 0.0
	for _, g := range gradient {
		largest = max(largest, math.Abs(g))
	}
	for i, g := range gradient {
		if math.Abs(g) < largest/1000 {
			for _, change := range changes {
				change[i] = 0
			}
		}
	}
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
	if x.DType() == dtypes.Float64 {
		wide, err := tensors.CopyFlatData[float64](x)
		require.NoError(t, err)
		return wide
	}
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
