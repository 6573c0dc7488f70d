package border

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// patchShare is the side of the patch as a share of what the network sees: its surroundings are a third as wide as it
// is.
const patchShare = 0.75

// reach is how far from its border a patch is changed, as a share of its side.
const reach = 0.25

// Correction is what the network does to a pasted patch: most at its border, nothing in its middle. It is how much of
// the picture from before comes back at each pixel, and a colour that is added. What it gives outside of the patch has
// no effect. It is a U-Net of three sizes without normalisation, so that it sees the colours themselves.
//
//	pasted, before: [batch, size, size, 3] in [-1, 1] → share: [batch, size, size, 1] in [0, 1], colour: [batch, size,
//	size, 3]
func Correction(scope *model.Scope, config Config, pasted, before *Node) (share, colour *Node) {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	near, inside := plane(pasted, nearness), plane(pasted, isInside)
	whole := conv(scope.At("whole"), Concatenate([]*Node{pasted, before, near, inside}, -1), config.Channels)
	half := conv(scope.At("half"), nn.Downsample(whole), 2*config.Channels)
	quarter := conv(scope.At("quarter"), nn.Downsample(half), 4*config.Channels)
	half = conv(scope.At("half2"), Concatenate([]*Node{half, nn.Upsample(quarter)}, -1), 2*config.Channels)
	whole = conv(scope.At("whole2"), Concatenate([]*Node{whole, nn.Upsample(half)}, -1), config.Channels)
	small := scope.WithInitializer(nn.Normal(scope.Store(), 0.01))
	share = Mul(near, Sigmoid(nn.Conv(small.At("share"), whole, 1, 3)))
	colour = nn.Conv(small.At("colour"), whole, 3, 3)
	return share, Mul(BroadcastToShape(near, colour.Shape()), colour)
}

// corrected applies a correction.
//
//	pasted, before, colour: [batch, size, size, 3], share: [batch, size, size, 1]
func corrected(pasted, before, share, colour *Node) *Node {
	return Add(pasted, Add(Mul(BroadcastToShape(share, pasted.Shape()), Sub(before, pasted)), colour))
}

// conv is a convolution and leaky ReLU.
func conv(scope *model.Scope, x *Node, channels int) *Node {
	return nn.LeakyReLU(nn.Conv(scope, x, channels, 3), 0.2)
}

// plane is a function of the distance to the border, for each pixel: inside the patch it is positive, and its side is
// 1.
//
//	pictures: [batch, size, size, channels] → [batch, size, size, 1]
func plane(pictures *Node, of func(distance float64) float64) *Node {
	batch, size := pictures.Shape().Dim(0), pictures.Shape().Dim(1)
	place := func(pixel int) float64 { return ((float64(pixel)+0.5)/float64(size) - (1-patchShare)/2) / patchShare }
	values := make([]float32, size*size)
	for i := range values {
		x, y := place(i%size), place(i/size)
		values[i] = float32(of(min(x, 1-x, y, 1-y)))
	}
	return BroadcastToDims(Reshape(Const(pictures.Graph(), values), 1, size, size, 1), batch, size, size, 1)
}

// nearness is how much a pixel may change: 1 at the border, 0 from reach on.
func nearness(distance float64) float64 {
	t := max(1-math.Abs(distance)/reach, 0)
	return t * t * (3 - 2*t)
}

// isInside is 1 in the patch, else 0.
func isInside(distance float64) float64 {
	if distance > 0 {
		return 1
	}
	return 0
}
