package gan

import (
	"context"
	"image"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/measure"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// brightness is a network that sees the mean of red, of green and of blue.
var brightness = measure.Features{
	Name: "brightness",
	Of: func(_ context.Context, pictures []*image.RGBA) (*mat.Dense, error) {
		rows := mat.NewDense(len(pictures), 3, nil)
		for i, picture := range pictures {
			for j, v := range picture.Pix {
				if j%4 < 3 {
					rows.Set(i, j%4, rows.At(i, j%4)+float64(v)/float64(len(picture.Pix)/4))
				}
			}
		}
		return rows, nil
	},
}

// quality measures portraits that a function makes from the held-out pictures of 900 drawn ones.
func quality(t *testing.T, portraits func(config Config, set dataset.Set, real pictures) []*image.RGBA) Quality {
	config := preset(t, "smoke", "size=64", "drawn=900")
	set, err := config.OpenData(t.Context(), nil)
	require.NoError(t, err)
	_, test := dataset.SplitIndices(set, heldOut)
	real, err := read(t.Context(), set, config.Size, test)
	require.NoError(t, err)
	q, err := measureQuality(t.Context(), config, portraits(config, set, real), real, set, nil, brightness, nil)
	require.NoError(t, err)
	assert.Equal(t, 90, q.Pictures)
	assert.Equal(t, 810, q.Reference)
	require.Len(t, q.Diversity, 9)
	return q
}

func TestQualityOfOtherDrawnPortraitsIsThatOfRealOnes(t *testing.T) {
	q := quality(t, func(config Config, _ dataset.Set, real pictures) []*image.RGBA {
		others := dataset.Drawn(config.Seed+1, 90)
		made := make([]*image.RGBA, 90)
		used := map[int]bool{}
		for i, label := range real.labels { // Of the same colours.
			for j := range 90 {
				if !used[j] && others.Label(j, 0) == label {
					picture, err := others.Picture(t.Context(), j, config.Size)
					require.NoError(t, err)
					made[i], used[j] = picture, true
					break
				}
			}
		}
		return made
	})
	kid := q.KID.Generated
	assert.Less(t, kid.Value-kid.Margin, q.KID.Real.Value+q.KID.Real.Margin)
	assert.InDelta(t, 1, q.Nearest.Generated/q.Nearest.Real, 0.1)
	for _, d := range q.Diversity {
		assert.InDelta(t, d.Real, d.Generated, 0.1, d.Class)
	}
}

func TestCollapseIsSeenInTheDiversity(t *testing.T) {
	q := quality(t, func(_ Config, _ dataset.Set, real pictures) []*image.RGBA {
		first := map[int]*image.RGBA{}
		made := make([]*image.RGBA, len(real.images))
		for i, label := range real.labels {
			if first[label] == nil {
				first[label] = real.images[i]
			}
			made[i] = first[label] // One portrait for each colour.
		}
		return made
	})
	for _, d := range q.Diversity {
		assert.InDelta(t, 1, d.Generated, 1e-9)
		assert.Less(t, d.Real, 0.8)
	}
}

func TestLearningByHeartIsSeenInTheNearestPicture(t *testing.T) {
	q := quality(t, func(config Config, set dataset.Set, real pictures) []*image.RGBA {
		made := make([]*image.RGBA, len(real.images))
		for i := range made {
			picture, err := set.Picture(t.Context(), 3*i, config.Size)
			require.NoError(t, err)
			made[i] = image.NewRGBA(picture.Rect)
			for y := range config.Size {
				for x := range config.Size {
					made[i].Set(x, y, picture.At(config.Size-1-x, y)) // Mirrored, as in training.
				}
			}
		}
		return made
	})
	assert.Zero(t, q.Nearest.Generated)
	assert.Greater(t, q.Nearest.Real, 1.)
	assert.Equal(t, q.Neighbours[0].Name, "portrait 0 of seed 1")
	assert.InDelta(t, 0, q.Neighbours[7].Distance, 1e-9)
}
