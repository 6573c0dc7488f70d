package gan

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// Discriminator tells drawn portraits from generated ones, and whether they have the hair colour that is asked for: the
// ResBlock network with projection of Miyato & Koyama 2018, table 3b and equation 3,
//
//	D(x, y) = ⟨l, φ(x)⟩ + b + ⟨V_y, φ(x)⟩
//
// where φ(x) is what the blocks make of the picture and V_y is the embedding of the class. Every layer is spectrally
// normalised, the embedding too.
//
//	x: [batch, size, size, 3] in [-1, 1], oneHot: [batch, classes] → [batch], without bounds
func Discriminator(scope *model.Scope, config Config, x, oneHot *Node) *Node {
	scope = scope.WithInitializer(nn.Glorot(scope.Store(), 1))
	widths := config.discriminatorWidths()

	h := firstBlock(scope.At("down1"), x, widths[0])
	for i, width := range widths[1:] {
		h = downBlock(scope.At("down%d", i+2), h, width)
	}
	h = lastBlock(scope.At("last"), h)
	phi := ReduceSum(nn.ReLU(h), 1, 2) // [batch, features]

	score := nn.Dense(scope.At("score"), phi, 1, nn.Spectral)
	embedding := nn.Embed(scope.At("embedding"), oneHot, phi.Shape().Dim(1), nn.Spectral)
	return Add(Squeeze(score, 1), ReduceSum(Mul(embedding, phi), 1))
}

// firstBlock halves the size of a picture: convolution, ReLU, convolution, mean pooling; shortcut: mean pooling, 1×1.
//
//	x: [batch, height, width, 3] → [batch, height/2, width/2, channels]
func firstBlock(scope *model.Scope, x *Node, channels int) *Node {
	residual := scope.WithInitializer(nn.Glorot(scope.Store(), math.Sqrt2))

	h := nn.Conv(residual.At("conv1"), x, channels, 3, nn.Spectral)
	h = nn.ConvPool(residual.At("conv2"), nn.ReLU(h), channels, nn.Spectral)
	return Add(h, nn.Conv(scope.At("shortcut"), nn.Downsample(x), channels, 1, nn.Spectral))
}

// downBlock halves the size: ReLU, convolution, ReLU, convolution, mean pooling; shortcut: 1×1, mean pooling, of which
// the order does not matter.
//
//	x: [batch, height, width, inputs] → [batch, height/2, width/2, channels]
func downBlock(scope *model.Scope, x *Node, channels int) *Node {
	residual := scope.WithInitializer(nn.Glorot(scope.Store(), math.Sqrt2))

	h := nn.Conv(residual.At("conv1"), nn.ReLU(x), x.Shape().Dim(-1), 3, nn.Spectral)
	h = nn.ConvPool(residual.At("conv2"), nn.ReLU(h), channels, nn.Spectral)
	return Add(h, nn.Conv(scope.At("shortcut"), nn.Downsample(x), channels, 1, nn.Spectral))
}

// lastBlock keeps size and width: ReLU, convolution, ReLU, convolution; the shortcut is the identity.
//
//	x: [batch, height, width, channels] → the same
func lastBlock(scope *model.Scope, x *Node) *Node {
	residual := scope.WithInitializer(nn.Glorot(scope.Store(), math.Sqrt2))

	h := nn.Conv(residual.At("conv1"), nn.ReLU(x), x.Shape().Dim(-1), 3, nn.Spectral)
	h = nn.Conv(residual.At("conv2"), nn.ReLU(h), x.Shape().Dim(-1), 3, nn.Spectral)
	return Add(h, x)
}
