package blink

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/onnxfile/onnxfiletest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The counts of Saito et al.'s code, for 192×192 pixels, and beside them the encoder, which is ours.
func TestTGANv2HasTheWeightsOfItsPaper(t *testing.T) {
	config, err := Experiment.Preset("article-tganv2")
	require.NoError(t, err)
	least, sizes := config.sizes()
	assert.Equal(t, 3, least)
	assert.Equal(t, []int{24, 48, 96, 192}, sizes)
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	conv := func(size, inputs, outputs int) int { return size*inputs*outputs + outputs }
	block := func(inputs, outputs int) int {
		return norm(inputs) + conv(9, inputs, outputs) + norm(outputs) + conv(9, outputs, outputs) + conv(1, inputs, outputs)
	}
	render := func(channels int) int { return norm(channels) + conv(9, channels, 3) }
	seed := 256*9*1024 + 9*1024
	generator := sumOf(
		seed, conv(9, 2048, 4096), block(1024, 512), block(512, 256), block(256, 128), block(128, 64), block(64, 32),
		block(32, 32), render(128), render(64), render(32), render(32),
	)
	assert.InDelta(t, 88.0e6, generator, 0.1e6, "the paper's generator")
	encoder := sumOf(
		conv(16, 3, 64), conv(16, 64, 128), norm(128), conv(16, 128, 256), norm(256), conv(16, 256, 512), norm(512),
		12*12*512*128+128,
	)
	count := func(build func(scope *model.Scope, g *Graph) *Node) int { return weightsMade(t, backend, build) }
	assert.Equal(t, generator+encoder, count(func(scope *model.Scope, g *Graph) *Node {
		return TGANv2(scope, config, Given{Picture: Zeros(g, f32(1, 192, 192, 3)), Noise: Zeros(g, f32(1, 128))})
	}))

	residual := func(inputs, hidden, outputs int) int {
		return conv(27, inputs, hidden) + conv(27, hidden, outputs) + conv(1, inputs, outputs)
	}
	discriminator := sumOf(
		residual(3, 64, 64), residual(64, 64, 128), residual(128, 128, 256), residual(256, 256, 512),
		residual(512, 512, 1024), 1024+1,
	)
	assert.InDelta(t, 29.0e6, discriminator, 0.1e6, "one of the paper's four discriminators")
	assert.Equal(t, 4*discriminator, count(func(scope *model.Scope, g *Graph) *Node {
		values := 3 * (16*24*24 + 8*48*48 + 4*96*96 + 2*192*192)
		return PyramidDiscriminator(scope, config, Zeros(g, f32(1, values)))
	}))
}

// Of real videos it keeps every other frame at each larger size, from the first or the second one, and the mean of what
// a pixel of a smaller one covers.
func TestPyramidThinsAndShrinksRealVideos(t *testing.T) {
	config, err := Experiment.Preset("smoke-tganv2")
	require.NoError(t, err)
	require.Equal(t, 16, config.Size)
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	const each = 16 * 16 * 3
	videos := randomValues(Frames * each)
	uniform := make([]float32, Frames)
	for from, drawn := range []float32{0.49, 0.51} {
		uniform[1] = drawn
		exec, err := model.NewExec(backend, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
			fake, real := Pyramid(scope, config, Given{Picture: firstFrame(in[0]), Noise: in[1], Uniform: in[2]}, in[0])
			return []*Node{fake, real}
		})
		require.NoError(t, err)
		outputs, err := exec.Call(
			tensors.FromFlatDataAndDimensions(videos, 1, Frames, 16, 16, 3),
			tensors.FromFlatDataAndDimensions(randomValues(tganv2Code), 1, tganv2Code),
			tensors.FromFlatDataAndDimensions(uniform, 1, Frames))
		require.NoError(t, err)
		real := valuesOf(t, outputs[1])
		require.Len(t, real, Frames*8*8*3+Frames/2*each)
		require.Len(t, valuesOf(t, outputs[0]), len(real))
		at := func(frame, y, x, c int) float32 { return videos[frame*each+(y*16+x)*3+c] }
		for frame := range Frames {
			mean := (at(frame, 6, 10, 1) + at(frame, 6, 11, 1) + at(frame, 7, 10, 1) + at(frame, 7, 11, 1)) / 4
			assert.InDelta(t, mean, real[frame*8*8*3+(3*8+5)*3+1], 1e-6)
		}
		large := real[Frames*8*8*3:]
		for frame := range Frames / 2 {
			assert.Equal(t, videos[(2*frame+from)*each:][:each], large[frame*each:][:each])
		}
		exec.Finalize()
	}
}
