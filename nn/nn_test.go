package nn

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestActivationsAndTheirGradients(t *testing.T) {
	x := array{[]int{5}, []float64{-2, math.Copysign(0, -1), 0, 3, math.Inf(1)}}
	cases := []struct {
		name        string
		f           func(*Node) *Node
		y, gradient []float64
	}{
		{"ReLU", ReLU, []float64{0, 0, 0, 3, math.Inf(1)}, []float64{0, 0, 0, 1, 1}},
		{"LeakyReLU", func(x *Node) *Node { return LeakyReLU(x, 0.25) },
			[]float64{-0.5, 0, 0, 3, math.Inf(1)}, []float64{0.25, 0.25, 0.25, 1, 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := run(t, func(_ *model.Scope, in []*Node) []*Node {
				y := c.f(in[0])
				return append([]*Node{y}, Gradient(ReduceAllSum(y), in[0])...)
			}, x.single())
			assert.Equal(t, c.y, got[0].Values)
			assert.Equal(t, c.gradient, got[1].Values)
		})
	}
}

// Checks on the losses must notice a NaN from any layer.
func TestActivationsLetNaNThrough(t *testing.T) {
	got := run(t, func(_ *model.Scope, in []*Node) []*Node { return []*Node{ReLU(in[0]), LeakyReLU(in[0], 0.2)} },
		array{[]int{1}, []float64{math.NaN()}}.single())
	assert.True(t, math.IsNaN(got[0].Values[0]))
	assert.True(t, math.IsNaN(got[1].Values[0]))
}

// initialised returns a convolution's new weights and bias, 3×3, 32 channels to 64.
func initialised(
	t *testing.T, seed int64, initializer func(store *model.Store) model.VariableInitializer,
) (weights, bias array) {
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(seed))
	call(t, compile(t, store, func(scope *model.Scope, in []*Node) []*Node {
		return []*Node{Conv(scope.WithInitializer(initializer(store)), in[0], 64, 3)}
	}), count(1, 1, 1, 32).single())
	return variable(t, store, "/weights"), variable(t, store, "/bias")
}

// moments returns the mean and the standard deviation of numbers, and the largest magnitude.
func moments(values []float64) (mean, deviation, largest float64) {
	for _, v := range values {
		mean += v / float64(len(values))
		largest = max(largest, math.Abs(v))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(deviation), largest
}

func TestInitializersDrawTheWeightsThatTheySay(t *testing.T) {
	limit := math.Sqrt2 * math.Sqrt(6.0/(9*(32+64))) // Glorot & Bengio 2010, equation 16, times the gain.
	cases := []struct {
		name               string
		initializer        func(store *model.Store) model.VariableInitializer
		deviation, largest float64 // The largest weight is between 0.99 times this and this.
	}{
		{
			"Glorot",
			func(s *model.Store) model.VariableInitializer { return Glorot(s, math.Sqrt2) },
			limit / math.Sqrt(3),
			limit,
		},
		{"Normal", func(s *model.Store) model.VariableInitializer { return Normal(s, 0.02) }, 0.02, math.Inf(1)},
		// He et al. 2015, equation 10.
		{
			"Kaiming",
			func(s *model.Store) model.VariableInitializer { return Kaiming(s, 0.1) },
			0.1 * math.Sqrt(2.0/(9*32)),
			math.Inf(1),
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			weights, bias := initialised(t, 1, c.initializer)
			require.Len(t, weights.Values, 9*32*64)
			mean, deviation, largest := moments(weights.Values)
			assert.InDelta(t, 0, mean, 0.03*c.deviation)
			assert.InEpsilon(t, c.deviation, deviation, 0.02)
			assert.LessOrEqual(t, largest, c.largest)
			if !math.IsInf(c.largest, 1) {
				assert.Greater(t, largest, 0.99*c.largest)
			}
			assert.Equal(t, make([]float64, 64), bias.Values)

			again, _ := initialised(t, 1, c.initializer)
			assert.Equal(t, weights, again)
			other, _ := initialised(t, 2, c.initializer)
			assert.NotEqual(t, weights, other)
		})
	}
}

func TestDenseAndEmbedMultiplyByTheirWeights(t *testing.T) {
	x := array{[]int{2, 3}, []float64{1, 0, 0, 0, 0, 1}}
	got := run(t, func(scope *model.Scope, in []*Node) []*Node {
		dense := layer(func(scope *model.Scope, x *Node) *Node { return Dense(scope, x, 2) })
		embed := layer(func(scope *model.Scope, x *Node) *Node { return Embed(scope, x, 2) })
		return []*Node{dense.with(scope.At("dense"), in[0], in[1], in[2]), embed.with(scope.At("embed"), in[0], in[1], in[2])}
	}, x.single(), count(3, 2).single(), array{[]int{2}, []float64{10, 20}}.single())
	assert.Equal(t, []float64{10, 21, 14, 25}, got[0].Values)
	assert.Equal(t, []float64{0, 1, 4, 5}, got[1].Values)
}

func TestShapesThatDoNotFitAreNamed(t *testing.T) {
	simple := func(f func(*Node) *Node) layer { return func(_ *model.Scope, x *Node) *Node { return f(x) } }
	cases := []struct {
		name    string
		f       layer
		shape   []int
		message string
	}{
		{
			"Conv of no batch",
			conv(2, 3),
			[]int{4, 4, 3},
			"nn.Conv: pictures must be [batch, height, width, channels], got (Float32)[4, 4, 3]",
		},
		{"Conv to nothing", conv(0, 3), []int{1, 4, 4, 3}, "nn.Conv at /: cannot make 0 channels with a kernel of 3×3"},
		{
			"ConvPool of odd height",
			convPool(2),
			[]int{1, 5, 4, 3},
			"nn.ConvPool: height and width must be even, got (Float32)[1, 5, 4, 3]",
		},
		{"UpConv of a vector", upConv(2), []int{1, 5}, "nn.UpConv: pictures must be"},
		{"Upsample of a vector", simple(Upsample), []int{1, 5}, "nn.Upsample: pictures must be"},
		{"Downsample of odd width", simple(Downsample), []int{1, 4, 5, 3}, "nn.Downsample: height and width must be even"},
		{
			"SpaceToDepth of odd height",
			simple(SpaceToDepth),
			[]int{1, 3, 4, 3},
			"nn.SpaceToDepth: height and width must be even",
		},
		{
			"PixelShuffle of 6 channels",
			simple(PixelShuffle),
			[]int{1, 3, 4, 6},
			"nn.PixelShuffle: channels must be a multiple of 4",
		},
		{"Dense of pictures", func(scope *model.Scope, x *Node) *Node { return Dense(scope, x, 2) }, []int{1, 3, 4, 6},
			"nn.Dense at /: cannot make 2 outputs of (Float32)[1, 3, 4, 6], which must be [batch, inputs]"},
		{"Normalise of no batch", Normalise, []int{4}, "nn.Normalise at /: there must be a batch"},
		{"ConditionalBatchNorm of other classes", func(scope *model.Scope, x *Node) *Node {
			return ConditionalBatchNorm(scope, x, Zeros(x.Graph(), count(3, 9).single().Shape()), 1)
		}, []int{2, 4, 4, 3}, "nn.ConditionalBatchNorm at /: classes must be [2, classes]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			exec := compile(
				t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node { return []*Node{c.f(scope, in[0])} },
			)
			_, err := exec.Exec(count(c.shape...).single())
			assert.ErrorContains(t, err, c.message)
		})
	}
}

func TestPReLUHasASlopePerChannel(t *testing.T) {
	store := model.NewStore()
	x := array{[]int{1, 1, 2, 2}, []float64{-1, -2, 3, 4}}.single()
	exec := compile(t, store, func(scope *model.Scope, in []*Node) []*Node {
		y := PReLU(scope, in[0])
		slope := scope.GetVariable("slope").NodeValue(in[0].Graph())
		return append([]*Node{y}, Gradient(ReduceAllSum(y), in[0], slope)...)
	})
	got := call(t, exec, x)
	assert.Equal(t, []float64{-0.25, -0.5, 3, 4}, got[0].Values)
	assert.Equal(t, []float64{0.25, 0.25, 1, 1}, got[1].Values)
	assert.Equal(t, []float64{-1, -2}, got[2].Values)
}
