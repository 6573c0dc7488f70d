package nn

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
)

func TestResamplingMatchesPyTorch(t *testing.T) {
	for name, f := range map[string]func(*Node) *Node{
		"Upsample": Upsample, "Downsample": Downsample, "PixelShuffle": PixelShuffle,
	} {
		t.Run(name, func(t *testing.T) {
			want := golden(t, name)
			got := run(t, func(_ *model.Scope, in []*Node) []*Node {
				y := f(in[0])
				return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, in[1])), in[0])...)
			}, want["x"].single(), want["c"].single())
			assertClose(t, "y", want["y"], got[0], 1e-6)
			assertClose(t, "d_x", want["d_x"], got[1], 1e-6)
		})
	}
}

func TestSpaceToDepthOrdersBlocksByRowColumnChannel(t *testing.T) {
	const batch, height, width, channels = 2, 4, 6, 3
	x := count(batch, height, width, channels)
	got := run(t, func(_ *model.Scope, in []*Node) []*Node { return []*Node{SpaceToDepth(in[0])} }, x.single())[0]
	assert.Equal(t, []int{batch, height / 2, width / 2, 4 * channels}, got.Shape)

	want := make([]float64, 0, len(x.Values))
	for b := range batch {
		for i := range height / 2 {
			for j := range width / 2 {
				for block := range 4 {
					row, column := 2*i+block/2, 2*j+block%2
					at := ((b*height+row)*width + column) * channels
					want = append(want, x.Values[at:at+channels]...)
				}
			}
		}
	}
	assert.Equal(t, want, got.Values)
}

func TestDownsampleMaxEqualsGoMLXsMaxPool(t *testing.T) {
	for _, shape := range [][]int{{2, 4, 6, 3}, {1, 5, 7, 2}} {
		got := run(t, func(_ *model.Scope, in []*Node) []*Node {
			var made []*Node
			for _, y := range []*Node{DownsampleMax(in[0]), MaxPool(in[0]).Window(2).Done()} {
				weighed := Mul(y, Iota(y.Graph(), y.Shape(), 2))
				made = append(made, y, Gradient(ReduceAllSum(weighed), in[0])[0])
			}
			return made
		}, random(rng(1), 1, shape...).single())
		assert.Equal(t, got[2], got[0])
		assert.Equal(t, got[3], got[1])
	}
}

// The layers of a generator's and a discriminator's blocks, as a penalty uses them: the gradient of a gradient.
func TestResamplingCanBeDifferentiatedTwice(t *testing.T) {
	for name, f := range map[string]func(*Node) *Node{
		"Upsample": Upsample, "Downsample": Downsample, "SpaceToDepth": SpaceToDepth, "PixelShuffle": PixelShuffle,
	} {
		t.Run(name, func(t *testing.T) {
			assertGradients(t, func(_ *model.Scope, in []*Node) *Node {
				slope := Gradient(ReduceAllSum(Exp(f(in[0]))), in[0])[0]
				return ReduceAllSum(Square(slope))
			}, random(rng(1), 0.5, 2, 2, 4, 4))
		})
	}
}
