package measure

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Frechet is the Fréchet distance of two sets of features, each taken as a normal distribution: FID (Heusel et al.
// 2017, equation 6), if the features are Inception's.
//
//	‖μa − μb‖² + tr(Ca + Cb − 2·(Ca·Cb)^½)
//
// A row is a picture, a column a feature; covariances divide by the number of pictures less one, as torch-fidelity's
// do. Few pictures bias it upwards: compare only values for equal numbers of pictures.
func Frechet(a, b *mat.Dense) (float64, error) {
	if err := checkSets(a, b, 2); err != nil {
		return 0, fmt.Errorf("the Fréchet distance: %w", err)
	}
	meanA, covarianceA := moments(a)
	meanB, covarianceB := moments(b)
	between := floats.Distance(meanA, meanB, 2)

	// Ca·Cb is not symmetric, but with Ca = R·Rᵀ it has the eigenvalues of Rᵀ·Cb·R, which is symmetric: so the trace of
	// its root is a sum of real numbers.
	var eigen mat.EigenSym
	if !eigen.Factorize(covarianceA, true) {
		return 0, errors.New("the Fréchet distance: the covariance has no eigenvalues")
	}
	var root, product mat.Dense
	eigen.VectorsTo(&root)
	root.Apply(func(_, column int, v float64) float64 { return v * positiveRoot(eigen.Values(nil)[column]) }, &root)
	product.Product(root.T(), covarianceB, &root)
	if !eigen.Factorize(symmetric(&product), false) {
		return 0, errors.New("the Fréchet distance: the product of the covariances has no eigenvalues")
	}
	overlap := 0.0
	for _, v := range eigen.Values(nil) {
		overlap += positiveRoot(v)
	}
	return between*between + mat.Trace(covarianceA) + mat.Trace(covarianceB) - 2*overlap, nil
}

// moments returns the mean and the covariance of the rows.
func moments(x *mat.Dense) (mean []float64, covariance *mat.SymDense) {
	rows, columns := x.Dims()
	mean = make([]float64, columns)
	for i := range rows {
		floats.Add(mean, x.RawRowView(i))
	}
	floats.Scale(1/float64(rows), mean)
	covariance = mat.NewSymDense(columns, nil)
	stat.CovarianceMatrix(covariance, x, nil)
	return mean, covariance
}

// symmetric returns the mean of a matrix and its transpose, which differ by rounding only.
func symmetric(x *mat.Dense) *mat.SymDense {
	n, _ := x.Dims()
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (x.At(i, j)+x.At(j, i))/2)
		}
	}
	return s
}

// positiveRoot returns the root of v, or 0 for a v that rounding made negative.
func positiveRoot(v float64) float64 { return math.Sqrt(max(v, 0)) }

// Estimate is a number with half the width of its 95 % confidence interval: Value ± Margin.
type Estimate struct {
	Value  float64 `json:"value"`
	Margin float64 `json:"margin"`
}

// Kernel is the squared maximum mean discrepancy of two sets of features under the kernel (x·y/d + 1)³ of d features:
// KID (Bińkowski et al. 2018), if the features are Inception's. It is the unbiased estimator over all pairs of
// pictures, so it may be below 0, and its expectation does not depend on their number. On one of torch-fidelity's
// subsets it equals torch-fidelity's value. The interval is the jackknife's, from the changes as each picture is left
// out.
func Kernel(a, b *mat.Dense) (Estimate, error) {
	if err := checkSets(a, b, 3); err != nil {
		return Estimate{}, fmt.Errorf("kernel distance: %w", err)
	}
	within, across := kernelOf(a, a), kernelOf(a, b)
	sumsA, sumA := sumsBeside(within)
	sumsB, sumB := sumsBeside(kernelOf(b, b))
	rows, columns := across.Dims()
	m, n := float64(rows), float64(columns)
	acrossA, acrossB := make([]float64, rows), make([]float64, columns)
	for i := range rows {
		acrossA[i] = floats.Sum(across.RawRowView(i))
		floats.Add(acrossB, across.RawRowView(i))
	}
	sum := floats.Sum(acrossA)
	pairs := func(k float64) float64 { return k * (k - 1) }

	without := func(own, other float64, sums, acrossOf []float64, sumOwn, sumOther float64) float64 {
		values := make([]float64, len(sums))
		for i := range values {
			values[i] = (sumOwn-2*sums[i])/pairs(own-1) + sumOther/pairs(other) - 2*(sum-acrossOf[i])/((own-1)*other)
		}
		_, variance := stat.PopMeanVariance(values, nil)
		return (own - 1) * variance
	}
	variance := without(m, n, sumsA, acrossA, sumA, sumB) + without(n, m, sumsB, acrossB, sumB, sumA)
	return Estimate{
		Value:  sumA/pairs(m) + sumB/pairs(n) - 2*sum/(m*n),
		Margin: distuv.UnitNormal.Quantile(0.975) * math.Sqrt(variance),
	}, nil
}

// kernelOf returns (x·y/d + 1)³ for each row of a with each of b.
func kernelOf(a, b *mat.Dense) *mat.Dense {
	_, d := a.Dims()
	var k mat.Dense
	k.Mul(a, b.T())
	k.Apply(func(_, _ int, v float64) float64 {
		v = v/float64(d) + 1
		return v * v * v
	}, &k)
	return &k
}

// sumsBeside returns the sums of the rows without the diagonal, and their total.
func sumsBeside(k *mat.Dense) (sums []float64, sum float64) {
	n, _ := k.Dims()
	sums = make([]float64, n)
	for i := range sums {
		sums[i] = floats.Sum(k.RawRowView(i)) - k.At(i, i)
	}
	return sums, floats.Sum(sums)
}

// checkSets returns an error unless both sets have enough pictures and equally many, finite features.
func checkSets(a, b *mat.Dense, least int) error {
	rowsA, columnsA := a.Dims()
	rowsB, columnsB := b.Dims()
	if columnsA != columnsB {
		return fmt.Errorf("one set has %d features, the other %d", columnsA, columnsB)
	}
	if min(rowsA, rowsB) < least {
		return fmt.Errorf("sets of %d and %d pictures: there must be %d or more in each", rowsA, rowsB, least)
	}
	for _, set := range []*mat.Dense{a, b} {
		if sum := mat.Sum(set); math.IsNaN(sum) || math.IsInf(sum, 0) {
			return errors.New("a feature is not a number")
		}
	}
	return nil
}
