package nn

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Adam's first moment after a step is 1 − β₁ of the gradient that it was given.
func TestClippedGradientsAreWithinTheLimit(t *testing.T) {
	store := model.NewStore()
	slopes := array{[]int{4}, []float64{0.05, -0.2, 7, -1e6}}
	setVariable(t, store, "/network/w", array{[]int{4}, []float64{1, 1, 1, 1}})
	backend, err := openGo()
	require.NoError(t, err)
	outputs, err := model.CallOnceN(backend, store, func(scope *model.Scope, slopes *Node) []*Node {
		scope = scope.At("network")
		w := scope.VariableWithShape("w", slopes.Shape()).NodeValue(slopes.Graph())
		loss := ReduceAllSum(Mul(w, slopes))
		var length *Node
		optimiser := ObserveGradient(ClipGradients(Adam("n", 0.01, 0.5, 0.999), 0.1), func(l *Node) { length = l })
		optimiser.UpdateGraph(scope, slopes.Graph(), loss)
		return []*Node{length}
	}, slopes.single())
	require.NoError(t, err)
	assert.InEpsilon(
		t,
		math.Sqrt(0.05*0.05+0.2*0.2+7*7+1e12),
		float64(tensors.ToScalar[float32](outputs[0])),
		1e-6,
		"the gradient before clipping",
	)
	got := variable(t, store, "/adam_n/network/w_1st_moment").Values
	assert.InDeltaSlice(t, []float64{0.025, -0.05, 0.05, -0.05}, got, 1e-6)
	assert.InDeltaSlice(t, []float64{0.99, 1.01, 0.99, 1.01}, variable(t, store, "/network/w").Values, 1e-4)
}
