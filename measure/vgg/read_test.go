package vgg

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/internal/weights/weightstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// madeVGG returns the convolutions of a VGG16 whose kernels are 0 but for a few values, and whose first biases have
// this mean and deviation.
func madeVGG(mean, deviation float32) []weights.Convolution {
	var convolutions []weights.Convolution
	inputs := 3
	for _, group := range groups {
		for range group.convolutions {
			c := weights.Convolution{Shape: []int{group.channels, inputs, 3, 3}}
			c.Kernel, c.Bias = make([]float32, group.channels*inputs*9), make([]float32, group.channels)
			c.Kernel[((5*inputs+2)*3+1)*3+2] = 0.25 // Output 5, input 2, row 1, column 2.
			convolutions = append(convolutions, c)
			inputs = group.channels
		}
	}
	for i := range convolutions[0].Bias {
		convolutions[0].Bias[i] = mean + deviation*float32(1-i%2*2)
	}
	return convolutions
}

func TestReadKnowsTheFormatsOfOthers(t *testing.T) {
	caffe, torchvision := madeVGG(0.5014, 0.3285), madeVGG(-0.0650, 0.5149)
	caffe[0].Kernel[18] = 1 // So that red's deviation is more than blue's.
	known := namings()
	assert.Equal(t, "features.28", known[0][12])
	assert.Equal(t, "conv5_3", known[1][12])
	assert.Equal(t, "block5_conv3", known[2][12])
	head := map[string]*tensors.Tensor{"classifier.0.weight": tensors.FromFlatDataAndDimensions([]float32{1, 2}, 1, 2)}
	dense := weights.Convolution{Shape: []int{7, 512, 3, 3}, Kernel: make([]float32, 7*512*9), Bias: make([]float32, 7)}
	for _, test := range []struct {
		name, path string
		want       Style
	}{
		{"ONNX", weightstest.WriteONNX(t, append(slices.Clone(caffe), dense), nil), Caffe},
		{"torchvision's names", weightstest.WriteSafetensors(t, known[0], torchvision, head), Torchvision},
		{"torchvision's names for Caffe's weights", weightstest.WriteSafetensors(t, known[0], caffe, head), Caffe},
		{"Caffe's names for torchvision's weights", weightstest.WriteSafetensors(t, known[1], torchvision, nil), Torchvision},
		{"Keras' names", weightstest.WriteSafetensors(t, known[2], caffe, nil), Caffe},
	} {
		t.Run(test.name, func(t *testing.T) {
			network, err := Read(test.path)
			require.NoError(t, err)
			assert.Equal(t, test.want, network.Style)
			require.Len(t, network.Weights, 26)
			assert.Equal(t, []int{3, 3, 256, 512}, network.Weights["conv4_1/weights"].Shape().Dimensions)
			assert.Equal(t, []int{512}, network.Weights["conv5_3/bias"].Shape().Dimensions)
			kernel := tensors.MustCopyFlatData[float32](network.Weights["conv1_2/weights"])
			assert.Equal(t, float32(0.25), kernel[((1*3+2)*64+2)*64+5], "row 1, column 2, input 2, output 5")
			assert.Equal(t, 1, len(slices.DeleteFunc(kernel, func(v float32) bool { return v == 0 })))
		})
	}
}

func TestVGGThatTakesRGBIsTurned(t *testing.T) {
	made := madeVGG(0.5014, 0.3285)
	clear(made[0].Kernel)
	made[0].Kernel[9*3*7+4] = 1 // Output 7, the first input, the middle: red, since its deviation is the largest.
	network, err := newNetwork(made)
	require.NoError(t, err)
	assert.Equal(t, Caffe, network.Style)
	kernel := tensors.MustCopyFlatData[float32](network.Weights["conv1_1/weights"])
	assert.Equal(t, float32(1), kernel[(4*3+2)*64+7], "the last input is red in Caffe's")
	assert.Zero(t, kernel[(4*3+0)*64+7])
}

func TestFilesThatAreNoVGGAreRefused(t *testing.T) {
	made := func() []weights.Convolution { return madeVGG(0.5014, 0.3285) }
	caffeNames := scopes(len(groups))
	onnx := func(convolutions []weights.Convolution) string { return weightstest.WriteONNX(t, convolutions, nil) }
	// changed writes the first convolution with a field added to its kernel.
	changed := func(field weightstest.Message) string {
		return weightstest.WriteONNX(t, made()[:1], func(_ int, m weightstest.Message) weightstest.Message {
			return append(m, field...)
		})
	}
	nothing := func(int, weightstest.Message) weightstest.Message { return nil }
	withoutKernel := weightstest.WriteONNX(t, made()[:1], nothing)
	named := func(names []string, convolutions []weights.Convolution) string {
		return weightstest.WriteSafetensors(t, names, convolutions, nil)
	}
	nan, infinite, another := made(), made(), made()
	nan[3].Kernel[7] = float32(math.NaN())
	infinite[0].Bias[7] = float32(math.Inf(1))
	another = append(another[:1:1], another[2:]...)
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	cut := func(path string) string {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(path, info.Size()/2))
		return path
	}
	field := weightstest.Message{}
	for name, test := range map[string]struct{ path, want string }{
		"no file":        {filepath.Join(t.TempDir(), "none.onnx"), "no such file"},
		"another format": {file("vgg16.pth", "PK"), `weights are read from .onnx and .safetensors files, not from ".pth"`},
		"no ONNX":        {file("text.onnx", "It is a truth universally acknowledged"), "not an ONNX file, or cut short"},
		"empty ONNX":     {file("empty.onnx", ""), "it has 0 convolutions instead of 13"},
		"ONNX cut short": {cut(onnx(made())), "not an ONNX file, or cut short"},
		"fewer in ONNX":  {onnx(made()[:12]), "it has 12 convolutions instead of 13"},
		"another in ONNX": {onnx(append(another, another[11])),
			"kernel1 has kernels of [128 64 3 3] and 128 biases instead of [64 64 3 3] and 64"},
		"NaN in ONNX":      {onnx(nan), "kernel3 has weights that are NaN"},
		"values elsewhere": {changed(field.Varint(weightstest.TensorDataLocation, 1)), "kernel0: its values are in another"},
		"whole numbers":    {changed(field.Varint(weightstest.TensorDataType, 6)), "kernel0: there is no such constant"},
		"lying shape":      {changed(field.Varint(weightstest.TensorDims, 1<<62)), "kernel0: shape"},
		"no kernel":        {withoutKernel, "kernel0: there is no such constant"},
		"safetensors cut":  {cut(named(caffeNames, made())), "cut short or damaged"},
		"other names": {named([]string{"conv_first"}, made()[:1]),
			"there is no tensor features.0.weight or conv1_1.weight or block1_conv1.weight"},
		"fewer":    {named(caffeNames, made()[:5]), "conv3_2.weight or conv3_2.bias is missing"},
		"infinite": {named(caffeNames, infinite), "conv1_1 has weights that are NaN or infinite"},
		"trained otherwise": {named(caffeNames, madeVGG(0, 0.1)),
			"neither Caffe's nor torchvision's: the biases of conv1_1 have mean 0.000 and deviation 0.100"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(test.path)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, test.path)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}
