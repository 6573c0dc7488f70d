// Package golden compares a training iteration, and the outputs of networks, with PyTorch's results for the same
// weights and inputs, from a file that package bench writes. It is for tests.
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
	"github.com/moelab/moelab/internal/safetensors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Check asserts that the losses of iterations, and the changes that the first one makes to the weights and to Adam's
// moments, equal PyTorch's to a relative 1e-4. The names of inputs and losses are in the iteration's order. vanishing
// reports whether a weight has no influence because batch normalisation cancels it: its gradient is rounding error,
// from which Adam makes a step of any size.
func Check(
	t *testing.T, backend compute.Backend, path string, iteration func(scope *model.Scope, x []*graph.Node) []*graph.Node,
	inputNames, lossNames []string, vanishing func(path string) bool,
) {
	t.Helper()
	p := open(t, backend, path, iteration, inputNames)
	want := values(t, p.golden["losses"])
	for i := range len(want) / len(lossNames) {
		losses := p.call(t)
		for j, name := range lossNames {
			expected := want[len(lossNames)*i+j]
			assert.InDeltaf(
				t, expected, tensors.ToScalar[float64](losses[j]), 1e-4*math.Abs(expected), "%s of iteration %d", name, i+1,
			)
		}
		if i == 0 {
			assertChanges(t, p.store, p.weights, p.golden, vanishing)
		}
	}
}

// CheckOutputs asserts that the networks' outputs for the inputs equal PyTorch's: each element to 1e-4 of the largest
// magnitude in its output. The names of the outputs are in the order of forward's results.
func CheckOutputs(
	t *testing.T, backend compute.Backend, path string, forward func(scope *model.Scope, x []*graph.Node) []*graph.Node,
	inputNames, outputNames []string,
) {
	t.Helper()
	p := open(t, backend, path, forward, inputNames)
	outputs := p.call(t)
	require.Len(t, outputs, len(outputNames))
	for i, name := range outputNames {
		golden := p.golden["outputs/"+name]
		require.NotNil(t, golden, name)
		require.Equal(t, golden.Shape().Dimensions, outputs[i].Shape().Dimensions, name)
		want := values(t, golden)
		assert.InDeltaSlice(t, want, values(t, outputs[i]), 1e-4*largest(want), name)
	}
}

// CheckGradients asserts that the gradients of a network's first step equal PyTorch's to a relative 1e-4. The iteration
// must take one step of the network with a β₁ of 0, so that Adam's first moments are the gradients. vanishing is as in
// [Check].
func CheckGradients(
	t *testing.T, backend compute.Backend, path string, iteration func(scope *model.Scope, x []*graph.Node) []*graph.Node,
	inputNames []string, network string, vanishing func(path string) bool,
) {
	t.Helper()
	p := open(t, backend, path, iteration, inputNames)
	p.call(t)
	compared := 0
	for _, weight := range p.weights {
		if strings.HasPrefix(weight, network+"/") && p.store.GetVariable("/"+weight).Trainable {
			compared++
			assertMoment(t, "gradient of "+weight, values(t, p.golden["gradient/"+weight]), p.store, weight, vanishing)
		}
	}
	assert.Greater(t, compared, 10)
}

// program is a function of the networks, with the weights and inputs of a golden file.
type program struct {
	exec    *model.Exec
	store   *model.Store
	inputs  []any
	weights []string // Their paths.
	golden  map[string]*tensors.Tensor
}

// open compiles a function of the networks and sets their weights from a golden file.
func open(
	t *testing.T, backend compute.Backend, path string, build func(scope *model.Scope, x []*graph.Node) []*graph.Node,
	inputNames []string,
) program {
	t.Helper()
	golden, err := safetensors.Read(path)
	require.NoError(t, err)
	p := program{store: model.NewStore(), golden: golden}
	p.exec, err = model.NewExec(backend, p.store, build)
	require.NoError(t, err)
	t.Cleanup(p.exec.Finalize)
	var inputShapes []shapes.Shape
	for _, name := range inputNames {
		input := golden["inputs/"+name]
		require.NotNil(t, input, name)
		input = double(t, input)
		p.inputs, inputShapes = append(p.inputs, input), append(inputShapes, input.Shape())
	}
	_, err = p.exec.Compile(inputShapes...)
	require.NoError(t, err)
	require.NoError(t, p.store.InitializeVariables(backend, nil))
	p.weights = setWeights(t, p.store, golden)
	return p
}

// call runs the function once.
func (p program) call(t *testing.T) []*tensors.Tensor {
	t.Helper()
	outputs, err := p.exec.Call(p.inputs...)
	require.NoError(t, err)
	return outputs
}

// double converts numbers to double precision. In single precision, values next to the kink of a ReLU or of an absolute
// value fall on either side of it, depending on the machine's rounding, and change the gradient.
func double(t *testing.T, x *tensors.Tensor) *tensors.Tensor {
	t.Helper()
	if x.DType() != dtypes.Float32 {
		return x
	}
	return tensors.FromFlatDataAndDimensions(values(t, x), x.Shape().Dimensions...)
}

// setWeights sets the networks' weights from the golden file and returns their paths.
func setWeights(t *testing.T, store *model.Store, golden map[string]*tensors.Tensor) (paths []string) {
	t.Helper()
	for path, value := range golden {
		if scope, _, _ := strings.Cut(path, "/"); !slices.Contains(
			[]string{"inputs", "outputs", "losses", "change", "moment", "gradient"}, scope,
		) {
			v := store.GetVariable("/" + path)
			require.NotNilf(t, v, "the networks have no %s", path)
			require.NoError(t, v.SetValue(double(t, value)))
			paths = append(paths, path)
		}
	}
	require.Greater(t, len(paths), 40)
	return paths
}

// assertChanges compares an iteration's changes of the weights and of Adam's moments with PyTorch's.
func assertChanges(
	t *testing.T, store *model.Store, paths []string, golden map[string]*tensors.Tensor, vanishing func(path string) bool,
) {
	t.Helper()
	compared := 0
	for _, path := range paths {
		moment := golden["moment/"+path]
		if change, ok := golden["change/"+path]; ok {
			compared++
			if !vanishing(path) {
				assertChange(t, path, values(t, golden[path]), values(t, change), valueOf(t, store.GetVariable("/"+path)), moment)
			}
		}
		if moment != nil {
			assertMoment(t, "moment of "+path, values(t, moment), store, path, vanishing)
		}
	}
	assert.Greater(t, compared, 40)
}

// assertChange compares the change of a weight with PyTorch's. The moment is nil if the weight is not trained.
func assertChange(t *testing.T, path string, before, want, after []float64, moment *tensors.Tensor) {
	t.Helper()
	got := make([]float64, len(after))
	for i := range after {
		got[i] = after[i] - before[i]
	}
	if moment != nil {
		ignoreVanishing(values(t, moment), want, got)
	}
	assertNear(t, "change of "+path, want, got)
}

// assertMoment compares Adam's first moment of a weight with its expected value.
func assertMoment(
	t *testing.T, what string, want []float64, store *model.Store, path string, vanishing func(path string) bool,
) {
	t.Helper()
	network, _, _ := strings.Cut(path, "/")
	got := valueOf(t, store.GetVariable("/adam_"+network+"/"+path+"_1st_moment"))
	if vanishing(path) {
		assert.Less(t, norm(got), 1e-6, path)
		return
	}
	assertNear(t, what, want, got)
}

// ignoreVanishing sets changes to zero where the gradient is less than a thousandth of the largest: it is rounding
// error there, from which Adam makes just as large a step.
func ignoreVanishing(gradient []float64, changes ...[]float64) {
	limit := largest(gradient) / 1000
	for i, g := range gradient {
		if math.Abs(g) < limit {
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
	assert.LessOrEqualf(
		t, norm(difference), 1e-4*norm(want), "%s: want %v, got %v", what, want[:min(4, len(want))], got[:min(4, len(got))],
	)
}

// largest is the largest magnitude of a vector's elements.
func largest(x []float64) (magnitude float64) {
	for _, v := range x {
		magnitude = max(magnitude, math.Abs(v))
	}
	return magnitude
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
