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
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// openXLA opens one backend for all tests. Most of their time goes into compiling programs that run a few times.
var openXLA = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Log: os.Stderr, Quick: true})
})

// openGo opens GoMLX's own backend. It is slow, but does not compile, and supports float64 as well. If it runs several
// operations at once, convolutions can deadlock.
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
	config, err := Experiment.Preset(name)
	require.NoError(t, err)
	for _, setting := range settings {
		require.NoError(t, assign(&config, setting))
	}
	return config
}

// assign changes a setting.
func assign(config *Config, assignment string) (err error) {
	*config, err = lab.Assign(*config, assignment)
	return err
}

// evaluate runs a function of some tensors once, on GoMLX's own backend, and returns its scalars and vectors.
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

// trainable counts the trainable weights below a scope.
func trainable(scope *model.Scope) (n int) {
	for v := range scope.IterVariables() {
		if v.Trainable {
			n += v.Shape().Size()
		}
	}
	return n
}
