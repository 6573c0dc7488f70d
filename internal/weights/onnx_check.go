package weights

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// Numbers of the fields that lead to tensors, and of those of external values, in onnx.proto.
const (
	graphSparse = 15

	nodeAttribute = 5

	attributeTensor  = 5
	attributeGraph   = 6
	attributeTensors = 10
	attributeGraphs  = 11

	tensorExternalData = 13

	entryKey   = 1
	entryValue = 2
)

// deepestONNX bounds the nesting of graphs in the nodes of graphs.
const deepestONNX = 32

// CheckONNX returns an error if a constant in an ONNX file has a shape with more values than its data can hold. A
// reader that allocates memory according to shapes can then be trusted with the file. path is the file's, to find
// constants whose values are in files next to it.
func CheckONNX(path string, data []byte) error {
	c := onnxCheck{dir: filepath.Dir(path)}
	err := eachField(data, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		return c.graph(f.bytes, 0)
	})
	if errors.As(err, new(shapeError)) {
		return err
	}
	if err != nil {
		return fmt.Errorf("not an ONNX file, or cut short: %w", err)
	}
	return nil
}

// shapeError is an error in the contents of a well-formed message.
type shapeError struct{ error }

// onnxCheck checks the constants of a network.
type onnxCheck struct{ dir string }

// graph checks a graph.
func (c onnxCheck) graph(message []byte, depth int) error {
	if depth > deepestONNX {
		return shapeError{errors.New("its graphs are nested too deeply")}
	}
	return eachField(message, func(f field) error {
		switch f.number {
		case graphInitializer:
			return c.tensor(f.bytes)
		case graphSparse:
			return shapeError{errors.New("it has sparse constants, which are not supported")}
		case graphNode:
			return eachField(f.bytes, func(f field) error {
				if f.number != nodeAttribute {
					return nil
				}
				return c.attribute(f.bytes, depth)
			})
		}
		return nil
	})
}

// attribute checks the constants in an attribute of a node.
func (c onnxCheck) attribute(message []byte, depth int) error {
	return eachField(message, func(f field) error {
		switch f.number {
		case attributeTensor, attributeTensors:
			return c.tensor(f.bytes)
		case attributeGraph, attributeGraphs:
			return c.graph(f.bytes, depth+1)
		}
		return nil
	})
}

// tensor checks a constant.
func (c onnxCheck) tensor(message []byte) error {
	name, t, err := parseTensor(message)
	if err != nil {
		return err
	}
	bytes := int64(len(message))
	err = eachField(message, func(f field) error {
		if f.number == tensorExternalData {
			bytes += c.external(f.bytes)
		}
		return nil
	})
	if err != nil {
		return err
	}
	values, most := int64(1), 2*bytes // The smallest types have 4 bits.
	for _, dim := range t.shape {
		if dim < 0 || dim > 0 && values > math.MaxInt64/int64(dim) {
			return shapeError{fmt.Errorf("constant %q: shape %v cannot be", name, t.shape)}
		}
		values *= int64(dim)
	}
	if values > most {
		return shapeError{fmt.Errorf("constant %q: shape %v has more values than the file", name, t.shape)}
	}
	return nil
}

// external returns the size of the file that an entry about external values names, or 0.
func (c onnxCheck) external(message []byte) int64 {
	var key, value string
	_ = eachField(message, func(f field) error { // A malformed entry names no file.
		switch f.number {
		case entryKey:
			key = string(f.bytes)
		case entryValue:
			value = string(f.bytes)
		}
		return nil
	})
	if key != "location" {
		return 0
	}
	info, err := os.Stat(filepath.Join(c.dir, filepath.FromSlash(value)))
	if err != nil {
		return 0
	}
	return info.Size()
}
