package eyes

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExportedNetworkSeesTheSame(t *testing.T) {
	archive, err := zip.OpenReader(filepath.Join("..", "internal", "recording", "testdata", "runs", "eyes.zip"))
	require.NoError(t, err)
	defer archive.Close()
	dir := filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.CopyFS(dir, archive))
	path := filepath.Join(t.TempDir(), "eyes.onnx")
	step, err := Experiment.Export(dir, path)
	require.NoError(t, err)
	assert.EqualValues(t, 20, step)

	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	finder, err := Open(backend, dir)
	require.NoError(t, err)
	defer finder.Close()
	pictures := onnxfiletest.Random(2, 48, 32, 3)
	want, err := finder.exec.Call1(pictures)
	require.NoError(t, err)
	got := onnxfiletest.Run(t, path, map[string]*tensors.Tensor{"picture": onnxfiletest.ChannelsFirst(t, pictures)})
	want = onnxfiletest.ChannelsFirst(t, want)
	require.Equal(t, want.Shape().Dimensions, got.Shape().Dimensions)
	assert.InDeltaSlice(t, onnxfiletest.Floats(t, want), onnxfiletest.Floats(t, got), 1e-4)
}
