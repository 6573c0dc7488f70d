package onnxfile

import (
	"github.com/gomlx/compute/dtypes"
	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of the fields are those of onnx.proto.
const (
	modelIRVersion = 1
	modelProducer  = 2
	modelGraph     = 7
	modelOpset     = 8
	modelMetadata  = 14

	opsetDomain  = 1
	opsetVersion = 2

	propertyKey   = 1
	propertyValue = 2

	graphNode        = 1
	graphName        = 2
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12

	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOperation = 4
	nodeAttribute = 5

	attributeName    = 1
	attributeInt     = 3
	attributeText    = 4
	attributeIntList = 8
	attributeType    = 20

	tensorDims = 1
	tensorType = 2
	tensorName = 8
	tensorRaw  = 9

	infoName = 1
	infoType = 2
	infoDoc  = 3

	typeTensor  = 1
	typeElement = 1
	typeShape   = 2

	shapeDim  = 1
	dimLength = 1
	dimName   = 2
)

// The types of attributes, AttributeProto.AttributeType.
const (
	typeInt     = 2
	typeText    = 3
	typeIntList = 7
)

// elementTypes are the types of tensors, TensorProto.DataType.
var elementTypes = map[dtypes.DType]int{
	dtypes.Float32: 1, dtypes.Uint8: 2, dtypes.Int32: 6, dtypes.Int64: 7, dtypes.Bool: 9, dtypes.Float64: 11,
}

// message is a protobuf message that is being written.
type message []byte

func (m *message) number(field protowire.Number, value int) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(value))
}

func (m *message) text(field protowire.Number, value string) { m.bytes(field, []byte(value)) }

func (m *message) bytes(field protowire.Number, value []byte) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, value)
}

// attribute returns an attribute of a node: an int, a string or []int.
func attribute(name string, value any) (a message) {
	a.text(attributeName, name)
	switch value := value.(type) {
	case int:
		a.number(attributeInt, value)
		a.number(attributeType, typeInt)
	case string:
		a.text(attributeText, value)
		a.number(attributeType, typeText)
	case []int:
		for _, v := range value {
			a.number(attributeIntList, v)
		}
		a.number(attributeType, typeIntList)
	}
	return a
}

// dim is the length of an axis, or its name.
type dim struct {
	length int
	name   string
}

// valueInfo describes an input or an output.
func valueInfo(name string, dtype dtypes.DType, dims []dim) (info message) {
	var shape, tensor, kind message
	for _, d := range dims {
		var m message
		if d.name != "" {
			m.text(dimName, d.name)
		} else {
			m.number(dimLength, d.length)
		}
		shape.bytes(shapeDim, m)
	}
	tensor.number(typeElement, elementTypes[dtype])
	tensor.bytes(typeShape, shape)
	kind.bytes(typeTensor, tensor)
	info.text(infoName, name)
	info.bytes(infoType, kind)
	return info
}
