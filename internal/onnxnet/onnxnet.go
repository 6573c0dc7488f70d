// Package onnxnet runs a user's network from an ONNX file on pictures: onnx-gomlx turns it into a graph, and XLA runs
// that.
//
//	network, err := onnxnet.Open(backend, "vgg16.onnx", onnxnet.Options{Input: onnxnet.Caffe})
//	rows, err := network.See(ctx, pictures)
package onnxnet

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/gomlx/onnx-gomlx/onnx/parser"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/weights"
	"gonum.org/v1/gonum/mat"
)

// Input is the scale of the channels of a network's pictures: (level − Mean) / Deviation, of levels from 0 to 255. It
// is not in the file.
type Input struct {
	// BGR reports whether blue comes first. Mean and Deviation are in the network's order of channels.
	BGR             bool
	Mean, Deviation [3]float64
}

// Common inputs.
var (
	// ImageNet is the input of torchvision's networks.
	ImageNet = Input{Mean: [3]float64{123.675, 116.28, 103.53}, Deviation: [3]float64{58.395, 57.12, 57.375}}
	// Caffe is the input of networks first trained in Caffe, such as VGG16.
	Caffe = Input{BGR: true, Mean: [3]float64{103.939, 116.779, 123.68}, Deviation: [3]float64{1, 1, 1}}
	// Levels are from 0 to 255, Unit from 0 to 1, Signed from −1 to 1.
	Levels = Input{Deviation: [3]float64{1, 1, 1}}
	Unit   = Input{Deviation: [3]float64{255, 255, 255}}
	Signed = Input{Mean: [3]float64{127.5, 127.5, 127.5}, Deviation: [3]float64{127.5, 127.5, 127.5}}
)

// Options are facts about a network that are not in its file.
type Options struct {
	// Input is the scale of its pictures.
	Input Input
	// Output names the output, or inner value, to return; empty: the first output.
	Output string
	// Size is the height and width of its pictures in pixels, for a network that takes any.
	Size int
}

// Network is an open network. It is safe for concurrent use.
type Network struct {
	options       Options
	path          string
	batch, size   int
	channelsFirst bool

	mutex sync.Mutex
	exec  *model.Exec
}

// anyBatch is the batch of networks that take any number of pictures.
const anyBatch = 8

const (
	// largestSize bounds the height and width of a network's pictures, in pixels.
	largestSize = 4096
	// largestInput bounds the number of values of a batch, which take 4 bytes each.
	largestInput = 1 << 28
)

// Open reads a network that takes one batch of square pictures with three channels, [batch, 3, size, size] or [batch,
// size, size, 3].
func Open(backend compute.Backend, path string, options Options) (*Network, error) {
	n := &Network{options: options, path: path}
	var err error
	// The reader panics on some files that are not ONNX.
	if caught := exceptions.TryCatch[error](func() { err = n.open(backend) }); caught != nil {
		err = caught
	}
	if err != nil {
		return nil, fmt.Errorf("open the network %s: %w", path, firstLine(err))
	}
	return n, nil
}

// firstLine removes the stack trace of GoMLX's errors.
func firstLine(err error) error {
	if line, _, more := strings.Cut(err.Error(), "\n"); more {
		return errors.New(line)
	}
	return err
}

func (n *Network) open(backend compute.Backend) error {
	data, err := regularfile.Read(n.path, regularfile.Weights)
	if err != nil {
		return err
	}
	if err := weights.CheckONNX(n.path, data); err != nil { // onnx-gomlx allocates memory according to shapes.
		return err
	}
	file, err := parser.ParseFile(n.path) // Not from bytes: values may be in files next to it.
	if err != nil {
		return err
	}
	names, inputs := file.Inputs()
	if len(inputs) != 1 {
		return fmt.Errorf("it has %d inputs (%s): only a network of one, the pictures, can be used",
			len(inputs), strings.Join(names, ", "))
	}
	if err := n.readInput(inputs[0]); err != nil {
		return fmt.Errorf("its input %s: %w", names[0], err)
	}
	outputs, _ := file.Outputs()
	output := n.options.Output
	switch {
	case output == "" && len(outputs) == 0:
		return errors.New("it has no output")
	case output == "":
		output = outputs[0]
	}
	store := model.NewStore()
	if err := file.VariablesToScope(store.RootScope()); err != nil {
		return err
	}
	n.exec, err = model.NewExec(backend, store, func(scope *model.Scope, x *Node) *Node {
		if n.channelsFirst {
			x = TransposeAllAxes(x, 0, 3, 1, 2)
		}
		x = ConvertDType(x, inputs[0].DType)
		features := file.CallGraph(scope, x.Graph(), map[string]*Node{names[0]: x}, output)[0]
		return ConvertDType(n.flatten(features), dtypes.Float32)
	})
	return err
}

// readInput derives the layout, the batch and the size from the shape of the input.
func (n *Network) readInput(shape shapes.Shape) error {
	if shape.Rank() != 4 {
		return fmt.Errorf("its shape is %v, not that of pictures", shape)
	}
	dims := shape.Dimensions
	var height, width int
	switch {
	case dims[1] == 3:
		n.channelsFirst, height, width = true, dims[2], dims[3]
	case dims[3] == 3:
		height, width = dims[1], dims[2]
	default:
		return fmt.Errorf("its shape is %v: no axis has three channels", shape)
	}
	switch {
	case height <= 0 && width <= 0 && n.options.Size > 0:
		n.size = n.options.Size
	case height != width || height <= 0:
		return fmt.Errorf("its shape is %v: pictures must be square and of a known size", shape)
	default:
		n.size = height
	}
	n.batch = anyBatch
	if dims[0] > 0 {
		n.batch = dims[0]
	}
	if n.size > largestSize || n.batch > largestInput/(3*n.size*n.size) {
		return fmt.Errorf("its shape is %v: more than %d values are too many", shape, largestInput)
	}
	return nil
}

// flatten averages over positions, and leaves a row of features for each picture. Pictures are square, so the two equal
// axes of a map are its height and width. If all three are equal, it is taken for [batch, channels, height, width], the
// layout of ONNX's convolutions for any layout of the pictures.
func (n *Network) flatten(features *Node) *Node {
	dims := features.Shape().Dimensions
	switch {
	case len(dims) == 4 && dims[1] == dims[2] && dims[2] != dims[3]:
		return ReduceMean(features, 1, 2)
	case len(dims) == 4:
		return ReduceMean(features, 2, 3)
	case len(dims) == 3: // [batch, positions, features] of a transformer.
		return ReduceMean(features, 1)
	}
	return Reshape(features, n.batch, -1)
}

// Close frees the compiled program.
func (n *Network) Close() { n.exec.Finalize() }

// Size returns the height and width of the network's pictures, in pixels.
func (n *Network) Size() int { return n.size }

// See returns a row of the network's features for each picture. Each picture is centred on a white square, which is
// scaled to the network's size.
func (n *Network) See(ctx context.Context, pictures []*image.RGBA) ([][]float32, error) {
	rows := make([][]float32, 0, len(pictures))
	each := n.size * n.size * 3
	for start := 0; start < len(pictures); start += n.batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := pictures[start:min(start+n.batch, len(pictures))]
		values := make([]float32, n.batch*each) // The rest of the last batch is ignored.
		for i, picture := range batch {
			n.write(values[i*each:(i+1)*each], picture)
		}
		output, err := n.call(values)
		if err != nil {
			return nil, fmt.Errorf("show pictures to the network %s: %w", n.path, firstLine(err))
		}
		width := len(output) / n.batch
		for i := range batch {
			rows = append(rows, output[i*width:(i+1)*width])
		}
	}
	return rows, nil
}

// Features returns the rows of [Network.See] as a matrix.
func (n *Network) Features(ctx context.Context, pictures []*image.RGBA) (*mat.Dense, error) {
	rows, err := n.See(ctx, pictures)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("there are no pictures to show to a network")
	}
	features := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, row := range rows {
		for j, v := range row {
			features.Set(i, j, float64(v))
		}
	}
	return features, nil
}

// call runs the network once. Its program is compiled by the first call.
func (n *Network) call(values []float32) ([]float32, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	output, err := n.exec.Call1(tensors.FromFlatDataAndDimensions(values, n.batch, n.size, n.size, 3))
	if err != nil {
		return nil, err
	}
	if output.Shape().Rank() != 2 || output.Shape().Dim(0) != n.batch {
		return nil, fmt.Errorf("its output is %v, not a row of features for each of %d pictures", output.Shape(), n.batch)
	}
	return tensors.CopyFlatData[float32](output)
}

// write writes a picture as the network's input: [height, width, channel].
func (n *Network) write(values []float32, picture *image.RGBA) {
	scaled := imaging.Bicubic(padded(picture), n.size, n.size)
	input := n.options.Input
	for y := range n.size {
		row := scaled.Pix[y*scaled.Stride:]
		for x := range n.size {
			for c := range 3 {
				from := c
				if input.BGR {
					from = 2 - c
				}
				values[(y*n.size+x)*3+c] = float32((float64(row[4*x+from]) - input.Mean[c]) / input.Deviation[c])
			}
		}
	}
}

// padded centres a picture on a white square.
func padded(picture *image.RGBA) *image.RGBA {
	width, height := picture.Rect.Dx(), picture.Rect.Dy()
	if width == height {
		return picture
	}
	side := max(width, height)
	square := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(square, square.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	at := image.Pt((side-width)/2, (side-height)/2)
	draw.Draw(square, picture.Rect.Sub(picture.Rect.Min).Add(at), picture, picture.Rect.Min, draw.Over)
	return square
}
