package gan

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oneWeight is a pair of networks with a weight each, so that an iteration can be computed by hand: G draws pictures
// that are a·z₀ everywhere, and D's score is w times the mean of the picture.
var oneWeight = Network{
	Generator: func(scope *model.Scope, config Config, noise, _ *Node) *Node {
		a := scope.VariableWithValue("a", float32(0.5)).NodeValue(noise.Graph())
		z := Reshape(Slice(noise, AxisRange(), AxisElem(0)), -1, 1, 1, 1)
		return BroadcastToDims(Mul(z, a), noise.Shape().Dim(0), config.Size, config.Size, 3)
	},
	Discriminator: func(scope *model.Scope, _ Config, x, _ *Node) Verdict {
		w := scope.VariableWithValue("w", float32(0.2)).NodeValue(x.Graph())
		return Verdict{Score: Mul(ReduceMean(x, 1, 2, 3), w)}
	},
}

// adam is Adam for one weight.
type adam struct{ weight, first, second, steps float64 }

func (a *adam) step(c Config, gradient float64) {
	a.steps++
	a.first = c.Beta1*a.first + (1-c.Beta1)*gradient
	a.second = c.Beta2*a.second + (1-c.Beta2)*gradient*gradient
	mean, square := a.first/(1-math.Pow(c.Beta1, a.steps)), a.second/(1-math.Pow(c.Beta2, a.steps))
	a.weight -= c.LearningRate * mean / (math.Sqrt(square) + 1e-7)
}

// If D's weights were not fixed in G's step, or G's in D's, the numbers would differ.
func TestIterationIsTwoStepsOfDAndThenOneOfG(t *testing.T) {
	config := preset(t, "article", "size=8", "batch=3", "noise=2", "learning_rate=0.05", "average_decay=0.9")
	require.Equal(t, 2, config.DiscriminatorSteps)
	rng := rand.New(rand.NewPCG(5, 0))
	draw := func(n int, scale float64) []float32 {
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(scale * rng.Float64())
		}
		return values
	}
	pixels := 8 * 8 * 3
	pictures, noise, uniform := draw(2*3*pixels, 0.8), draw(3*3*2, 1), draw(2*3*pixels, 1)

	store := model.NewStore()
	exec, err := model.NewExec(backendOf(t, openGo), store, func(scope *model.Scope, x []*Node) []*Node {
		return Iteration(
			scope, config, oneWeight, Inputs{Pictures: x[0], Labels: x[1], Noise: x[2], FakeLabels: x[3], Uniform: x[4]},
		)
	})
	require.NoError(t, err)
	defer exec.Finalize()

	d, g := adam{weight: float64(float32(0.2))}, adam{weight: 0.5}
	average := 0.0
	for iteration := range 3 {
		outputs, err := exec.Call(
			tensors.FromFlatDataAndDimensions(pictures, 2, 3, 8, 8, 3), tensors.FromShape(shapes.Make(dtypes.Int32, 2, 3, 1)),
			tensors.FromFlatDataAndDimensions(noise, 3, 3, 2), tensors.FromShape(shapes.Make(dtypes.Int32, 3, 3, 1)),
			tensors.FromFlatDataAndDimensions(uniform, 2, 3, 8, 8, 3))
		require.NoError(t, err)

		// The mean of z₀ of draw k, and of the pictures of step k.
		z := func(k int) float64 { return float64(noise[6*k]+noise[6*k+2]+noise[6*k+4]) / 3 }
		x := func(k int) (mean float64) {
			for _, v := range pictures[k*3*pixels : (k+1)*3*pixels] {
				mean += float64(v) / float64(3*pixels)
			}
			return mean
		}
		var lossD, penalty float64
		slope := 1 / math.Sqrt(float64(pixels)) // ‖∇D‖ = |w|·slope
		for k := range 2 {
			// No score leaves the margin of the hinge, so that the loss is linear.
			lossD = 2 - d.weight*x(k) + d.weight*g.weight*z(k)
			distance := math.Abs(d.weight)*slope - 1
			penalty = distance * distance
			d.step(config, -x(k)+g.weight*z(k)+config.PenaltyWeight*2*distance*slope*math.Copysign(1, d.weight))
		}
		lossG := -d.weight * g.weight * z(2)
		g.step(config, -d.weight*z(2))
		keep := min(0.9, float64(iteration)/float64(10+iteration))
		average = keep*average + (1-keep)*g.weight

		for i, want := range []float64{lossD, lossG, penalty} {
			assert.InDelta(t, want, tensors.ToScalar[float32](outputs[i]), 1e-5, "metric %d of iteration %d", i, iteration)
		}
		assert.InDelta(t, d.weight, variable(t, store, "/discriminator/w")[0], 1e-5)
		assert.InDelta(t, g.weight, variable(t, store, "/generator/a")[0], 1e-5)
		assert.InDelta(t, average, variable(t, store, "/average/a")[0], 1e-5)
		assert.Equal(t, float64(2*iteration+2), variable(t, store, "/discriminator/adam_discriminator/step")[0])
		assert.Equal(t, float64(iteration+1), variable(t, store, "/generator/adam_generator/step")[0])
	}
}

func TestDrawnInputsAreDistributedAsTheySay(t *testing.T) {
	config := preset(t, "smoke", "size=8", "batch=300")
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(1))
	draw := func(scope *model.Scope, pictures, labels *Node) []*Node {
		in := DrawInputs(scope, config, pictures, labels)
		return []*Node{in.Noise, in.FakeLabels, in.Uniform}
	}
	outputs, err := model.CallOnceN(
		backendOf(t, openGo), store, draw,
		tensors.FromShape(shapes.Make(dtypes.Float32, 2, 300, 8, 8, 3)),
		tensors.FromShape(shapes.Make(dtypes.Int32, 2, 300, 1)),
	)
	require.NoError(t, err)

	assert.Equal(t, []int{3, 300, 8}, outputs[0].Shape().Dimensions)
	noise := flat(t, outputs[0])
	mean, square := moments(noise)
	assert.InDelta(t, 0, mean, 0.05)
	assert.InDelta(t, 1, square, 0.1)

	assert.Equal(t, []int{3, 300, 1}, outputs[1].Shape().Dimensions)
	labels, err := tensors.CopyFlatData[int32](outputs[1])
	require.NoError(t, err)
	counts := make([]int, len(config.Classes))
	for _, label := range labels {
		counts[label]++
	}
	assert.Greater(t, slices.Min(counts), 60) // Of 100 on average.
	assert.Less(t, slices.Max(counts), 140)

	assert.Equal(t, []int{2, 300, 8, 8, 3}, outputs[2].Shape().Dimensions)
	uniform := flat(t, outputs[2])
	mean, square = moments(uniform)
	assert.InDelta(t, 1./2, mean, 0.01)
	assert.InDelta(t, 1./3, square, 0.01)
	assert.GreaterOrEqual(t, slices.Min(uniform), 0.0)
	assert.Less(t, slices.Max(uniform), 1.0)
}

// moments returns the means of x and of x².
func moments(x []float64) (mean, square float64) {
	for _, v := range x {
		mean, square = mean+v/float64(len(x)), square+v*v/float64(len(x))
	}
	return mean, square
}
