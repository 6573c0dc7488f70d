package blink

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScoresTellBlinksFromStillPictures(t *testing.T) {
	clip, err := dataset.TrueBlinks(5, 3, 96).Clip(t.Context(), 2)
	require.NoError(t, err)
	still := slices.Repeat([]*image.RGBA{clip.Frames[0]}, Frames)
	late := append(slices.Clone(still[:2]), clip.Still[:Frames-2]...)

	perfect := compare(clip.Still, clip, clip)
	assert.Zero(t, perfect.Error)
	assert.Zero(t, perfect.Closed)
	assert.Zero(t, perfect.Foreign)
	assert.InDelta(t, 1, perfect.Shut, 1e-9)
	assert.InDelta(t, 1, perfect.Closes, 1e-9)
	assert.InDelta(t, 1, perfect.Follow, 1e-9)
	assert.Equal(t, least(clip.Aperture), perfect.TrueClosedFrame)
	assert.Equal(t, perfect.TrueClosedFrame, perfect.ClosedFrame)
	assert.InDelta(t, 1, perfect.Opening[0], 1e-9)
	assert.InDelta(t, 0, perfect.Opening[perfect.ClosedFrame], 1e-9)
	assert.Positive(t, compare(clip.Frames, clip, clip).Error, "the head sways with the reference's")

	repeated := compare(still, clip, clip)
	assert.InDelta(t, repeated.Repeated, repeated.Error, 1e-12)
	assert.Positive(t, repeated.Error)
	assert.InDelta(t, 1, repeated.Closed, 1e-9)
	assert.Zero(t, repeated.Closes)
	assert.Zero(t, repeated.Shut)
	assert.Zero(t, repeated.Follow)
	assert.Zero(t, repeated.After)
	shut := clip.Still[perfect.TrueClosedFrame]
	closed := compare(slices.Repeat([]*image.RGBA{shut}, Frames), clip, clip)
	assert.Zero(t, closed.Closes, "another picture is repeated")
	assert.Greater(t, closed.Error, repeated.Error)
	assert.InDelta(t, 255*difference(shut, clip.Frames[0], around(clip)), closed.After, 1e-9, "they never open")

	delayed := compare(late, clip, clip)
	assert.Equal(t, perfect.ClosedFrame+2, delayed.ClosedFrame)
	assert.Less(t, delayed.Follow, 0.9)
	assert.Greater(t, delayed.Error, 0.0)

	other, err := dataset.TrueBlinks(6, 1, 64).Clip(t.Context(), 0)
	require.NoError(t, err)
	foreign := compare(clip.Still, clip, other)
	assert.False(t, foreign.Own)
	assert.Zero(t, foreign.Error, "nobody knows the true frames")
	assert.Equal(t, least(other.Aperture), foreign.TrueClosedFrame)
}

// plain returns a picture of one grey level, with another colour in part of it.
func plain(level uint8, part image.Rectangle, colour color.Color) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, 10, 10))
	draw.Draw(picture, picture.Rect, image.NewUniform(color.Gray{level}), image.Point{}, draw.Src)
	draw.Draw(picture, part, image.NewUniform(colour), image.Point{}, draw.Src)
	return picture
}

// The truth darkens by 100 levels in frames 4 to 7; what is measured darkens by half of that, ends 5 levels too dark,
// and has red in a fifth of the box in one frame.
func TestScoresHaveTheirClosedForms(t *testing.T) {
	eye := image.Rect(0, 0, 10, 5)
	clip := &dataset.Clip{Eyes: []image.Rectangle{image.Rect(0, 0, 4, 5), image.Rect(6, 0, 10, 5)}}
	var drawn []*image.RGBA
	for k := range Frames {
		true, made := uint8(200), uint8(200)
		if k >= 4 && k < 8 {
			true, made = 100, 150
		}
		if k >= Frames-2 {
			made = 195
		}
		var red image.Rectangle
		if k == 10 {
			red = image.Rect(0, 0, 2, 5)
		}
		clip.Still = append(clip.Still, plain(true, image.Rectangle{}, color.Black))
		clip.Frames = append(clip.Frames, plain(true, image.Rect(0, 9, k%10, 10), color.Black)) // It moves elsewhere.
		drawn = append(drawn, plain(made, red, color.RGBA{255, 0, 0, 255}))
	}
	require.Equal(t, eye, around(clip), "the gap between the eyes counts, too")
	score := compare(drawn, clip, clip)
	red := (55 + 200 + 200) / 3. / 5
	assert.InDelta(t, (4*50+2*5+red)/Frames/255, score.Error, 1e-9)
	assert.InDelta(t, 4*100./Frames/255, score.Repeated, 1e-9)
	assert.InDelta(t, 0.5, score.Closed, 1e-9)
	assert.InDelta(t, 0.5, score.Shut, 1e-9)
	assert.InDelta(t, 5, score.After, 1e-9)
	assert.InDelta(t, 0.2, score.Foreign, 1e-9)
}

// A colour is foreign if no colour of the truth is within 20 of it in CIE76: greys of so many L.
func TestColoursNearThoseOfTheTruthAreNotForeign(t *testing.T) {
	box := image.Rect(0, 0, 10, 10)
	known := []*image.RGBA{plain(118, image.Rectangle{}, color.Black)} // L is 49.6.
	for level, want := range map[uint8]float64{118: 0, 160: 0, 180: 1, 75: 0, 60: 1} {
		frames := []*image.RGBA{plain(level, image.Rectangle{}, color.Black)}
		assert.Equal(t, want, foreign(frames, known, box), "level %d", level)
	}
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

func TestSummariesAreMediansAndTheWorst(t *testing.T) {
	scores := []Score{
		{Own: true, Error: 1, Repeated: 2, Closed: 0.3, Follow: 0.9, Shut: 1, After: 1, Foreign: 0.01},
		{Own: true, Error: 1, Repeated: 1, Closed: 0.5, Follow: 0.99, Shut: 0.8, After: 7, Foreign: 0.05},
		{Own: true, Error: 1, Repeated: 4, Closed: 0.1, Follow: 0.98, Shut: 0.9, After: 2, ClosedFrame: 3},
		{Follow: 0.5, After: 9, Foreign: 0.5},
	}
	own := summarise(scores[:3])
	assert.InDelta(t, 2./3, own.InTime, 1e-9)
	own.InTime = 0
	assert.Equal(t, Summary{
		Portraits: 3, ErrorRatio: 0.5, WorstError: 1, Closed: 0.3, Follow: 0.98, LeastFollow: 0.9, Shut: 0.9, After: 7,
		Foreign: 0.05,
	}, own)
	others := summarise(scores[3:])
	assert.Equal(t, Summary{Portraits: 1, Follow: 0.5, LeastFollow: 0.5, After: 9, Foreign: 0.5, InTime: 1}, others)
	all := summarise(scores)
	assert.Equal(t, 0.5, all.ErrorRatio, "another's blink has no true frames")
	assert.Equal(t, 9.0, all.After)
	assert.Zero(t, summarise(nil))
}
