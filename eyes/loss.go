package eyes

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// FocalLoss is the penalty-reduced focal loss of Zhou et al. 2019, equation 1, with α = 2 and β = 4, divided by the number of eyes: cells near the middle of
// an eye are no sharp mistakes, and the many cells that are easily seen to be nothing count little.
//
//	logits: [...]; heat: the same shape, 1 in the cell of an eye's middle, less around it, 0 elsewhere, below 0 where it does not matter → scalar
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

// OpenLoss is the cross-entropy of how far eyes are open, in cells with an eye.
//
//	logits, open in [0, 1], weight: [batch, cells, cells, 1] → scalar
func OpenLoss(logits, open, weight *Node) *Node {
	return weighted(Sub(Softplus(logits), Mul(open, logits)), weight)
}

// weighted is the mean of values by their weights; 0 where there is no weight.
func weighted(values, weight *Node) *Node {
	return Div(ReduceAllSum(Mul(values, weight)), MaxScalar(ReduceAllSum(weight), 1))
}
