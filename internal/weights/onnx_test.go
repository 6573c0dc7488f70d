package weights_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/internal/weights/weightstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields in onnx.proto.
const (
	modelGraph = 7

	graphNode        = 1
	graphInitializer = 5
	graphSparse      = 15

	nodeInput     = 1
	nodeOpType    = 4
	nodeAttribute = 5

	attributeTensor = 5
	attributeGraph  = 6

	tensorName         = 8
	tensorRawData      = 9
	tensorExternalData = 13
)

// constant is a tensor of 9 numbers that claims a shape.
func constant(name string, dims ...uint64) weightstest.Message {
	tensor := weightstest.Message{}.Bytes(tensorName, []byte(name)).Varint(weightstest.TensorDataType, 1)
	for _, dim := range dims {
		tensor = tensor.Varint(weightstest.TensorDims, dim)
	}
	return tensor.Bytes(tensorRawData, make([]byte, 36))
}

func TestConstantsThatNodesShareAreDecodedOnce(t *testing.T) {
	var graph weightstest.Message
	for range 2 {
		node := weightstest.Message{}.Bytes(nodeOpType, []byte("Conv"))
		for _, input := range []string{"x", "kernel", "bias"} {
			node = node.Bytes(nodeInput, []byte(input))
		}
		graph = graph.Bytes(graphNode, node)
	}
	for _, c := range []weightstest.Message{constant("kernel", 1, 1, 3, 3), constant("bias", 9)} {
		graph = graph.Bytes(graphInitializer, c)
	}
	convolutions, err := weights.ParseONNX(weightstest.Message{}.Bytes(modelGraph, graph))
	require.NoError(t, err)
	require.Len(t, convolutions, 2)
	assert.Same(t, &convolutions[0].Kernel[0], &convolutions[1].Kernel[0])
}

func TestShapesWithoutValuesAreRejected(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "net.onnx")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "values"), make([]byte, 4000), 0o644))
	initializer := func(tensor weightstest.Message) weightstest.Message {
		return weightstest.Message{}.Bytes(graphInitializer, tensor)
	}
	attribute := func(number protowire.Number, value weightstest.Message) weightstest.Message {
		node := weightstest.Message{}.Bytes(nodeAttribute, weightstest.Message{}.Bytes(number, value))
		return weightstest.Message{}.Bytes(graphNode, node)
	}
	location := func(name string) weightstest.Message {
		return weightstest.Message{}.Bytes(1, []byte("location")).Bytes(2, []byte(name))
	}
	external := func(name string) weightstest.Message {
		return constant("e", 1000).Bytes(tensorExternalData, location(name))
	}
	deep := initializer(constant("c", 9))
	for range 100 {
		deep = attribute(attributeGraph, deep)
	}
	for name, test := range map[string]struct {
		graph weightstest.Message
		want  string // "": the file is in order.
	}{
		"whole":                 {initializer(constant("c", 3, 3)), ""},
		"empty":                 {initializer(constant("c", 0, 1<<40)), ""},
		"too large":             {initializer(constant("c", 1<<20, 1<<20)), `constant "c": shape [1048576 1048576] has more`},
		"beyond int64":          {initializer(constant("c", 1<<32, 1<<32)), "cannot be"},
		"negative":              {initializer(constant("c", 1<<63)), "cannot be"},
		"in an attribute":       {attribute(attributeTensor, constant("a", 1<<40)), `constant "a"`},
		"in a graph in a graph": {attribute(attributeGraph, initializer(constant("g", 1<<40))), `constant "g"`},
		"too deep":              {deep, "nested too deeply"},
		"sparse":                {weightstest.Message{}.Bytes(graphSparse, nil), "sparse"},
		"external":              {initializer(external("values")), ""},
		"external, missing":     {initializer(external("none")), `constant "e"`},
		"cut short":             {initializer(constant("c", 3, 3))[:20], "cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			err := weights.CheckONNX(path, weightstest.Message{}.Bytes(modelGraph, test.graph))
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}
