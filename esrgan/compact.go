package esrgan

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// CompactNet is the generator of Real-ESRGAN's networks for video, SRVGGNetCompact (Wang et al. 2021): plain convolutions at the size of x,
// each but the last with PReLU, whose last 48 channels become blocks of 4×4 pixels, added to x itself. It is many times faster than
// [RRDBNet]. Where scale is less than 4 the result is shrunk to it, bicubically.
//
//	x: [batch, height, width, 3] in [0, 1] → [batch, scale·height, scale·width, 3], about [0, 1]
func CompactNet(scope *model.Scope, x *Node, channels, convolutions, scale int) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	h := x
	for i := range convolutions - 1 {
		h = nn.Conv(scope.At("conv%d", i+1), h, channels, 3)
		h = nn.PReLU(scope.At("prelu%d", i+1), h)
	}
	h = nn.Conv(scope.At("conv%d", convolutions), h, 3*Scale*Scale, 3)
	return shrink(addBlocks(x, h), scale)
}

// addBlocks makes a block of 4×4 pixels of each pixel of x: its colour, plus what the channels of h say, in the order of PyTorch's
// PixelShuffle: channel 16·c + 4·row + column.
//
//	x: [batch, height, width, 3], h: [batch, height, width, 48] → [batch, 4·height, 4·width, 3]
func addBlocks(x, h *Node) *Node {
	batch, height, width := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)
	h = Reshape(h, batch, height, width, 3, Scale, Scale)
	h = Add(h, Reshape(x, batch, height, width, 3, 1, 1))
	h = TransposeAllAxes(h, 0, 1, 4, 2, 5, 3)
	return Reshape(h, batch, Scale*height, Scale*width, 3)
}

// shrink shrinks pictures to scale/4 of their size as ncnn does: bicubically, without antialiasing.
//
//	x: [batch, 4·height, 4·width, 3] → [batch, scale·height, scale·width, 3]
func shrink(x *Node, scale int) *Node {
	if scale == Scale {
		return x
	}
	return shrinkAxis(shrinkAxis(x, 1, scale), 2, scale)
}

// shrinkAxis makes scale lines of every four along an axis.
func shrinkAxis(x *Node, axis, scale int) *Node {
	lines := x.Shape().Dim(axis)
	first, last := SliceAxis(x, axis, AxisRange(0, 1)), SliceAxis(x, axis, AxisRange(lines-1, lines))
	x = Concatenate([]*Node{first, x, last}, axis) // Beyond the border the picture goes on as at it.
	made := make([]*Node, scale)
	for i := range made {
		at := (float64(i)+0.5)*Scale/float64(scale) - 0.5 // In lines of x, without the one before it.
		before := int(math.Floor(at))
		for tap, weight := range cubic(at - math.Floor(at)) {
			begin := before + tap
			term := MulScalar(SliceAxis(x, axis, AxisRange(begin, begin+lines-Scale+1).Stride(Scale)), weight)
			if made[i] == nil {
				made[i] = term
			} else {
				made[i] = Add(made[i], term)
			}
		}
	}
	dims := x.Shape().Clone().Dimensions
	dims[axis] = lines / Scale * scale
	return Reshape(Stack(made, axis+1), dims...)
}

// cubic returns the weights of the four lines around a place that is t after the second (Keys 1981, with ncnn's a = −0.75).
func cubic(t float64) [4]float64 {
	const a = -0.75
	near := func(d float64) float64 { return ((a+2)*d-(a+3))*d*d + 1 }
	far := func(d float64) float64 { return ((a*d-5*a)*d+8*a)*d - 4*a }
	return [4]float64{far(1 + t), near(t), near(1 - t), far(2 - t)}
}

// fitCompact lays convolutions, and the slopes between them, out as the variables of [CompactNet].
func fitCompact(convolutions []convolution, slopes [][]float32) (channels int, weights map[string]*tensors.Tensor, err error) {
	channels = len(convolutions[0].bias)
	var layers []layer
	for i := range convolutions {
		l := layer{fmt.Sprintf("conv%d", i+1), channels, channels}
		if i == 0 {
			l.inputs = 3
		}
		if i == len(convolutions)-1 {
			l.outputs = 3 * Scale * Scale
		}
		layers = append(layers, l)
	}
	if weights, err = fit(layers, convolutions); err != nil {
		return 0, nil, err
	}
	for i, s := range slopes {
		if len(s) != channels || !finite(s) {
			return 0, nil, fmt.Errorf("PReLU %d has %d slopes where %d numbers were due", i+1, len(s), channels)
		}
		weights[fmt.Sprintf("prelu%d/slope", i+1)] = tensors.FromFlatDataAndDimensions(s, channels)
	}
	return channels, weights, nil
}
