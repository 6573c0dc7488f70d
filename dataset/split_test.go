package dataset

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// labelled is a set with labels only.
type labelled struct {
	numbered
	labels []int
}

func (s labelled) Len() int           { return len(s.labels) }
func (s labelled) Label(i, _ int) int { return s.labels[i] }

func TestSplitHoldsOutEachNthPictureOfEachClass(t *testing.T) {
	set := labelled{labels: []int{0, 0, 1, 0, 0, 1, 1, 0, 0, 1}} // Six of class 0, four of class 1.
	training, test := Split(set, 3)
	assert.Equal(t, []int{3, 6, 8}, test.(subset).indices)
	assert.Equal(t, []int{0, 1, 2, 4, 5, 7, 9}, training.(subset).indices)
	assert.Equal(t, Classes(set), Classes(training))
	assert.Equal(t, []int{0, 1, 0}, []int{test.Label(0, 0), test.Label(1, 0), test.Label(2, 0)})

	training, test = Split(labelled{}, 3)
	assert.Zero(t, training.Len()+test.Len())
	training, test = Split(set, 11)
	assert.Equal(t, 10, training.Len(), "too few pictures to hold any out")
	assert.Zero(t, test.Len())
}

func TestPartsOfASplitShowThePicturesOfTheSet(t *testing.T) {
	set := numbered{n: 20, broken: map[int]bool{18: true}}
	training, test := Split(set, 5) // Picture i is of class i % 2.
	require.Equal(t, 16, training.Len())
	require.Equal(t, 4, test.Len())
	for i, want := range []int{8, 9} {
		picture, err := test.Picture(t.Context(), i, 4)
		require.NoError(t, err)
		assert.EqualValues(t, want, picture.Pix[0])
	}
	_, err := test.Picture(t.Context(), 2, 4)
	assert.EqualError(t, err, "picture 18 is broken")
	assert.Equal(t, "picture 18", test.Name(2))
}

func TestSplitOfDrawnPortraitsIsBalanced(t *testing.T) {
	training, test := Split(Drawn(1, 900), 10)
	for _, part := range []Set{training, test} {
		counts := make([]int, len(Classes(part)))
		for i := range part.Len() {
			counts[part.Label(i, 0)]++
		}
		for _, n := range counts {
			assert.Equal(t, part.Len()/9, n)
		}
	}
	assert.Equal(t, 90, test.Len())
}
