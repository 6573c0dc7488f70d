package nn

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openBackend opens one backend for all tests.
var openBackend = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Log: os.Stderr})
})

// openGo opens GoMLX's own backend. It is slow, but compiles nothing, and computes in float64 as well as in float32.
var openGo = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Backend: "go:ops_sequential"})
})

// array is a tensor's shape and its values, in float64 whatever type they were computed in.
type array struct {
	Shape  []int     `json:"shape"`
	Values []float64 `json:"values"`
}

// single and double return the array as a tensor.
func (a array) single() *tensors.Tensor {
	values := make([]float32, len(a.Values))
	for i, v := range a.Values {
		values[i] = float32(v)
	}
	return tensors.FromFlatDataAndDimensions(values, a.Shape...)
}

func (a array) double() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(a.Values, a.Shape...)
}

// tensorsOf returns some of the arrays as tensors, converted by convert.
func tensorsOf(arrays map[string]array, convert func(array) *tensors.Tensor, names ...string) []*tensors.Tensor {
	result := make([]*tensors.Tensor, len(names))
	for i, name := range names {
		result[i] = convert(arrays[name])
	}
	return result
}

// fromTensor copies a tensor.
func fromTensor(t testing.TB, x *tensors.Tensor) array {
	t.Helper()
	shape := append([]int{}, x.Shape().Dimensions...)
	if values, err := tensors.CopyFlatData[float64](x); err == nil {
		return array{shape, values}
	}
	values, err := tensors.CopyFlatData[float32](x)
	require.NoError(t, err)
	result := array{shape, make([]float64, len(values))}
	for i, v := range values {
		result.Values[i] = float64(v)
	}
	return result
}

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// random draws an array from N(0, deviation²).
func random(rng *rand.Rand, deviation float64, shape ...int) array {
	size := 1
	for _, d := range shape {
		size *= d
	}
	a := array{shape, make([]float64, size)}
	for i := range a.Values {
		a.Values[i] = deviation * rng.NormFloat64()
	}
	return a
}

// count returns an array of 0, 1, 2, …
func count(shape ...int) array {
	a := random(rng(0), 0, shape...)
	for i := range a.Values {
		a.Values[i] = float64(i)
	}
	return a
}

// graphFunction builds a graph from its inputs.
type graphFunction = func(scope *model.Scope, inputs []*Node) []*Node

// compile prepares a function of a store's variables for XLA.
func compile(t testing.TB, store *model.Store, f graphFunction) *model.Exec {
	t.Helper()
	return compileFor(t, openBackend, store, f)
}

func compileFor(t testing.TB, open func() (compute.Backend, error), store *model.Store, f graphFunction) *model.Exec {
	t.Helper()
	backend, err := open()
	require.NoError(t, err)
	exec, err := model.NewExec(backend, store, f)
	require.NoError(t, err)
	t.Cleanup(exec.Finalize)
	return exec
}

// call runs a compiled function.
func call(t testing.TB, exec *model.Exec, inputs ...*tensors.Tensor) []array {
	t.Helper()
	arguments := make([]any, len(inputs))
	for i, input := range inputs {
		arguments[i] = input
	}
	outputs, err := exec.Exec(arguments...)
	require.NoError(t, err)
	results := make([]array, len(outputs))
	for i, output := range outputs {
		results[i] = fromTensor(t, output)
	}
	return results
}

// run runs a function once, with a store of its own.
func run(t testing.TB, f graphFunction, inputs ...*tensors.Tensor) []array {
	t.Helper()
	return call(t, compile(t, model.NewStore(), f), inputs...)
}

// layer is a layer with one set of weights.
type layer func(scope *model.Scope, x *Node) *Node

// with gives a layer the weights and biases of a test, so that gradients can be taken with respect to them.
func (f layer) with(scope *model.Scope, x, weights, bias *Node) *Node {
	scope.VariableWithNodeValue("weights", weights)
	scope.VariableWithNodeValue("bias", bias)
	return f(scope, x)
}

// conv, convPool and upConv are layers with the number of output channels that their test uses.
func conv(channels, size int) layer {
	return func(scope *model.Scope, x *Node) *Node { return Conv(scope, x, channels, size) }
}

func convPool(channels int) layer {
	return func(scope *model.Scope, x *Node) *Node { return ConvPool(scope, x, channels) }
}

func upConv(channels int) layer {
	return func(scope *model.Scope, x *Node) *Node { return UpConv(scope, x, channels) }
}

// golden returns a case of testdata/golden.json, which testdata/make_golden.py writes.
func golden(t testing.TB, name string) map[string]array {
	t.Helper()
	cases, err := readGolden()
	require.NoError(t, err)
	require.Contains(t, cases, name)
	return cases[name]
}

var readGolden = sync.OnceValues(func() (cases map[string]map[string]array, err error) {
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	return cases, err
})

// assertClose asserts that no elements of two arrays differ by more than a fraction of the largest magnitude, or of 0.1
// if that is larger.
func assertClose(t testing.TB, what string, want, got array, fraction float64) {
	t.Helper()
	require.Equal(t, want.Shape, got.Shape, what)
	largest, worst, where := 0.1, 0.0, 0
	for i, w := range want.Values {
		largest = max(largest, math.Abs(w))
		if d := math.Abs(w - got.Values[i]); !(d <= worst) { // NaN counts as the worst difference.
			worst, where = d, i
		}
	}
	assert.LessOrEqualf(
		t, worst, fraction*largest, "%s: element %d is %g, want %g", what, where, got.Values[where], want.Values[where],
	)
}

// assertGradients compares the gradients of a function that returns one number with central differences, element by
// element, with respect to all inputs. It computes in float64, so that the step can be too small to cross a kink. It
// checks the graph, which is the same for all backends.
func assertGradients(t testing.TB, f func(scope *model.Scope, inputs []*Node) *Node, inputs ...array) {
	t.Helper()
	const step = 1e-5
	exec := compileFor(t, openGo, model.NewStore(), func(scope *model.Scope, nodes []*Node) []*Node {
		y := f(scope, nodes)
		return append([]*Node{y}, Gradient(y, nodes...)...)
	})
	evaluate := func() []array {
		all := make([]*tensors.Tensor, len(inputs))
		for i, input := range inputs {
			all[i] = input.double()
		}
		return call(t, exec, all...)
	}
	gradients := evaluate()[1:]
	for i, input := range inputs {
		want := array{input.Shape, make([]float64, len(input.Values))}
		for j, value := range input.Values {
			var ends [2]float64
			for k, sign := range []float64{-1, 1} {
				input.Values[j] = value + sign*step
				ends[k] = evaluate()[0].Values[0]
			}
			input.Values[j] = value
			want.Values[j] = (ends[1] - ends[0]) / (2 * step)
		}
		require.Greater(
			t, slices.Max(want.Values)-slices.Min(want.Values), 1e-4, "input %d has no influence: nothing is tested", i,
		)
		assertClose(t, fmt.Sprint("gradient of input ", i), want, gradients[i], 1e-6)
	}
}
