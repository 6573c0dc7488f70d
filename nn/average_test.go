package nn

import (
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each step adds an input to the variables. One of them is in a scope below, and one is a counter, not a weight.
func TestAverageIsExponentialAndForgetsItsBeginning(t *testing.T) {
	const decay = 0.25
	store := model.NewStore()
	exec := compileFor(t, openGo, store, func(scope *model.Scope, in []*Node) []*Node {
		g, from := in[0].Graph(), scope.At("weights")
		outer := from.VariableWithValue("w", []float32{1, -2})
		inner := from.At("layer").At("conv").VariableWithValue("w", float32(3))
		count := from.VariableWithValue("count", int32(0))
		outer.SetNodeValue(Add(outer.NodeValue(g), in[0]))
		inner.SetNodeValue(Mul(inner.NodeValue(g), in[0]))
		count.SetNodeValue(AddScalar(count.NodeValue(g), 1))
		Average(from, scope.At("average"), g, decay)
		return []*Node{in[0]}
	})
	outer, inner := []float64{1, -2}, 3.0
	wantOuter, wantInner := make([]float64, 2), 0.0
	for step, input := range []float64{2, 0.5, -1, 3, 0.25, 1.5, -2, 1} {
		call(t, exec, tensors.FromValue(float32(input)))
		keep := math.Min(decay, float64(step)/float64(10+step)) // decay from the fifth step on.
		for i := range outer {
			outer[i] += input
			wantOuter[i] = keep*wantOuter[i] + (1-keep)*outer[i]
		}
		inner *= input
		wantInner = keep*wantInner + (1-keep)*inner
		assert.InDeltaSlice(t, wantOuter, averageOf(t, store, "/average/w"), 1e-6)
		assert.InDelta(t, wantInner, averageOf(t, store, "/average/layer/conv/w")[0], 1e-6)
		assert.InDeltaSlice(t, outer, averageOf(t, store, "/weights/w"), 1e-12, "the weights are changed")
	}

	var names []string
	for v := range store.RootScope().At("average").IterVariables() {
		names = append(names, strings.TrimPrefix(v.Path(), "/average/"))
		assert.False(t, v.Trainable, v.Path())
	}
	assert.ElementsMatch(t, []string{"steps", "w", "layer/conv/w"}, names)
}

func averageOf(t *testing.T, store *model.Store, path string) []float64 {
	t.Helper()
	v := store.GetVariable(path)
	require.NotNil(t, v, path)
	value, err := v.Value()
	require.NoError(t, err)
	return fromTensor(t, value).Values
}
