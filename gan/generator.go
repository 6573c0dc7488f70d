package gan

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// Generator draws portraits from noise and hair colours: the ResBlock network of Miyato & Koyama 2018, table 3a. It
// starts at 4×4 pixels and doubles the size in each block.
//
//	noise: [batch, noise], oneHot: [batch, classes] → [batch, size, size, 3] in [-1, 1]
func Generator(scope *model.Scope, config Config, noise, oneHot *Node) *Node {
	scope = scope.WithInitializer(nn.Glorot(scope.Store(), 1))
	widths := config.generatorWidths()

	x := nn.Dense(scope.At("dense"), noise, 4*4*widths[0])
	x = Reshape(x, -1, 4, 4, widths[0])
	for i, width := range widths[1:] {
		x = upBlock(scope.At("up%d", i+1), x, oneHot, width)
	}
	x = nn.ReLU(nn.BatchNorm(scope.At("norm"), x))
	return Tanh(nn.Conv(scope.At("rgb"), x, 3, 3))
}

// upBlock doubles the size: conditional batch normalisation, ReLU, nearest ×2, convolution, and the first two and a
// convolution again, beside a shortcut of 1×1. The shortcut's convolution comes before its upsampling: the result is the
// same, the work a quarter.
//
//	x: [batch, height, width, inputs] → [batch, 2·height, 2·width, channels]
func upBlock(scope *model.Scope, x, oneHot *Node, channels int) *Node {
	residual := scope.WithInitializer(nn.Glorot(scope.Store(), math.Sqrt2))

	h := nn.ReLU(nn.ConditionalBatchNorm(scope.At("norm1"), x, oneHot))
	h = nn.UpConv(residual.At("conv1"), h, channels)
	h = nn.ReLU(nn.ConditionalBatchNorm(scope.At("norm2"), h, oneHot))
	h = nn.Conv(residual.At("conv2"), h, channels, 3)
	return Add(h, nn.Upsample(nn.Conv(scope.At("shortcut"), x, channels, 1)))
}
