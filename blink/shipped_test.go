package blink

import (
	"flag"
	"image"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ship regenerates the shipped weights: go test ./blink -run ShippedNetwork -ship RUN.
var ship = flag.String("ship", "", "run whose generator becomes the shipped one")

func TestShippedNetworkMakesPortraitsBlinkThatItHasNotSeen(t *testing.T) {
	if *ship != "" {
		require.NoError(t, Ship(*ship, "shipped.safetensors"))
		t.Skip("the shipped weights are written: test them without -ship")
	}
	assert.Less(t, len(shippedWeights), 10<<20)
	b, err := OpenShipped(openXLA(t))
	require.NoError(t, err)
	defer b.Close()
	clips := dataset.TrueBlinks(20_260_102, 2, 256)
	other, err := OpenReference(t.Context(), "slow")
	require.NoError(t, err)
	for i := range clips.Len() {
		clip, err := clips.Clip(t.Context(), i)
		require.NoError(t, err)
		own, err := b.Score(t.Context(), clip, clip)
		require.NoError(t, err)
		assert.Less(t, own.Error, 0.4*own.Repeated, clip.Name)
		assert.Less(t, own.After, 1.0, clip.Name)
		followed, err := b.Score(t.Context(), clip, other)
		require.NoError(t, err)
		for _, score := range []Score{own, followed} {
			assert.Greater(t, score.Follow, 0.9, "%s by %s", score.Name, score.Reference)
			assert.InDelta(t, score.TrueClosedFrame, score.ClosedFrame, 1, "%s by %s", score.Name, score.Reference)
		}
	}
}

func TestShippedNetworkLeavesShutEyesAsTheyAre(t *testing.T) {
	b, err := OpenShipped(openXLA(t))
	require.NoError(t, err)
	defer b.Close()
	var shut []image.Rectangle
	b.Shut = func(eye image.Rectangle) { shut = append(shut, eye) }
	clip, err := dataset.TrueBlinks(20_260_102, 1, 256).Clip(t.Context(), 0)
	require.NoError(t, err)
	for frame, want := range map[int][]image.Rectangle{0: nil, Closed(clip): clip.Eyes} {
		shut = nil
		frames, err := b.Blink(t.Context(), clip.Still[frame], [][]image.Rectangle{clip.Eyes}, clip)
		require.NoError(t, err)
		assert.Equal(t, want, shut, "frame %d", frame)
		blinked := frames[Closed(clip)]
		if want == nil {
			assert.NotEqual(t, clip.Still[frame].Pix, blinked.Pix)
		} else {
			assert.Equal(t, clip.Still[frame].Pix, blinked.Pix)
		}
	}
	// Who says that they are open is believed.
	b.Shut = nil
	patches, err := b.PatchesAt(t.Context(), clip.Still[Closed(clip)], [][]image.Rectangle{clip.Eyes}, []float64{0})
	require.NoError(t, err)
	assert.Len(t, patches, 2)
}

func TestBlinkRefusesReferencesThatAreNone(t *testing.T) {
	b := &Blinker{}
	clip := &dataset.Clip{Name: "short", Frames: make([]*image.RGBA, 3), Eyes: []image.Rectangle{image.Rect(0, 0, 9, 9)}}
	_, err := b.Blink(t.Context(), image.NewRGBA(image.Rect(0, 0, 9, 9)), nil, clip)
	assert.ErrorContains(t, err, "reference short has 3 frames and 1 eyes: a blink has 16 frames and an eye or two")
	_, err = OpenReference(t.Context(), "wink")
	assert.ErrorContains(t, err, `there is no reference "wink"; there are quick, slow, half`)
}
