package measure

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Nearest finds the nearest neighbour of each point among others, which may come in parts: they need not all fit in
// memory.
type Nearest struct {
	// Index is the number of each point's nearest neighbour, -1 if nothing has come yet, and Distance its distance: the
	// root of the mean squared difference of their coordinates.
	Index    []int
	Distance []float64

	points  *mat.Dense
	squares []float64
}

// NewNearest starts a search for the rows of points.
func NewNearest(points *mat.Dense) *Nearest {
	rows, _ := points.Dims()
	n := &Nearest{points: points, squares: squaresOf(points), Index: make([]int, rows), Distance: make([]float64, rows)}
	for i := range n.Index {
		n.Index[i], n.Distance[i] = -1, math.Inf(1)
	}
	return n
}

// Among searches the rows of others, whose numbers are given. If own is not nil, number own[i] is point i itself and
// not a neighbour.
func (n *Nearest) Among(others *mat.Dense, numbers, own []int) {
	var products mat.Dense
	products.Mul(n.points, others.T())
	squares := squaresOf(others)
	_, columns := n.points.Dims()
	for i, square := range n.squares {
		for j, product := range products.RawRowView(i) {
			if own != nil && own[i] == numbers[j] {
				continue
			}
			if d := math.Sqrt(max(square+squares[j]-2*product, 0) / float64(columns)); d < n.Distance[i] {
				n.Index[i], n.Distance[i] = numbers[j], d
			}
		}
	}
}

// squaresOf returns the squared lengths of the rows.
func squaresOf(x *mat.Dense) []float64 {
	rows, _ := x.Dims()
	squares := make([]float64, rows)
	for i := range squares {
		squares[i] = floats.Dot(x.RawRowView(i), x.RawRowView(i))
	}
	return squares
}
