package blink

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// On one pixel a convolution is the product with the middle of its kernel, so that the cell can be computed by hand.
func TestConvLSTMOfAPixelIsAnLSTM(t *testing.T) {
	const frames, inputs, channels = 4, 2, 3
	store := model.NewStore()
	exec, err := model.NewExec(openXLA(t), store, func(scope *model.Scope, x *Node) *Node {
		return ConvLSTM(scope, x, channels)
	})
	require.NoError(t, err)
	defer exec.Finalize()
	x := randomValues(frames * inputs)
	output, err := exec.Call1(tensors.FromFlatDataAndDimensions(x, 1, frames, 1, 1, inputs))
	require.NoError(t, err)
	got := valuesOf(t, output)

	variable := func(name string) []float32 {
		for v := range store.IterVariables() {
			if v.Path() == model.RootScopePath+"gates/"+name {
				value, err := v.Value()
				require.NoError(t, err)
				return valuesOf(t, value)
			}
		}
		t.Fatalf("there is no variable gates/%s", name)
		return nil
	}
	const gates = 4 * channels
	kernel, bias := variable("weights"), variable("bias")
	middle := kernel[4*(inputs+channels)*gates:] // Of 3×3.
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	hidden, cell := make([]float64, channels), make([]float64, channels)
	for frame := range frames {
		var seen []float64
		for _, v := range x[frame*inputs:][:inputs] {
			seen = append(seen, float64(v))
		}
		seen = append(seen, hidden...)
		gate := func(i int) float64 {
			sum := float64(bias[i])
			for k, v := range seen {
				sum += v * float64(middle[k*gates+i])
			}
			return sum
		}
		for c := range channels {
			cell[c] = sigmoid(gate(channels+c))*cell[c] + sigmoid(gate(c))*math.Tanh(gate(3*channels+c))
		}
		next := make([]float64, channels)
		for c := range channels {
			next[c] = sigmoid(gate(2*channels+c)) * math.Tanh(cell[c])
		}
		hidden = next
		for c := range channels {
			assert.InDelta(t, hidden[c], got[frame*channels+c], 1e-5, "frame %d, channel %d", frame, c)
		}
	}
}

// The cell of the article's sizes has as many weights as its equations say: one 3×3 convolution of input and state.
func TestConvLSTMHasTheWeightsOfItsEquations(t *testing.T) {
	store := model.NewStore()
	exec, err := model.NewExec(openXLA(t), store, func(scope *model.Scope, x *Node) *Node {
		return ConvLSTM(scope, x, 32)
	})
	require.NoError(t, err)
	defer exec.Finalize()
	_, err = exec.Call1(tensors.FromFlatDataAndDimensions(make([]float32, 2*4*4*3), 1, 2, 4, 4, 3))
	require.NoError(t, err)
	assert.Equal(t, 3*3*(3+32)*4*32+4*32, weightsIn(t, store))
}
