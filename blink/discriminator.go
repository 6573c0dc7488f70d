package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// Discriminator is that of VideoGAN (Vondrick et al. 2016, section 3.3): convolutions in space and time with stride 2,
// all but the first with batch normalisation, and two logits. Their cross entropy is the standard loss of their
// difference.
//
//	videos: [batch, frames, size, size, 3] in [-1, 1] → [batch], a logit: large if a video looks real
func Discriminator(scope *model.Scope, config Config, videos *Node) *Node {
	scope = scope.WithInitializer(nn.Normal(scope.Store(), videoganDeviation))
	h := videos
	for i := range depth {
		h = nn.StridedConv3D(scope.At("conv%d", i+1), h, config.DiscriminatorChannels<<i)
		if i > 0 {
			h = nn.BatchNorm(scope.At("conv%d_norm", i+1), h)
		}
		h = nn.LeakyReLU(h, leak)
	}
	logits := nn.Dense(scope.At("score"), Reshape(h, h.Shape().Dim(0), -1), 2) // Of drawn and of real ones.
	return Squeeze(Sub(SliceAxis(logits, 1, AxisElem(1)), SliceAxis(logits, 1, AxisElem(0))), 1)
}
