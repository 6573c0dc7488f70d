package gan

import (
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExportedGeneratorDrawsWhatSampleDraws(t *testing.T) {
	trained := trainedRun(t)
	path := filepath.Join(t.TempDir(), "generator.onnx")
	step, err := Experiment.Export(trained.dir, path)
	require.NoError(t, err)
	assert.Equal(t, trained.summary.Step, step)

	config, labels := trained.sampler.Config, []int{1, 4, 8}
	noise := config.DrawNoise(3, len(labels))
	want, err := trained.sampler.Sample(t.Context(), noise, labels)
	require.NoError(t, err)
	var colours [][]float32
	for _, label := range labels {
		colours = append(colours, oneOf(len(config.Classes), label))
	}
	got := onnxfiletest.Run(t, path, map[string]*tensors.Tensor{
		"noise": tensors.MustFromAnyValue(noise), "colour": tensors.MustFromAnyValue(colours),
	})
	require.Equal(t, []int{3, 3, config.Size, config.Size}, got.Shape().Dimensions)
	values := onnxfiletest.Floats(t, got)
	for i, picture := range want {
		for y := range config.Size {
			for x := range config.Size {
				for c := range 3 {
					value := values[((i*3+c)*config.Size+y)*config.Size+x]
					assert.InDelta(t, picture.Pix[picture.PixOffset(x, y)+c], (value+1)*127.5, 0.51)
				}
			}
		}
	}
}

func TestExportOfARunWithoutANetworkIsRefused(t *testing.T) {
	dir := t.TempDir()
	_, err := Experiment.Export(dir, "generator.onnx")
	require.ErrorIs(t, err, lab.ErrNotARun)
	run, err := Experiment.Create(filepath.Join(dir, "run"), preset(t, "smoke"))
	require.NoError(t, err)
	defer run.Close()
	for name, want := range map[string]error{
		"generator.onnx": lab.ErrNoCheckpoint, "generator.safetensors": lab.ErrNoCheckpoint,
		"generator.pt": lab.ErrNotOffered,
	} {
		path := filepath.Join(dir, name)
		_, err := Experiment.Export(run.Dir(), path)
		require.ErrorIs(t, err, want, name)
		assert.NoFileExists(t, path)
	}
	trained := trainedRun(t)
	_, err = Experiment.Export(trained.dir, filepath.Join(dir, "generator.safetensors"))
	require.ErrorIs(t, err, lab.ErrNotOffered, "BasicSR has no such network")
}
