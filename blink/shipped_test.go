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
		assert.Less(t, own.Error, 0.6*own.Repeated, clip.Name)
		followed, err := b.Score(t.Context(), clip, other)
		require.NoError(t, err)
		for _, score := range []Score{own, followed} {
			assert.Greater(t, score.Follow, 0.9, "%s by %s", score.Name, score.Reference)
			assert.InDelta(t, score.TrueClosedFrame, score.ClosedFrame, 1, "%s by %s", score.Name, score.Reference)
		}
	}
}

func TestBlinkRefusesReferencesThatAreNone(t *testing.T) {
	b := &Blinker{}
	clip := &dataset.Clip{Name: "short", Frames: make([]*image.RGBA, 3), Eyes: []image.Rectangle{image.Rect(0, 0, 9, 9)}}
	_, err := b.Blink(t.Context(), image.NewRGBA(image.Rect(0, 0, 9, 9)), nil, clip)
	assert.ErrorContains(t, err, "reference short has 3 frames and 1 eyes: a blink has 16 frames and an eye or two")
	_, err = OpenReference(t.Context(), "wink")
	assert.ErrorContains(t, err, `there is no reference "wink"; there are quick, slow, half`)
}
