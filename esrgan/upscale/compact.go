package upscale

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/internal/weights"
	"github.com/moelab/moelab/nn"
)

// CompactNet is the generator of Real-ESRGAN's networks for video, SRVGGNetCompact (Wang et al. 2021): plain
// convolutions at the size of x, each but the last with PReLU. The last one's 48 channels become blocks of 4×4 pixels,
// which are added to x itself. It is many times faster than [esrgan.RRDBNet]. If scale is less than 4 the result is
// shrunk to it, bicubically.
//
//	x: [batch, height, width, 3] in [0, 1] → [batch, scale·height, scale·width, 3], about [0, 1]
func CompactNet(scope *model.Scope, x *Node, channels, convolutions, scale int) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	h := x
	for i := range convolutions - 1 {
		h = nn.Conv(scope.At("conv%d", i+1), h, channels, 3)
		h = nn.PReLU(scope.At("prelu%d", i+1), h)
	}
	h = nn.Conv(scope.At("conv%d", convolutions), h, 3*esrgan.Scale*esrgan.Scale, 3)
	return shrink(addBlocks(x, h), scale)
}

// addBlocks makes a block of 4×4 pixels of each pixel of x: its colour plus the channels of h, in the order of
// PyTorch's PixelShuffle: channel 16·c + 4·row + column.
//
//	x: [batch, height, width, 3], h: [batch, height, width, 48] → [batch, 4·height, 4·width, 3]
func addBlocks(x, h *Node) *Node {
	batch, height, width := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)
	h = Reshape(h, batch, height, width, 3, esrgan.Scale, esrgan.Scale)
	h = Add(h, Reshape(x, batch, height, width, 3, 1, 1))
	h = TransposeAllAxes(h, 0, 1, 4, 2, 5, 3)
	return Reshape(h, batch, esrgan.Scale*height, esrgan.Scale*width, 3)
}

// shrink shrinks pictures to scale/4 of their size as ncnn does: bicubically, without antialiasing.
//
//	x: [batch, 4·height, 4·width, 3] → [batch, scale·height, scale·width, 3]
func shrink(x *Node, scale int) *Node {
	if scale == esrgan.Scale {
		return x
	}
	return shrinkAxis(shrinkAxis(x, 1, scale), 2, scale)
}

// shrinkAxis turns every four lines along an axis into scale lines.
func shrinkAxis(x *Node, axis, scale int) *Node {
	lines := x.Shape().Dim(axis)
	first, last := SliceAxis(x, axis, AxisRange(0, 1)), SliceAxis(x, axis, AxisRange(lines-1, lines))
	x = Concatenate([]*Node{first, x, last}, axis) // The border's pixels are repeated beyond it.
	made := make([]*Node, scale)
	for i := range made {
		at := (float64(i)+0.5)*esrgan.Scale/float64(scale) - 0.5 // In lines of x, not counting the first.
		before := int(math.Floor(at))
		for tap, weight := range cubic(at - math.Floor(at)) {
			begin := before + tap
			term := MulScalar(SliceAxis(x, axis, AxisRange(begin, begin+lines-esrgan.Scale+1).Stride(esrgan.Scale)), weight)
			if made[i] == nil {
				made[i] = term
			} else {
				made[i] = Add(made[i], term)
			}
		}
	}
	dims := x.Shape().Clone().Dimensions
	dims[axis] = lines / esrgan.Scale * scale
	return Reshape(Stack(made, axis+1), dims...)
}

// cubic returns the weights of the four lines around a point at t after the second (Keys 1981, with ncnn's a = −0.75).
func cubic(t float64) [4]float64 {
	const a = -0.75
	near := func(d float64) float64 { return ((a+2)*d-(a+3))*d*d + 1 }
	far := func(d float64) float64 { return ((a*d-5*a)*d+8*a)*d - 4*a }
	return [4]float64{far(1 + t), near(t), near(1 - t), far(2 - t)}
}

// fitCompact arranges convolutions, and the slopes between them, as the variables of [CompactNet].
func fitCompact(
	convolutions []weights.Convolution, slopes [][]float32,
) (channels int, variables map[string]*tensors.Tensor, err error) {
	channels = len(convolutions[0].Bias)
	var layers []weights.Layer
	for i := range convolutions {
		l := weights.Layer{Scope: fmt.Sprintf("conv%d", i+1), Inputs: channels, Outputs: channels}
		if i == 0 {
			l.Inputs = 3
		}
		if i == len(convolutions)-1 {
			l.Outputs = 3 * esrgan.Scale * esrgan.Scale
		}
		layers = append(layers, l)
	}
	if variables, err = weights.Fit(layers, convolutions); err != nil {
		return 0, nil, err
	}
	for i, s := range slopes {
		if len(s) != channels || !weights.Finite(s) {
			return 0, nil, fmt.Errorf("PReLU %d has %d slopes instead of %d finite ones", i+1, len(s), channels)
		}
		variables[fmt.Sprintf("prelu%d/slope", i+1)] = tensors.FromFlatDataAndDimensions(s, channels)
	}
	return channels, variables, nil
}
