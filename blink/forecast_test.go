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

// The counts of Zhao et al.'s code, for 64×64 pixels and the flow's two channels instead of the normals' three.
func TestForecastHasTheWeightsOfItsPaper(t *testing.T) {
	config, err := Experiment.Preset("article-forecast")
	require.NoError(t, err)
	config.Temporal = false
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	conv := func(inputs, outputs int) int { return 9*inputs*outputs + outputs }
	down := func(inputs, outputs int) int { return 2*conv(inputs, outputs) + conv(outputs, outputs) }
	up := func(inputs, outputs int) int {
		return norm(inputs) + 2*conv(inputs, outputs) + norm(outputs) + conv(outputs, outputs)
	}
	downs := down(64, 128) + down(128, 256) + down(256, 512) + down(512, 512)
	encoder := func(inputs int) int { return conv(inputs, 64) + downs + 4*4*512*128 + 128 }
	decoder := sumOf(
		128*4*4*512+4*4*512, up(2048, 512), up(2560, 256), up(2048, 128), up(1792, 64), norm(64), conv(256, 3), conv(256, 1),
	)
	assert.InDelta(t, 70.3e6, encoder(3)+encoder(3)+decoder, 0.1e6, "the paper's generator")
	assert.InDelta(t, 13.3e6, conv(6, 64)+downs+4*4*512+1, 0.1e6, "its discriminator")

	count := func(build func(scope *model.Scope, g *Graph) *Node) int { return weightsMade(t, backend, build) }
	assert.Equal(t, encoder(3)+encoder(2)+decoder, count(func(scope *model.Scope, g *Graph) *Node {
		given := Given{Picture: Zeros(g, f32(1, 64, 64, 3)), Motion: Zeros(g, f32(1, 2, 64, 64, 2))}
		video, _ := Forecast(scope, config, given)
		return video
	}))
	assert.Equal(t, conv(5, 64)+downs+4*4*512+1, count(func(scope *model.Scope, g *Graph) *Node {
		return ResidualDiscriminator(scope, config, Zeros(g, f32(1, 64, 64, 5)))
	}))
}

// What the mask leaves is the picture.
func TestForecastKeepsThePictureWhereItsMaskIsZero(t *testing.T) {
	config, err := Experiment.Preset("smoke-forecast")
	require.NoError(t, err)
	config.Temporal = false
	backend, err := onnxfiletest.Backend()
	require.NoError(t, err)
	exec, err := model.NewExec(backend, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
		video, mask := Forecast(scope, config, Given{Picture: in[0], Motion: in[1]})
		still := BroadcastToShape(ExpandAxes(in[0], 1), video.Shape())
		return []*Node{ReduceAllMax(Abs(Sub(video, still))), ReduceAllMin(mask), ReduceAllMax(mask), ReduceAllMax(Sub(
			Abs(Sub(video, still)), BroadcastToShape(MulScalar(mask, 2), video.Shape()),
		))}
	})
	require.NoError(t, err)
	defer exec.Finalize()
	size := config.Size
	outputs, err := exec.Call(
		tensors.FromFlatDataAndDimensions(randomValues(size*size*3), 1, size, size, 3),
		tensors.FromFlatDataAndDimensions(randomValues(2*size*size*2), 1, 2, size, size, 2))
	require.NoError(t, err)
	of := func(i int) float32 { return tensors.ToScalar[float32](outputs[i]) }
	assert.Greater(t, of(0), float32(0.01), "the picture moves")
	assert.Greater(t, of(1), float32(0))
	assert.Less(t, of(2), float32(1))
	assert.LessOrEqual(t, of(3), float32(1e-4), "it differs by no more than the mask lets through")
}
