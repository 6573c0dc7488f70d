package blink

import (
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExportedGeneratorsDrawTheSameFrames(t *testing.T) {
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	for _, preset := range []string{"smoke", "smoke-flat", "smoke-content"} {
		t.Run(preset, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			config, err := Experiment.Configure(
				dir, preset, nil, "drawn=1", "drawn_size=32", "batch=1", "steps=1", "average_decay=0.5",
			)
			require.NoError(t, err)
			_, err = Train(t.Context(), dir, config, lab.TrainOptions{Backend: backend})
			require.NoError(t, err)
			b, err := Open(backend, dir)
			require.NoError(t, err)
			defer b.Close()
			path := filepath.Join(t.TempDir(), "generator.onnx")
			_, err = Experiment.Export(dir, path)
			require.NoError(t, err)

			picture := onnxfiletest.Random(1, config.Size, config.Size, 3)
			motion := onnxfiletest.Random(1, Frames, config.Size, config.Size, 2)
			want, err := b.generator.Call1(picture, motion)
			require.NoError(t, err)
			inputs := map[string]*tensors.Tensor{"picture": onnxfiletest.ChannelsFirst(t, picture)}
			if config.Network == "unet" {
				inputs["motion"] = onnxfiletest.ChannelsFirst(t, motion)
			}
			got := onnxfiletest.Run(t, path, inputs)
			assert.Equal(t, []int{1, Frames, 3, config.Size, config.Size}, got.Shape().Dimensions)
			want = onnxfiletest.ChannelsFirst(t, want)
			assert.InDeltaSlice(t, onnxfiletest.Floats(t, want), onnxfiletest.Floats(t, got), 1e-4)
		})
	}
}
