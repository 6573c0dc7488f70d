package esrgan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// ncnn keeps a network in two files: a text, with a line for each layer, and the weights of these layers one after the other. It is the form
// in which Real-ESRGAN's networks are passed around.

// ncnnMagic opens the text.
const ncnnMagic = "7767517"

// ncnnLayer is a line of the text, with its weights.
type ncnnLayer struct {
	kind, name string
	params     map[int]string // By ncnn's numbers for the kind of layer.
	weights    convolution    // Of a Convolution.
	slopes     []float32      // Of a PReLU.
}

// Numbers of the parameters of a Convolution. The number of a PReLU's slopes is 0 too.
const (
	ncnnOutputs    = 0
	ncnnKernel     = 1
	ncnnDilation   = 2
	ncnnStride     = 3
	ncnnPad        = 4
	ncnnBias       = 5
	ncnnWeights    = 6
	ncnnActivation = 9
)

// ncnnHalf says that the weights which follow have 16 bits; they are then padded to a multiple of 4 bytes.
const ncnnHalf = 0x01306B47

// readNCNN reads a network of convolutions of 3×3.
func readNCNN(param, bin string) ([]ncnnLayer, error) {
	text, err := os.ReadFile(param)
	if err != nil {
		return nil, err
	}
	layers, err := parseParam(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", param, err)
	}
	data, err := os.ReadFile(bin)
	if err != nil {
		return nil, err
	}
	weights := ncnnWeightsReader{data}
	for i := range layers {
		if err := layers[i].read(&weights); err != nil {
			return nil, fmt.Errorf("%s: layer %s: %w", bin, layers[i].name, err)
		}
	}
	if len(weights.rest) > 0 {
		return nil, fmt.Errorf("%s: %d bytes are left over: the weights are of another network than %s", bin, len(weights.rest), param)
	}
	return layers, nil
}

// parseParam reads the text.
func parseParam(text string) ([]ncnnLayer, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) < 2 || strings.TrimSpace(lines[0]) != ncnnMagic {
		return nil, errors.New("it is no text of ncnn: the first line is not " + ncnnMagic)
	}
	var count, blobs int
	if _, err := fmt.Sscan(lines[1], &count, &blobs); err != nil {
		return nil, fmt.Errorf("it is damaged: the second line does not say how many layers there are: %w", err)
	}
	lines = lines[2:]
	if len(lines) != count {
		return nil, fmt.Errorf("it is cut short or damaged: it announces %d layers and has %d", count, len(lines))
	}
	layers := make([]ncnnLayer, count)
	for i, line := range lines {
		var err error
		if layers[i], err = parseLayer(strings.Fields(line)); err != nil {
			return nil, fmt.Errorf("it is damaged: line %q: %w", line, err)
		}
	}
	return layers, nil
}

// parseLayer reads a line: the kind, the name, the numbers of inputs and outputs, these, and parameters as number=value.
func parseLayer(words []string) (ncnnLayer, error) {
	var inputs, outputs int
	if len(words) < 4 {
		return ncnnLayer{}, errors.New("it is no layer")
	}
	if _, err := fmt.Sscan(words[2]+" "+words[3], &inputs, &outputs); err != nil {
		return ncnnLayer{}, err
	}
	first := 4 + inputs + outputs
	if inputs < 0 || outputs < 0 || first > len(words) {
		return ncnnLayer{}, errors.New("inputs or outputs are missing")
	}
	layer := ncnnLayer{kind: words[0], name: words[1], params: map[int]string{}}
	for _, word := range words[first:] {
		number, value, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(number)
		if err != nil {
			return ncnnLayer{}, err
		}
		layer.params[n] = value
	}
	return layer, nil
}

// int returns a parameter.
func (l ncnnLayer) int(number, missing int) int {
	n, err := strconv.Atoi(l.params[number])
	if err != nil {
		return missing
	}
	return n
}

// read takes the weights of the layer, if it is one that has any.
func (l *ncnnLayer) read(weights *ncnnWeightsReader) (err error) {
	outputs := l.int(ncnnOutputs, 0)
	switch l.kind {
	case "Convolution":
		size := l.int(ncnnWeights, 0)
		plain := []int{l.int(ncnnKernel, 0), l.int(ncnnDilation, 1), l.int(ncnnStride, 1), l.int(ncnnPad, 0), l.int(ncnnBias, 0)}
		if outputs < 1 || size < 1 || size%(9*outputs) != 0 || !slices.Equal(plain, []int{3, 1, 1, 1, 1}) {
			return fmt.Errorf("it is no convolution of 3×3 with biases: %v", l.params)
		}
		l.weights = convolution{name: l.name, shape: []int{outputs, size / 9 / outputs, 3, 3}}
		if l.weights.kernel, err = weights.flagged(size); err != nil {
			return err
		}
		l.weights.bias, err = weights.floats(dtypes.Float32, outputs)
	case "PReLU":
		l.slopes, err = weights.floats(dtypes.Float32, outputs)
	}
	return err
}

// ncnnWeightsReader takes weights from the front of what is left of a file.
type ncnnWeightsReader struct{ rest []byte }

// take returns the next bytes.
func (r *ncnnWeightsReader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.rest) {
		return nil, fmt.Errorf("it is cut short: %d bytes are left of the %d that are due: %w", len(r.rest), n, io.ErrUnexpectedEOF)
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken, nil
}

// floats returns the next n numbers; those of 16 bits are padded to a multiple of 4 bytes.
func (r *ncnnWeightsReader) floats(dtype dtypes.DType, n int) ([]float32, error) {
	size := n * dtype.Size()
	raw, err := r.take((size + 3) / 4 * 4)
	if err != nil {
		return nil, err
	}
	return decodeFloats(dtype, raw[:size])
}

// flagged returns the next n numbers, of the type that the four bytes before them say.
func (r *ncnnWeightsReader) flagged(n int) ([]float32, error) {
	raw, err := r.take(4)
	if err != nil {
		return nil, err
	}
	switch flag := binary.LittleEndian.Uint32(raw); flag {
	case ncnnHalf:
		return r.floats(dtypes.Float16, n)
	case 0:
		return r.floats(dtypes.Float32, n)
	default:
		return nil, fmt.Errorf("its weights are of a type that is not supported (flag %#08x), or damaged", flag)
	}
}

// fromNCNN recognises a network by the kinds of its layers.
func fromNCNN(layers []ncnnLayer, scale int) (func(*model.Scope, *Node) *Node, map[string]*tensors.Tensor, error) {
	var convolutions []convolution
	var slopes [][]float32
	var kinds []string
	for _, l := range layers {
		switch l.kind {
		case "Convolution":
			convolutions = append(convolutions, l.weights)
			if l.int(ncnnActivation, 0) == 2 { // Leaky ReLU.
				l.kind = "Convolution+LReLU"
			}
		case "PReLU":
			slopes = append(slopes, l.slopes)
		case "Split": // A node of theirs where a value is used twice.
			continue
		}
		kinds = append(kinds, l.kind)
	}
	if slices.Equal(kinds, compactKinds(len(slopes), scale)) {
		channels, weights, err := fitCompact(convolutions, slopes)
		network := func(scope *model.Scope, x *Node) *Node {
			return CompactNet(scope, x, channels, len(convolutions), scale)
		}
		return network, weights, err
	}
	config, weights, err := fitRRDB(convolutions)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Equal(kinds, rrdbKinds(config.Blocks)) {
		return nil, nil, errors.New("its layers are not those of an RRDB net: it is another network")
	}
	return func(scope *model.Scope, x *Node) *Node { return RRDBNet(scope, config, x) }, weights, nil
}

// compactKinds lists ncnn's layers of [CompactNet].
func compactKinds(slopes, scale int) []string {
	kinds := []string{"Input"}
	for range slopes {
		kinds = append(kinds, "Convolution", "PReLU")
	}
	kinds = append(kinds, "Convolution", "PixelShuffle", "Interp", "BinaryOp")
	if scale != Scale {
		kinds = append(kinds, "Interp")
	}
	return kinds
}

// rrdbKinds lists ncnn's layers of [RRDBNet].
func rrdbKinds(blocks int) []string {
	kinds := []string{"Input", "Convolution"}
	for range blocks {
		for range 3 {
			for range 4 {
				kinds = append(kinds, "Convolution+LReLU", "Concat")
			}
			kinds = append(kinds, "Convolution", "Eltwise")
		}
		kinds = append(kinds, "Eltwise")
	}
	return append(kinds, "Convolution", "BinaryOp", "Interp", "Convolution+LReLU", "Interp", "Convolution+LReLU", "Convolution+LReLU", "Convolution")
}
