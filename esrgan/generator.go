package esrgan

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// residualScale is β of Wang et al. 2018, section 3.1: the factor of each block's residual, which keeps deep networks
// stable.
const residualScale = 0.2

// RRDBNet is the generator of ESRGAN (Wang et al. 2018, figures 3 and 4): a convolution, blocks of dense blocks, a long
// skip, and two nearest-neighbour upsamplings, each with a convolution. There is no batch normalisation.
//
//	x: [batch, height, width, 3] in [0, 1] → [batch, 4·height, 4·width, 3], about [0, 1]
func RRDBNet(scope *model.Scope, config Config, x *Node) *Node {
	// PyTorch's default deviation, as in the authors' code. Each block begins as 1.2 times the identity, and with larger
	// weights many blocks would produce values in the tens.
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), math.Sqrt(1.0/6)))

	first := nn.Conv(scope.At("first"), x, config.Channels, 3)
	h := first
	for i := range config.Blocks {
		h = rrdb(scope.At("rrdb%d", i+1), config, h)
	}
	h = Add(first, nn.Conv(scope.At("trunk"), h, config.Channels, 3))
	h = lrelu(nn.UpConv(scope.At("up1"), h, config.Channels))
	h = lrelu(nn.UpConv(scope.At("up2"), h, config.Channels))
	h = lrelu(nn.Conv(scope.At("high"), h, config.Channels, 3))
	return nn.Conv(scope.At("rgb"), h, 3, 3)
}

// rrdb is the residual-in-residual dense block: three dense blocks and a scaled skip around them.
//
//	x: [batch, height, width, channels] → the same
func rrdb(scope *model.Scope, config Config, x *Node) *Node {
	h := x
	for i := range 3 {
		h = denseBlock(scope.At("dense%d", i+1), config, h)
	}
	return Add(x, MulScalar(h, residualScale))
}

// denseBlock is five convolutions, each of which sees the input and the outputs of all before it. Its weights start at
// a tenth of Kaiming's (Wang et al. 2018, section 3.1), so that the residuals are nearly zero at first.
//
//	x: [batch, height, width, channels] → the same
func denseBlock(scope *model.Scope, config Config, x *Node) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 0.1))
	all := []*Node{x}
	for i := range 4 {
		grown := lrelu(nn.Conv(scope.At("conv%d", i+1), Concatenate(all, -1), config.Growth, 3))
		all = append(all, grown)
	}
	h := nn.Conv(scope.At("conv5"), Concatenate(all, -1), config.Channels, 3)
	return Add(x, MulScalar(h, residualScale))
}

// SRResNet is the generator of SRGAN (Ledig et al. 2017, figure 4): residual blocks with batch normalisation, a long
// skip, and two sub-pixel upsamplings.
//
//	x: [batch, height, width, 3] in [0, 1] → [batch, 4·height, 4·width, 3], about [0, 1]
func SRResNet(scope *model.Scope, config Config, x *Node) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))

	first := nn.PReLU(scope.At("first_prelu"), nn.Conv(scope.At("first"), x, config.Channels, 9))
	h := first
	for i := range config.Blocks {
		h = residualBlock(scope.At("block%d", i+1), h)
	}
	h = nn.BatchNorm(scope.At("trunk_norm"), nn.Conv(scope.At("trunk"), h, config.Channels, 3))
	h = Add(first, h)
	h = shuffleUp(scope.At("up1"), h)
	h = shuffleUp(scope.At("up2"), h)
	return nn.Conv(scope.At("rgb"), h, 3, 9)
}

// residualBlock is convolution, batch normalisation, PReLU, convolution, batch normalisation, and a skip around them.
//
//	x: [batch, height, width, channels] → the same
func residualBlock(scope *model.Scope, x *Node) *Node {
	channels := x.Shape().Dim(-1)
	h := nn.BatchNorm(scope.At("norm1"), nn.Conv(scope.At("conv1"), x, channels, 3))
	h = nn.PReLU(scope.At("prelu"), h)
	h = nn.BatchNorm(scope.At("norm2"), nn.Conv(scope.At("conv2"), h, channels, 3))
	return Add(x, h)
}

// shuffleUp doubles the size by a sub-pixel convolution (Shi et al. 2016).
//
//	x: [batch, height, width, channels] → [batch, 2·height, 2·width, channels]
func shuffleUp(scope *model.Scope, x *Node) *Node {
	h := nn.Conv(scope.At("conv"), x, 4*x.Shape().Dim(-1), 3)
	return nn.PReLU(scope.At("prelu"), nn.PixelShuffle(h))
}

// lrelu is the papers' activation, LReLU with slope 0.2.
func lrelu(x *Node) *Node { return nn.LeakyReLU(x, 0.2) }
