package eyes

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// stride is the height and width of a cell in pixels: the network has outputs for each cell.
const stride = 4

// The network's output channels for a cell.
const (
	heatChannel    = iota // Logit of an eye's centre in the cell.
	openChannel           // Logit of that eye's openness.
	xChannel              // Centre of its box, relative to the cell's: to the right, in cells,
	yChannel              // and down.
	widthChannel          // log(width of the box / width of an eye of the usual size),
	heightChannel         // and likewise its height.
	middleXChannel        // Midpoint of the face's eyes, relative to the eye's: to the right, in widths of the box,
	middleYChannel        // and down.
	outputs
)

// usual is the width of an eye of the usual size, as a share of a window's width. The network sees those best.
const usual = 0.16

// rare is the initial logit of heat: few cells have an eye.
const rare = -4

// Network looks at windows, from fine to coarse and back, so that its outputs for an eye depend on the whole face.
//
//	pictures: [batch, size, size, 3] in [-1, 1] → [batch, size/4, size/4, outputs]
func Network(scope *model.Scope, config Config, pictures *Node) *Node {
	scope = scope.WithInitializer(nn.Kaiming(scope.Store(), 1))
	narrow, wide := 2*config.Channels, 4*config.Channels
	half := reduce(scope.At("half"), pictures, config.Channels)
	quarter := refine(scope.At("quarter1"), reduce(scope.At("quarter"), half, narrow))
	eighth := refine(scope.At("eighth1"), reduce(scope.At("eighth"), quarter, wide))
	sixteenth := reduce(scope.At("sixteenth"), eighth, wide)
	sixteenth = refine(scope.At("sixteenth2"), refine(scope.At("sixteenth1"), sixteenth))

	x := refine(scope.At("eighth2"), Add(eighth, nn.Upsample(sixteenth)))
	x = Add(quarter, nn.Upsample(nn.Conv(scope.At("narrow"), x, narrow, 1)))
	x = refine(scope.At("quarter3"), refine(scope.At("quarter2"), x))
	x = nn.Conv(scope.At("outputs").WithInitializer(nn.Normal(scope.Store(), 0.01)), x, outputs, 1)
	start := make([]float32, outputs)
	start[heatChannel] = rare
	return Add(x, Reshape(Const(x.Graph(), start), 1, 1, 1, outputs))
}

// reduce halves height and width.
func reduce(scope *model.Scope, x *Node, channels int) *Node {
	x = nn.StridedConv(scope.At("conv"), x, channels, 3, nn.NoBias)
	return nn.ReLU(nn.BatchNorm(scope.At("norm"), x))
}

// refine adds a convolution of x to x.
func refine(scope *model.Scope, x *Node) *Node {
	h := nn.Conv(scope.At("conv"), x, x.Shape().Dim(-1), 3, nn.NoBias)
	return nn.ReLU(Add(x, nn.BatchNorm(scope.At("norm"), h)))
}
