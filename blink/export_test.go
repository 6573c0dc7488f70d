package blink

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExportedGeneratorsDrawTheSameFrames(t *testing.T) {
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	for _, name := range []string{
		"smoke", "smoke-flat", "smoke-content", "smoke-lids", "smoke-convlstm", "smoke-mocogan",
		"smoke-tgan", "smoke-dynamics", "smoke-forecast", "smoke-tganv2", "smoke-tgan from noise",
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			settings := []string{"drawn=1", "drawn_size=32", "batch=1", "steps=1", "average_decay=0.5"}
			preset, alone := strings.CutSuffix(name, " from noise")
			if alone {
				settings = append(settings, "unconditional=true", "content=0")
			}
			config, err := Experiment.Configure(dir, preset, nil, settings...)
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
			if config.Network == "lids" {
				motion = onnxfiletest.Random(1, Frames)
				b.generator = lidsOf(t, backend, dir, config)
			}
			arguments := []any{picture, motion}
			noise := onnxfiletest.Random(1, max(config.noise(), 1))
			switch config.Network {
			case "convlstm", "dynamics":
				motion = onnxfiletest.Random(1, Frames, config.Size, config.Size, 3)
				arguments[1] = motion
			case "mocogan", "tgan", "tganv2":
				arguments = append(arguments, noise)
			}
			if alone {
				arguments = []any{noise}
			}
			want, err := b.generator.Call1(arguments...)
			require.NoError(t, err)
			inputs := map[string]*tensors.Tensor{}
			if !alone {
				inputs["picture"] = onnxfiletest.ChannelsFirst(t, picture)
			}
			switch config.Network {
			case "unet", "forecast":
				inputs["motion"] = onnxfiletest.ChannelsFirst(t, motion)
			case "lids":
				inputs["openings"] = motion
			case "convlstm", "dynamics":
				inputs["reference"] = onnxfiletest.ChannelsFirst(t, motion)
			case "mocogan", "tgan", "tganv2":
				inputs["noise"] = noise
			}
			got := onnxfiletest.Run(t, path, inputs)
			assert.Equal(t, []int{1, Frames, 3, config.Size, config.Size}, got.Shape().Dimensions)
			want = onnxfiletest.ChannelsFirst(t, want)
			assert.InDeltaSlice(t, onnxfiletest.Floats(t, want), onnxfiletest.Floats(t, got), 1e-4)
		})
	}
}

// lidsOf compiles the whole of [Lids], which [Open] does not.
func lidsOf(t *testing.T, backend compute.Backend, dir string, config Config) *model.Exec {
	t.Helper()
	scope := lab.DrawnScope(config.AverageDecay)
	weights := weightsOf(t, dir).Below(scope + "/paint").At(scope + "/paint")
	exec, err := lab.Compile(backend, weights, func(root *model.Scope, inputs []*Node) *Node {
		return Lids(root.At("%s", scope), config, Given{Picture: inputs[0], Openings: inputs[1]})
	}, shapes.Make(dtypes.Float32, 1, config.Size, config.Size, 3), shapes.Make(dtypes.Float32, 1, Frames))
	require.NoError(t, err)
	return exec
}
