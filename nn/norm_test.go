package nn

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// training marks a graph as built for training.
func training(scope *model.Scope, x *Node) { scope.Store().SetTraining(x.Graph(), true) }

// variable returns the value of a variable.
func variable(t testing.TB, store *model.Store, path string) array {
	t.Helper()
	v := store.GetVariable(path)
	require.NotNil(t, v, path)
	value, err := v.Value()
	require.NoError(t, err)
	return fromTensor(t, value)
}

// setVariable creates a variable before a layer does.
func setVariable(t testing.TB, store *model.Store, path string, value array) {
	t.Helper()
	_, err := store.CreateVariable(path, value.single())
	require.NoError(t, err)
}

func TestNormalisingTheBatchMatchesPyTorch(t *testing.T) {
	one := func(f func(scope *model.Scope, x *Node) *Node) graphFunction {
		return func(scope *model.Scope, in []*Node) []*Node { return []*Node{f(scope, in[0])} }
	}
	cases := []struct {
		name   string
		inputs []string
		f      graphFunction
	}{
		{"Normalise", []string{"x"}, one(Normalise)},
		{"Normalise of vectors", []string{"x"}, one(Normalise)},
		{"BatchNorm", []string{"x", "scale", "offset"}, func(scope *model.Scope, in []*Node) []*Node {
			scope.VariableWithNodeValue("scale", in[1])
			scope.VariableWithNodeValue("offset", in[2])
			return []*Node{BatchNorm(scope, in[0])}
		}},
		{"ConditionalBatchNorm", []string{"x", "scale", "offset"}, func(scope *model.Scope, in []*Node) []*Node {
			scope.At("scale").VariableWithNodeValue("weights", in[1])
			scope.At("offset").VariableWithNodeValue("weights", in[2])
			labels := Const(in[0].Graph(), []int32{2, 0, 2})
			return []*Node{ConditionalBatchNorm(scope, in[0], OneHot(labels, 4, in[0].DType()), 1)}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := golden(t, c.name)
			got := run(t, func(scope *model.Scope, in []*Node) []*Node {
				training(scope, in[0])
				cotangent, in := in[0], in[1:]
				y := c.f(scope, in)[0]
				return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, cotangent)), in...)...)
			}, tensorsOf(want, array.single, append([]string{"c"}, c.inputs...)...)...)
			assertClose(t, "y", want["y"], got[0], 1e-5)
			for i, input := range c.inputs {
				assertClose(t, "d_"+input, want["d_"+input], got[i+1], 2e-5)
			}
		})
	}
}

func TestConditionalBatchNormIsNormalisedAtFirst(t *testing.T) {
	for conditions := 1; conditions <= 3; conditions++ {
		y := run(t, func(scope *model.Scope, in []*Node) []*Node {
			training(scope, in[0])
			var oneHot []*Node
			for range conditions {
				oneHot = append(oneHot, OneHot(Const(in[0].Graph(), []int32{2, 0, 1}), 4, in[0].DType()))
			}
			conditional := ConditionalBatchNorm(scope.At("layer"), in[0], Concatenate(oneHot, 1), conditions)
			return []*Node{Sub(conditional, Normalise(scope.At("alone"), in[0]))}
		}, count(3, 2, 2, 5).single())[0]
		for _, difference := range y.Values {
			assert.InDelta(t, 0, difference, 1e-6)
		}
	}
}

func TestNormaliseInUseTakesTheRunningAverages(t *testing.T) {
	want, store := golden(t, "Normalise in use"), model.NewStore()
	setVariable(t, store, "/mean", want["mean"])
	setVariable(t, store, "/variance", want["variance"])
	exec := compile(t, store, func(scope *model.Scope, in []*Node) []*Node { return []*Node{Normalise(scope, in[0])} })
	assertClose(t, "y", want["y"], call(t, exec, want["x"].single())[0], 1e-5)
	assertClose(t, "mean", want["mean"], variable(t, store, "/mean"), 1e-6)
	assertClose(t, "variance", want["variance"], variable(t, store, "/variance"), 1e-6)
}

func TestNormaliseAveragesTheStatisticsOfBatches(t *testing.T) {
	store := model.NewStore()
	exec := compile(t, store, func(scope *model.Scope, in []*Node) []*Node {
		training(scope, in[0])
		return []*Node{Normalise(scope, in[0])}
	})
	mean, variance := 0.0, 1.0
	for _, batch := range []array{{[]int{4, 1}, []float64{1, 3, 5, 7}}, {[]int{2, 1}, []float64{-2, 2}}} {
		call(t, exec, batch.single())
		var sum, squares float64
		for _, x := range batch.Values {
			sum, squares = sum+x, squares+x*x
		}
		n := float64(len(batch.Values))
		mean = 0.9*mean + 0.1*sum/n
		variance = 0.9*variance + 0.1*(squares/n-sum*sum/n/n)
	}
	assert.InDelta(t, mean, variable(t, store, "/mean").Values[0], 1e-6)
	assert.InDelta(t, variance, variable(t, store, "/variance").Values[0], 1e-6)
	for _, path := range []string{"/mean", "/variance"} {
		assert.False(t, store.GetVariable(path).Trainable, "%s would be changed by the optimiser", path)
	}
}

// A repeated value has variance 0, which rounding may make negative: the result must not be NaN.
func TestNormaliseOfAConstantIsZero(t *testing.T) {
	x := array{[]int{3, 1}, []float64{1000.1, 1000.1, 1000.1}}
	got := run(t, func(scope *model.Scope, in []*Node) []*Node {
		training(scope, in[0])
		return append([]*Node{Normalise(scope, in[0])}, Gradient(ReduceAllSum(Normalise(scope, in[0])), in[0])...)
	}, x.single())
	for _, y := range slices.Concat(got[0].Values, got[1].Values) {
		assert.InDelta(t, 0, y, 0.1)
	}
}

// spectral compiles SpectralNorm of the input, with the gradient of the sum of its product with the second input.
func spectral(t *testing.T, store *model.Store, train bool) *model.Exec {
	return compile(t, store, func(scope *model.Scope, in []*Node) []*Node {
		scope.Store().SetTraining(in[0].Graph(), train)
		y := SpectralNorm(scope, in[0])
		return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, in[1])), in[0])...)
	})
}

func TestSpectralNormMatchesPyTorchStepByStep(t *testing.T) {
	want, store := golden(t, "SpectralNorm"), model.NewStore()
	setVariable(t, store, "/u", want["u0"])
	exec := spectral(t, store, true)
	for _, step := range []string{"1", "2", "3"} {
		got := call(t, exec, want["weights"].single(), want["c"].single())
		assertClose(t, "y "+step, want["y "+step], got[0], 1e-5)
		assertClose(t, "d_weights "+step, want["d_weights "+step], got[1], 1e-5)
		assertClose(t, "u "+step, want["u "+step], variable(t, store, "/u"), 1e-5)
	}
	assert.False(t, store.GetVariable("/u").Trainable, "u would be changed by the optimiser")
}

func TestSpectralNormMovesItsVectorOnlyWhileTraining(t *testing.T) {
	in, store := golden(t, "SpectralNorm"), model.NewStore()
	setVariable(t, store, "/u", in["u0"])
	call(t, spectral(t, store, false), in["weights"].single(), in["c"].single())
	assertClose(t, "u", in["u0"], variable(t, store, "/u"), 0)
}

func TestSpectralNormFindsTheLargestSingularValue(t *testing.T) {
	in, store := golden(t, "SpectralNorm"), model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(1))
	exec := spectral(t, store, true)
	for range 200 {
		call(t, exec, in["weights"].single(), in["c"].single())
	}
	got := call(t, spectral(t, store, false), in["weights"].single(), in["c"].single())[0]
	assertClose(t, "y", in["y converged"], got, 1e-5)

	var svd mat.SVD
	require.True(t, svd.Factorize(mat.NewDense(18, 4, in["weights"].Values), mat.SVDNone))
	sigma := svd.Values(nil)[0]
	want := array{got.Shape, slices.Clone(in["weights"].Values)}
	for i := range want.Values {
		want.Values[i] /= sigma
	}
	assertClose(t, "weights / σ", want, got, 1e-5)
	require.True(t, svd.Factorize(mat.NewDense(18, 4, got.Values), mat.SVDNone))
	assert.InDelta(t, 1, svd.Values(nil)[0], 1e-5)
}

// Computed by hand for two channels, which are squeezed to one.
func TestSqueezeExcitationWeighsChannels(t *testing.T) {
	store := model.NewStore()
	setVariable(t, store, "/squeeze/weights", array{[]int{2, 1}, []float64{0.5, -1}})
	setVariable(t, store, "/excite/weights", array{[]int{1, 2}, []float64{2, -3}})
	x := array{[]int{2, 2, 1, 2}, []float64{1, 0, 5, 0, -1, 1, -1, 1}} // Means 3 and 0, and −1 and 1.
	backend, err := openGo()
	require.NoError(t, err)
	outputs, err := model.CallOnceN(backend, store, func(scope *model.Scope, x *Node) []*Node {
		return []*Node{SqueezeExcitation(scope, x)}
	}, x.single())
	require.NoError(t, err)
	got := fromTensor(t, outputs[0])
	assert.Equal(t, x.Shape, got.Shape)
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for i, v := range got.Values {
		squeezed := []float64{1.5, 0}[i/4] // Of the second picture −0.5 − 1, which the ReLU cuts.
		assert.InDelta(t, x.Values[i]*sigmoid([]float64{2, -3}[i%2]*squeezed), v, 1e-6, "element %d", i)
	}
}
