package esrgan

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// SRGANDiscriminator is the discriminator of Ledig et al. 2017, figure 4: convolutions of 3×3, each second one with
// stride 2 and all but the first with batch normalisation, and two dense layers. The widths are multiples of 64 in the
// paper.
//
//	x: [batch, size, size, 3] in [0, 1] → [batch], a logit: large if x looks real
func SRGANDiscriminator(scope *model.Scope, config Config, x *Node) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	ch := config.DiscriminatorChannels

	h := lrelu(nn.Conv(scope.At("conv1"), x, ch, 3))
	h = convNorm(scope, 2, nn.StridedConv, h, ch, 3)
	h = convNorm(scope, 3, nn.Conv, h, 2*ch, 3)
	h = convNorm(scope, 4, nn.StridedConv, h, 2*ch, 3)
	h = convNorm(scope, 5, nn.Conv, h, 4*ch, 3)
	h = convNorm(scope, 6, nn.StridedConv, h, 4*ch, 3)
	h = convNorm(scope, 7, nn.Conv, h, 8*ch, 3)
	h = convNorm(scope, 8, nn.StridedConv, h, 8*ch, 3)
	return logit(scope, h, 16*ch)
}

// ESRGANDiscriminator is the discriminator of Wang et al. 2018, in the authors' code the VGG-style net of 128×128
// pixels: pairs of a convolution of 3×3 and one of 4×4 with stride 2, all but the first with batch normalisation, and
// two dense layers.
//
//	x: [batch, size, size, 3] in [0, 1] → [batch], a logit: large if x looks real
func ESRGANDiscriminator(scope *model.Scope, config Config, x *Node) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	ch := config.DiscriminatorChannels

	h := lrelu(nn.Conv(scope.At("conv1"), x, ch, 3))
	h = convNorm(scope, 2, nn.StridedConv, h, ch, 4)
	for i, width := range []int{2 * ch, 4 * ch, 8 * ch, 8 * ch} {
		h = convNorm(scope, 2*i+3, nn.Conv, h, width, 3)
		h = convNorm(scope, 2*i+4, nn.StridedConv, h, width, 4)
	}
	return logit(scope, h, 100)
}

// convNorm is the i-th convolution, with batch normalisation and LReLU.
func convNorm(
	scope *model.Scope, i int, conv func(*model.Scope, *Node, int, int, ...nn.Option) *Node, x *Node, channels, size int,
) *Node {
	h := conv(scope.At("conv%d", i), x, channels, size)
	return lrelu(nn.BatchNorm(scope.At("norm%d", i), h))
}

// logit is the end of both: two dense layers.
//
//	x: [batch, height, width, channels] → [batch]
func logit(scope *model.Scope, x *Node, hidden int) *Node {
	x = Reshape(x, x.Shape().Dim(0), -1)
	h := lrelu(nn.Dense(scope.At("dense1"), x, hidden))
	return Squeeze(nn.Dense(scope.At("dense2"), h, 1), 1)
}
