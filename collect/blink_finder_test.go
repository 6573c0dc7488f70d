package collect

import (
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/footage"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// filmed are frames at the rate of blinks, and what ends them.
func filmed(frames []*image.RGBA, end error) iter.Seq2[footage.Frame, error] {
	return func(yield func(footage.Frame, error) bool) {
		for _, frame := range frames {
			if !yield(footage.Frame{Picture: frame}, nil) {
				return
			}
		}
		if end != nil {
			yield(footage.Frame{}, end)
		}
	}
}

// blinking is a drawn person who sways and blinks from the given frames on, with the apertures.
func blinking(person, n, size int, starts ...int) (frames []*image.RGBA, apertures []float64) {
	p, blink := portrait.At(5, person), portrait.Blink(5, person)
	for i := range n {
		q := p
		for _, start := range starts {
			if i >= start && i < start+portrait.BlinkFrames {
				q.EyeOpening = blink.Frames[i-start].EyeOpening
			}
		}
		sway := 0.006 * math.Sin(2*math.Pi*float64(i)/40)
		q.Tilt += sway
		q.Move.X += sway / 4
		frames, apertures = append(frames, imaging.ThroughJPEG(q.Draw(size), 80)), append(apertures, q.EyeOpening)
	}
	return frames, apertures
}

// overlap is the part that two boxes share of what they cover.
func overlap(a, b image.Rectangle) float64 {
	area := func(r image.Rectangle) float64 { return float64(r.Dx() * r.Dy()) }
	shared := area(a.Intersect(b))
	return shared / (area(a) + area(b) - shared)
}

func TestDrawnBlinksAreFoundWithTheirEyesAndApertures(t *testing.T) {
	clips := dataset.DrawnBlinks(11, 8, 128)
	var overlaps []float64
	for _, whole := range []bool{true, false} {
		for i := range clips.Len() {
			clip, err := clips.Clip(t.Context(), i)
			require.NoError(t, err)
			blinks, err := findBlinks(filmed(clip.Frames, nil), findOptions{whole: whole})
			require.NoError(t, err)
			require.Len(t, blinks, 1, "clip %d", i)
			require.Len(t, blinks[0].Eyes, 2)
			for k, eye := range blinks[0].Eyes {
				overlaps = append(overlaps, overlap(eye, clip.Eyes[k]))
			}
			var truth []float64
			for _, frame := range blinks[0].Frames {
				truth = append(truth, clip.Aperture[frame])
			}
			assert.Greater(t, stat.Correlation(truth, blinks[0].Aperture, nil), 0.98, "clip %d", i)
			assert.InDelta(t, 1, blinks[0].Aperture[0], 0.1)
		}
	}
	assert.Greater(t, stat.Mean(overlaps, nil), 0.7, "%.2f", overlaps)
}

func TestEachBlinkOfAFilmIsFoundOnce(t *testing.T) {
	starts := []int{8, 40, 62, 340} // More frames than are kept in memory.
	frames, apertures := blinking(3, 380, 128, starts...)
	blinks, err := findBlinks(filmed(frames, nil), findOptions{})
	require.NoError(t, err)
	require.Len(t, blinks, len(starts))
	boxes := portrait.At(5, 3).EyeBoxes(128)
	for i, blink := range blinks {
		require.Len(t, blink.Frames, portrait.BlinkFrames)
		shut := blink.Frames[0]
		for _, frame := range blink.Frames {
			if apertures[frame] < apertures[shut] {
				shut = frame
			}
		}
		assert.InDelta(t, starts[i]+portrait.BlinkFrames/2, shut, portrait.BlinkFrames/2, "it is the blink that is due")
		assert.Greater(t, apertures[blink.Frames[0]], 0.8, "the first frame is open")
		assert.Less(t, apertures[shut], 0.3, "the eyes close")
		for k, eye := range blink.Eyes {
			assert.Greater(t, overlap(eye, boxes[k]), 0.5)
		}
	}
}

func TestWhatDoesNotBlinkIsNoBlink(t *testing.T) {
	frames, _ := blinking(2, 60, 96)
	once, _ := blinking(2, 40, 96, 12)
	blinks, err := findBlinks(filmed(frames, nil), findOptions{})
	require.NoError(t, err)
	assert.Empty(t, blinks)

	blinks, err = findBlinks(filmed(frames[:portrait.BlinkFrames], nil), findOptions{whole: true})
	require.NoError(t, err)
	assert.Empty(t, blinks)

	blinks, err = findBlinks(filmed(slices.Concat(frames, once), nil), findOptions{whole: true})
	require.NoError(t, err)
	assert.Len(t, blinks, 1, "more frames than a clip has are looked through")

	_, err = findBlinks(filmed(frames[:9], nil), findOptions{})
	assert.ErrorContains(t, err, "there are 9 frames at 18 a second, a blink has 16")
}

func TestBlinksBeforeAnErrorAreFound(t *testing.T) {
	frames, _ := blinking(1, 50, 96, 8)
	broken := errors.New("cut off")
	blinks, err := findBlinks(filmed(frames, broken), findOptions{})
	assert.ErrorIs(t, err, broken)
	assert.Len(t, blinks, 1)
}

func TestEyesThatAreKnownAreNotLookedFor(t *testing.T) {
	frames, _ := blinking(1, 50, 300, 8) // Larger than what is looked at.
	boxes := portrait.At(5, 3).EyeBoxes(300)
	blinks, err := findBlinks(filmed(frames, nil), findOptions{eyes: boxes[:1]})
	require.NoError(t, err)
	require.Len(t, blinks, 1)
	assert.Equal(t, boxes[:1], blinks[0].Eyes)

	still := []image.Rectangle{image.Rect(10, 250, 50, 280)}
	blinks, err = findBlinks(filmed(frames, nil), findOptions{eyes: still})
	require.NoError(t, err)
	assert.Empty(t, blinks)
	blinks, err = findBlinks(filmed(frames[:portrait.BlinkFrames], nil), findOptions{eyes: still, whole: true})
	require.NoError(t, err)
	require.Len(t, blinks, 1, "a clip is one if it is said to be")
	assert.Nil(t, blinks[0].Aperture)

	_, err = findBlinks(filmed(frames, nil), findOptions{eyes: []image.Rectangle{image.Rect(290, 0, 310, 20)}})
	assert.ErrorContains(t, err,
		"there can be no eye at 290,0,20,20 (x, y, width, height): the frames have 300×300 pixels")
}

func TestABlinkThatIsSlowerThanAClipLosesFrames(t *testing.T) {
	quick, apertures := blinking(1, 40, 96, 8)
	shut := floats.MinIdx(apertures)
	held := slices.Repeat(quick[shut:shut+1], 10)
	frames := slices.Concat(quick[:shut], held, quick[shut:])
	blinks, err := findBlinks(filmed(frames, nil), findOptions{})
	require.NoError(t, err)
	require.Len(t, blinks, 1)
	assert.Greater(t, blinks[0].Slow, 1.0)
	assert.Greater(t, blinks[0].Frames[15]-blinks[0].Frames[0], 15)
	assert.IsIncreasing(t, blinks[0].Frames)
}

func TestSavedBlinksOpenAgain(t *testing.T) {
	frames, _ := blinking(1, 80, 64, 8, 44)
	film := filmed(frames, nil)
	blinks, err := findBlinks(film, findOptions{})
	require.NoError(t, err)
	require.Len(t, blinks, 2)
	out := t.TempDir()
	blinks[0].Dir, blinks[1].Dir = filepath.Join(out, "a"), filepath.Join(out, "b")
	n, err := saveBlinks(film, blinks)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	clips, bad, err := dataset.OpenBlinks(t.Context(), out)
	require.NoError(t, err)
	assert.Empty(t, bad)
	require.Equal(t, 2, clips.Len())
	for i, blink := range blinks {
		kept, err := blink.clip("kept", film)
		require.NoError(t, err)
		assert.Equal(t, blink.Eyes, kept.Eyes)
		clip, err := clips.Clip(t.Context(), i)
		require.NoError(t, err)
		assert.Equal(t, blink.Eyes, clip.Eyes)
		assert.InDeltaSlice(t, blink.Aperture, clip.Aperture, 1e-4)
		for k, frame := range clip.Frames {
			assert.Equal(t, frames[blink.Frames[k]].Pix, frame.Pix, fmt.Sprint(i, k))
			assert.Equal(t, kept.Frames[k].Pix, frame.Pix, fmt.Sprint(i, k))
		}
	}

	_, err = saveBlinks(film, blinks)
	require.ErrorContains(t, err, "is there already, and may have been corrected")
	assert.FileExists(t, filepath.Join(blinks[1].Dir, dataset.EyesFile), "what was there is left alone")
}

func TestABlinkThatCannotBeSavedLeavesNoFolder(t *testing.T) {
	frames, _ := blinking(1, 80, 64, 8, 44)
	blinks, err := findBlinks(filmed(frames, nil), findOptions{})
	require.NoError(t, err)
	require.Len(t, blinks, 2)
	broken := errors.New("cut off")
	for _, end := range []error{broken, nil} {
		out := t.TempDir()
		blinks[0].Dir, blinks[1].Dir = filepath.Join(out, "a"), filepath.Join(out, "b")
		n, err := saveBlinks(filmed(frames[:50], end), blinks)
		if end != nil {
			require.ErrorIs(t, err, broken)
		} else {
			require.ErrorContains(t, err, "there are only 50 frames now")
		}
		assert.Equal(t, 1, n)
		assert.DirExists(t, blinks[0].Dir)
		assert.NoDirExists(t, blinks[1].Dir)
	}
}
