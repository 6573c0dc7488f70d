package nn

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Upsample doubles height and width by repeating each pixel (nearest neighbour).
//
//	x: [batch, height, width, channels] → [batch, 2·height, 2·width, channels]
func Upsample(x *Node) *Node {
	batch, height, width, channels := dims4("Upsample", x)
	x = Reshape(x, batch, height, 1, width, 1, channels)
	x = BroadcastToDims(x, batch, height, 2, width, 2, channels)
	return Reshape(x, batch, 2*height, 2*width, channels)
}

// Downsample halves height and width by the mean of 2×2 pixels.
//
//	x: [batch, height, width, channels] → [batch, height/2, width/2, channels]
func Downsample(x *Node) *Node {
	batch, height, width, channels := dims4("Downsample", x)
	mustHalve("Downsample", x)
	x = Reshape(x, batch, height/2, 2, width/2, 2, channels)
	return ReduceMean(x, 2, 4)
}

// DownsampleMax halves height and width by the largest of 2×2 pixels; the last row and column of odd sizes are dropped.
// The result is that of GoMLX's MaxPool, whose gradient takes XLA's CPU ten times as long.
//
//	x: [batch, height, width, channels] → [batch, ⌊height/2⌋, ⌊width/2⌋, channels]
func DownsampleMax(x *Node) *Node {
	batch, height, width, channels := dims4("DownsampleMax", x)
	height, width = height/2, width/2
	x = Slice(x, AxisRange(), AxisRange(0, 2*height), AxisRange(0, 2*width))
	x = Reshape(x, batch, height, 2, width, 2, channels)
	pixel := func(row, column int) *Node {
		x := Slice(x, AxisRange(), AxisRange(), AxisElem(row), AxisRange(), AxisElem(column))
		return Reshape(x, batch, height, width, channels)
	}
	return Max(Max(pixel(0, 0), pixel(0, 1)), Max(pixel(1, 0), pixel(1, 1)))
}

// SpaceToDepth moves blocks of 2×2 pixels into the channels; channel (2·row + column)·channels + c comes from the
// block's pixel (row, column).
//
//	x: [batch, height, width, channels] → [batch, height/2, width/2, 4·channels]
func SpaceToDepth(x *Node) *Node {
	batch, height, width, channels := dims4("SpaceToDepth", x)
	mustHalve("SpaceToDepth", x)
	x = Reshape(x, batch, height/2, 2, width/2, 2, channels)
	x = TransposeAllAxes(x, 0, 1, 3, 2, 4, 5)
	return Reshape(x, batch, height/2, width/2, 4*channels)
}

// PixelShuffle is the sub-pixel layer of Shi et al. 2016: channels become blocks of 2×2 pixels. Channels are ordered as
// in PyTorch, so that weights can be exchanged: pixel (row, column) of channel c comes from channel 4·c + 2·row +
// column.
//
//	x: [batch, height, width, 4·channels] → [batch, 2·height, 2·width, channels]
func PixelShuffle(x *Node) *Node {
	batch, height, width, channels := dims4("PixelShuffle", x)
	if channels%4 != 0 {
		exceptions.Panicf("nn.PixelShuffle: channels must be a multiple of 4, got %s", x.Shape())
	}
	x = Reshape(x, batch, height, width, channels/4, 2, 2)
	x = TransposeAllAxes(x, 0, 1, 4, 2, 5, 3)
	return Reshape(x, batch, 2*height, 2*width, channels/4)
}

// ChannelsLast turns the layout of pictures or videos that most other programs have into that of this package.
//
//	x: [..., channels, height, width] → [..., height, width, channels]
func ChannelsLast(x *Node) *Node { return moveAxis(x, x.Rank()-3, x.Rank()-1) }

// ChannelsFirst is the inverse of [ChannelsLast].
//
//	x: [..., height, width, channels] → [..., channels, height, width]
func ChannelsFirst(x *Node) *Node { return moveAxis(x, x.Rank()-1, x.Rank()-3) }

// moveAxis moves an axis to another place.
func moveAxis(x *Node, from, to int) *Node {
	axes := make([]int, x.Rank())
	for i := range axes {
		axes[i] = i
	}
	return TransposeAllAxes(x, slices.Insert(slices.Delete(axes, from, from+1), to, from)...)
}

// dims4 returns the sizes of the four axes of a layer's input, and panics if it is not a batch of pictures.
func dims4(layer string, x *Node) (batch, height, width, channels int) {
	if x.Rank() != 4 {
		exceptions.Panicf("nn.%s: pictures must be [batch, height, width, channels], got %s", layer, x.Shape())
	}
	d := x.Shape().Dimensions
	return d[0], d[1], d[2], d[3]
}

// mustHalve panics if a layer's pictures cannot be halved.
func mustHalve(layer string, x *Node) {
	if _, height, width, _ := dims4(layer, x); height%2 != 0 || width%2 != 0 {
		exceptions.Panicf("nn.%s: height and width must be even, got %s", layer, x.Shape())
	}
}
