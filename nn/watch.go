package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Ranking is the fraction of pairs of a real and a fake example in which D scores the real one higher: ½ if D knows
// nothing, 1 if it has won.
//
//	real, fake: D's scores, [batch] → scalar
func Ranking(real, fake *Node) *Node {
	higher := Sign(Sub(ExpandAxes(real, 0), ExpandAxes(fake, 1))) // [batch of fake, batch of real]
	return StopGradient(MulScalar(AddScalar(ReduceAllMean(higher), 1), 0.5))
}

// Variety compares the variety of a batch of fakes with that of real examples: the mean over all elements of the
// standard deviation across the batch, divided by the same for the real ones. It is 1 if both vary equally, and 0 if
// all fakes are the same.
//
//	fake, real: [batch, …] → scalar
func Variety(fake, real *Node) *Node {
	deviation := func(x *Node) *Node {
		return ReduceAllMean(Sqrt(ReduceMean(Square(Sub(x, ReduceAndKeep(x, ReduceMean, 0))), 0)))
	}
	const epsilon = 1e-12 // Batches of one have no standard deviation.
	return StopGradient(Div(deviation(fake), AddScalar(deviation(real), epsilon)))
}
