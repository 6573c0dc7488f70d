package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/flow"
	"github.com/moelab/moelab/nn"
)

// UNets draw the frames of a blink: the picture, repeated for each frame, and the flow of a reference go through a
// network that sees each frame separately, and its output through one that sees them all.
//
//	→ [batch, frames, size, size, 3] in [-1, 1]
func UNets(scope *model.Scope, config Config, given Given) *Node {
	return conditionedUNets(scope, config, given.Picture, MulScalar(given.Motion, flowScale))
}

// conditionedUNets are [UNets] with any condition.
//
//	picture: [batch, size, size, 3], condition: [batch, frames, size, size, channels]
func conditionedUNets(scope *model.Scope, config Config, picture, condition *Node) *Node {
	dims := condition.Shape().Dimensions
	batch, frames, size, channels := dims[0], dims[1], dims[2], dims[4]
	tiled := BroadcastToDims(ExpandAxes(picture, 1), batch, frames, size, size, 3)
	x := Concatenate([]*Node{tiled, condition}, -1)
	x = Reshape(x, batch*frames, size, size, 3+channels)
	x = Tanh(unet(scope.At("frames"), config, flat, x))
	x = Reshape(x, batch, frames, size, size, 3)
	if !config.Temporal {
		return x
	}
	return Tanh(unet(scope.At("video"), config, spatiotemporal, x))
}

// flowScale scales displacements in pixels, a few at the lids, to about the range of the colours.
const flowScale = 0.25

// layers are the layers of a U-Net: for pictures, or for videos.
type layers struct {
	down func(scope *model.Scope, x *Node, channels int) *Node // Halves the size.
	up   func(scope *model.Scope, x *Node, channels int) *Node // Doubles it.
	last func(scope *model.Scope, x *Node) *Node               // Makes the output.
}

// flat are the layers for pictures.
var flat = layers{
	down: func(scope *model.Scope, x *Node, channels int) *Node { return nn.StridedConv(scope, x, channels, 4) },
	up:   func(scope *model.Scope, x *Node, channels int) *Node { return nn.UpConv(scope, x, channels) },
	last: func(scope *model.Scope, x *Node) *Node { return nn.Conv(scope, x, 3, 3) },
}

// spatiotemporal are the layers for videos.
var spatiotemporal = layers{
	down: func(scope *model.Scope, x *Node, channels int) *Node { return nn.StridedConv3D(scope, x, channels) },
	up:   func(scope *model.Scope, x *Node, channels int) *Node { return nn.UpConv3D(scope, x, channels) },
	last: func(scope *model.Scope, x *Node) *Node { return nn.Conv3D(scope, x, 3, 3) },
}

// depth returns the number of times that a U-Net halves the size.
const depth = 4

// unet is the U-Net of Ronneberger et al. 2015 in the article's form: down by convolutions of 4 with stride 2, up by
// nearest neighbour and convolutions of 3, each with batch normalisation and ReLU. At each size the channels of the
// downward path join those of the upward path.
//
//	x: [batch, ..., size, size, inputs] → [batch, ..., size, size, outputs]
func unet(scope *model.Scope, config Config, layers layers, x *Node) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	var skips []*Node
	h := x
	for i := range depth {
		skips = append(skips, h)
		h = normalised(scope.At("down%d_norm", i+1), layers.down(scope.At("down%d", i+1), h, config.Channels<<i))
	}
	for i := depth - 1; i >= 0; i-- {
		h = normalised(scope.At("up%d_norm", i+1), layers.up(scope.At("up%d", i+1), h, config.Channels<<max(i-1, 0)))
		h = Concatenate([]*Node{h, skips[i]}, -1)
	}
	return layers.last(scope.At("rgb"), h)
}

// normalised is batch normalisation and ReLU.
func normalised(scope *model.Scope, x *Node) *Node { return nn.ReLU(nn.BatchNorm(scope, x)) }

// VideoGAN is the generator of Vondrick et al. 2016, figure 1 and section 5.3, in its form for pictures unless it shall
// draw from noise alone: convolutions shrink the picture to a code; from that one stream draws a still background, the
// other a moving foreground and its mask. The code is one frame long here, since there are 16 frames instead of 32. The
// authors' code is followed where the paper is silent.
//
//	→ [batch, 16, size, size, 3] in [-1, 1], and the mask, [batch, 16, size, size, 1]
func VideoGAN(scope *model.Scope, config Config, given Given) (video, mask *Node) {
	scope = scope.WithInitializer(nn.Normal(scope.Store(), videoganDeviation))
	still, moving := videoganCodes(scope, config, given)
	moving = ExpandAxes(moving, 1) // [batch, 1, size/16, size/16, channels]
	for i := depth - 2; i >= 0; i-- {
		still = normalised(
			scope.At("background%d_norm", i+1), nn.Deconv(scope.At("background%d", i+1), still, config.Channels<<i),
		)
		moving = normalised(
			scope.At("foreground%d_norm", i+1), nn.Deconv3D(scope.At("foreground%d", i+1), moving, config.Channels<<i),
		)
	}
	background := ExpandAxes(Tanh(nn.Deconv(scope.At("background_rgb"), still, 3)), 1)
	foreground := Tanh(nn.Deconv3D(scope.At("foreground_rgb"), moving, 3))
	mask = Sigmoid(nn.Deconv3D(scope.At("mask"), moving, 1))
	share := BroadcastToShape(mask, foreground.Shape())
	return Add(Mul(share, foreground), Mul(OneMinus(share), BroadcastToShape(background, foreground.Shape()))), mask
}

// videoganCode is the length of VideoGAN's noise, videoganDeviation the standard deviation of its initial weights.
const (
	videoganCode      = 100
	videoganDeviation = 0.01
)

// videoganCodes are the codes that its two streams begin with: of a picture it is one.
//
//	→ two of [batch, size/16, size/16, channels]
func videoganCodes(scope *model.Scope, config Config, given Given) (still, moving *Node) {
	if given.Content != nil {
		channels := config.Channels << (depth - 1)
		return unfolded(scope.At("background"), config, given.Content, channels),
			unfolded(scope.At("foreground"), config, given.Content, channels)
	}
	code := given.Picture
	for i := range depth {
		code = nn.StridedConv(scope.At("encoder%d", i+1), code, config.Channels<<i, 4)
		if i > 0 {
			code = nn.BatchNorm(scope.At("encoder%d_norm", i+1), code)
		}
		code = nn.ReLU(code)
	}
	return code, code
}

// leak is the slope of the leaky ReLU below 0.
const leak = 0.2

// Motion is the optical flow of videos from the first frame to each, the first itself included: see [flow.Farneback].
//
//	videos: [batch, frames, height, width, 3] in [-1, 1] → [batch, frames, height, width, 2] in pixels
func Motion(videos *Node) *Node {
	dims := videos.Shape().Dimensions
	batch, frames, height, width := dims[0], dims[1], dims[2], dims[3]
	// OpenCV's weights of grey.
	luma := ConstAsDType(videos.Graph(), videos.DType(), []float64{0.299, 0.587, 0.114})
	grey := MulScalar(AddScalar(Einsum("bfhwc,c->bfhw", videos, luma), 1), 127.5)
	first := Squeeze(SliceAxis(grey, 1, AxisElem(0)), 1)
	motion := flow.Farneback(first, Reshape(grey, batch*frames, height, width), nil, flow.Default())
	return StopGradient(Reshape(motion, batch, frames, height, width, 2))
}
