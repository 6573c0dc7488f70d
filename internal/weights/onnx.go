package weights

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/moelab/moelab/internal/regularfile"
	"google.golang.org/protobuf/encoding/protowire"
)

// Only the convolutions and their weights are read from an ONNX file, which is a protobuf message. The numbers of the
// fields are those of onnx.proto.
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

// ReadONNX returns the convolutions of a network in the order in which it runs them. Everything else in the file is
// ignored.
func ReadONNX(path string) ([]Convolution, error) {
	data, err := regularfile.Read(path, regularfile.Weights)
	if err != nil {
		return nil, err
	}
	return parseONNX(data)
}

// parseONNX is [ReadONNX] for the contents of a file.
func parseONNX(data []byte) ([]Convolution, error) {
	var inputs [][]string // Of each convolution: x, kernel, bias.
	initializers := map[string]onnxTensor{}
	err := eachField(data, func(f field) error {
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
		return nil, fmt.Errorf("not an ONNX file, or cut short: %w", err)
	}
	var convolutions []Convolution
	constants := onnxConstants{initializers, map[string][]float32{}}
	for _, names := range inputs {
		c, err := constants.convolution(names)
		if err != nil {
			return nil, err
		}
		convolutions = append(convolutions, c)
	}
	return convolutions, nil
}

// onnxConstants are the constants of a network. Each is decoded once, however many nodes share it.
type onnxConstants struct {
	initializers map[string]onnxTensor
	decoded      map[string][]float32
}

// convolution returns the convolution of a node with these inputs.
func (o onnxConstants) convolution(inputs []string) (Convolution, error) {
	if len(inputs) != 3 {
		return Convolution{}, fmt.Errorf("the convolution of %v has no biases: it is another network", inputs)
	}
	c := Convolution{Name: inputs[1], Shape: o.initializers[inputs[1]].shape}
	var err error
	if c.Kernel, err = o.floats(inputs[1]); err != nil {
		return Convolution{}, err
	}
	if c.Bias, err = o.floats(inputs[2]); err != nil {
		return Convolution{}, err
	}
	return c, nil
}

// floats returns the values of a constant.
func (o onnxConstants) floats(name string) ([]float32, error) {
	if values, ok := o.decoded[name]; ok {
		return values, nil
	}
	values, err := o.initializers[name].floats()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	o.decoded[name] = values
	return values, nil
}

// floats returns the tensor's values.
func (t onnxTensor) floats() ([]float32, error) {
	if t.external {
		return nil, errors.New("its values are in another file, which is not supported: save the network in one file")
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
	return DecodeFloats(dtype, t.raw)
}

// parseNode returns the inputs of a node and its operation.
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

// parseTensor returns a tensor and its name.
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

// field is a field of a protobuf message: bytes, or a number.
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
