package gan

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// openXLA opens one backend for all tests.
var openXLA = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Log: os.Stderr})
})

// openGo opens GoMLX's own backend. It is slow, but has nothing to compile, and counts in float64 as well. Where it runs
// several operations at once, convolutions can wait for each other for ever.
var openGo = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Backend: "go:ops_sequential"})
})

func backendOf(t testing.TB, open func() (compute.Backend, error)) compute.Backend {
	t.Helper()
	backend, err := open()
	require.NoError(t, err)
	return backend
}

// preset returns a preset after some settings.
func preset(t testing.TB, name string, settings ...string) Config {
	t.Helper()
	config, err := Preset(name)
	require.NoError(t, err)
	for _, setting := range settings {
		require.NoError(t, config.Set(setting))
	}
	return config
}

// evaluate runs a function of some tensors once, on GoMLX's own backend, and returns what its scalars and vectors hold.
func evaluate(t testing.TB, f func(x []*Node) []*Node, inputs ...*tensors.Tensor) [][]float64 {
	t.Helper()
	arguments := make([]any, len(inputs))
	for i, input := range inputs {
		arguments[i] = input
	}
	outputs, err := CallOnceN(backendOf(t, openGo), f, arguments...)
	require.NoError(t, err)
	values := make([][]float64, len(outputs))
	for i, output := range outputs {
		values[i], err = tensors.CopyFlatData[float64](output)
		require.NoError(t, err)
	}
	return values
}

// trainable counts the weights below a scope that are trained.
func trainable(scope *model.Scope) (n int) {
	for v := range scope.IterVariables() {
		if v.Trainable {
			n += v.Shape().Size()
		}
	}
	return n
}
