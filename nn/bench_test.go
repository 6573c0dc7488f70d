package nn

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"
)

// BenchmarkShortCuts times ConvPool and UpConv against the layers that they replace, forwards and with the gradients of
// picture and weights: 8 pictures of 32×32 pixels, 64 channels to 64.
func BenchmarkShortCuts(b *testing.B) {
	layers := []struct {
		name string
		f    layer
	}{
		{"ConvPool", convPool(64)},
		{"DownsampleOfConv", func(scope *model.Scope, x *Node) *Node { return Downsample(Conv(scope, x, 64, 3)) }},
		{"UpConv", upConv(64)},
		{"ConvOfUpsample", func(scope *model.Scope, x *Node) *Node { return Conv(scope, Upsample(x), 64, 3) }},
	}
	x, weights, bias := random(rng(1), 1, 8, 32, 32, 64), random(rng(2), 0.1, 3, 3, 64, 64), random(rng(3), 1, 64)
	for _, l := range layers {
		forward := func(scope *model.Scope, in []*Node) []*Node {
			return []*Node{ReduceAllSum(Square(l.f.with(scope, in[0], in[1], in[2])))}
		}
		gradient := func(scope *model.Scope, in []*Node) []*Node { return Gradient(forward(scope, in)[0], in...) }
		b.Run(l.name+"/forward", func(b *testing.B) { benchmark(b, forward, x, weights, bias) })
		b.Run(l.name+"/gradient", func(b *testing.B) { benchmark(b, gradient, x, weights, bias) })
	}
}

// benchmark times a function, without its compilation.
func benchmark(b *testing.B, f graphFunction, inputs ...array) {
	exec := compile(b, model.NewStore(), f)
	arguments := make([]any, len(inputs))
	for i, input := range inputs {
		arguments[i] = input.single()
	}
	once := func() {
		outputs, err := exec.Exec(arguments...)
		require.NoError(b, err)
		for _, output := range outputs {
			output.MustFinalizeAll()
		}
	}
	once()
	for b.Loop() {
		once()
	}
}
