package blink

import (
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// matrixOf returns values as a matrix with so many columns.
func matrixOf(values []float32, columns int) *mat.Dense {
	m := mat.NewDense(len(values)/columns, columns, nil)
	for i, v := range values {
		m.RawMatrix().Data[i] = float64(v)
	}
	return m
}

// The clipped matrix is that of the paper's way: U·min(s, limit)·Vᵀ by gonum's singular value decomposition.
func TestClippedSingularValuesAreThoseOfADecomposition(t *testing.T) {
	for name, shape := range map[string][2]int{"high": {40, 6}, "wide": {5, 9}, "square": {7, 7}} {
		t.Run(name, func(t *testing.T) {
			rows, columns := shape[0], shape[1]
			values := randomValues(rows * columns)
			var svd mat.SVD
			require.True(t, svd.Factorize(matrixOf(values, columns), mat.SVDThin))
			singular := svd.Values(nil)
			limit := (singular[1] + singular[2]) / 2 // Two of them are above.
			for i := range singular {
				singular[i] = min(singular[i], limit)
			}
			var u, v, want mat.Dense
			svd.UTo(&u)
			svd.VTo(&v)
			want.Product(&u, mat.NewDiagDense(len(singular), singular), v.T())
			clipMatrix(values, columns, limit)
			assert.True(t, mat.EqualApprox(&want, matrixOf(values, columns), 1e-6))
		})
	}
}

func TestClippingLeavesWhatIsWithinItsLimits(t *testing.T) {
	store := model.NewStore()
	scope := store.RootScope().At("discriminator")
	weights := randomValues(4 * 3)
	for name, values := range map[string][]float32{"scale": {0.5, 3, 0.001, -1}, "variance": {1, 4, 0.25, 4}} {
		_, err := scope.At("conv2_norm").CreateVariable(name, tensors.FromFlatDataAndDimensions(values, 4))
		require.NoError(t, err)
	}
	_, err := scope.At("conv1").CreateVariable("weights", tensors.FromFlatDataAndDimensions(weights, 2, 2, 3))
	require.NoError(t, err)
	bias := []float32{7, 8, 9}
	_, err = scope.At("conv1").CreateVariable("bias", tensors.FromFlatDataAndDimensions(bias, 3))
	require.NoError(t, err)
	_, err = store.RootScope().At("generator").CreateVariable("weights", tensors.FromFlatDataAndDimensions(bias, 3, 1))
	require.NoError(t, err)

	require.NoError(t, ClipSingularValues(scope, 100))
	values := func(path string) []float32 {
		values, err := valuesOfVariable(store.GetVariable(path))
		require.NoError(t, err)
		return values
	}
	assert.Equal(t, weights, values("/discriminator/conv1/weights"), "they are smaller")
	assert.Equal(t, []float32{0.5, 2, 0.005, 0.02}, values("/discriminator/conv2_norm/scale"), "in [σ/100, σ]")

	require.NoError(t, ClipSingularValues(scope, 0.1))
	var svd mat.SVD
	require.True(t, svd.Factorize(matrixOf(values("/discriminator/conv1/weights"), 3), mat.SVDNone))
	assert.InDelta(t, 0.1, svd.Values(nil)[0], 1e-6)
	assert.Equal(t, bias, values("/discriminator/conv1/bias"))
	assert.Equal(t, bias, values("/generator/weights"), "another network")
}
