// Package onnxfiletest runs ONNX files in tests.
package onnxfiletest

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/onnx-gomlx/onnx/parser"
	"github.com/moelab/moelab/nn"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// Backend opens GoMLX's own backend, which does not compile.
var Backend = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Backend: "go:ops_sequential"})
})

// Run runs a network of one output from a file, by onnx-gomlx.
func Run(t testing.TB, path string, inputs map[string]*tensors.Tensor) *tensors.Tensor {
	t.Helper()
	backend, err := Backend()
	require.NoError(t, err)
	file, err := parser.ParseFile(path)
	require.NoError(t, err)
	store := model.NewStore()
	require.NoError(t, file.VariablesToScope(store.RootScope()))
	names := slices.Sorted(maps.Keys(inputs))
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, x []*Node) *Node {
		named := map[string]*Node{}
		for i, name := range names {
			named[name] = x[i]
		}
		return file.CallGraph(scope, x[0].Graph(), named)[0]
	})
	require.NoError(t, err)
	defer exec.Finalize()
	var values []any
	for _, name := range names {
		values = append(values, inputs[name])
	}
	output, err := exec.Call1(values...)
	require.NoError(t, err)
	return output
}

// ChannelsFirst brings pictures, [..., height, width, channels], into the layout of exported networks.
func ChannelsFirst(t testing.TB, pictures *tensors.Tensor) *tensors.Tensor {
	t.Helper()
	backend, err := Backend()
	require.NoError(t, err)
	moved, err := CallOnce(backend, nn.ChannelsFirst, pictures)
	require.NoError(t, err)
	return moved
}

// Random returns a tensor of values of N(0, 1), always the same for a shape.
func Random(dims ...int) *tensors.Tensor {
	rng := rand.New(rand.NewPCG(1, uint64(len(dims))))
	values := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// Floats copies the values of a tensor.
func Floats(t testing.TB, x *tensors.Tensor) []float32 {
	t.Helper()
	values, err := tensors.CopyFlatData[float32](x)
	require.NoError(t, err)
	return values
}
