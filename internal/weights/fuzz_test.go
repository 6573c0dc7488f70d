package weights_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/internal/weights/weightstest"
	"github.com/stretchr/testify/require"
)

// product returns the number of values of a shape, whose dimensions must not be negative.
func product(t *testing.T, shape []int) int {
	t.Helper()
	n := 1
	for _, dim := range shape {
		require.GreaterOrEqual(t, dim, 0)
		if n > 0 {
			require.LessOrEqual(t, dim, math.MaxInt/n)
		}
		n *= dim
	}
	return n
}

// A valid text has a layer for each line, with its kind and name.
func FuzzNCNNParam(f *testing.F) {
	f.Add("7767517\n1 1\nInput data 0 1 data")
	f.Add("7767517\n2 3\nConvolution c 1 1 data a 0=3 1=3 4=1 5=1 6=27 9=2 -23310=1,2.0e-01\nSplit s 1 2 a b c\n")
	f.Add("7767517\n1 1\nInput data 9223372036854775807 1 data") // The sum overflows.
	f.Add("7767517\n1 1\nPReLU p 1 1 a b 0=3 1=x =")
	f.Fuzz(func(t *testing.T, text string) {
		layers, err := weights.ParseParam(text)
		if err != nil {
			require.Nil(t, layers)
			return
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")[2:]
		require.Len(t, layers, len(lines))
		for i, line := range lines {
			words := strings.Fields(line)
			require.Equal(t, words[:2], []string{layers[i].Kind, layers[i].Name})
		}
	})
}

// Encoding the weights again gives the bytes of the file, without the rest.
func FuzzNCNNBin(f *testing.F) {
	const prelu = "7767517\n2 2\nConvolution c 0 1 a 0=1 1=3 4=1 5=1 6=9\nPReLU p 1 1 a b 0=2"
	f.Add(prelu, make([]byte, 4+9*4+4+2*4))
	f.Add(prelu, make([]byte, 4+9*4))
	f.Add(prelu, append([]byte{0x47, 0x6B, 0x30, 0x01}, make([]byte, 20+4+2*4+3)...))
	f.Add(strings.Replace(prelu, "0=2", "0=4611686018427387904", 1), make([]byte, 4+9*4+4)) // ×4 it is 0.
	f.Add(strings.Replace(prelu, "0=1 ", "0=4611686018427387904 ", 1), make([]byte, 4+9*4+4))
	f.Add(strings.Replace(prelu, "6=9", "6=9223372036854775800", 1), make([]byte, 4+9*4+4))
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		layers, err := weights.ParseParam(text)
		if err != nil {
			return
		}
		rest, err := weights.ReadBin(layers, data)
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, rest, 0)
		read := data[:len(data)-rest]
		take := func(n int) []byte {
			taken := read[:n]
			read = read[n:]
			return taken
		}
		for _, l := range layers {
			switch l.Kind {
			case "Convolution":
				c := l.Convolution
				require.Equal(t, []int{3, 3}, c.Shape[2:])
				require.Len(t, c.Kernel, product(t, c.Shape))
				require.Len(t, c.Bias, c.Shape[0])
				if half := binary.LittleEndian.Uint32(take(4)) != 0; half {
					take((2*len(c.Kernel) + 3) / 4 * 4)
				} else {
					require.True(t, bytes.Equal(weightstest.Raw(c.Kernel), take(4*len(c.Kernel))))
				}
				require.True(t, bytes.Equal(weightstest.Raw(c.Bias), take(4*len(c.Bias))))
			case "PReLU":
				require.True(t, bytes.Equal(weightstest.Raw(l.Slopes), take(4*len(l.Slopes))))
			}
		}
		require.Empty(t, read)
	})
}

// Convolutions have as many values as their shapes say, and no more values than the file has room for.
func FuzzONNX(f *testing.F) {
	made := []weights.Convolution{
		{Shape: []int{2, 1, 3, 3}, Kernel: make([]float32, 18), Bias: []float32{1, 2}},
		{Shape: []int{1, 2, 1, 1}, Kernel: []float32{3, 4}, Bias: []float32{5}},
	}
	f.Add([]byte{})
	f.Add(weightstest.ONNX(made, nil))
	for _, dim := range []uint64{0, 1 << 62, 1<<64 - 1} {
		f.Add(weightstest.ONNX(made, func(_ int, m weightstest.Message) weightstest.Message {
			return m.Varint(weightstest.TensorDims, dim)
		}))
	}
	for _, dtype := range []uint64{6, 10, 16, 99} {
		f.Add(weightstest.ONNX(made, func(_ int, m weightstest.Message) weightstest.Message {
			return m.Varint(weightstest.TensorDataType, dtype)
		}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		convolutions, err := weights.ParseONNX(data)
		if err != nil {
			require.Nil(t, convolutions)
			require.NotContains(t, err.Error(), "\n\n")
			return
		}
		distinct := map[*float32]int{} // Nodes may share a constant.
		for _, c := range convolutions {
			require.Len(t, c.Kernel, product(t, c.Shape))
			for _, values := range [][]float32{c.Kernel, c.Bias} {
				if len(values) > 0 {
					distinct[&values[0]] = len(values)
				}
			}
		}
		total := 0
		for _, n := range distinct {
			total += n
		}
		require.LessOrEqual(t, total, len(data)/2, "values have two bytes or more")
		again, err := weights.ParseONNX(slices.Clone(data))
		require.NoError(t, err)
		require.Len(t, again, len(convolutions))
	})
}
