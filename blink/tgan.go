package blink

import (
	"math"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/moelab/moelab/nn"
)

// tganCode is the length of TGAN's codes: of what a video shows, of the random one that its motion comes from, and of
// the motion in each frame.
const tganCode = 100

// TGAN is the generator of Saito et al. 2017, figure 1, with a picture's code in place of the random slow code, unless
// it shall draw from noise alone: a temporal generator makes a fast code for each frame of noise, and an image
// generator draws each frame from the slow code and a fast one.
//
//	→ [batch, 16, size, size, 3] in [-1, 1]
func TGAN(scope *model.Scope, config Config, given Given) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), math.Sqrt2/2)) // LeCun's, as in Chainer.
	slow := contentOf(scope, config, given, tganCode)
	if given.Content != nil {
		slow = uniformly(slow)
	} else {
		slow = Tanh(slow)
	}
	fast := temporal(scope.At("temporal"), config, uniformly(given.Noise))

	batch := slow.Shape().Dim(0)
	ofSlow := unfolded(scope.At("slow"), config, slow, 4*config.Channels)
	ofFast := unfolded(scope.At("fast"), config, Reshape(fast, batch*Frames, tganCode), 4*config.Channels)
	dims := ofSlow.Shape().Dimensions
	ofSlow = BroadcastToDims(ExpandAxes(ofSlow, 1), batch, Frames, dims[1], dims[2], dims[3])
	h := Concatenate([]*Node{Reshape(ofSlow, ofFast.Shape().Dimensions...), ofFast}, -1)
	for i := range depth {
		h = nn.Deconv(scope.At("frame%d", i+1), h, max(config.Channels*4>>i, 1), nn.NoBias)
		h = normalised(scope.At("frame%d_norm", i+1), h)
	}
	frames := Tanh(nn.Conv(scope.At("frame_rgb"), h, 3, 3))
	return Reshape(frames, batch, Frames, config.Size, config.Size, 3)
}

// uniformly turns noise from N(0, 1) into uniform noise in [-1, 1].
func uniformly(noise *Node) *Node { return Erf(DivScalar(noise, math.Sqrt2)) }

// temporal is TGAN's temporal generator: transposed convolutions in time.
//
//	noise: [batch, length] → [batch, 16, length] in [-1, 1]
func temporal(scope *model.Scope, config Config, noise *Node) *Node {
	channels := []int{8 * config.Channels, 4 * config.Channels, 2 * config.Channels, 2 * config.Channels}
	h := ExpandAxes(nn.Dense(scope.At("step1"), noise, channels[0]), 1) // A transposed convolution of one frame.
	for i, n := range channels {
		if i > 0 {
			h = deconvInTime(scope.At("step%d", i+1), h, n)
		}
		h = normalised(scope.At("step%d_norm", i+1), h)
	}
	return Tanh(deconvInTime(scope.At("step%d", len(channels)+1), h, noise.Shape().Dim(-1)))
}

// deconvInTime is the transpose of a convolution with a kernel of 4 and stride 2, as PyTorch's ConvTranspose1d with
// padding 1.
//
//	x: [batch, steps, inputs] → [batch, 2·steps, channels]
func deconvInTime(scope *model.Scope, x *Node, channels int) *Node {
	dims := x.Shape().Dimensions
	g, dtype := x.Graph(), x.DType()
	kernel := scope.VariableWithShape("weights", shapes.Make(dtype, 4, dims[2], channels)).NodeValue(g)
	bias := scope.VariableWithShape("bias", shapes.Make(dtype, channels)).NodeValue(g)
	tap := func(i int) *Node { return Einsum("bti,io->bto", x, Squeeze(SliceAxis(kernel, 0, AxisElem(i)), 0)) }
	before := func(y *Node) *Node { // Zero, then all but the last.
		zero := ZerosLike(SliceAxis(y, 1, AxisElem(0)))
		return SliceAxis(Concatenate([]*Node{zero, y}, 1), 1, AxisRange(0, dims[1]))
	}
	after := func(y *Node) *Node {
		zero := ZerosLike(SliceAxis(y, 1, AxisElem(0)))
		return SliceAxis(Concatenate([]*Node{y, zero}, 1), 1, AxisRange(1, dims[1]+1))
	}
	even, odd := Add(before(tap(3)), tap(1)), Add(tap(2), after(tap(0)))
	y := Reshape(Stack([]*Node{even, odd}, 2), dims[0], 2*dims[1], channels)
	return Add(y, ExpandLeftToRank(bias, 3))
}

// unfolded makes a small picture of a code.
//
//	code: [batch, length] → [batch, size/16, size/16, channels]
func unfolded(scope *model.Scope, config Config, code *Node, channels int) *Node {
	least := config.Size >> depth
	h := nn.Dense(scope, code, least*least*channels, nn.NoBias)
	return normalised(scope.At("norm"), Reshape(h, -1, least, least, channels))
}

// TemporalDiscriminator is TGAN's: convolutions in space and time with stride 2, all but the first with batch
// normalisation that has no offset, until one frame is left.
//
//	videos: [batch, 16, size, size, 3] in [-1, 1] → [batch]
func TemporalDiscriminator(scope *model.Scope, config Config, videos *Node) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), math.Sqrt2/2))
	h := videos
	for i := range depth {
		h = nn.StridedConv3D(scope.At("conv%d", i+1), h, config.DiscriminatorChannels<<i)
		if i > 0 {
			h = scaled(scope.At("conv%d_norm", i+1), h)
		}
		h = nn.LeakyReLU(h, leak)
	}
	return Squeeze(nn.Dense(scope.At("score"), Reshape(h, h.Shape().Dim(0), -1), 1), 1)
}

// scaled is batch normalisation without an offset.
func scaled(scope *model.Scope, x *Node) *Node {
	x = nn.Normalise(scope, x)
	shape := shapes.Make(x.DType(), x.Shape().Dim(-1))
	scale := scope.WithInitializer(initializer.One).VariableWithShape("scale", shape)
	return Mul(x, ExpandLeftToRank(scale.NodeValue(x.Graph()), x.Rank()))
}
