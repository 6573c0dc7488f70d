package upscale

import (
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trainedRun trains a preset for a step, on GoMLX's own backend.
func trainedRun(t *testing.T, preset string) (dir string) {
	t.Helper()
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	dir = filepath.Join(t.TempDir(), "run")
	withoutVGG := func(c *esrgan.Config) { c.UseVGG("none") }
	config, err := esrgan.Experiment.Configure(
		dir, preset, withoutVGG, "pretrain_steps=1", "steps=1", "batch=1", "average_decay=0.5",
	)
	require.NoError(t, err)
	_, err = esrgan.Train(t.Context(), dir, config, lab.TrainOptions{Backend: backend})
	require.NoError(t, err)
	return dir
}

// enlargedBy enlarges a picture of 6×5 pixels.
func enlargedBy(t *testing.T, network *esrgan.Upscaler) (small, large *tensors.Tensor) {
	t.Helper()
	small = onnxfiletest.Random(1, 5, 6, 3)
	pixels := esrgan.Pixels{Width: 6, Height: 5, RGB: onnxfiletest.Floats(t, small)}
	result, err := network.Upscale(t.Context(), pixels, esrgan.TileOptions{})
	require.NoError(t, err)
	return small, tensors.FromFlatDataAndDimensions(result.RGB, 1, result.Height, result.Width, 3)
}

func TestExportedRunsEnlargeAsTheRunsThemselves(t *testing.T) {
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	for _, preset := range []string{"smoke", "smoke-srgan"} {
		t.Run(preset, func(t *testing.T) {
			dir := trainedRun(t, preset)
			network, err := esrgan.Open(backend, dir)
			require.NoError(t, err)
			defer network.Close()
			small, want := enlargedBy(t, network)

			path := filepath.Join(t.TempDir(), "network.onnx")
			_, err = esrgan.Experiment.Export(dir, path)
			require.NoError(t, err)
			got := onnxfiletest.Run(t, path, map[string]*tensors.Tensor{"picture": onnxfiletest.ChannelsFirst(t, small)})
			want = onnxfiletest.ChannelsFirst(t, want)
			require.Equal(t, want.Shape().Dimensions, got.Shape().Dimensions)
			assert.InDeltaSlice(t, onnxfiletest.Floats(t, want), onnxfiletest.Floats(t, got), 1e-4)
		})
	}
}

func TestRunsOfESRGANAreReadBackFromSafetensors(t *testing.T) {
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	dir := trainedRun(t, "smoke")
	network, err := esrgan.Open(backend, dir)
	require.NoError(t, err)
	defer network.Close()
	path := filepath.Join(t.TempDir(), "network.safetensors")
	_, err = esrgan.Experiment.Export(dir, path)
	require.NoError(t, err)
	read, err := Open(backend, path)
	require.NoError(t, err)
	defer read.Close()
	_, want := enlargedBy(t, network)
	_, got := enlargedBy(t, read)
	assert.InDeltaSlice(t, onnxfiletest.Floats(t, want), onnxfiletest.Floats(t, got), 1e-6)

	path = filepath.Join(t.TempDir(), "srgan.safetensors")
	_, err = esrgan.Experiment.Export(trainedRun(t, "smoke-srgan"), path)
	require.ErrorIs(t, err, lab.ErrNotOffered)
	assert.ErrorContains(t, err, ".onnx")
	assert.NoFileExists(t, path)
}
