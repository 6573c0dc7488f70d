package esrgan

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAdversarialLossesMatchTheirFormulas(t *testing.T) {
	real, fake := []float32{2, -0.5, 1}, []float32{-1, 0.25, 0.5}
	mean := func(x []float32) (m float64) {
		for _, v := range x {
			m += float64(v) / float64(len(x))
		}
		return m
	}
	bce := func(x []float32, minus float64, label float64) (m float64) {
		for _, v := range x {
			p := 1 / (1 + math.Exp(minus-float64(v)))
			m -= (label*math.Log(p) + (1-label)*math.Log(1-p)) / float64(len(x))
		}
		return m
	}
	want := []float64{
		(bce(real, 0, 1) + bce(fake, 0, 0)) / 2,
		bce(fake, 0, 1),
		(bce(real, mean(fake), 1) + bce(fake, mean(real), 0)) / 2,
		(bce(real, mean(fake), 0) + bce(fake, mean(real), 1)) / 2,
	}
	outputs, err := CallOnceN(openXLA(t), func(real, fake *Node) []*Node {
		relativistic := RelativisticGenerator(real, fake)
		return []*Node{
			StandardDiscriminator(real, fake), StandardGenerator(fake), RelativisticDiscriminator(real, fake), relativistic,
			Gradient(relativistic, fake)[0],
		}
	}, real, fake)
	require.NoError(t, err)
	for i, w := range want {
		assert.InDelta(t, w, tensors.ToScalar[float32](outputs[i]), 1e-6)
	}

	// ∂/∂f of ½·[BCE(r − E f, 0) + BCE(f − E r, 1)] by finite differences.
	gradient := tensors.MustCopyFlatData[float32](outputs[4])
	for i := range fake {
		at := func(h float32) float64 {
			moved := append([]float32{}, fake...)
			moved[i] += h
			return (bce(real, mean(moved), 0) + bce(moved, mean(real), 1)) / 2
		}
		assert.InDelta(t, (at(0.01)-at(-0.01))/0.02, gradient[i], 1e-4)
	}
}

func TestPerceptualLossWeighsItsLayers(t *testing.T) {
	got, err := CallOnce(openXLA(t), func(x, y *Node) *Node {
		return Perceptual([]*Node{x, MulScalar(x, 2), x}, []*Node{y, y, y}, []float64{0.5, 0, 3})
	}, []float32{1, 2}, []float32{2, 5})
	require.NoError(t, err)
	assert.InDelta(t, (0.5+3)*2, tensors.ToScalar[float32](got), 1e-6)
}
