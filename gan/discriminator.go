package gan

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// ResBlockDiscriminator tells real portraits from generated ones, and whether they have the requested hair colour: the
// network of Miyato & Koyama 2018, table 3b. With projection it is their equation 3,
//
//	D(x, y) = ⟨l, φ(x)⟩ + b + ⟨V_y, φ(x)⟩
//
// where φ(x) are the features that the blocks compute from the picture and V_y is the embedding of the class. In the
// paper every layer is spectrally normalised, including the embedding.
//
//	x: [batch, size, size, 3] in [-1, 1], oneHot: [batch, classes]
func ResBlockDiscriminator(scope *model.Scope, config Config, x, oneHot *Node) Verdict {
	scope = scope.WithInitializer(nn.Glorot(scope.Store(), 1))
	widths := config.discriminatorWidths()

	h := config.firstBlock(scope.At("down1"), config.atInput(x, oneHot), widths[0])
	h = config.atBlock(scope, 1, len(widths), h, oneHot)
	for i, width := range widths[1:] {
		h = config.downBlock(scope.At("down%d", i+2), h, width)
		h = config.atBlock(scope, i+2, len(widths), h, oneHot)
	}
	h = config.lastBlock(scope.At("last"), h)
	return config.verdict(scope, ReduceSum(nn.ReLU(h), 1, 2), oneHot)
}

// firstBlock halves the size of a picture: convolution, ReLU, convolution, mean pooling; shortcut: mean pooling, 1×1.
//
//	x: [batch, height, width, 3] → [batch, height/2, width/2, channels]
func (c Config) firstBlock(scope *model.Scope, x *Node, channels int) *Node {
	residual, options := scope.WithInitializer(nn.Glorot(scope.Store(), math.Sqrt2)), c.spectral()

	h := nn.Conv(residual.At("conv1"), x, channels, 3, options...)
	h = nn.ConvPool(residual.At("conv2"), nn.ReLU(h), channels, options...)
	return Add(h, nn.Conv(scope.At("shortcut"), nn.Downsample(x), channels, 1, options...))
}

// downBlock halves the size: ReLU, convolution, ReLU, convolution, mean pooling; shortcut: 1×1, mean pooling, in either
// order.
//
//	x: [batch, height, width, inputs] → [batch, height/2, width/2, channels]
func (c Config) downBlock(scope *model.Scope, x *Node, channels int) *Node {
	residual, options := scope.WithInitializer(nn.Glorot(scope.Store(), math.Sqrt2)), c.spectral()

	h := nn.Conv(residual.At("conv1"), nn.ReLU(x), x.Shape().Dim(-1), 3, options...)
	h = nn.ConvPool(residual.At("conv2"), nn.ReLU(h), channels, options...)
	return Add(h, nn.Conv(scope.At("shortcut"), nn.Downsample(x), channels, 1, options...))
}

// lastBlock keeps size and width: ReLU, convolution, ReLU, convolution; the shortcut is the identity.
//
//	x: [batch, height, width, channels] → the same
func (c Config) lastBlock(scope *model.Scope, x *Node) *Node {
	residual, options := scope.WithInitializer(nn.Glorot(scope.Store(), math.Sqrt2)), c.spectral()

	h := nn.Conv(residual.At("conv1"), nn.ReLU(x), x.Shape().Dim(-1), 3, options...)
	h = nn.Conv(residual.At("conv2"), nn.ReLU(h), x.Shape().Dim(-1), 3, options...)
	return Add(h, x)
}

// srresnetDeviation is the standard deviation of the SRResNet networks' initial weights.
const srresnetDeviation = 0.02

// SRResNetDiscriminator judges portraits: the network of Jin et al. 2017, figure 3, without batch normalisation.
// Strided convolutions halve the size down to 2×2 pixels, each but the last one with two residual blocks after it. The
// features φ(x) are all values that remain.
//
//	x: [batch, size, size, 3] in [-1, 1], oneHot: [batch, classes]
func SRResNetDiscriminator(scope *model.Scope, config Config, x, oneHot *Node) Verdict {
	scope = scope.WithInitializer(nn.Normal(scope.Store(), srresnetDeviation))
	stages := config.discriminatorStages()

	h := config.atInput(x, oneHot)
	for i, stage := range stages {
		h = lrelu(nn.StridedConv(scope.At("down%d", i+1), h, stage.channels, stage.kernel, config.spectral()...))
		for block := range stage.blocks {
			h = config.discriminatorResidual(scope.At("block%d_%d", i+1, block+1), h)
		}
		h = config.atBlock(scope, i+1, len(stages), h, oneHot)
	}
	return config.verdict(scope, Reshape(h, h.Shape().Dim(0), -1), oneHot)
}

// discriminatorResidual is a residual block: convolution, LReLU, convolution, and LReLU after the sum.
//
//	x: [batch, height, width, channels] → the same
func (c Config) discriminatorResidual(scope *model.Scope, x *Node) *Node {
	channels, options := x.Shape().Dim(-1), c.spectral()
	h := lrelu(nn.Conv(scope.At("conv1"), x, channels, 3, options...))
	h = nn.Conv(scope.At("conv2"), h, channels, 3, options...)
	return lrelu(Add(x, h))
}

// lrelu is the activation of the SRResNet discriminator.
func lrelu(x *Node) *Node { return nn.LeakyReLU(x, 0.2) }
