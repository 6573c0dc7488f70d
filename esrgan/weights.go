package esrgan

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/lab"
	"gonum.org/v1/gonum/stat"
)

// Weights that others trained come as ONNX, safetensors and ncnn files. All are read as a list of convolutions, in the order in which the
// network runs them, and then laid out as the variables of our networks.

// layer is a convolution of 3×3 that a network of ours has.
type layer struct {
	scope           string // Where its variables "weights" and "bias" lie.
	inputs, outputs int
}

// convolution is one that a file has.
type convolution struct {
	name   string    // For messages.
	shape  []int     // [outputs, inputs, 3, 3]
	kernel []float32 // Of that shape.
	bias   []float32 // [outputs]
}

// fit lays convolutions out as the variables of layers, and returns an error unless they are just those that the layers want.
func fit(layers []layer, convolutions []convolution) (map[string]*tensors.Tensor, error) {
	if len(convolutions) != len(layers) {
		return nil, fmt.Errorf("it has %d convolutions where %d were due: it is another network", len(convolutions), len(layers))
	}
	values := map[string]*tensors.Tensor{}
	for i, l := range layers {
		c := convolutions[i]
		if want := []int{l.outputs, l.inputs, 3, 3}; !slices.Equal(c.shape, want) || len(c.bias) != l.outputs {
			return nil, fmt.Errorf("%s has kernels of %v and %d biases where %v and %d were due: it is another network", c.name, c.shape, len(c.bias), want, l.outputs)
		}
		if !finite(c.kernel) || !finite(c.bias) {
			return nil, fmt.Errorf("%s has weights that are no numbers or infinite: the file is damaged, or the training went wrong", c.name)
		}
		values[l.scope+"/weights"] = tensors.FromFlatDataAndDimensions(tapsFirst(c.kernel, l.outputs, l.inputs), 3, 3, l.inputs, l.outputs)
		values[l.scope+"/bias"] = tensors.FromFlatDataAndDimensions(c.bias, l.outputs)
	}
	return values, nil
}

// finite says whether all values are finite numbers.
func finite(values []float32) bool {
	return !slices.ContainsFunc(values, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) })
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

// decodeFloats decodes little-endian numbers.
func decodeFloats(dtype dtypes.DType, raw []byte) ([]float32, error) {
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

// byNames finds convolutions among the tensors of a file, in the first of several namings that the file's first one fits.
func byNames(values map[string]*tensors.Tensor, namings ...[]string) ([]convolution, error) {
	for _, names := range namings {
		if values[names[0]+".weight"] == nil {
			continue
		}
		convolutions := make([]convolution, len(names))
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
func byName(values map[string]*tensors.Tensor, name string) (convolution, error) {
	kernel, bias := values[name+".weight"], values[name+".bias"]
	if kernel == nil || bias == nil {
		return convolution{}, fmt.Errorf("it is another network, or not whole: %s.weight or %[1]s.bias is missing", name)
	}
	c := convolution{name: name, shape: kernel.Shape().Dimensions}
	var err error
	if c.kernel, err = tensorFloats(kernel); err != nil {
		return convolution{}, fmt.Errorf("%s.weight: %w", name, err)
	}
	if c.bias, err = tensorFloats(bias); err != nil {
		return convolution{}, fmt.Errorf("%s.bias: %w", name, err)
	}
	return c, nil
}

// tensorFloats returns the values of a tensor.
func tensorFloats(t *tensors.Tensor) (values []float32, err error) {
	accessErr := t.ConstBytes(func(raw []byte) { values, err = decodeFloats(t.DType(), raw) })
	return values, cmp.Or(accessErr, err)
}

// ReadVGG reads the convolutions of a VGG16 from an ONNX file, in which they are the first thirteen, or from safetensors, where they are called as
// torchvision does (features.0.weight), as in Caffe (conv1_1.weight) or as in Keras (block1_conv1.weight). Whether the weights are Caffe's or
// torchvision's is told by their statistics, not by their names. What follows the convolutions is left out.
func ReadVGG(path string) (*VGG, error) {
	convolutions, err := readVGGConvolutions(path)
	if err != nil {
		return nil, fmt.Errorf("VGG16 in %s: %w", path, err)
	}
	vgg, err := newVGG(convolutions)
	if err != nil {
		return nil, fmt.Errorf("VGG16 in %s: %w", path, err)
	}
	return vgg, nil
}

func readVGGConvolutions(path string) ([]convolution, error) {
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case ".onnx":
		convolutions, err := readONNX(path)
		return convolutions[:min(len(convolutions), len(vggNames(len(vggGroups))))], err
	case ".safetensors":
		values, err := lab.ReadSafetensors(path)
		if err != nil {
			return nil, err
		}
		return byNames(values, vggNamings()...)
	default:
		return nil, fmt.Errorf("weights are read from .onnx and .safetensors files, not from %q", extension)
	}
}

// vggNamings returns what torchvision, Caffe and Keras call the convolutions.
func vggNamings() [][]string {
	torchvision, caffe, keras := []string{}, vggNames(len(vggGroups)), []string{}
	for i, index := 0, 0; i < len(vggGroups); i++ {
		for c := range vggGroups[i].convolutions {
			torchvision = append(torchvision, fmt.Sprintf("features.%d", index))
			keras = append(keras, fmt.Sprintf("block%d_conv%d", i+1, c+1))
			index += 2 // Each is followed by a ReLU.
		}
		index++ // The pooling.
	}
	return [][]string{torchvision, caffe, keras}
}

// newVGG makes a VGG of the convolutions of a file.
func newVGG(convolutions []convolution) (*VGG, error) {
	layers, names, inputs := []layer{}, vggNames(len(vggGroups)), 3
	for _, group := range vggGroups {
		for range group.convolutions {
			layers = append(layers, layer{names[len(layers)], inputs, group.channels})
			inputs = group.channels
		}
	}
	weights, err := fit(layers, convolutions)
	if err != nil {
		return nil, err
	}
	style, err := vggStyle(convolutions[0])
	if err != nil {
		return nil, err
	}
	if style == Caffe && wantsRGB(convolutions[0]) {
		weights["conv1_1/weights"] = tensors.FromFlatDataAndDimensions(swapRedBlue(tensors.MustCopyFlatData[float32](weights["conv1_1/weights"])), 3, 3, 3, 64)
	}
	return &VGG{Style: style, Weights: weights}, nil
}

// vggBiases are the mean and the deviation of the first convolution's biases in the published weights. They are far apart, where the kernels' are not.
var vggBiases = map[VGGStyle][2]float64{Caffe: {0.5014, 0.3285}, Torchvision: {-0.0650, 0.5149}}

// vggStyle tells what pictures weights want, by their first convolution.
func vggStyle(first convolution) (VGGStyle, error) {
	mean, deviation := meanDeviation(first.bias)
	for style, published := range vggBiases {
		if math.Abs(mean-published[0]) < 0.02 && math.Abs(deviation-published[1]) < 0.02 { // Fine-tuning changes little here.
			return style, nil
		}
	}
	return "", fmt.Errorf("it is neither Caffe's nor torchvision's: the biases of %s have mean %.3f and deviation %.3f, so that what pictures it wants cannot be told", first.name, mean, deviation)
}

// wantsRGB says whether Caffe's weights were changed to take red first, as torchvision's IMAGENET1K_FEATURES are. The deviations of the
// published kernels are 0.183 for blue, 0.227 for green and 0.207 for red.
func wantsRGB(first convolution) bool {
	var channels [3][]float32
	for i, v := range first.kernel {
		channel := i / 9 % 3
		channels[channel] = append(channels[channel], v)
	}
	_, deviation0 := meanDeviation(channels[0])
	_, deviation2 := meanDeviation(channels[2])
	return deviation0 > deviation2
}

// swapRedBlue swaps the first and the last input.
//
//	kernel: [3, 3, 3, outputs] → the same
func swapRedBlue(kernel []float32) []float32 {
	outputs := len(kernel) / 27
	for tap := range 9 {
		inputs := kernel[3*outputs*tap:][:3*outputs]
		for o := range outputs {
			inputs[o], inputs[2*outputs+o] = inputs[2*outputs+o], inputs[o]
		}
	}
	return kernel
}

func meanDeviation(values []float32) (mean, deviation float64) {
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return stat.PopMeanStdDev(wide, nil)
}
