package nn

import (
	"testing"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
)

// assertMatchesPyTorch compares a layer's outputs and first gradients with a case of the golden file, in float32.
func assertMatchesPyTorch(t *testing.T, f layer, name string) {
	t.Helper()
	want := golden(t, name)
	got := run(t, func(scope *model.Scope, in []*Node) []*Node {
		y := f.with(scope, in[0], in[1], in[2])
		return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, in[3])), in[:3]...)...)
	}, want["x"].single(), want["weights"].single(), want["bias"].single(), want["c"].single())
	for i, what := range []string{"y", "d_x", "d_weights", "d_bias"} {
		assertClose(t, what, want[what], got[i], 1e-5)
	}
}

func TestConvMatchesPyTorch(t *testing.T) {
	for name, size := range map[string]int{"Conv 1x1": 1, "Conv 3x3": 3, "Conv 9x9": 9} {
		t.Run(name, func(t *testing.T) { assertMatchesPyTorch(t, conv(3, size), name) })
	}
}

func TestConvPoolMatchesPyTorchsAveragePoolOfConv(t *testing.T) {
	assertMatchesPyTorch(t, convPool(3), "ConvPool")
}

func TestUpConvMatchesPyTorchsConvOfNearestUpsampling(t *testing.T) {
	assertMatchesPyTorch(t, upConv(3), "UpConv")
}

// ConvPool and UpConv are short cuts: they must equal the layers that they replace at any size, even one pixel.
func TestShortCutsEqualTheLongWay(t *testing.T) {
	shapes := [][]int{{1, 2, 2, 1}, {2, 2, 6, 3}, {3, 8, 4, 2}}
	layers := map[string]struct{ short, long layer }{
		"ConvPool": {convPool(4), func(scope *model.Scope, x *Node) *Node { return Downsample(Conv(scope, x, 4, 3)) }},
		"UpConv":   {upConv(4), func(scope *model.Scope, x *Node) *Node { return Conv(scope, Upsample(x), 4, 3) }},
	}
	for name, l := range layers {
		t.Run(name, func(t *testing.T) {
			for _, shape := range shapes {
				exec := compileFor(t, openGo, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
					return []*Node{
						l.short.with(scope.At("short"), in[0], in[1], in[2]),
						l.long.with(scope.At("long"), in[0], in[1], in[2]),
					}
				})
				got := call(
					t,
					exec,
					random(rng(1), 1, shape...).double(),
					random(rng(2), 1, 3, 3, shape[3], 4).double(),
					random(rng(3), 1, 4).double(),
				)
				assertClose(t, name, got[1], got[0], 1e-12)
			}
		})
	}
}

// A reader who exchanges weights with a saved run relies on these names and shapes.
func TestConvKeepsItsWeightsInTheScope(t *testing.T) {
	store := model.NewStore()
	x := count(1, 2, 2, 3).single()
	call(t, compile(t, store, func(scope *model.Scope, in []*Node) []*Node {
		return []*Node{Conv(scope.At("a"), in[0], 5, 3, Spectral), Conv(scope.At("b"), in[0], 5, 1, NoBias)}
	}), x)
	shapes := map[string][]int{}
	for v := range store.IterVariables() {
		if v.Path() != "/#rngState" {
			shapes[v.Path()] = v.Shape().Dimensions
		}
	}
	assert.Equal(t, map[string][]int{
		"/a/weights": {3, 3, 3, 5}, "/a/bias": {5}, "/a/u": {1, 5},
		"/b/weights": {1, 1, 3, 5},
	}, shapes)
}

func TestStridedConvEqualsAConvolutionWithStrides(t *testing.T) {
	for _, size := range []int{3, 4} {
		for _, shape := range [][]int{{1, 2, 2, 1}, {2, 4, 6, 3}} {
			exec := compileFor(t, openGo, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
				strided := layer(func(scope *model.Scope, x *Node) *Node { return StridedConv(scope, x, 4, size) })
				x, kernel, bias := in[0], in[1], in[2]
				want := Convolve(x, kernel).Strides(2).PaddingPerDim([][2]int{{1, 1}, {1, 1}}).Done()
				return []*Node{strided.with(scope, x, kernel, bias), Add(want, ExpandLeftToRank(bias, 4))}
			})
			got := call(
				t,
				exec,
				random(rng(1), 1, shape...).double(),
				random(rng(2), 1, size, size, shape[3], 4).double(),
				random(rng(3), 1, 4).double(),
			)
			assertClose(t, "StridedConv", got[1], got[0], 1e-12)
		}
	}
}

// A transposed convolution is the transpose of a convolution: ⟨Deconv(x), y⟩ = ⟨x, StridedConv(y)⟩ for all x and y,
// with one kernel.
func TestDeconvIsTheTransposeOfStridedConv(t *testing.T) {
	for _, shape := range [][]int{{1, 1, 1, 2}, {2, 3, 5, 2}, {1, 4, 2, 2}} {
		exec := compileFor(t, openGo, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
			x, y, kernel := in[0], in[1], in[2] // kernel: [4, 4, outputs, inputs], for StridedConv.
			zero := func(n int) *Node { return Zeros(x.Graph(), shapes.Make(x.DType(), n)) }
			up := layer(func(scope *model.Scope, x *Node) *Node { return Deconv(scope, x, 3) })
			down := layer(func(scope *model.Scope, y *Node) *Node { return StridedConv(scope, y, 2, 4) })
			larger := up.with(scope.At("up"), x, TransposeAllAxes(kernel, 0, 1, 3, 2), zero(3))
			smaller := down.with(scope.At("down"), y, kernel, zero(2))
			return []*Node{ReduceAllSum(Mul(larger, y)), ReduceAllSum(Mul(x, smaller))}
		})
		got := call(
			t,
			exec,
			random(rng(1), 1, shape...).double(),
			random(rng(2), 1, shape[0], 2*shape[1], 2*shape[2], 3).double(),
			random(rng(3), 1, 4, 4, 3, 2).double(),
		)
		assertClose(t, "the products", got[1], got[0], 1e-9)
	}
}
