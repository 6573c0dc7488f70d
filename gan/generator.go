package gan

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// ResBlockGenerator draws portraits from noise and hair colours: the network of Miyato & Koyama 2018, table 3a. It
// starts at 4×4 pixels and doubles the size in each block.
//
//	noise: [batch, noise], oneHot: [batch, classes] → [batch, size, size, 3] in [-1, 1]
func ResBlockGenerator(scope *model.Scope, config Config, noise, oneHot *Node) *Node {
	scope = scope.WithInitializer(nn.Glorot(scope.Store(), 1))
	widths := config.generatorWidths()

	x := nn.Dense(scope.At("dense"), config.latent(noise, oneHot), 4*4*widths[0])
	x = Reshape(x, -1, 4, 4, widths[0])
	for i, width := range widths[1:] {
		x = config.upBlock(scope.At("up%d", i+1), x, oneHot, width)
	}
	x = nn.ReLU(nn.BatchNorm(scope.At("norm"), x))
	return Tanh(nn.Conv(scope.At("rgb"), x, 3, 3))
}

// upBlock doubles the size: conditional batch normalisation, ReLU, nearest ×2, convolution, then normalisation, ReLU
// and convolution again, in parallel with a 1×1 shortcut. The shortcut's convolution comes before its upsampling: the
// result is the same, the work a quarter.
//
//	x: [batch, height, width, inputs] → [batch, 2·height, 2·width, channels]
func (c Config) upBlock(scope *model.Scope, x, oneHot *Node, channels int) *Node {
	residual := scope.WithInitializer(nn.Glorot(scope.Store(), math.Sqrt2))

	h := nn.ReLU(c.normalise(scope.At("norm1"), x, oneHot))
	h = nn.UpConv(residual.At("conv1"), h, channels)
	h = nn.ReLU(c.normalise(scope.At("norm2"), h, oneHot))
	h = nn.Conv(residual.At("conv2"), h, channels, 3)
	h = c.excite(scope.At("excite"), h)
	return Add(h, nn.Upsample(nn.Conv(scope.At("shortcut"), x, channels, 1)))
}

// firstSize is the height and width of the SRResNet generator's residual blocks.
const firstSize = 16

// SRResNetGenerator draws portraits from noise and hair colours: the network of Jin et al. 2017, figure 2. All of its
// residual blocks are at 16×16 pixels, inside a long skip; then pixel shuffles double the size, three times to 128×128.
//
//	noise: [batch, noise], oneHot: [batch, classes] → [batch, size, size, 3] in [-1, 1]
func SRResNetGenerator(scope *model.Scope, config Config, noise, oneHot *Node) *Node {
	scope = scope.WithInitializer(nn.Normal(scope.Store(), srresnetDeviation))
	ch := config.GeneratorChannels

	x := nn.Dense(scope.At("dense"), config.latent(noise, oneHot), firstSize*firstSize*ch)
	x = nn.ReLU(nn.BatchNorm(scope.At("norm1"), x))
	first := Reshape(x, -1, firstSize, firstSize, ch)
	x = first
	for i := range config.GeneratorBlocks {
		x = config.generatorResidual(scope.At("block%d", i+1), x, oneHot)
	}
	x = Add(nn.ReLU(config.normalise(scope.At("norm2"), x, oneHot)), first)
	for i, size := 1, firstSize; size < config.Size; i, size = i+1, 2*size {
		x = config.shuffleBlock(scope.At("up%d", i), x, oneHot)
	}
	return Tanh(nn.Conv(scope.At("rgb"), x, 3, 9))
}

// generatorResidual is a residual block, with nothing after the sum: convolution, batch normalisation, ReLU,
// convolution, batch normalisation.
//
//	x: [batch, height, width, channels] → the same
func (c Config) generatorResidual(scope *model.Scope, x, oneHot *Node) *Node {
	channels := x.Shape().Dim(-1)
	h := nn.Conv(scope.At("conv1"), x, channels, 3)
	h = nn.ReLU(c.normalise(scope.At("norm1"), h, oneHot))
	h = nn.Conv(scope.At("conv2"), h, channels, 3)
	h = c.normalise(scope.At("norm2"), h, oneHot)
	return Add(x, c.excite(scope.At("excite"), h))
}

// shuffleBlock doubles the size: a convolution to four times the channels, pixel shuffle, batch normalisation, ReLU.
//
//	x: [batch, height, width, channels] → [batch, 2·height, 2·width, channels]
func (c Config) shuffleBlock(scope *model.Scope, x, oneHot *Node) *Node {
	h := nn.PixelShuffle(nn.Conv(scope.At("conv"), x, 4*x.Shape().Dim(-1), 3))
	return nn.ReLU(c.normalise(scope.At("norm"), h, oneHot))
}
