package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Upsample doubles height and width by repeating each pixel (nearest neighbour).
//
//	x: [batch, height, width, channels] → [batch, 2·height, 2·width, channels]
func Upsample(x *Node) *Node {
	batch, height, width, channels := dims4(x)
	x = Reshape(x, batch, height, 1, width, 1, channels)
	x = BroadcastToDims(x, batch, height, 2, width, 2, channels)
	return Reshape(x, batch, 2*height, 2*width, channels)
}

// Downsample halves height and width by the mean of 2×2 pixels.
//
//	x: [batch, height, width, channels] → [batch, height/2, width/2, channels]
func Downsample(x *Node) *Node {
	batch, height, width, channels := dims4(x)
	x = Reshape(x, batch, height/2, 2, width/2, 2, channels)
	return ReduceMean(x, 2, 4)
}

// SpaceToDepth moves blocks of 2×2 pixels into the channels; channel (2·row + column)·channels + c comes from the
// block's pixel (row, column).
//
//	x: [batch, height, width, channels] → [batch, height/2, width/2, 4·channels]
func SpaceToDepth(x *Node) *Node {
	batch, height, width, channels := dims4(x)
	x = Reshape(x, batch, height/2, 2, width/2, 2, channels)
	x = TransposeAllAxes(x, 0, 1, 3, 2, 4, 5)
	return Reshape(x, batch, height/2, width/2, 4*channels)
}

// PixelShuffle is the sub-pixel layer of Shi et al. 2016: channels become blocks of 2×2 pixels. Channels are ordered as
// PyTorch does, so that weights can be exchanged: pixel (row, column) of channel c comes from channel 4·c + 2·row + column.
//
//	x: [batch, height, width, 4·channels] → [batch, 2·height, 2·width, channels]
func PixelShuffle(x *Node) *Node {
	batch, height, width, channels := dims4(x)
	x = Reshape(x, batch, height, width, channels/4, 2, 2)
	x = TransposeAllAxes(x, 0, 1, 4, 2, 5, 3)
	return Reshape(x, batch, 2*height, 2*width, channels/4)
}

// dims4 returns the sizes of the four axes of a batch of pictures.
func dims4(x *Node) (batch, height, width, channels int) {
	x.AssertRank(4)
	d := x.Shape().Dimensions
	return d[0], d[1], d[2], d[3]
}
