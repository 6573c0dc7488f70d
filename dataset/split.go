package dataset

import (
	"context"
	"image"
)

// Split splits a set in two: every n-th picture of each class, n = every, is held out for testing, the others are for
// training. every is at least 1.
func Split(set Set, every int) (training, test Set) {
	kept, heldOut := SplitIndices(set, every)
	return subset{set, kept}, subset{set, heldOut}
}

// SplitIndices returns the indices of the pictures in the parts of [Split].
func SplitIndices(set Set, every int) (training, test []int) {
	seen := make([]int, len(Classes(set)))
	for i := range set.Len() {
		label := set.Label(i, 0)
		seen[label]++
		if seen[label]%every == 0 {
			test = append(test, i)
		} else {
			training = append(training, i)
		}
	}
	return training, test
}

// subset is a subset of a set's pictures.
type subset struct {
	set     Set
	indices []int
}

func (s subset) Len() int            { return len(s.indices) }
func (s subset) Labels() []Attribute { return s.set.Labels() }
func (s subset) Label(i, a int) int  { return s.set.Label(s.indices[i], a) }
func (s subset) Name(i int) string   { return s.set.Name(s.indices[i]) }
func (s subset) Picture(ctx context.Context, i, size int) (*image.RGBA, error) {
	return s.set.Picture(ctx, s.indices[i], size)
}
