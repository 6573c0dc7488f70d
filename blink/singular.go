package blink

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/mat"
)

// singularEvery is the number of steps between two clippings of singular values (Saito et al. 2017, section 6.1).
const singularEvery = 5

// bound returns what keeps the singular values of D's weights within a limit between the steps of a training, if the
// configuration has one: see [ClipSingularValues].
func (c Config) bound() func(store *model.Store, step int64) error {
	if c.SingularValues == 0 {
		return nil
	}
	return func(store *model.Store, step int64) error {
		if step%singularEvery != 0 {
			return nil
		}
		for _, d := range Networks[c.Network].Discriminators {
			if err := ClipSingularValues(store.RootScope().At("%s", d.Scope), c.SingularValues); err != nil {
				return err
			}
		}
		return nil
	}
}

// ClipSingularValues keeps a network from stretching what it sees by more than a factor in any of its layers (Saito et
// al. 2017, section 4): the singular values of each layer's weights, as a matrix of inputs and outputs, become at most
// the limit, and the scales of batch normalisation, which divides by a deviation σ, at most σ and at least σ/100.
func ClipSingularValues(network *model.Scope, limit float64) error {
	var weights, scales []*model.Variable
	deviations := map[string]*model.Variable{} // Squared, by scope.
	for v := range network.IterVariables() {
		switch {
		case v.Name() == "weights":
			weights = append(weights, v)
		case v.Name() == "scale":
			scales = append(scales, v)
		case v.Name() == "variance":
			deviations[v.Scope()] = v
		}
	}
	for _, v := range weights {
		if err := change(v, func(values []float32) { clipMatrix(values, v.Shape().Dim(-1), limit) }); err != nil {
			return err
		}
	}
	for _, v := range scales {
		variances, err := valuesOfVariable(deviations[v.Scope()])
		if err != nil {
			return err
		}
		err = change(v, func(values []float32) {
			for i, scale := range values {
				deviation := float32(math.Sqrt(float64(variances[i])))
				values[i] = min(max(scale, 0.01*deviation), deviation)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// clipMatrix clips the singular values of a matrix W with so many columns. With V the eigenvectors of WᵀW, and their
// eigenvalues the squares s² of the singular values, the clipped matrix is W·V·min(1, limit/s)·Vᵀ.
func clipMatrix(values []float32, columns int, limit float64) {
	w := mat.NewDense(len(values)/columns, columns, nil)
	for i, v := range values {
		w.RawMatrix().Data[i] = float64(v)
	}
	var squared mat.SymDense
	squared.SymOuterK(1, w.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&squared, true) { // Of finite numbers it always can; a training stops at others.
		return
	}
	var vectors, shrunk, clipped mat.Dense
	eigen.VectorsTo(&vectors)
	factors, over := eigen.Values(nil), false
	for i, square := range factors {
		factors[i] = min(1, limit/math.Sqrt(max(square, 1e-30)))
		over = over || factors[i] < 1
	}
	if !over {
		return
	}
	shrunk.Mul(&vectors, mat.NewDiagDense(columns, factors))
	clipped.Product(w, &shrunk, vectors.T())
	for i, v := range clipped.RawMatrix().Data {
		values[i] = float32(v)
	}
}

// change changes the values of a variable.
func change(v *model.Variable, by func(values []float32)) error {
	values, err := valuesOfVariable(v)
	if err != nil {
		return err
	}
	by(values)
	if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
		return fmt.Errorf("change %s: %w", v.Path(), err)
	}
	return nil
}

// valuesOfVariable returns the values of a variable.
func valuesOfVariable(v *model.Variable) ([]float32, error) {
	value, err := v.Value()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", v.Path(), err)
	}
	values, err := tensors.CopyFlatData[float32](value)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", v.Path(), err)
	}
	return values, nil
}
