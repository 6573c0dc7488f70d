package blink

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// Lids draws the frames of a blink with the picture's own colours, as paint over it: the eyelids of Talking Head Anime
// (Khungurn 2019), with a network that finds the colours too. All that it gets of the reference is how far the eyes are
// open in each frame, so neither its colours nor the movement of its head can get into the picture.
//
//	→ [batch, frames, size, size, 3] in [-1, 1]
func Lids(scope *model.Scope, config Config, given Given) *Node {
	openings := given.Openings
	if openings == nil {
		openings = Openings(scope, config, given.Reference)
	}
	return Paint(scope, config, given.Picture, openings).over(given.Picture, openings)
}

// Openings is a network that compares each frame of a reference with the first: how far the eyes are open in it, from
// 1, as in the first frame, to 0, shut.
//
//	reference: [batch, frames, size, size, 3] in [-1, 1] → [batch, frames], in [0, 1] but for errors
func Openings(scope *model.Scope, config Config, reference *Node) *Node {
	scope = scope.At("openings").WithInitializer(nn.Kaiming(scope.Store(), 1))
	dims := reference.Shape().Dimensions
	batch, frames, size := dims[0], dims[1], dims[2]
	first := BroadcastToShape(SliceAxis(reference, 1, AxisElem(0)), reference.Shape())
	x := Reshape(Concatenate([]*Node{first, reference}, -1), batch*frames, size, size, 6)
	for i := range depth {
		x = normalised(scope.At("down%d_norm", i+1), nn.StridedConv(scope.At("down%d", i+1), x, config.Channels<<i, 4))
	}
	closed := Reshape(nn.Dense(scope.At("closed"), Reshape(x, batch*frames, -1), 1), batch, frames)
	return OneMinus(Sub(closed, SliceAxis(closed, 1, AxisElem(0))))
}

// Painted is paint over a picture. There are two kinds of it: skin, and the line of the lashes.
type Painted struct {
	// Logits are how much of a pixel is the picture, skin and lashes: [batch, frames, size, size, 3].
	Logits *Node
	// Skin is the colour of the skin at each pixel, [batch, frames, size, size, 3] in [-1, 1], Lashes that of the
	// lashes, [batch, frames, 1, 1, 3].
	Skin, Lashes *Node
}

// Paint is a network that sees a picture and how far its eyes shall be open, each frame separately. It draws no
// colours: it says where the paint is, and where in the picture its colours are.
//
//	picture: [batch, size, size, 3] in [-1, 1], openings: [batch, frames]
func Paint(scope *model.Scope, config Config, picture, openings *Node) Painted {
	batch, frames, size := openings.Shape().Dim(0), openings.Shape().Dim(1), config.Size
	picture = BroadcastToDims(ExpandAxes(picture, 1), batch, frames, size, size, 3)
	open := BroadcastToDims(Reshape(openings, batch, frames, 1, 1, 1), batch, frames, size, size, 1)
	x := Reshape(Concatenate([]*Node{picture, open}, -1), batch*frames, size, size, 4)
	x = Reshape(unet(scope.At("paint"), config, planes(5), x), batch, frames, size, size, 5)
	plane := func(i int) *Node { return SliceAxis(x, -1, AxisElem(i)) }

	isSkin := AddScalar(Sigmoid(plane(3)), 1e-3)
	skin := Div(blurred(Mul(picture, isSkin)), blurred(isSkin))
	isLash := Reshape(softmax(Reshape(plane(4), batch, frames, -1)), batch, frames, size, size, 1)
	lashes := ReduceAndKeep(Mul(picture, isLash), ReduceSum, 2, 3)
	return Painted{SliceAxis(x, -1, AxisRange(0, 3)), skin, lashes}
}

// softmax is that of the last axis. GoMLX's own cannot be exported as ONNX.
func softmax(x *Node) *Node {
	x = Exp(Sub(x, StopGradient(ReduceAndKeep(x, ReduceMax, -1))))
	return Div(x, ReduceAndKeep(x, ReduceSum, -1))
}

// planes are the layers of a U-Net for pictures that draws some planes instead of colours.
func planes(n int) layers {
	made := flat
	made.last = func(scope *model.Scope, x *Node) *Node { return nn.Conv(scope, x, n, 3) }
	return made
}

// blurred blurs videos by a Gaussian that is wide enough to reach the middle of an eye from the skin around it.
//
//	x: [batch, frames, size, size, channels]
func blurred(x *Node) *Node {
	size := x.Shape().Dim(2)
	weights := make([][]float32, size)
	for i := range weights {
		weights[i] = make([]float32, size)
		for j := range weights[i] {
			distance := float64(i-j) / (float64(size) / 8)
			weights[i][j] = float32(math.Exp(-distance * distance / 2))
		}
	}
	gaussian := Const(x.Graph(), weights)
	return Einsum("bfhwc,vw->bfhvc", Einsum("bfhwc,uh->bfuwc", x, gaussian), gaussian)
}

// over lays the paint over a picture.
//
//	picture: [batch, size, size, 3], openings: [batch, frames] → [batch, frames, size, size, 3]
func (p Painted) over(picture, openings *Node) *Node {
	shape := p.Skin.Shape()
	shares := Mul(softmax(p.Logits), BroadcastToShape(opacity(openings, shape.Dim(2)), p.Logits.Shape()))
	share := func(i int) *Node { return BroadcastToShape(SliceAxis(shares, -1, AxisElem(i)), shape) }
	picture = BroadcastToShape(ExpandAxes(picture, 1), shape)
	lashes := BroadcastToShape(p.Lashes, shape)
	return Add(picture, Add(Mul(share(1), Sub(p.Skin, picture)), Mul(share(2), Sub(lashes, picture))))
}

// opacity is 0 for eyes that are as open as in the picture, and at the border of the square.
//
//	openings: [batch, frames] → [batch, frames, size, size, 1]
func opacity(openings *Node, size int) *Node {
	g := openings.Graph()
	window := make([]float32, size)
	for i := range window {
		window[i] = float32(inside((float64(i) + 0.5) / float64(size)))
	}
	batch, frames := openings.Shape().Dim(0), openings.Shape().Dim(1)
	spread := func(x *Node) *Node { return BroadcastToDims(x, batch, frames, size, size, 1) }
	moved := ClipScalar(DivScalar(OneMinus(openings), fullFrom), 0, 1)
	within := Einsum("h,w->hw", Const(g, window), Const(g, window))
	return Mul(spread(Reshape(moved, batch, frames, 1, 1, 1)), spread(Reshape(within, 1, 1, size, size, 1)))
}

// fullFrom is how far an eye has closed when its paint is opaque.
const fullFrom = 0.1

// inside rises from 0 at the border of the square, at 0 and 1, to 1.
func inside(at float64) float64 { return smoothStep(min(at, 1-at) / 0.08) }

// paintStep builds a step of [Lids]: of the network that paints, with true openings as far as they are known, and of
// the one that sees them. It returns the [Config.Metrics].
//
//	videos, still: [batch, frames, size, size, 3] in [-1, 1]; still holds the head still
//	openings: [batch, frames], -1 if unknown
func paintStep(scope *model.Scope, config Config, videos, still, openings *Node) []*Node {
	g := videos.Graph()
	scope.Store().SetTraining(g, true)
	scopeG := scope.At(lab.GeneratorScope)
	seen := Openings(scopeG, config, videos)
	known := GreaterOrEqual(openings, ZerosLike(openings))
	wrong := ReduceAllMean(Where(known, Abs(Sub(seen, openings)), ZerosLike(seen)))
	given := Given{Picture: firstFrame(still), Openings: Where(known, openings, ClipScalar(seen, 0, 1))}
	content := MeanAbsoluteError(config.network().video(scopeG, config, given), still)
	config.Adam(lab.GeneratorScope).UpdateGraph(scopeG, g, Add(MulScalar(content, config.Content), wrong))
	if config.AverageDecay > 0 {
		nn.Average(scopeG, scope.At(lab.AverageScope), g, config.AverageDecay)
	}
	return []*Node{content, wrong}
}
