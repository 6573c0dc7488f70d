//go:build slow

package esrgan

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The figures are those that Keras' VGG16 is known to have.
func TestInstalledVGGIsImageNets(t *testing.T) {
	path, err := InstallVGG(t.Context(), os.Stderr)
	require.NoError(t, err)
	assert.Equal(t, path, InstalledVGG())
	start := time.Now()
	vgg, err := ReadVGG(path)
	require.NoError(t, err)
	took := time.Since(start)
	t.Log("read in", took)
	assert.Less(t, took, 2*time.Second)
	assert.Equal(t, Caffe, vgg.Style)

	values := func(name string) []float32 { return tensors.MustCopyFlatData[float32](vgg.Weights[name]) }
	kernel := values("conv1_1/weights")
	mean, deviation := meanDeviation(kernel)
	assert.InDelta(t, -0.00243791, mean, 1e-8)
	assert.InDelta(t, 0.20669945, deviation, 1e-8)
	assert.Equal(t, float32(-0.67140007), slices.Min(kernel))
	assert.Equal(t, float32(0.6085159), slices.Max(kernel))
	mean, deviation = meanDeviation(values("conv5_3/weights"))
	assert.InDelta(t, -0.00108189, mean, 1e-8)
	assert.InDelta(t, 0.008478405, deviation, 1e-8)
	mean, _ = meanDeviation(values("conv5_3/bias"))
	assert.InDelta(t, 0.14986369, mean, 1e-7)
}
