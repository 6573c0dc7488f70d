// Package weightstest writes files of weights for tests.
package weightstest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/safetensors"
	"github.com/moelab/moelab/internal/weights"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// WriteSafetensors writes convolutions under their names, and other tensors, to a new file.
func WriteSafetensors(
	t testing.TB, names []string, convolutions []weights.Convolution, more map[string]*tensors.Tensor,
) (path string) {
	t.Helper()
	values := maps.Clone(more)
	if values == nil {
		values = map[string]*tensors.Tensor{}
	}
	for i, c := range convolutions {
		values[names[i]+".weight"] = tensors.FromFlatDataAndDimensions(c.Kernel, c.Shape...)
		values[names[i]+".bias"] = tensors.FromFlatDataAndDimensions(c.Bias, len(c.Bias))
	}
	return WriteTensors(t, values)
}

// WriteTensors writes tensors to a new file as safetensors.
func WriteTensors(t testing.TB, values map[string]*tensors.Tensor) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "weights.safetensors")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, safetensors.Write(file, values, nil))
	require.NoError(t, file.Close())
	return path
}

// Message is a protobuf message built field by field.
type Message []byte

// Bytes adds a field of bytes.
func (m Message) Bytes(number protowire.Number, value []byte) Message {
	return protowire.AppendBytes(protowire.AppendTag(m, number, protowire.BytesType), value)
}

// Varint adds a number.
func (m Message) Varint(number protowire.Number, value uint64) Message {
	return protowire.AppendVarint(protowire.AppendTag(m, number, protowire.VarintType), value)
}

// Numbers of fields in onnx.proto that tests change: of TensorProto.
const (
	TensorDims         = 1
	TensorDataType     = 2
	TensorDataLocation = 14
)

// ONNX returns an ONNX file of convolutions, named kernel0, bias0 and so on. change, if not nil, may change the message
// of each kernel.
func ONNX(convolutions []weights.Convolution, change func(i int, kernel Message) Message) []byte {
	const graphNode, graphInitializer, nodeInput, nodeOpType = 1, 5, 1, 4
	const tensorFloatData, tensorName, tensorRawData, modelGraph = 4, 8, 9, 7
	const float32Type = 1
	var graph Message
	for i, c := range convolutions {
		kernel, bias := fmt.Sprintf("kernel%d", i), fmt.Sprintf("bias%d", i)
		node := Message{}.Bytes(nodeInput, []byte("x")).Bytes(nodeInput, []byte(kernel)).Bytes(nodeInput, []byte(bias))
		graph = graph.Bytes(graphNode, node.Bytes(nodeOpType, []byte("Conv")))
		relu := Message{}.Bytes(nodeInput, []byte("x")).Bytes(nodeOpType, []byte("Relu"))
		graph = graph.Bytes(graphNode, relu)
		tensor := Message{}.Bytes(tensorName, []byte(kernel)).Varint(TensorDataType, float32Type)
		if i%2 == 0 {
			for _, dim := range c.Shape {
				tensor = tensor.Varint(TensorDims, uint64(dim))
			}
		} else { // The same, packed.
			var packed []byte
			for _, dim := range c.Shape {
				packed = protowire.AppendVarint(packed, uint64(dim))
			}
			tensor = tensor.Bytes(TensorDims, packed)
		}
		tensor = tensor.Bytes(tensorRawData, Raw(c.Kernel))
		if change != nil {
			tensor = change(i, tensor)
		}
		graph = graph.Bytes(graphInitializer, tensor)
		tensor = Message{}.Bytes(tensorName, []byte(bias)).Varint(TensorDataType, float32Type)
		tensor = tensor.Varint(TensorDims, uint64(len(c.Bias))).Bytes(tensorFloatData, Raw(c.Bias))
		graph = graph.Bytes(graphInitializer, tensor)
	}
	return Message{}.Varint(1, 7).Bytes(2, []byte("a test")).Bytes(modelGraph, graph)
}

// WriteONNX writes the result of [ONNX] to a new file.
func WriteONNX(
	t testing.TB, convolutions []weights.Convolution, change func(i int, kernel Message) Message,
) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "net.onnx")
	require.NoError(t, os.WriteFile(path, ONNX(convolutions, change), 0o644))
	return path
}

// Raw returns the bytes of numbers, little-endian.
func Raw(values []float32) (data []byte) {
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}

// NearestRRDB writes an RRDB network that makes a block of 4×4 equal pixels of each pixel to a new file,
// nearest.safetensors, with the names of BasicSR.
func NearestRRDB(t testing.TB) (path string) {
	t.Helper()
	const channels, growth = 4, 2
	values := map[string]*tensors.Tensor{}
	conv := func(name string, out, in int, identity bool) {
		kernel := make([]float32, out*in*9)
		for i := range min(out, in) {
			if identity {
				kernel[(i*in+i)*9+4] = 1 // The middle of 3×3.
			}
		}
		values[name+".weight"] = tensors.FromFlatDataAndDimensions(kernel, out, in, 3, 3)
		values[name+".bias"] = tensors.FromFlatDataAndDimensions(make([]float32, out), out)
	}
	conv("conv_first", channels, 3, true)
	for dense := range 3 {
		for i := range 4 {
			conv(fmt.Sprintf("body.0.rdb%d.conv%d", dense+1, i+1), growth, channels+i*growth, false)
		}
		conv(fmt.Sprintf("body.0.rdb%d.conv5", dense+1), channels, channels+4*growth, false)
	}
	conv("conv_body", channels, channels, false)
	for _, name := range []string{"conv_up1", "conv_up2", "conv_hr"} {
		conv(name, channels, channels, true)
	}
	conv("conv_last", 3, channels, true)
	path = filepath.Join(t.TempDir(), "nearest.safetensors")
	require.NoError(t, os.Rename(WriteTensors(t, values), path))
	return path
}
