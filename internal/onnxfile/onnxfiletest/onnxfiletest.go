// Package onnxfiletest runs ONNX files in tests.
package onnxfiletest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/onnx-gomlx/onnx/parser"
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
