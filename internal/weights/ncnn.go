package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/moelab/moelab/internal/regularfile"
)

// ncnn keeps a network in two files: a text with a line for each layer, and the weights of these layers, one after the
// other. Real-ESRGAN's networks are passed around in this form.

// ncnnMagic is the first line of the text.
const ncnnMagic = "7767517"

// NCNNLayer is a line of the text, with its weights.
type NCNNLayer struct {
	// Kind is ncnn's name of the operation: "Convolution", "PReLU", "Interp" and so on.
	Kind, Name string
	// Convolution holds the weights of a "Convolution", which must be 3×3 with stride 1.
	Convolution Convolution
	// LeakyReLU reports whether a "Convolution" ends with one.
	LeakyReLU bool
	// Slopes are the slopes of a "PReLU".
	Slopes []float32

	params map[int]string // By ncnn's numbers for the kind of layer.
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

// ncnnLeakyReLU is the value of the parameter ncnnActivation.
const ncnnLeakyReLU = 2

// ncnnHalf precedes weights of 16 bits, which are padded to a multiple of 4 bytes.
const ncnnHalf = 0x01306B47

// ReadNCNN reads the layers of a network of 3×3 convolutions from its text and its weights.
func ReadNCNN(param, bin string) ([]NCNNLayer, error) {
	text, err := regularfile.Read(param, regularfile.Note)
	if err != nil {
		return nil, err
	}
	layers, err := parseParam(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", param, err)
	}
	data, err := regularfile.Read(bin, regularfile.Weights)
	if err != nil {
		return nil, err
	}
	rest, err := readBin(layers, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bin, err)
	}
	if rest > 0 {
		return nil, fmt.Errorf("%s: %d bytes are left over: the weights are of another network than %s", bin, rest, param)
	}
	return layers, nil
}

// parseParam reads the text.
func parseParam(text string) ([]NCNNLayer, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) < 2 || strings.TrimSpace(lines[0]) != ncnnMagic {
		return nil, errors.New("not an ncnn text file: the first line is not " + ncnnMagic)
	}
	var count, blobs int
	if _, err := fmt.Sscan(lines[1], &count, &blobs); err != nil {
		return nil, fmt.Errorf("it is damaged: the second line does not give the number of layers: %w", err)
	}
	lines = lines[2:]
	if len(lines) != count {
		return nil, fmt.Errorf("it is cut short or damaged: it announces %d layers and has %d", count, len(lines))
	}
	layers := make([]NCNNLayer, count)
	for i, line := range lines {
		var err error
		if layers[i], err = parseLayer(strings.Fields(line)); err != nil {
			return nil, fmt.Errorf("it is damaged: line %q: %w", line, err)
		}
	}
	return layers, nil
}

// parseLayer reads a line: the kind, the name, the numbers of inputs and outputs, their names, and parameters as
// number=value.
func parseLayer(words []string) (NCNNLayer, error) {
	var inputs, outputs int
	if len(words) < 4 {
		return NCNNLayer{}, errors.New("it is no layer")
	}
	if _, err := fmt.Sscan(words[2]+" "+words[3], &inputs, &outputs); err != nil {
		return NCNNLayer{}, err
	}
	rest := words[4:]
	if inputs < 0 || inputs > len(rest) || outputs < 0 || outputs > len(rest)-inputs {
		return NCNNLayer{}, errors.New("inputs or outputs are missing")
	}
	layer := NCNNLayer{Kind: words[0], Name: words[1], params: map[int]string{}}
	for _, word := range rest[inputs+outputs:] {
		number, value, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(number)
		if err != nil {
			return NCNNLayer{}, err
		}
		layer.params[n] = value
	}
	return layer, nil
}

// param returns a parameter, or another number if it is missing.
func (l NCNNLayer) param(number, missing int) int {
	n, err := strconv.Atoi(l.params[number])
	if err != nil {
		return missing
	}
	return n
}

// readBin takes the weights of the layers from data, and returns how many bytes are left over.
func readBin(layers []NCNNLayer, data []byte) (rest int, err error) {
	weights := ncnnReader{data}
	for i := range layers {
		if err := layers[i].read(&weights); err != nil {
			return 0, fmt.Errorf("layer %s: %w", layers[i].Name, err)
		}
	}
	return len(weights.rest), nil
}

// read takes the weights of the layer, if any.
func (l *NCNNLayer) read(weights *ncnnReader) (err error) {
	outputs := l.param(ncnnOutputs, 0)
	switch l.Kind {
	case "Convolution":
		size := l.param(ncnnWeights, 0)
		plain := []int{
			l.param(ncnnKernel, 0), l.param(ncnnDilation, 1), l.param(ncnnStride, 1),
			l.param(ncnnPad, 0), l.param(ncnnBias, 0),
		}
		divides := outputs >= 1 && outputs <= size/9 && size%(9*outputs) == 0
		if !divides || !slices.Equal(plain, []int{3, 1, 1, 1, 1}) {
			return fmt.Errorf("it is not a 3×3 convolution with biases: %v", l.params)
		}
		l.Convolution = Convolution{Name: l.Name, Shape: []int{outputs, size / 9 / outputs, 3, 3}}
		l.LeakyReLU = l.param(ncnnActivation, 0) == ncnnLeakyReLU
		if l.Convolution.Kernel, err = weights.flagged(size); err != nil {
			return err
		}
		l.Convolution.Bias, err = weights.floats(dtypes.Float32, outputs)
	case "PReLU":
		l.Slopes, err = weights.floats(dtypes.Float32, outputs)
	}
	return err
}

// ncnnReader takes weights from the front of the rest of a file.
type ncnnReader struct{ rest []byte }

// floats returns the next n numbers; those of 16 bits are padded to a multiple of 4 bytes.
func (r *ncnnReader) floats(dtype dtypes.DType, n int) ([]float32, error) {
	if n < 0 || n > len(r.rest)/dtype.Size() {
		return nil, fmt.Errorf("it is cut short: %d bytes are left, but %d numbers of %d bytes are needed: %w",
			len(r.rest), n, dtype.Size(), io.ErrUnexpectedEOF)
	}
	size := n * dtype.Size()
	padded := (size + 3) / 4 * 4
	if padded > len(r.rest) {
		return nil, fmt.Errorf("it is cut short: the padding is missing: %w", io.ErrUnexpectedEOF)
	}
	raw := r.rest[:size]
	r.rest = r.rest[padded:]
	return DecodeFloats(dtype, raw)
}

// flagged returns the next n numbers, whose type follows from the four bytes before them.
func (r *ncnnReader) flagged(n int) ([]float32, error) {
	if len(r.rest) < 4 {
		return nil, fmt.Errorf("it is cut short: the type of the weights is missing: %w", io.ErrUnexpectedEOF)
	}
	flag := binary.LittleEndian.Uint32(r.rest)
	r.rest = r.rest[4:]
	switch flag {
	case ncnnHalf:
		return r.floats(dtypes.Float16, n)
	case 0:
		return r.floats(dtypes.Float32, n)
	default:
		return nil, fmt.Errorf("its weights are of a type that is not supported (flag %#08x), or damaged", flag)
	}
}
