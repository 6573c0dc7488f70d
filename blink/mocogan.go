package blink

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// The lengths of MoCoGAN's codes: what a video shows, and how it moves in each frame.
const (
	contentCode = 50
	motionCode  = 10
)

// mocoganNoise is the noise that MoCoGAN takes: the motion's first state, and an innovation for each frame.
const mocoganNoise = motionCode * (1 + Frames)

// MoCoGAN is the generator of Tulyakov et al. 2018, figure 2, with a picture's code in place of the random content
// code, unless it shall draw from noise alone: a recurrent network turns noise into a code of motion for each frame,
// and one network draws each frame from content and motion.
//
//	→ [batch, 16, size, size, 3] in [-1, 1]
func MoCoGAN(scope *model.Scope, config Config, given Given) *Node {
	scope = asInPyTorch(scope)
	content := contentOf(scope, config, given, contentCode)
	first := SliceAxis(given.Noise, -1, AxisRange(0, motionCode))
	innovations := Reshape(SliceAxis(given.Noise, -1, AxisRange(motionCode)), -1, Frames, motionCode)
	motion := GRU(scope.At("motion"), innovations, first)
	batch := motion.Shape().Dim(0)
	code := Concatenate([]*Node{BroadcastToDims(ExpandAxes(content, 1), batch, Frames, contentCode), motion}, -1)
	frames := drawn(scope, config, Reshape(code, batch*Frames, contentCode+motionCode))
	return Reshape(frames, batch, Frames, config.Size, config.Size, 3)
}

// asInPyTorch gives weights the variance of PyTorch's usual ones, 1/(3·fan in), which the authors use.
func asInPyTorch(scope *model.Scope) *model.Scope {
	return scope.WithInitializer(nn.Kaiming(scope.Store(), math.Sqrt(1./6)))
}

// GRU is the gated recurrent unit of Cho et al. 2014 in PyTorch's form, in which the reset gate comes after the product
// with the state.
//
//	r, z = σ(Wx + b + Uh + c), n = tanh(Wx + b + r∘(Uh + c)), h' = (1 − z)∘n + z∘h
//
//	x: [batch, steps, inputs], first: [batch, channels] → the states, [batch, steps, channels]
func GRU(scope *model.Scope, x, first *Node) *Node {
	channels, hidden := first.Shape().Dim(-1), first
	states := make([]*Node, x.Shape().Dim(1))
	for t := range states {
		now := Squeeze(SliceAxis(x, 1, AxisElem(t)), 1)
		given, kept := nn.Dense(scope.At("input"), now, 3*channels), nn.Dense(scope.At("state"), hidden, 3*channels)
		of := func(gates *Node, i int) *Node { return SliceAxis(gates, -1, AxisRange(i*channels, (i+1)*channels)) }
		reset := Sigmoid(Add(of(given, 0), of(kept, 0)))
		update := Sigmoid(Add(of(given, 1), of(kept, 1)))
		proposed := Tanh(Add(of(given, 2), Mul(reset, of(kept, 2))))
		hidden = Add(Mul(OneMinus(update), proposed), Mul(update, hidden))
		states[t] = hidden
	}
	return Stack(states, 1)
}

// encoded is DCGAN's discriminator without its score: convolutions of 4 with stride 2.
//
//	picture: [batch, size, size, 3] → [batch, features]
func encoded(scope *model.Scope, config Config, picture *Node) *Node {
	h := picture
	for i := range depth {
		h = nn.StridedConv(scope.At("encoder%d", i+1), h, config.Channels<<i, 4)
		if i > 0 {
			h = nn.BatchNorm(scope.At("encoder%d_norm", i+1), h)
		}
		h = nn.LeakyReLU(h, leak)
	}
	return Reshape(h, h.Shape().Dim(0), -1)
}

// drawn is DCGAN's generator, one picture for each code.
//
//	code: [batch, length] → [batch, size, size, 3] in [-1, 1]
func drawn(scope *model.Scope, config Config, code *Node) *Node {
	least := config.Size >> depth
	channels := config.Channels << (depth - 1)
	h := nn.Dense(scope.At("frame0"), code, least*least*channels, nn.NoBias) // A transposed convolution of one pixel.
	h = normalised(scope.At("frame0_norm"), Reshape(h, -1, least, least, channels))
	for i := 1; i < depth; i++ {
		h = normalised(
			scope.At("frame%d_norm", i), nn.Deconv(scope.At("frame%d", i), h, channels>>i, nn.NoBias),
		)
	}
	return Tanh(nn.Deconv(scope.At("frame_rgb"), h, 3, nn.NoBias))
}

// ImageDiscriminator is MoCoGAN's for single frames: a logit for each of some overlapping patches of them.
//
//	videos: [batch, frames, size, size, 3] in [-1, 1] → [batch·frames·patches], logits
func ImageDiscriminator(scope *model.Scope, config Config, videos *Node) *Node {
	scope = asInPyTorch(scope)
	dims := videos.Shape().Dimensions
	h := Reshape(videos, dims[0]*dims[1], dims[2], dims[3], 3)
	for i := range depth - 1 {
		h = nn.StridedConv(scope.At("conv%d", i+1), h, config.DiscriminatorChannels<<i, 4, nn.NoBias)
		if i > 0 {
			h = nn.BatchNorm(scope.At("conv%d_norm", i+1), h)
		}
		h = nn.LeakyReLU(h, leak)
	}
	return Reshape(nn.StridedConv(scope.At("score"), h, 1, 4, nn.NoBias), -1)
}

// VideoDiscriminator is MoCoGAN's for videos: convolutions of 4×4×4 that halve the size in space, and none in time.
//
//	videos: [batch, 16, size, size, 3] in [-1, 1] → [batch], a logit
func VideoDiscriminator(scope *model.Scope, config Config, videos *Node) *Node {
	scope = asInPyTorch(scope)
	h := videos
	for i := range depth {
		h = windows(h, 4) // With them a convolution of pictures is one of videos.
		dims := h.Shape().Dimensions
		h = Reshape(h, dims[0]*dims[1], dims[2], dims[3], dims[4])
		h = nn.StridedConv(scope.At("conv%d", i+1), h, config.DiscriminatorChannels<<i, 4, nn.NoBias)
		h = Reshape(h, dims[0], dims[1], dims[2]/2, dims[3]/2, -1)
		if i > 0 {
			h = nn.BatchNorm(scope.At("conv%d_norm", i+1), h)
		}
		h = nn.LeakyReLU(h, leak)
	}
	return Squeeze(nn.Dense(scope.At("score"), Reshape(h, h.Shape().Dim(0), -1), 1, nn.NoBias), 1)
}

// windows puts each frame's n−1 next ones into its channels, and drops the last n−1 frames.
//
//	x: [batch, frames, size, size, channels] → [batch, frames−n+1, size, size, n·channels]
func windows(x *Node, n int) *Node {
	left := x.Shape().Dim(1) - n + 1
	parts := make([]*Node, n)
	for i := range parts {
		parts[i] = nn.Part(x, 1, i, i+left)
	}
	return Concatenate(parts, -1)
}
