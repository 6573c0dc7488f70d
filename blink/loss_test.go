package blink

import (
	"math"
	"os"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/nn"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openXLA(t *testing.T) compute.Backend {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	return backend
}

func TestLossesMatchTheirFormulas(t *testing.T) {
	real, fake := []float32{2, -1, 90}, []float32{-3, 0.5, -90}
	log1pExp := func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
	mean := func(values []float32, f func(x float64) float64) (sum float64) {
		for _, v := range values {
			sum += f(float64(v)) / float64(len(values))
		}
		return sum
	}
	up, down, same := log1pExp, func(x float64) float64 { return log1pExp(-x) }, func(x float64) float64 { return x }
	cases := map[string]struct {
		loss func(real, fake *Node) *Node
		want float64
	}{
		"D":             {DiscriminatorLoss, (mean(real, down) + mean(fake, up)) / 2},
		"G":             {func(_, fake *Node) *Node { return GeneratorLoss(fake) }, mean(fake, down)},
		"WGAN's D":      {CriticLoss, mean(fake, same) - mean(real, same)},
		"WGAN's G":      {func(_, fake *Node) *Node { return CriticGeneratorLoss(fake) }, -mean(fake, same)},
		"ranking":       {nn.Ranking, 8.0 / 9}, // −1 ranks below 0.5.
		"content":       {MeanAbsoluteError, (5 + 1.5 + 180) / 3.0 / 2},
		"ranking alike": {func(real, _ *Node) *Node { return nn.Ranking(real, real) }, 0.5},
	}
	backend := openXLA(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := CallOnce(backend, c.loss, tensors.FromValue(real), tensors.FromValue(fake))
			require.NoError(t, err)
			assert.InDelta(t, c.want, tensors.ToScalar[float32](got), 1e-5*math.Max(1, math.Abs(c.want)))
		})
	}
}
