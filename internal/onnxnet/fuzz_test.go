package onnxnet

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// A file is either rejected with a one-line error, or is a network whose pictures fit in memory. Neither takes more
// memory than a multiple of the file's size.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"wd14", "illustration2vec"} {
		data, err := os.ReadFile("testdata/" + name + ".onnx")
		require.NoError(f, err)
		f.Add(data)
		f.Add(data[:len(data)/2])
		// Inputs of 32×32 pixels become huge: the dimension is field 1 of a message of two bytes.
		f.Add(bytes.ReplaceAll(data, []byte{0x0a, 0x02, 0x08, 0x20}, []byte{0x0a, 0x02, 0x08, 0x7f}))
	}
	f.Add([]byte{})
	backend, err := xla.Open(f.Context(), xla.Options{Backend: "go:ops_sequential"})
	require.NoError(f, err)
	path := filepath.Join(f.TempDir(), "net.onnx")
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		network, err := Open(backend, path, Options{Input: Levels, Size: 16})
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64*len(data)+16<<20), "memory for absent data")
		if err != nil {
			require.ErrorContains(t, err, path)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		defer network.Close()
		require.Positive(t, network.size)
		require.LessOrEqual(t, network.size, largestSize)
		require.Positive(t, network.batch)
		require.LessOrEqual(t, network.batch*network.size*network.size*3, largestInput)
	})
}
