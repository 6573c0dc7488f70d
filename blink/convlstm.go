package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// RecurrentUNets are [UNets] whose condition is not the optical flow of a reference, but what a convolutional LSTM
// remembers of its frames: what the article's author tried next, without success. The features keep the reference's
// looks, and in training the reference is the portrait's own blink.
//
//	→ [batch, frames, size, size, 3] in [-1, 1]
func RecurrentUNets(scope *model.Scope, config Config, given Given) *Node {
	given.Motion = ConvLSTM(scope.At("lstm"), given.Reference, max(config.Channels/2, 1))
	return conditionedUNets(scope, config, given.Picture, given.Motion)
}

// ConvLSTM is the convolutional LSTM of Shi et al. 2015, section 3.1, without the products of the gates with the cell
// ("peepholes"), as later authors have it. It returns the hidden states.
//
//	i, f, o = σ(W∗[x, h]), g = tanh(W∗[x, h]), c' = f∘c + i∘g, h' = o∘tanh(c')
//
//	x: [batch, frames, size, size, inputs] → [batch, frames, size, size, channels] in [-1, 1]
func ConvLSTM(scope *model.Scope, x *Node, channels int) *Node {
	scope = scope.WithInitializer(nn.Glorot(scope.Store(), 1))
	shape := x.Shape().Clone()
	shape.Dimensions = []int{shape.Dim(0), shape.Dim(2), shape.Dim(3), channels}
	hidden, cell := Zeros(x.Graph(), shape), Zeros(x.Graph(), shape)
	states := make([]*Node, x.Shape().Dim(1))
	for t := range states {
		now := Squeeze(SliceAxis(x, 1, AxisElem(t)), 1)
		gates := nn.Conv(scope.At("gates"), Concatenate([]*Node{now, hidden}, -1), 4*channels, 3)
		hidden, cell = lstmStep(gates, cell)
		states[t] = hidden
	}
	return Stack(states, 1)
}
