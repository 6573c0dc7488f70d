package gan

import (
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/nn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHingeLosses(t *testing.T) {
	tests := []struct {
		name       string
		real, fake []float64
		d, g       float64
	}{
		{"D knows nothing", []float64{0, 0}, []float64{0, 0}, 2, 0},
		{"D separates all with margin", []float64{1, 3}, []float64{-1, -2}, 0, 1.5},
		{"inside the margin", []float64{0.5, 1.5}, []float64{-0.75, -3}, 0.25 + 0.125, 1.875},
		{"D is wrong", []float64{-2, -1}, []float64{1, 3}, 2.5 + 3, -2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := evaluate(t, func(x []*Node) []*Node {
				return []*Node{DiscriminatorHinge(x[0], x[1]), GeneratorLinear(x[1])}
			}, tensors.FromValue(test.real), tensors.FromValue(test.fake))
			assert.InDelta(t, test.d, got[0][0], 1e-12)
			assert.InDelta(t, test.g, got[1][0], 1e-12)
		})
	}
}

// Only pictures inside the margin contribute to D's gradient.
func TestGradientOfHingeLossStopsAtTheMargin(t *testing.T) {
	real, fake := []float64{-2, 0.5, 1.5, 4}, []float64{-3, -1.5, 0, 2}
	got := evaluate(t, func(x []*Node) []*Node {
		gradients := Gradient(DiscriminatorHinge(x[0], x[1]), x[0], x[1])
		return append(gradients, Gradient(GeneratorLinear(x[1]), x[1])...)
	}, tensors.FromValue(real), tensors.FromValue(fake))
	assert.Equal(t, []float64{-0.25, -0.25, 0, 0}, got[0])
	assert.Equal(t, []float64{0, 0, 0.25, 0.25}, got[1])
	assert.Equal(t, []float64{-0.25, -0.25, -0.25, -0.25}, got[2])
}

func TestNonSaturatingAndWassersteinLosses(t *testing.T) {
	softplus := func(x float64) float64 { return math.Log1p(math.Exp(x)) } // −log σ(−x)
	mean := func(x []float64, f func(float64) float64) (sum float64) {
		for _, v := range x {
			sum += f(v) / float64(len(x))
		}
		return sum
	}
	same := func(v float64) float64 { return v }
	for _, scores := range [][2][]float64{{{0, 0}, {0, 0}}, {{2, -1, 0.5}, {-3, 0.5, 1}}, {{30, -25}, {-28, 31}}} {
		real, fake := scores[0], scores[1]
		got := evaluate(t, func(x []*Node) []*Node {
			var losses []*Node
			for _, name := range []string{lossNonSaturating, lossWasserstein, lossRelativistic} {
				losses = append(losses, Losses[name].Discriminator(x[0], x[1]), Losses[name].Generator(x[0], x[1]))
			}
			return losses
		}, tensors.FromValue(real), tensors.FromValue(fake))
		negative := func(v float64) float64 { return softplus(-v) }
		assert.InDelta(t, mean(real, negative)+mean(fake, softplus), got[0][0], 1e-9)
		assert.InDelta(t, mean(fake, negative), got[1][0], 1e-9)
		assert.InDelta(t, mean(fake, same)-mean(real, same), got[2][0], 1e-9)
		assert.InDelta(t, -mean(fake, same), got[3][0], 1e-9)
		realer := func(v float64) float64 { return softplus(mean(fake, same) - v) }
		lessReal := func(v float64) float64 { return softplus(v - mean(real, same)) }
		assert.InDelta(t, mean(real, realer)+mean(fake, lessReal), got[4][0], 1e-9)
		assert.InDelta(t, mean(fake, func(v float64) float64 { return softplus(mean(real, same) - v) })+
			mean(real, func(v float64) float64 { return softplus(v - mean(fake, same)) }), got[5][0], 1e-9)
	}
}

func TestClassificationIsTheCrossEntropy(t *testing.T) {
	got := evaluate(t, func(x []*Node) []*Node { return []*Node{Classification(x[0], x[1])} },
		tensors.FromValue([][]float64{{0, 0, 0}, {5, 1, -2}}), tensors.FromValue([][]float64{{0, 1, 0}, {0, 0, 1}}))
	want := (math.Log(3) + math.Log(math.Exp(5)+math.Exp(1)+math.Exp(-2)) + 2) / 2
	assert.InDelta(t, want, got[0][0], 1e-9)
}

// gaussian draws n numbers of N(0, 1).
func gaussian(seed uint64, n int) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	values := make([]float64, n)
	for i := range values {
		values[i] = rng.NormFloat64()
	}
	return values
}

// dragan evaluates the penalty and its gradient with respect to w, [1, 2, 2, 3], for three pictures of 2×2 pixels.
func dragan(
	t *testing.T, critic func(x, w *Node) *Node, real, uniform, w []float64,
) (penalty float64, gradient []float64) {
	t.Helper()
	got := evaluate(t, func(x []*Node) []*Node {
		penalty := nn.DRAGAN(func(moved *Node) *Node { return critic(moved, x[2]) }, x[0], x[1])
		return []*Node{penalty, Gradient(penalty, x[2])[0]}
	}, tensors.FromFlatDataAndDimensions(real, 3, 2, 2, 3), tensors.FromFlatDataAndDimensions(uniform, 3, 2, 2, 3),
		tensors.FromFlatDataAndDimensions(w, 1, 2, 2, 3))
	return got[0][0], got[1]
}

// linear is ⟨w, x⟩, quadratic ½⟨w, x²⟩.
func linear(x, w *Node) *Node    { return ReduceSum(Mul(x, w), 1, 2, 3) }
func quadratic(x, w *Node) *Node { return MulScalar(ReduceSum(Mul(Square(x), w), 1, 2, 3), 0.5) }

// uniforms are U for three pictures.
func uniforms() []float64 {
	rng := rand.New(rand.NewPCG(7, 0))
	values := make([]float64, 36)
	for i := range values {
		values[i] = rng.Float64()
	}
	return values
}

// The gradient of ⟨w, x⟩ is w everywhere, however the pictures are perturbed.
func TestPenaltyOfLinearCritic(t *testing.T) {
	w := gaussian(1, 12)
	length := norm(w)
	penalty, gradient := dragan(t, linear, gaussian(2, 36), uniforms(), w)
	assert.InDelta(t, (length-1)*(length-1), penalty, 1e-9)
	for i := range w {
		assert.InDelta(t, 2*(length-1)*w[i]/length, gradient[i], 1e-9)
	}
}

// The gradient of ½⟨w, x²⟩ at x̂ is w·x̂, so it depends on the perturbation.
func TestPenaltyOfQuadraticCritic(t *testing.T) {
	real, uniform, w := gaussian(2, 36), uniforms(), gaussian(1, 12)
	mean, square := 0.0, 0.0
	for _, v := range real {
		mean, square = mean+v/36, square+v*v/36
	}
	deviation := math.Sqrt(square - mean*mean)
	want := 0.0
	for i := range 3 {
		slope := make([]float64, 12)
		for j := range slope {
			slope[j] = w[j] * (real[12*i+j] + 0.5*deviation*uniform[12*i+j])
		}
		want += (norm(slope) - 1) * (norm(slope) - 1) / 3
	}
	penalty, _ := dragan(t, quadratic, real, uniform, w)
	assert.InDelta(t, want, penalty, 1e-9)
}

// WGAN-GP looks between pairs of pictures, R1 at the real ones; with ½⟨w, x²⟩ the gradient is w·x there.
func TestPenaltiesOfQuadraticCritic(t *testing.T) {
	real, fake, uniform, w := gaussian(2, 36), gaussian(3, 36), uniforms(), gaussian(1, 12)
	got := evaluate(t, func(x []*Node) []*Node {
		critic := func(at *Node) *Node { return quadratic(at, x[3]) }
		return []*Node{
			Penalties[penaltyWGANGP].Of(critic, x[0], x[1], x[2]),
			Penalties[penaltyR1].Of(critic, x[0], x[1], x[2]),
		}
	}, tensors.FromFlatDataAndDimensions(real, 3, 2, 2, 3), tensors.FromFlatDataAndDimensions(fake, 3, 2, 2, 3),
		tensors.FromFlatDataAndDimensions(uniform, 3, 2, 2, 3), tensors.FromFlatDataAndDimensions(w, 1, 2, 2, 3))
	var between, at float64
	for i := range 3 {
		slope, here, epsilon := make([]float64, 12), make([]float64, 12), uniform[12*i]
		for j := range slope {
			slope[j] = w[j] * (epsilon*real[12*i+j] + (1-epsilon)*fake[12*i+j])
			here[j] = w[j] * real[12*i+j]
		}
		between += (norm(slope) - 1) * (norm(slope) - 1) / 3
		at += norm(here) * norm(here) / 2 / 3
	}
	assert.InDelta(t, between, got[0][0], 1e-9)
	assert.InDelta(t, at, got[1][0], 1e-9)
}

// cubic has a gradient that is neither constant nor linear in w.
func cubic(x, w *Node) *Node {
	return ReduceSum(Mul(Square(Mul(x, w)), Add(x, Tanh(w))), 1, 2, 3)
}

func TestGradientOfPenaltyMatchesFiniteDifferences(t *testing.T) {
	real, uniform, w := gaussian(2, 36), uniforms(), gaussian(1, 12)
	_, gradient := dragan(t, cubic, real, uniform, w)
	const h = 1e-5
	for i := range w {
		var ends [2]float64
		for k, sign := range []float64{-1, 1} {
			moved := append([]float64{}, w...)
			moved[i] += sign * h
			ends[k], _ = dragan(t, cubic, real, uniform, moved)
		}
		assert.InEpsilonf(t, (ends[1]-ends[0])/(2*h), gradient[i], 1e-5, "element %d", i)
	}
}

// A critic that sees nothing has gradient 0, where the norm has no derivative.
func TestPenaltyOfFlatCriticIsOneAndHasAGradient(t *testing.T) {
	penalty, gradient := dragan(t, linear, gaussian(2, 36), uniforms(), make([]float64, 12))
	assert.InDelta(t, 1, penalty, 1e-5)
	for _, v := range gradient {
		require.False(t, math.IsNaN(v))
	}
}

// norm is the length of a vector.
func norm(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}
