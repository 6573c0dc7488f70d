package esrgan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// madeVGG returns the convolutions of a VGG16 whose kernels are 0 but for a few values, and whose first biases have this mean and deviation.
func madeVGG(mean, deviation float32) []convolution {
	var convolutions []convolution
	inputs := 3
	for _, group := range vggGroups {
		for range group.convolutions {
			c := convolution{shape: []int{group.channels, inputs, 3, 3}}
			c.kernel, c.bias = make([]float32, group.channels*inputs*9), make([]float32, group.channels)
			c.kernel[((5*inputs+2)*3+1)*3+2] = 0.25 // Output 5, input 2, row 1, column 2.
			convolutions = append(convolutions, c)
			inputs = group.channels
		}
	}
	for i := range convolutions[0].bias {
		convolutions[0].bias[i] = mean + deviation*float32(1-i%2*2)
	}
	return convolutions
}

// writeSafetensors writes convolutions under their names.
func writeSafetensors(t *testing.T, names []string, convolutions []convolution, more map[string]*tensors.Tensor) (path string) {
	t.Helper()
	values := maps.Clone(more)
	if values == nil {
		values = map[string]*tensors.Tensor{}
	}
	for i, c := range convolutions {
		values[names[i]+".weight"] = tensors.FromFlatDataAndDimensions(c.kernel, c.shape...)
		values[names[i]+".bias"] = tensors.FromFlatDataAndDimensions(c.bias, len(c.bias))
	}
	path = filepath.Join(t.TempDir(), "weights.safetensors")
	writeValues(t, path, values)
	return path
}

func writeValues(t *testing.T, path string, values map[string]*tensors.Tensor) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, lab.WriteSafetensors(file, values, nil))
	require.NoError(t, file.Close())
}

// message builds a protobuf message.
type message []byte

func (m message) bytes(number protowire.Number, value []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, number, protowire.BytesType), value)
}

func (m message) varint(number protowire.Number, value uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, number, protowire.VarintType), value)
}

// onnxGraph makes a graph of convolutions; change may change the message of each kernel.
func onnxGraph(convolutions []convolution, change func(i int, kernel message) message) message {
	var graph message
	for i, c := range convolutions {
		kernel, bias := fmt.Sprintf("kernel%d", i), fmt.Sprintf("bias%d", i)
		graph = graph.bytes(graphNode, message{}.bytes(nodeInput, []byte("x")).bytes(nodeInput, []byte(kernel)).bytes(nodeInput, []byte(bias)).bytes(nodeOpType, []byte("Conv")))
		graph = graph.bytes(graphNode, message{}.bytes(nodeInput, []byte("x")).bytes(nodeOpType, []byte("Relu")))
		tensor := message{}.bytes(tensorName, []byte(kernel)).varint(tensorDataType, 1)
		if i%2 == 0 {
			for _, dim := range c.shape {
				tensor = tensor.varint(tensorDims, uint64(dim))
			}
		} else { // The same, packed.
			var packed []byte
			for _, dim := range c.shape {
				packed = protowire.AppendVarint(packed, uint64(dim))
			}
			tensor = tensor.bytes(tensorDims, packed)
		}
		graph = graph.bytes(graphInitializer, change(i, tensor.bytes(tensorRawData, raw(c.kernel))))
		graph = graph.bytes(graphInitializer, message{}.bytes(tensorName, []byte(bias)).varint(tensorDataType, 1).varint(tensorDims, uint64(len(c.bias))).bytes(tensorFloatData, raw(c.bias)))
	}
	return graph
}

func raw(values []float32) (data []byte) {
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}

func writeONNX(t *testing.T, convolutions []convolution, change func(i int, kernel message) message) (path string) {
	t.Helper()
	if change == nil {
		change = func(_ int, kernel message) message { return kernel }
	}
	path = filepath.Join(t.TempDir(), "net.onnx")
	data := message{}.varint(1, 7).bytes(2, []byte("a test")).bytes(modelGraph, onnxGraph(convolutions, change))
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

func TestReadVGG(t *testing.T) {
	caffe, torchvision := madeVGG(0.5014, 0.3285), madeVGG(-0.0650, 0.5149)
	caffe[0].kernel[18] = 1 // So that red's deviation is more than blue's.
	namings := vggNamings()
	assert.Equal(t, "features.28", namings[0][12])
	assert.Equal(t, "conv5_3", namings[1][12])
	assert.Equal(t, "block5_conv3", namings[2][12])
	head := map[string]*tensors.Tensor{"classifier.0.weight": tensors.FromFlatDataAndDimensions([]float32{1, 2}, 1, 2)}
	dense := convolution{shape: []int{7, 512, 3, 3}, kernel: make([]float32, 7*512*9), bias: make([]float32, 7)}
	for _, test := range []struct {
		name, path string
		want       VGGStyle
	}{
		{"ONNX", writeONNX(t, append(slices.Clone(caffe), dense), nil), Caffe},
		{"torchvision's names", writeSafetensors(t, namings[0], torchvision, head), Torchvision},
		{"torchvision's names for Caffe's weights", writeSafetensors(t, namings[0], caffe, head), Caffe},
		{"Caffe's names for torchvision's weights", writeSafetensors(t, namings[1], torchvision, nil), Torchvision},
		{"Keras' names", writeSafetensors(t, namings[2], caffe, nil), Caffe},
	} {
		t.Run(test.name, func(t *testing.T) {
			vgg, err := ReadVGG(test.path)
			require.NoError(t, err)
			assert.Equal(t, test.want, vgg.Style)
			require.Len(t, vgg.Weights, 26)
			assert.Equal(t, []int{3, 3, 256, 512}, vgg.Weights["conv4_1/weights"].Shape().Dimensions)
			assert.Equal(t, []int{512}, vgg.Weights["conv5_3/bias"].Shape().Dimensions)
			kernel := tensors.MustCopyFlatData[float32](vgg.Weights["conv1_2/weights"])
			assert.Equal(t, float32(0.25), kernel[((1*3+2)*64+2)*64+5], "row 1, column 2, input 2, output 5")
			assert.Equal(t, 1, len(slices.DeleteFunc(kernel, func(v float32) bool { return v == 0 })))
		})
	}
}

func TestVGGThatTakesRGBIsTurned(t *testing.T) {
	made := madeVGG(0.5014, 0.3285)
	clear(made[0].kernel)
	made[0].kernel[9*3*7+4] = 1 // Output 7, the first input, the middle: red, since its deviation is the largest.
	vgg, err := newVGG(made)
	require.NoError(t, err)
	assert.Equal(t, Caffe, vgg.Style)
	kernel := tensors.MustCopyFlatData[float32](vgg.Weights["conv1_1/weights"])
	assert.Equal(t, float32(1), kernel[(4*3+2)*64+7], "the last input is red in Caffe's")
	assert.Zero(t, kernel[(4*3+0)*64+7])
}

func TestFilesThatAreNoVGGAreRefused(t *testing.T) {
	made := madeVGG(0.5014, 0.3285)
	changed := func(change func(convolutions []convolution) []convolution) []convolution {
		return change(madeVGG(0.5014, 0.3285))
	}
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
	caffeNames := vggNames(len(vggGroups))
	for name, test := range map[string]struct{ path, want string }{
		"no file":          {filepath.Join(t.TempDir(), "none.onnx"), "no such file"},
		"another format":   {file("vgg16.pth", "PK"), `weights are read from .onnx and .safetensors files, not from ".pth"`},
		"no ONNX":          {file("text.onnx", "It is a truth universally acknowledged"), "it is no ONNX file, or cut short"},
		"empty ONNX":       {file("empty.onnx", ""), "it has 0 convolutions where 13 were due"},
		"ONNX cut short":   {cut(writeONNX(t, made, nil)), "it is no ONNX file, or cut short"},
		"fewer in ONNX":    {writeONNX(t, made[:12], nil), "it has 12 convolutions where 13 were due"},
		"another in ONNX":  {writeONNX(t, append([]convolution{made[0], made[2]}, made[2:]...), nil), "kernel1 has kernels of [128 64 3 3] and 128 biases where [64 64 3 3] and 64 were due"},
		"NaN in ONNX":      {writeONNX(t, changed(func(c []convolution) []convolution { c[3].kernel[7] = float32(math.NaN()); return c }), nil), "kernel3 has weights that are no numbers"},
		"values elsewhere": {writeONNX(t, made[:1], func(_ int, m message) message { return m.varint(tensorDataLocation, 1) }), "kernel0: its values are in a file beside it"},
		"whole numbers":    {writeONNX(t, made[:1], func(_ int, m message) message { return m.varint(tensorDataType, 6) }), "kernel0: there is no such constant"},
		"lying shape":      {writeONNX(t, made[:1], func(_ int, m message) message { return m.varint(tensorDims, 1<<62) }), "kernel0: shape"},
		"no kernel":        {writeONNX(t, made[:1], func(int, message) message { return nil }), "kernel0: there is no such constant"},
		"safetensors cut":  {cut(writeSafetensors(t, caffeNames, made, nil)), "cut short or damaged"},
		"other names":      {writeSafetensors(t, []string{"conv_first"}, made[:1], nil), "there is no tensor features.0.weight or conv1_1.weight or block1_conv1.weight"},
		"fewer":            {writeSafetensors(t, caffeNames, made[:5], nil), "conv3_2.weight or conv3_2.bias is missing"},
		"infinite": {writeSafetensors(t, caffeNames, changed(func(c []convolution) []convolution { c[0].bias[7] = float32(math.Inf(1)); return c }), nil),
			"conv1_1 has weights that are no numbers or infinite"},
		"trained otherwise": {writeSafetensors(t, caffeNames, madeVGG(0, 0.1), nil), "neither Caffe's nor torchvision's: the biases of conv1_1 have mean 0.000 and deviation 0.100"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadVGG(test.path)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, test.path)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

// madeRRDB returns the convolutions of a net of two blocks, which package ncnn was seen to run as we do.
func madeRRDB(t *testing.T) []convolution {
	t.Helper()
	layers, err := readNCNN(smallNCNN("rrdb"))
	require.NoError(t, err)
	var convolutions []convolution
	for _, l := range layers {
		if l.kind == "Convolution" {
			convolutions = append(convolutions, l.weights)
		}
	}
	return convolutions
}

func TestReadRRDB(t *testing.T) {
	made := madeRRDB(t)
	_, want, err := fitRRDB(made)
	require.NoError(t, err)
	for i, known := range [][]string{ // Places 0, 1, 29, 30 and so on.
		{"conv_first", "body.0.rdb1.conv1", "body.1.rdb3.conv4", "body.1.rdb3.conv5", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"},
		{"conv_first", "RRDB_trunk.0.RDB1.conv1", "RRDB_trunk.1.RDB3.conv4", "RRDB_trunk.1.RDB3.conv5", "trunk_conv", "upconv1", "upconv2", "HRconv", "conv_last"},
		{"model.0", "model.1.sub.0.RDB1.conv1.0", "model.1.sub.1.RDB3.conv4.0", "model.1.sub.1.RDB3.conv5.0", "model.1.sub.2", "model.3", "model.6", "model.8", "model.10"},
	} {
		t.Run(known[1], func(t *testing.T) {
			names := rrdbNamings[i].names(2)
			require.Equal(t, known, slices.Concat(names[:2], names[29:]))
			config, weights, err := ReadRRDB(writeSafetensors(t, names, made, nil))
			require.NoError(t, err)
			require.NoError(t, config.Validate())
			assert.Equal(t, []int{2, 5, 3}, []int{config.Blocks, config.Channels, config.Growth})
			assert.Len(t, weights, len(want))
			for name, value := range want {
				require.True(t, value.Equal(weights[name]), name)
			}
		})
	}
	config, weights, err := fitRRDB(made)
	require.NoError(t, err)
	upscaler, err := NewUpscaler(openXLA(t), "test", Scale, func(scope *model.Scope, x *Node) *Node { return RRDBNet(scope, config, x) }, weights)
	require.NoError(t, err, "RRDBNet has just these variables")
	upscaler.Close()
}

func TestReadRRDBOfHalfPrecision(t *testing.T) {
	made, names := madeRRDB(t), rrdbNamings[0].names(2)
	values := map[string]*tensors.Tensor{}
	for i, c := range made {
		values[names[i]+".weight"] = tensors.FromFlatDataAndDimensions(float16.FromFloat32s(c.kernel...), c.shape...)
		values[names[i]+".bias"] = tensors.FromFlatDataAndDimensions(bfloat16.FromFloat32s(c.bias...), len(c.bias))
	}
	path := filepath.Join(t.TempDir(), "half.safetensors")
	writeValues(t, path, values)
	_, weights, err := ReadRRDB(path)
	require.NoError(t, err)
	_, want, err := fitRRDB(made)
	require.NoError(t, err)
	assert.True(t, want["rgb/weights"].Equal(weights["rgb/weights"]), "ncnn's had 16 bits too")
	assert.InDeltaSlice(t, tensors.MustCopyFlatData[float32](want["rgb/bias"]), tensors.MustCopyFlatData[float32](weights["rgb/bias"]), 1e-3)
}

func TestFilesThatAreNoRRDBAreRefused(t *testing.T) {
	names := rrdbNamings[0].names(2)
	changed := func(change func(convolutions []convolution)) string {
		made := madeRRDB(t)
		change(made)
		return writeSafetensors(t, names, made, nil)
	}
	cut := changed(func([]convolution) {})
	require.NoError(t, os.Truncate(cut, 10_000))
	more := map[string]*tensors.Tensor{"conv_up3.weight": tensors.FromFlatDataAndDimensions([]float32{1}, 1)}
	whole := tensors.FromFlatDataAndDimensions([]int32{1}, 1)
	text := filepath.Join(t.TempDir(), "text.safetensors")
	require.NoError(t, os.WriteFile(text, bytes.Repeat([]byte("text"), 100), 0o644))
	for name, test := range map[string]struct{ path, want string }{
		"no file":           {filepath.Join(t.TempDir(), "none.safetensors"), "no such file"},
		"no safetensors":    {text, "no safetensors file"},
		"cut short":         {cut, "cut short"},
		"NaN":               {changed(func(c []convolution) { c[20].kernel[0] = float32(math.NaN()) }), "body.1.rdb1.conv5 has weights that are no numbers"},
		"another net":       {writeSafetensors(t, []string{"features.0"}, madeRRDB(t)[:1], nil), "it has no tensor body.0.rdb1.conv1.weight"},
		"not whole":         {writeSafetensors(t, names, madeRRDB(t)[:30], nil), "body.1.rdb3.conv5.weight or body.1.rdb3.conv5.bias is missing"},
		"of factor 8":       {writeSafetensors(t, names, madeRRDB(t), more), "an RRDB net of factor 4 has no tensor conv_up3.weight"},
		"of factor 2":       {changed(func(c []convolution) { c[0].shape = []int{5, 12, 3, 3}; c[0].kernel = make([]float32, 5*12*9) }), "conv_first has kernels of [5 12 3 3] and 5 biases where [5 3 3 3] and 5 were due"},
		"other kernels":     {changed(func(c []convolution) { c[1].shape = []int{3, 5, 9, 1} }), "body.0.rdb1.conv1 has kernels of [3 5 9 1]"},
		"of whole numbers":  {writeSafetensors(t, names, nil, map[string]*tensors.Tensor{"conv_first.weight": whole, "conv_first.bias": whole, "body.0.rdb1.conv1.weight": whole}), "type Int32 are not supported"},
		"without biases":    {writeSafetensors(t, names, nil, map[string]*tensors.Tensor{"conv_first.weight": whole, "body.0.rdb1.conv1.weight": whole}), "conv_first.weight or conv_first.bias is missing"},
		"a vector for all":  {changed(func(c []convolution) { c[0].shape = []int{135} }), "conv_first has kernels of [135]"},
		"growth that jumps": {changed(func(c []convolution) { c[16], c[17] = c[17], c[16] }), "body.1.rdb1.conv1 has kernels of"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ReadRRDB(test.path)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, test.path)
			assert.False(t, strings.Contains(err.Error(), "\n"), err)
		})
	}
}
