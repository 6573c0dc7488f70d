package blink

import (
	"image"
	"slices"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScoresTellBlinksFromStillPictures(t *testing.T) {
	clip, err := dataset.DrawnBlinks(5, 3, 96).Clip(t.Context(), 2)
	require.NoError(t, err)
	still := slices.Repeat([]*image.RGBA{clip.Frames[0]}, Frames)
	late := append(slices.Clone(still[:2]), clip.Frames[:Frames-2]...)

	perfect := compare(clip.Frames, clip, clip)
	assert.Zero(t, perfect.Error)
	assert.InDelta(t, 1, perfect.Closes, 1e-9)
	assert.InDelta(t, 1, perfect.Correlation, 1e-9)
	assert.Equal(t, least(clip.Aperture), perfect.TrueClosed)
	assert.Equal(t, perfect.TrueClosed, perfect.Closed)
	assert.InDelta(t, 1, perfect.Opening[0], 1e-9)
	assert.InDelta(t, 0, perfect.Opening[perfect.Closed], 1e-9)

	repeated := compare(still, clip, clip)
	assert.Equal(t, repeated.Repeated, repeated.Error)
	assert.Positive(t, repeated.Error)
	assert.Zero(t, repeated.Closes)
	assert.Zero(t, repeated.Correlation)
	foreignStill := compare(slices.Repeat([]*image.RGBA{clip.Frames[7]}, Frames), clip, clip)
	assert.Zero(t, foreignStill.Closes, "another picture is repeated")
	assert.Greater(t, foreignStill.Error, repeated.Error)

	delayed := compare(late, clip, clip)
	assert.Equal(t, perfect.Closed+2, delayed.Closed)
	assert.Less(t, delayed.Correlation, 0.9)
	assert.Greater(t, delayed.Error, 0.0)

	other, err := dataset.DrawnBlinks(6, 1, 64).Clip(t.Context(), 0)
	require.NoError(t, err)
	foreign := compare(clip.Frames, clip, other)
	assert.False(t, foreign.Own)
	assert.Zero(t, foreign.Error, "nobody knows the true frames")
	assert.Equal(t, least(other.Aperture), foreign.TrueClosed)
}

func TestOpeningFollowsWhatWasDrawn(t *testing.T) {
	clip, err := dataset.DrawnBlinks(5, 1, 128).Clip(t.Context(), 0)
	require.NoError(t, err)
	opening := openings(clip.Frames, clip)
	shut := slices.Min(clip.Aperture)
	for k, aperture := range clip.Aperture {
		assert.InDelta(t, (aperture-shut)/(clip.Aperture[0]-shut), opening[k], 0.3, "frame %d", k)
	}
}

func TestShutIsTheMiddleOfWhatIsClosed(t *testing.T) {
	for want, opening := range map[int][]float64{
		2: {1, 0.4, 0, 0.5, 1},
		3: {1, 0.3, 0.02, 0.01, 0, 0.3, 1},
		1: {1, 0.02, 0, 0.5},
		4: {1, 0.9, 0.8, 0.7, 0.5},
	} {
		assert.Equal(t, want, shut(opening), "%v", opening)
	}
}
