package dataset

import (
	"context"
	"image"
)

// Split parts a set in two: each every-th picture of each class is held out for testing, the others are for training.
// every is at least 1.
func Split(set Set, every int) (training, test Set) {
	kept, heldOut := SplitIndices(set, every)
	return subset{set, kept}, subset{set, heldOut}
}

// SplitIndices returns which pictures of a set are in the parts of [Split].
func SplitIndices(set Set, every int) (training, test []int) {
	seen := make([]int, len(set.Classes()))
	for i := range set.Len() {
		label := set.Label(i)
		seen[label]++
		if seen[label]%every == 0 {
			test = append(test, i)
		} else {
			training = append(training, i)
		}
	}
	return training, test
}

// subset is some pictures of a set.
type subset struct {
	set     Set
	indices []int
}

func (s subset) Len() int                { return len(s.indices) }
func (s subset) Classes() []string       { return s.set.Classes() }
func (s subset) Label(i int) int         { return s.set.Label(s.indices[i]) }
func (s subset) Attributes() []Attribute { return s.set.Attributes() }
func (s subset) Attribute(i, a int) int  { return s.set.Attribute(s.indices[i], a) }
func (s subset) Name(i int) string       { return s.set.Name(s.indices[i]) }
func (s subset) Picture(ctx context.Context, i, size int) (*image.RGBA, error) {
	return s.set.Picture(ctx, s.indices[i], size)
}
