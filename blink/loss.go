package blink

import . "github.com/gomlx/gomlx/core/graph"

// MeanAbsoluteError is the article's content loss, mean |x − y|, of colours in [0, 1].
//
//	x, y: of one shape, in [-1, 1] → scalar
func MeanAbsoluteError(x, y *Node) *Node { return MulScalar(ReduceAllMean(Abs(Sub(x, y))), 0.5) }
