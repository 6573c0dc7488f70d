//go:build slow

package vgg

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/venv"
	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/internal/weights/weightstest"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The numbers are the known ones of Keras' VGG16.
func TestInstalledVGGIsImageNets(t *testing.T) {
	path, err := Install(t.Context(), os.Stderr)
	require.NoError(t, err)
	assert.Equal(t, path, Installed())
	start := time.Now()
	network, err := Read(path)
	require.NoError(t, err)
	took := time.Since(start)
	t.Log("read in", took)
	assert.Less(t, took, 2*time.Second)
	assert.Equal(t, Caffe, network.Style)

	values := func(name string) []float32 { return tensors.MustCopyFlatData[float32](network.Weights[name]) }
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

func TestInstalledVGGMatchesONNXRuntime(t *testing.T) {
	const side = 240 // The size that the file's own head expects.
	path, err := Install(t.Context(), os.Stderr)
	require.NoError(t, err)
	network, err := Read(path)
	require.NoError(t, err)
	picture := unit((*image.NRGBA)(portrait.At(1, 0).Draw(side)))

	store := model.NewStore()
	lab.Weights(network.Weights).Into(store)
	backend, err := openBackend()
	require.NoError(t, err)
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, x *Node) []*Node {
		features := network.Features(scope, x, len(Layers), true)
		for i, f := range features {
			features[i] = MulScalar(TransposeAllAxes(f, 0, 3, 1, 2), caffeScale) // ONNX Runtime does not divide.
		}
		return features
	})
	require.NoError(t, err)
	defer exec.Finalize()
	got, err := exec.Call(tensors.FromFlatDataAndDimensions(picture, 1, side, side, 3))
	require.NoError(t, err)

	want := runVGG(t, path, picture, side)
	for i, layer := range Layers {
		features := tensors.MustCopyFlatData[float32](got[i])
		var difference, size float64
		for j, v := range features {
			difference += float64(v-want[j]) * float64(v-want[j])
			size += float64(want[j]) * float64(want[j])
		}
		want = want[len(features):]
		t.Logf("%s: relative error %.1e", layer, math.Sqrt(difference/size))
		assert.Less(t, math.Sqrt(difference/size), 1e-5, layer)
	}
	assert.Empty(t, want)
}

// runVGG returns the features that onnxruntime finds in a picture.
func runVGG(t *testing.T, path string, picture []float32, side int) []float32 {
	t.Helper()
	packages := []string{"onnx==1.19.1", "onnxruntime==1.22.1", "numpy==2.2.6"}
	env, err := venv.Ensure(t.Context(), "onnxruntime", packages, os.Stderr)
	require.NoError(t, err)
	var input []float32
	for i := 0; i < len(picture); i += 3 {
		input = append(input, 255*picture[i+2]-103.939, 255*picture[i+1]-116.779, 255*picture[i]-123.68)
	}
	command := exec.CommandContext(t.Context(), env.Python(), "testdata/run_vgg.py", path, fmt.Sprint(side))
	command.Stdin, command.Stderr = bytes.NewReader(weightstest.Raw(input)), os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	features, err := weights.DecodeFloats(dtypes.Float32, out)
	require.NoError(t, err)
	return features
}
