// Package weights reads the weights of networks trained elsewhere: from ONNX, safetensors with the names of several
// programs, and ncnn. Each file becomes a list of convolutions, in the order in which its network runs them, and [Fit]
// lays them out as the variables of one of our networks.
//
//	convolutions, err := weights.ReadONNX("vgg16.onnx")
//	variables, err := weights.Fit(layers, convolutions)
//
// Weights that moelab downloads are kept in the user's cache directory; see [Package].
package weights

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
)

// Layer is a 3×3 convolution with biases in one of our networks.
type Layer struct {
	// Scope is the scope of its variables "weights" [3, 3, inputs, outputs] and "bias" [outputs].
	Scope           string
	Inputs, Outputs int
}

// Convolution is a convolution in a file.
type Convolution struct {
	// Name is for messages.
	Name string
	// Shape is the shape of Kernel: [outputs, inputs, height, width]. It is unchecked until [Fit].
	Shape  []int
	Kernel []float32
	// Bias is [outputs].
	Bias []float32
}

// Fit lays convolutions out as the variables of layers, by their paths. It is an error if the convolutions are not
// exactly those of the layers, or if a weight is not finite.
func Fit(layers []Layer, convolutions []Convolution) (map[string]*tensors.Tensor, error) {
	if len(convolutions) != len(layers) {
		return nil, fmt.Errorf("it has %d convolutions instead of %d: it is another network",
			len(convolutions), len(layers))
	}
	values := map[string]*tensors.Tensor{}
	for i, l := range layers {
		c := convolutions[i]
		if l.Inputs < 1 || l.Outputs < 1 {
			return nil, fmt.Errorf("%s has no weights: it is another network", c.Name)
		}
		if want := []int{l.Outputs, l.Inputs, 3, 3}; !slices.Equal(c.Shape, want) || len(c.Bias) != l.Outputs ||
			len(c.Kernel) != 9*l.Outputs*l.Inputs {
			return nil, fmt.Errorf("%s has kernels of %v and %d biases instead of %v and %d: it is another network",
				c.Name, c.Shape, len(c.Bias), want, l.Outputs)
		}
		if !Finite(c.Kernel) || !Finite(c.Bias) {
			return nil, fmt.Errorf("%s has weights that are NaN or infinite: "+
				"the file is damaged, or the training went wrong", c.Name)
		}
		kernel := tapsFirst(c.Kernel, l.Outputs, l.Inputs)
		values[l.Scope+"/weights"] = tensors.FromFlatDataAndDimensions(kernel, 3, 3, l.Inputs, l.Outputs)
		values[l.Scope+"/bias"] = tensors.FromFlatDataAndDimensions(c.Bias, l.Outputs)
	}
	return values, nil
}

// Finite reports whether no value is NaN or infinite.
func Finite(values []float32) bool {
	return !slices.ContainsFunc(values, func(v float32) bool {
		return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0)
	})
}

// tapsFirst moves the taps of kernels to the front.
//
//	kernel: [outputs, inputs, 3, 3] → [3, 3, inputs, outputs]
func tapsFirst(kernel []float32, outputs, inputs int) []float32 {
	moved := make([]float32, len(kernel))
	for o := range outputs {
		for i := range inputs {
			for tap, v := range kernel[(o*inputs+i)*9:][:9] {
				moved[(tap*inputs+i)*outputs+o] = v
			}
		}
	}
	return moved
}

// tapsLast is the inverse of [tapsFirst].
//
//	kernel: [3, 3, inputs, outputs] → [outputs, inputs, 3, 3]
func tapsLast(kernel []float32, outputs, inputs int) []float32 {
	moved := make([]float32, len(kernel))
	for o := range outputs {
		for i := range inputs {
			for tap := range 9 {
				moved[(o*inputs+i)*9+tap] = kernel[(tap*inputs+i)*outputs+o]
			}
		}
	}
	return moved
}

// DecodeFloats decodes little-endian numbers: float32, float16 or bfloat16. Bytes beyond the last whole number are
// ignored.
func DecodeFloats(dtype dtypes.DType, raw []byte) ([]float32, error) {
	values := make([]float32, len(raw)/max(dtype.Size(), 1))
	switch dtype {
	case dtypes.Float32:
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case dtypes.Float16:
		for i := range values {
			values[i] = float16.FromBits(binary.LittleEndian.Uint16(raw[2*i:])).Float32()
		}
	case dtypes.BFloat16:
		for i := range values {
			values[i] = bfloat16.FromBits(binary.LittleEndian.Uint16(raw[2*i:])).Float32()
		}
	default:
		return nil, fmt.Errorf("weights of type %s are not supported; float32, float16 and bfloat16 are", dtype)
	}
	return values, nil
}

// ByNames finds convolutions among the tensors of a file. It uses the first naming whose first convolution is in the
// file. All convolutions of that naming must be there, with tensors called name.weight and name.bias.
func ByNames(values map[string]*tensors.Tensor, namings ...[]string) ([]Convolution, error) {
	for _, names := range namings {
		if values[names[0]+".weight"] == nil {
			continue
		}
		convolutions := make([]Convolution, len(names))
		for i, name := range names {
			var err error
			if convolutions[i], err = byName(values, name); err != nil {
				return nil, err
			}
		}
		return convolutions, nil
	}
	var first []string
	for _, names := range namings {
		first = append(first, names[0]+".weight")
	}
	return nil, fmt.Errorf("it is another network: there is no tensor %s", strings.Join(first, " or "))
}

// byName returns the convolution whose tensors are name.weight and name.bias.
func byName(values map[string]*tensors.Tensor, name string) (Convolution, error) {
	kernel, bias := values[name+".weight"], values[name+".bias"]
	if kernel == nil || bias == nil {
		return Convolution{}, fmt.Errorf("it is another network or incomplete: %s.weight or %[1]s.bias is missing", name)
	}
	c := Convolution{Name: name, Shape: kernel.Shape().Dimensions}
	var err error
	if c.Kernel, err = tensorFloats(kernel); err != nil {
		return Convolution{}, fmt.Errorf("%s.weight: %w", name, err)
	}
	if c.Bias, err = tensorFloats(bias); err != nil {
		return Convolution{}, fmt.Errorf("%s.bias: %w", name, err)
	}
	return c, nil
}

// tensorFloats returns the values of a tensor.
func tensorFloats(t *tensors.Tensor) (values []float32, err error) {
	accessErr := t.ConstBytes(func(raw []byte) { values, err = DecodeFloats(t.DType(), raw) })
	return values, cmp.Or(accessErr, err)
}
