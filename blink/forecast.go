package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// Forecast is the generator of Zhao et al. 2018, figure 2: a network forecasts each frame by an analogy, and another
// refines them all. The paper's analogy is of the shapes of two faces, as maps of normals; here it is of the flow of a
// reference, in its first frame and in another. Only the first stage was published: the second is the article's U-Net
// for videos, and both are trained at once.
//
//	→ [batch, frames, size, size, 3] in [-1, 1] but for the refinement, and the mask, [batch, frames, size, size, 1]
func Forecast(scope *model.Scope, config Config, given Given) (video, mask *Node) {
	scope = scope.WithInitializer(nn.Normal(scope.Store(), 0.02))
	dims := given.Motion.Shape().Dimensions
	batch, frames, size := dims[0], dims[1], dims[2]
	eachFrame := func(x *Node) *Node { // [batch, ...] → [batch·frames, ...]
		dims := x.Shape().Dimensions
		x = BroadcastToDims(ExpandAxes(x, 1), append([]int{batch, frames}, dims[1:]...)...)
		return Reshape(x, append([]int{batch * frames}, dims[1:]...)...)
	}
	picture := analogous(scope.At("picture"), config, given.Picture).each(eachFrame)
	motion := Reshape(MulScalar(given.Motion, flowScale), batch*frames, size, size, 2)
	target := analogous(scope.At("motion"), config, motion)
	source := target.each(func(x *Node) *Node { // The first frame's.
		dims := x.Shape().Dimensions
		x = Reshape(x, append([]int{batch, frames}, dims[1:]...)...)
		return eachFrame(Squeeze(SliceAxis(x, 1, AxisElem(0)), 1))
	})

	code := Add(picture.code, Sub(target.code, source.code))
	drawn, shares := unfold(scope.At("decoder"), config, code, picture, target, source)
	still := eachFrame(given.Picture)
	drawn = Add(still, Mul(BroadcastToShape(shares, drawn.Shape()), Sub(drawn, still)))
	video, mask = Reshape(drawn, batch, frames, size, size, 3), Reshape(shares, batch, frames, size, size, 1)
	if config.Temporal {
		video = Add(video, unet(scope.At("video"), config, spatiotemporal, video))
	}
	return video, mask
}

// analogy is what an encoder makes of pictures: a code, and the features of each size, the largest first.
type analogy struct {
	code     *Node
	features []*Node
}

// each applies a function to all of it.
func (a analogy) each(change func(x *Node) *Node) analogy {
	changed := analogy{code: change(a.code)}
	for _, features := range a.features {
		changed.features = append(changed.features, change(features))
	}
	return changed
}

// analogous is an encoder: residual blocks that halve the size, and a code.
//
//	x: [batch, size, size, channels] → code: [batch, code]
func analogous(scope *model.Scope, config Config, x *Node) (a analogy) {
	h := nn.Conv(scope.At("first"), x, config.Channels, 3)
	a.features = append(a.features, h)
	for i := 1; i <= depth; i++ {
		h = downBlock(scope.At("down%d", i), h, config.wide(i), nn.ReLU)
		a.features = append(a.features, h)
	}
	a.code = nn.Dense(scope.At("code"), Reshape(h, h.Shape().Dim(0), -1), 2*config.Channels)
	return a
}

// wide is the number of channels after halving the size i times: they double up to eightfold.
func (c Config) wide(i int) int { return c.Channels << min(i, 3) }

// unfold is the decoder: each residual block doubles the size, and sees the encoders' features of its size and all that
// the decoder has drawn so far.
//
//	code: [batch, code] → the picture, [batch, size, size, 3] in [-1, 1], and its share, [batch, size, size, 1]
func unfold(scope *model.Scope, config Config, code *Node, encoded ...analogy) (picture, share *Node) {
	beside := func(i int, h ...*Node) *Node {
		var all []*Node
		for _, a := range encoded {
			all = append(all, a.features[i])
		}
		return Concatenate(append(all, h...), -1)
	}
	least := config.Size >> depth
	h := nn.Dense(scope.At("code"), code, least*least*config.wide(depth))
	h = Reshape(h, -1, least, least, config.wide(depth))
	earlier := []*Node{h}
	for i := depth; i > 0; i-- {
		h = upBlock(scope.At("up%d", i), beside(i, earlier...), config.wide(i-1), flat.up)
		for k := range earlier {
			earlier[k] = nn.Upsample(earlier[k])
		}
		earlier = append(earlier, h)
	}
	h = beside(0, normalised(scope.At("last_norm"), h))
	return Tanh(nn.Conv(scope.At("rgb"), h, 3, 3)), Sigmoid(nn.Conv(scope.At("mask"), h, 1, 3))
}

// downBlock is a residual block that halves the size: activation, convolution, activation, convolution, mean pooling;
// shortcut: mean pooling, convolution.
//
//	x: [batch, height, width, inputs] → [batch, height/2, width/2, channels]
func downBlock(scope *model.Scope, x *Node, channels int, activation func(x *Node) *Node) *Node {
	h := nn.Conv(scope.At("conv1"), activation(x), channels, 3)
	h = nn.ConvPool(scope.At("conv2"), activation(h), channels)
	return Add(h, nn.Conv(scope.At("shortcut"), nn.Downsample(x), channels, 3))
}

// upBlock is a residual block that doubles the size by nearest neighbour: batch normalisation and ReLU, convolution of
// the doubled picture, the same again without doubling. The shortcut doubles the size, too.
//
//	x: [batch, height, width, inputs] → [batch, 2·height, 2·width, channels]
func upBlock(
	scope *model.Scope, x *Node, channels int, shortcut func(scope *model.Scope, x *Node, channels int) *Node,
) *Node {
	h := nn.UpConv(scope.At("conv1"), normalised(scope.At("norm1"), x), channels)
	h = nn.Conv(scope.At("conv2"), normalised(scope.At("norm2"), h), channels, 3)
	return Add(h, shortcut(scope.At("shortcut"), x, channels))
}

// ResidualDiscriminator is the D of Zhao et al.: residual blocks that halve the size, and a score.
//
//	x: [batch, size, size, channels] → [batch]
func ResidualDiscriminator(scope *model.Scope, config Config, x *Node) *Node {
	scope = scope.WithInitializer(nn.Normal(scope.Store(), 0.02))
	config.Channels = config.DiscriminatorChannels
	h := nn.Conv(scope.At("first"), x, config.Channels, 3)
	for i := 1; i <= depth; i++ {
		h = downBlock(scope.At("down%d", i), h, config.wide(i), func(x *Node) *Node { return nn.LeakyReLU(x, 0.01) })
	}
	return Squeeze(nn.Dense(scope.At("score"), Reshape(h, h.Shape().Dim(0), -1), 1), 1)
}

// withMotion are frames beside the flow that they shall show.
//
//	videos: [batch, frames, size, size, 3] → [batch·frames, size, size, 5]
func withMotion(videos *Node, given Given) *Node {
	x := Concatenate([]*Node{videos, MulScalar(given.Motion, flowScale)}, -1)
	dims := x.Shape().Dimensions
	return Reshape(x, dims[0]*dims[1], dims[2], dims[3], dims[4])
}

// asChannels are videos whose frames are channels of a picture.
//
//	videos: [batch, frames, size, size, 3] → [batch, size, size, frames·3]
func asChannels(videos *Node, _ Given) *Node {
	return Squeeze(windows(videos, videos.Shape().Dim(1)), 1)
}
