package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// The sizes of [DynamicsTransfer], which are ours, as the paper's are not known: features of a frame, states of the
// recurrent network, and channels beside the picture.
const (
	frameFeatures   = 128
	dynamicFeatures = 64
	dynamicChannels = 4
)

// DynamicsTransfer is the generator of Baddar et al. 2018: a picture moves as a reference does. What a recurrent
// network makes of the reference, less what it makes of its first frame repeated, is its dynamics without its looks. It
// is the condition of a network that draws each frame. The paper trains the features on expressions first; here they
// are trained with the rest.
//
//	→ [batch, frames, size, size, 3] in [-1, 1]
func DynamicsTransfer(scope *model.Scope, config Config, given Given) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	features := featuresOf(scope.At("features"), config, given.Reference)
	still := BroadcastToShape(SliceAxis(features, 1, AxisElem(0)), features.Shape())
	lstm := func(x *Node) *Node { return LSTM(scope.At("lstm"), x, dynamicFeatures) }
	dynamics := Sub(lstm(features), lstm(still)) // [batch, frames, features]

	batch, frames, size := dynamics.Shape().Dim(0), dynamics.Shape().Dim(1), config.Size
	least := size >> depth
	condition := nn.Dense(scope.At("condition"), Reshape(dynamics, batch*frames, -1), least*least*dynamicChannels)
	condition = Reshape(condition, batch*frames, least, least, dynamicChannels)
	for range depth {
		condition = nn.Upsample(condition)
	}
	picture := BroadcastToDims(ExpandAxes(given.Picture, 1), batch, frames, size, size, 3)
	x := Concatenate([]*Node{Reshape(picture, batch*frames, size, size, 3), condition}, -1)
	x = unet(scope.At("frames"), config, flat, x)
	return Reshape(Tanh(x), batch, frames, size, size, 3)
}

// featuresOf are those of each frame by itself.
//
//	videos: [batch, frames, size, size, 3] → [batch, frames, features]
func featuresOf(scope *model.Scope, config Config, videos *Node) *Node {
	dims := videos.Shape().Dimensions
	h := encoded(scope, config, Reshape(videos, dims[0]*dims[1], dims[2], dims[3], 3))
	return Reshape(nn.Dense(scope.At("code"), h, frameFeatures), dims[0], dims[1], frameFeatures)
}

// LSTM is the long short-term memory of Hochreiter and Schmidhuber 1997 with a forget gate (Gers et al. 1999), in
// PyTorch's form with one bias. It returns its states; the first cell and state are 0.
//
//	i, f, o = σ(Wx + Uh + b), g = tanh(Wx + Uh + b), c' = f∘c + i∘g, h' = o∘tanh(c')
//
//	x: [batch, steps, inputs] → [batch, steps, channels] in [-1, 1]
func LSTM(scope *model.Scope, x *Node, channels int) *Node {
	scope = scope.WithInitializer(nn.Glorot(scope.Store(), 1))
	zero := x.Shape().Clone()
	zero.Dimensions = []int{x.Shape().Dim(0), channels}
	hidden, cell := Zeros(x.Graph(), zero), Zeros(x.Graph(), zero)
	states := make([]*Node, x.Shape().Dim(1))
	for t := range states {
		now := Squeeze(SliceAxis(x, 1, AxisElem(t)), 1)
		gates := nn.Dense(scope.At("gates"), Concatenate([]*Node{now, hidden}, -1), 4*channels)
		hidden, cell = lstmStep(gates, cell)
		states[t] = hidden
	}
	return Stack(states, 1)
}

// lstmStep is a step of a long short-term memory, whose gates i, f, o and g come one after the other in the last axis.
//
//	gates: [..., 4·channels], cell: [..., channels] → two of [..., channels]
func lstmStep(gates, cell *Node) (hidden, next *Node) {
	channels := cell.Shape().Dim(-1)
	gate := func(i int) *Node { return SliceAxis(gates, -1, AxisRange(i*channels, (i+1)*channels)) }
	input, forget, output := Sigmoid(gate(0)), Sigmoid(gate(1)), Sigmoid(gate(2))
	next = Add(Mul(forget, cell), Mul(input, Tanh(gate(3))))
	return Mul(output, Tanh(next)), next
}

// FrameDiscriminator is a discriminator of single frames: [encoded], and a score.
//
//	videos: [batch, frames, size, size, 3] in [-1, 1] → [batch·frames], logits
func FrameDiscriminator(scope *model.Scope, config Config, videos *Node) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	dims := videos.Shape().Dimensions
	config.Channels = config.DiscriminatorChannels
	h := encoded(scope, config, Reshape(videos, dims[0]*dims[1], dims[2], dims[3], 3))
	return Squeeze(nn.Dense(scope.At("score"), h, 1), 1)
}

// DynamicsDiscriminator is [Discriminator] of how a video differs from its first frame: it sees how it moves, and
// hardly who it is.
//
//	videos: [batch, frames, size, size, 3] in [-1, 1] → [batch], a logit
func DynamicsDiscriminator(scope *model.Scope, config Config, videos *Node) *Node {
	first := BroadcastToShape(SliceAxis(videos, 1, AxisElem(0)), videos.Shape())
	return Discriminator(scope, config, Sub(videos, first))
}
