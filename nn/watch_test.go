package nn

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVarietyComparesDeviations(t *testing.T) {
	backend, err := openGo()
	require.NoError(t, err)
	fake := array{[]int{2, 1, 2}, []float64{0, 5, 2, 5}}  // Deviations 1 and 0.
	real := array{[]int{2, 1, 2}, []float64{-1, 0, 1, 6}} // 1 and 3.
	for name, c := range map[string]struct {
		f    func(fake, real *Node) *Node
		want float64
	}{
		"less":         {Variety, 0.25},
		"alike":        {func(_, real *Node) *Node { return Variety(real, Neg(real)) }, 1},
		"all the same": {func(fake, real *Node) *Node { return Variety(ZerosLike(fake), real) }, 0},
		"one example": {func(fake, real *Node) *Node {
			return Variety(Slice(fake, AxisRange(0, 1)), Slice(real, AxisRange(0, 1)))
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := CallOnce(backend, c.f, fake.single(), real.single())
			require.NoError(t, err)
			assert.InDelta(t, c.want, float64(tensors.ToScalar[float32](got)), 1e-6)
		})
	}
}
