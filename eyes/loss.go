package eyes

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// FocalLoss is the penalty-reduced focal loss of Zhou et al. 2019, equation 1, with α = 2 and β = 4, divided by the
// number of eyes: cells near an eye's centre are penalised less, and the many easy negatives count little.
//
//	logits: [...]; heat: the same shape, 1 in the cell of an eye's centre, less around it, 0 elsewhere, negative in
//	cells to ignore → scalar
func FocalLoss(logits, heat *Node) *Node {
	p := Sigmoid(logits)
	middle := ConvertDType(GreaterOrEqual(heat, OnesLike(heat)), heat.DType())
	hit := Mul(middle, Mul(Square(OneMinus(p)), Softplus(Neg(logits))))
	apart := OneMinus(MinScalar(MaxScalar(heat, 0), 1))
	miss := Mul(Square(Square(apart)), Mul(Square(p), Softplus(logits)))
	miss = Where(IsNegative(heat), ZerosLike(miss), miss)
	return Div(ReduceAllSum(Add(hit, miss)), MaxScalar(ReduceAllSum(middle), 1))
}

// MeanError is the mean of |said − true| in cells with an eye, by their weights.
//
//	said, true: [batch, cells, cells, n]; weight: [batch, cells, cells, 1] → scalar
func MeanError(said, truth, weight *Node) *Node {
	return weighted(ReduceAndKeep(Abs(Sub(said, truth)), ReduceMean, -1), weight)
}

// OpenLoss is the cross-entropy of the eyes' openness, in cells with an eye.
//
//	logits, open in [0, 1], weight: [batch, cells, cells, 1] → scalar
func OpenLoss(logits, open, weight *Node) *Node {
	return weighted(Sub(Softplus(logits), Mul(open, logits)), weight)
}

// weighted returns the weighted mean of values; 0 if all weights are 0.
func weighted(values, weight *Node) *Node {
	return Div(ReduceAllSum(Mul(values, weight)), MaxScalar(ReduceAllSum(weight), 1))
}
