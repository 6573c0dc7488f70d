package blink

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/nn"
)

// Discriminator is that of VideoGAN (Vondrick et al. 2016, section 3.3): convolutions in space and time with stride 2,
// all but the first with batch normalisation, and a score.
//
//	videos: [batch, frames, size, size, 3] in [-1, 1] → [batch], a logit: large if a video looks real
func Discriminator(scope *model.Scope, config Config, videos *Node) *Node {
	scope = scope.WithInitializer(nn.Normal(scope.Store(), 0.02))
	h := videos
	for i := range depth {
		h = nn.StridedConv3D(scope.At("conv%d", i+1), h, config.DiscriminatorChannels<<i)
		if i > 0 {
			h = nn.BatchNorm(scope.At("conv%d_norm", i+1), h)
		}
		h = nn.LeakyReLU(h, leak)
	}
	return Squeeze(nn.Dense(scope.At("score"), Reshape(h, h.Shape().Dim(0), -1), 1), 1)
}
