package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// tganv2Code is the length of TGANv2's code of a picture, and of its noise: together they are as long as the paper's
// noise. Without a picture all of it is noise.
const tganv2Code = 128

// TGANv2 is the generator of Saito et al. 2020, figure 2, with a picture's code in place of half of the noise, unless
// it shall draw from noise alone: a convolutional LSTM that gets a seed in the first frame and nothing afterwards, and
// blocks that double the size of each frame.
//
//	→ [batch, 16, size, size, 3] in [-1, 1]
func TGANv2(scope *model.Scope, config Config, given Given) *Node {
	all := rendered(scope, config, given, func(_ int, x *Node) *Node { return x })
	return all[len(all)-1]
}

// Pyramid is what TGANv2 is trained with: the videos of several sizes, of which the larger have fewer frames (section
// 3.2). It returns them in a row, as [packed] does, and the same of real videos.
//
//	videos: [batch, 16, size, size, 3] in [-1, 1] → two of [batch, values]
func Pyramid(scope *model.Scope, config Config, given Given, videos *Node) (fake, real *Node) {
	thin := func(i int, x *Node) *Node { // Every other frame, from the first or the second one.
		dims := x.Shape().Dimensions
		pairs := Reshape(x, append([]int{dims[0], dims[1] / 2, 2}, dims[2:]...)...)
		of := func(k int) *Node { return Squeeze(SliceAxis(pairs, 2, AxisElem(k)), 2) }
		first := LessThan(Squeeze(Slice(given.Uniform, AxisElem(0), AxisElem(i))), ConstAs(given.Uniform, 0.5))
		return Where(first, of(0), of(1))
	}
	made := rendered(scope, config, given, thin)
	levels := make([]*Node, len(made))
	for i := range levels {
		if i > 0 {
			videos = thin(i, videos)
		}
		levels[i] = eachPicture(videos, func(x *Node) *Node {
			for range len(levels) - 1 - i {
				x = nn.Downsample(x)
			}
			return x
		})
	}
	return packed(made), packed(levels)
}

// sizes are the size that TGANv2 begins with, 3 or 4 in the paper, and those that it renders, four at most.
func (c Config) sizes() (least int, rendered []int) {
	least = c.Size
	for least > 4 && least%2 == 0 {
		rendered = append([]int{least}, rendered...)
		least /= 2
	}
	return least, rendered[max(len(rendered)-4, 0):]
}

// rendered draws videos of several sizes, the smallest first. thin, before the i-th of the larger ones, drops frames.
func rendered(scope *model.Scope, config Config, given Given, thin func(i int, x *Node) *Node) (videos []*Node) {
	scope = scope.WithInitializer(nn.Glorot(scope.Store(), 1))
	least, sizes := config.sizes()
	code := contentOf(scope, config, given, tganv2Code)
	if given.Content != nil {
		code = uniformly(code)
	}
	wide := 16 * config.Channels
	seed := nn.Dense(scope.At("seed"), Concatenate([]*Node{code, uniformly(given.Noise)}, -1), least*least*wide)
	seed = Reshape(seed, -1, 1, least, least, wide)
	later := BroadcastToDims(ZerosLike(seed), seed.Shape().Dim(0), Frames-1, least, least, wide)
	h := ConvLSTM(scope.At("lstm"), Concatenate([]*Node{seed, later}, 1), wide)
	for i, size := 1, 2*least; size <= config.Size; i, size = i+1, 2*size {
		if size > sizes[0] {
			h = thin(len(videos), h)
		}
		h = eachPicture(h, func(x *Node) *Node {
			return upBlock(scope.At("block%d", i), x, max(wide>>i, config.Channels/2, 1), point)
		})
		if size >= sizes[0] {
			videos = append(videos, eachPicture(h, func(x *Node) *Node {
				x = normalised(scope.At("render%d_norm", size), x)
				return Tanh(nn.Conv(scope.At("render%d", size), x, 3, 3))
			}))
		}
	}
	return videos
}

// point is the shortcut of TGANv2's blocks.
func point(scope *model.Scope, x *Node, channels int) *Node {
	return nn.Upsample(nn.Conv(scope, x, channels, 1))
}

// eachPicture applies a function of pictures to the frames of videos.
//
//	videos: [batch, frames, ...] → [batch, frames, ...]
func eachPicture(videos *Node, change func(x *Node) *Node) *Node {
	dims := videos.Shape().Dimensions
	x := change(Reshape(videos, append([]int{dims[0] * dims[1]}, dims[2:]...)...))
	return Reshape(x, append([]int{dims[0], dims[1]}, x.Shape().Dimensions[1:]...)...)
}

// packed puts the values of several videos in a row.
//
//	videos: of [batch, frames, size, size, 3] each → [batch, values]
func packed(videos []*Node) *Node {
	rows := make([]*Node, len(videos))
	for i, video := range videos {
		rows[i] = Reshape(video, video.Shape().Dim(0), -1)
	}
	return Concatenate(rows, -1)
}

// PyramidDiscriminator is TGANv2's: a network of its own for each size of [Pyramid].
//
//	row: [batch, values] → [sizes·batch], logits
func PyramidDiscriminator(scope *model.Scope, config Config, row *Node) *Node {
	scope = scope.WithInitializer(nn.Glorot(scope.Store(), 1))
	_, sizes := config.sizes()
	var scores []*Node
	at := 0
	for i, size := range sizes {
		frames := Frames >> i
		n := frames * size * size * 3
		video := Reshape(nn.Part(row, 1, at, at+n), -1, frames, size, size, 3)
		scores, at = append(scores, residual3D(scope.At("size%d", size), config, video)), at+n
	}
	return Concatenate(scores, 0)
}

// residual3D is a network of residual blocks in space and time, and a score.
//
//	video: [batch, frames, size, size, 3] → [batch], a logit
func residual3D(scope *model.Scope, config Config, video *Node) *Node {
	wide := config.DiscriminatorChannels
	block := scope.At("block1")
	h := conv3D(block.At("conv2"), nn.ReLU(conv3D(block.At("conv1"), video, wide)), wide)
	h = Add(halved(h, false), conv1(block.At("shortcut"), halved(video, false), wide))
	for i := 1; i <= depth; i++ {
		block := scope.At("block%d", i+1)
		x := conv3D(block.At("conv1"), nn.ReLU(h), wide<<(i-1))
		x = conv3D(block.At("conv2"), nn.ReLU(x), wide<<i)
		h = Add(halved(x, true), conv1(block.At("shortcut"), halved(h, true), wide<<i))
	}
	return Squeeze(nn.Dense(scope.At("score"), ReduceSum(nn.ReLU(h), 1, 2, 3), 1), 1)
}

// conv3D is a convolution of 3×3×3 that can be differentiated twice.
//
//	x: [batch, frames, size, size, inputs] → [batch, frames, size, size, channels]
func conv3D(scope *model.Scope, x *Node, channels int) *Node {
	none := ZerosLike(SliceAxis(x, 1, AxisElem(0)))
	return eachPicture(windows(Concatenate([]*Node{none, x, none}, 1), 3), func(x *Node) *Node {
		return nn.Conv(scope, x, channels, 3)
	})
}

// conv1 is a convolution of one voxel.
//
//	x: [batch, frames, size, size, inputs] → [batch, frames, size, size, channels]
func conv1(scope *model.Scope, x *Node, channels int) *Node {
	return eachPicture(x, func(x *Node) *Node { return nn.Conv(scope, x, channels, 1) })
}

// halved is mean pooling in space, and in time if it is asked for, of what is even.
func halved(x *Node, time bool) *Node {
	dims := x.Shape().Dimensions
	if frames := dims[1]; time && frames%2 == 0 {
		x = ReduceMean(Reshape(x, dims[0], frames/2, 2, dims[2], dims[3], dims[4]), 2)
	}
	if dims[2]%2 == 0 {
		x = eachPicture(x, nn.Downsample)
	}
	return x
}
