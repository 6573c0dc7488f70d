package nn

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// gradientPenalty is mean((|dscore/dx| − 1)²), where the score of a picture is mean(y²).
func gradientPenalty(x, y *Node) (penalty, slope *Node) {
	slope = Gradient(ReduceAllSum(ReduceMean(Square(y), 1, 2, 3)), x)[0]
	norm := Sqrt(ReduceSum(Square(slope), 1, 2, 3))
	return ReduceAllMean(Square(AddScalar(norm, -1))), slope
}

// twoLayers is a network for a penalty: a layer, an activation and a layer, from 2 channels to 3 to 2.
type twoLayers struct {
	first, second layer
	activation    func(*Node) *Node
}

// of takes the inputs x, weights1, bias1, weights2 and bias2.
func (l twoLayers) of(scope *model.Scope, in []*Node) *Node {
	h := l.first.with(scope.At("first"), in[0], in[1], in[2])
	return l.second.with(scope.At("second"), l.activation(h), in[3], in[4])
}

// penaltyCases are the networks whose penalties are in the golden file.
func penaltyCases() map[string]twoLayers {
	leaky := func(x *Node) *Node { return LeakyReLU(x, 0.2) }
	normalised := func(scope *model.Scope, x *Node) *Node {
		scope.Store().SetTraining(x.Graph(), true)
		return addBias(scope, Normalise(scope, Conv(scope, x, 3, 3, NoBias)), nil)
	}
	spectral := func(scope *model.Scope, x *Node) *Node {
		training(scope, x)
		scope.VariableWithNodeValue("u", Ones(x.Graph(), shapes.Make(x.DType(), 1, 3)))
		return Conv(scope, x, 3, 3, Spectral)
	}
	return map[string]twoLayers{
		"penalty Conv ReLU":          {conv(3, 3), conv(2, 3), ReLU},
		"penalty Conv LeakyReLU":     {conv(3, 3), conv(2, 3), leaky},
		"penalty ConvPool ReLU":      {convPool(3), convPool(2), ReLU},
		"penalty ConvPool LeakyReLU": {convPool(3), convPool(2), leaky},
		"penalty UpConv ReLU":        {upConv(3), upConv(2), ReLU},
		"penalty UpConv LeakyReLU":   {upConv(3), upConv(2), leaky},
		"penalty Normalise ReLU":     {normalised, conv(2, 3), ReLU},
		"penalty Spectral ReLU":      {spectral, conv(2, 3), ReLU},
	}
}

var penaltyInputs = []string{"x", "weights1", "bias1", "weights2", "bias2"}

func TestGradientOfPenaltyMatchesPyTorch(t *testing.T) {
	for name, layers := range penaltyCases() {
		t.Run(name, func(t *testing.T) {
			want := golden(t, name)
			got := run(t, func(scope *model.Scope, in []*Node) []*Node {
				penalty, slope := gradientPenalty(in[0], layers.of(scope, in))
				return append([]*Node{penalty, slope}, Gradient(penalty, in[1:]...)...)
			}, tensorsOf(want, array.single, penaltyInputs...)...)
			for i, what := range []string{"penalty", "slope", "d_weights1", "d_bias1", "d_weights2", "d_bias2"} {
				assertClose(t, what, want[what], got[i], 1e-5)
			}
		})
	}
}

func TestGradientOfPenaltyMatchesFiniteDifferences(t *testing.T) {
	cases := penaltyCases()
	delete(cases, "penalty Spectral ReLU") // The singular vectors depend on the weights, but are treated as constants.
	for name, layers := range cases {
		t.Run(name, func(t *testing.T) {
			in := golden(t, name)
			assertGradients(t, func(scope *model.Scope, in []*Node) *Node {
				penalty, _ := gradientPenalty(in[0], layers.of(scope, in))
				return penalty
			}, in["x"], in["weights1"], in["bias1"], in["weights2"], in["bias2"])
		})
	}
}

// GoMLX's own gradient is wrong for kernels of even size.
func TestGradientsOfAnyKernelMatchFiniteDifferences(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4, 9} {
		for _, outputs := range []int{3, 1} { // More and fewer than inputs: see plainKernelGradient.
			t.Run(fmt.Sprintf("%dx%[1]d to %d", size, outputs), func(t *testing.T) {
				assertGradients(t, func(scope *model.Scope, in []*Node) *Node {
					return ReduceAllSum(Square(convolve(in[0], in[1])))
				}, random(rng(1), 1, 2, 4, 3, 2), random(rng(2), 1, size, size, 2, outputs))
			})
		}
	}
}

// The gradient of each gradient: the picture's and the kernel's, each with respect to both. The sizes are even and odd.
// In one case, 2 pictures of 2×2 pixels with 2 channels, a gradient has the shapes of a layer.
func TestSecondGradientsMatchFiniteDifferences(t *testing.T) {
	layers := []struct {
		name  string
		layer layer
		size  int
	}{
		{"Conv 1x1", conv(2, 1), 1}, {"Conv 2x2", conv(2, 2), 2}, {"Conv 3x3", conv(2, 3), 3},
		{"ConvPool", convPool(2), 3}, {"UpConv", upConv(2), 3},
	}
	for _, l := range layers {
		for _, shape := range [][]int{{2, 2, 2, 2}, {1, 4, 6, 1}, {1, 4, 2, 3}} {
			t.Run(fmt.Sprint(l.name, shape), func(t *testing.T) {
				assertGradients(t, func(scope *model.Scope, in []*Node) *Node {
					y := l.layer.with(scope, in[0], in[1], in[2])
					first := Gradient(ReduceAllSum(Square(y)), in[0], in[1])
					return Add(ReduceAllMean(Square(first[0])), ReduceAllMean(Square(first[1])))
				}, random(rng(1), 1, shape...), random(rng(2), 1, l.size, l.size, shape[3], 2), random(rng(3), 1, 2))
			})
		}
	}
}

// GoMLX's own Slice can be differentiated once.
func TestSecondGradientOfAPartMatchesFiniteDifferences(t *testing.T) {
	assertGradients(t, func(_ *model.Scope, in []*Node) *Node {
		y := ReduceAllSum(Square(Square(Part(Part(in[0], 1, 1, 4), 2, 0, 2))))
		return ReduceAllMean(Square(Gradient(y, in[0])[0]))
	}, random(rng(1), 1, 2, 5, 3))
}
