package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Ranking is the share of pairs of a real and a fake example of which D finds the real one more real: ½ where it knows nothing, 1 where it has won.
//
//	real, fake: D's scores, [batch] → scalar
func Ranking(real, fake *Node) *Node {
	higher := Sign(Sub(ExpandAxes(real, 0), ExpandAxes(fake, 1))) // [batch of fake, batch of real]
	return StopGradient(MulScalar(AddScalar(ReduceAllMean(higher), 1), 0.5))
}

// Variety says how much the examples of a batch differ from each other, beside those of another: the mean over all elements of the standard deviation across the batch, divided by the other's. It
// is 1 for batches that are alike, 0 where all examples are the same.
//
//	fake, real: [batch, …] → scalar
func Variety(fake, real *Node) *Node {
	deviation := func(x *Node) *Node {
		return ReduceAllMean(Sqrt(ReduceMean(Square(Sub(x, ReduceAndKeep(x, ReduceMean, 0))), 0)))
	}
	const epsilon = 1e-12 // Batches of one have no deviation.
	return StopGradient(Div(deviation(fake), AddScalar(deviation(real), epsilon)))
}
