package esrgan

import (
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/gomlx/compute/dtypes"
	"google.golang.org/protobuf/encoding/protowire"
)

// Of an ONNX file, a protobuf message, only the convolutions and their weights are read. The numbers of fields are those of onnx.proto.
const (
	modelGraph = 7

	graphNode        = 1
	graphInitializer = 5

	nodeInput  = 1
	nodeOpType = 4

	tensorDims         = 1
	tensorDataType     = 2
	tensorFloatData    = 4
	tensorName         = 8
	tensorRawData      = 9
	tensorDataLocation = 14
)

// onnxTypes are the types of tensors that weights may have, TensorProto.DataType.
var onnxTypes = map[uint64]dtypes.DType{1: dtypes.Float32, 10: dtypes.Float16, 16: dtypes.BFloat16}

// onnxTensor is a tensor with a value.
type onnxTensor struct {
	shape    []int
	dtype    uint64
	raw      []byte
	external bool // The value lies in another file.
}

// readONNX returns the convolutions of a network in the order in which it runs them.
func readONNX(path string) ([]convolution, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var inputs [][]string // Of each convolution: x, kernel, bias.
	initializers := map[string]onnxTensor{}
	err = eachField(data, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		return eachField(f.bytes, func(f field) error {
			switch f.number {
			case graphNode:
				names, operation, err := parseNode(f.bytes)
				if operation == "Conv" {
					inputs = append(inputs, names)
				}
				return err
			case graphInitializer:
				name, tensor, err := parseTensor(f.bytes)
				initializers[name] = tensor
				return err
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("it is no ONNX file, or cut short: %w", err)
	}
	var convolutions []convolution
	for _, names := range inputs {
		c, err := onnxConvolution(names, initializers)
		if err != nil {
			return nil, err
		}
		convolutions = append(convolutions, c)
	}
	return convolutions, nil
}

// onnxConvolution finds the weights of a convolution with these inputs.
func onnxConvolution(inputs []string, initializers map[string]onnxTensor) (convolution, error) {
	if len(inputs) != 3 {
		return convolution{}, fmt.Errorf("the convolution of %v has no biases: it is another network", inputs)
	}
	c := convolution{name: inputs[1], shape: initializers[inputs[1]].shape}
	var err error
	if c.kernel, err = initializers[inputs[1]].floats(); err != nil {
		return convolution{}, fmt.Errorf("%s: %w", inputs[1], err)
	}
	if c.bias, err = initializers[inputs[2]].floats(); err != nil {
		return convolution{}, fmt.Errorf("%s: %w", inputs[2], err)
	}
	return c, nil
}

// floats returns the tensor's values.
func (t onnxTensor) floats() ([]float32, error) {
	if t.external {
		return nil, errors.New("its values are in a file beside it, which is not supported: save the network in one file")
	}
	dtype, ok := onnxTypes[t.dtype]
	if !ok {
		return nil, fmt.Errorf("there is no such constant of floating-point numbers (type %d)", t.dtype)
	}
	size := dtype.Size()
	for _, dim := range t.shape {
		if dim < 0 || dim > 0 && size > math.MaxInt/dim {
			return nil, fmt.Errorf("shape %v cannot be", t.shape)
		}
		size *= dim
	}
	if size != len(t.raw) {
		return nil, fmt.Errorf("shape %v needs %d bytes, the file has %d", t.shape, size, len(t.raw))
	}
	return decodeFloats(dtype, t.raw)
}

// parseNode reads what a node does, and to what.
func parseNode(message []byte) (inputs []string, operation string, err error) {
	err = eachField(message, func(f field) error {
		switch f.number {
		case nodeInput:
			inputs = append(inputs, string(f.bytes))
		case nodeOpType:
			operation = string(f.bytes)
		}
		return nil
	})
	return inputs, operation, err
}

func parseTensor(message []byte) (name string, t onnxTensor, err error) {
	err = eachField(message, func(f field) error {
		switch f.number {
		case tensorDims:
			if f.bytes == nil {
				t.shape = append(t.shape, int(f.varint))
			}
			for packed := f.bytes; len(packed) > 0; {
				dim, n := protowire.ConsumeVarint(packed)
				if n < 0 {
					return protowire.ParseError(n)
				}
				t.shape, packed = append(t.shape, int(dim)), packed[n:]
			}
		case tensorDataType:
			t.dtype = f.varint
		case tensorName:
			name = string(f.bytes)
		case tensorRawData, tensorFloatData: // Packed, float_data is laid out as raw_data is.
			t.raw = f.bytes
		case tensorDataLocation:
			t.external = f.varint == 1
		}
		return nil
	})
	return name, t, err
}

// field is one of a protobuf message: bytes, or else a number.
type field struct {
	number protowire.Number
	bytes  []byte
	varint uint64
}

// eachField visits the fields of a protobuf message.
func eachField(message []byte, visit func(field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		f := field{number: number}
		switch kind {
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			f.varint, n = protowire.ConsumeVarint(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}
