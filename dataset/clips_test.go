package dataset

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBlinksOpenAsTheyWereDrawn(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, DrawBlinks(t.Context(), dir, 4, 48, 7, nil))
	clips, bad, err := OpenBlinks(t.Context(), dir)
	require.NoError(t, err)
	assert.Empty(t, bad)
	drawn := DrawnBlinks(7, 4, 48)
	require.Equal(t, drawn.Len(), clips.Len())
	lossy := 0
	for i := range drawn.Len() {
		want, err := drawn.Clip(t.Context(), i)
		require.NoError(t, err)
		got, err := clips.Clip(t.Context(), i)
		require.NoError(t, err)
		require.Len(t, got.Frames, portrait.BlinkFrames)
		for k, frame := range got.Frames {
			assert.Equal(t, want.Frames[k].Pix, frame.Pix)
		}
		assert.Equal(t, want.Eyes, got.Eyes)
		assert.InDeltaSlice(t, want.Aperture, got.Aperture, 1e-4)
		if string(portrait.Blink(7, i).Frames[3].Draw(48).Pix) != string(want.Frames[3].Pix) {
			lossy++
		}
	}
	assert.Equal(t, true, lossy > 0 && lossy < 4, "%d of 4 are lossy", lossy)
}

func TestTheTruthOfABlinkMovesTheEyesOnly(t *testing.T) {
	for i := range 4 {
		clip, err := TrueBlinks(7, 4, 64).Clip(t.Context(), i)
		require.NoError(t, err)
		plain, err := DrawnBlinks(7, 4, 64).Clip(t.Context(), i)
		require.NoError(t, err)
		assert.Nil(t, plain.Still)
		assert.Equal(t, plain.Frames, clip.Frames)
		require.Len(t, clip.Still, portrait.BlinkFrames)
		assert.Equal(t, clip.Frames[0], clip.Still[0])

		drawn := portrait.Blink(7, i)
		still := drawn.HeldStill()
		first, boxes := still.Frames[0].Draw(64), still.Frames[0].EyeBoxes(64)
		moved := false
		for k, frame := range still.Frames {
			assert.Equal(t, drawn.Frames[k].EyeOpening, frame.EyeOpening)
			picture := frame.Draw(64)
			for y := range 64 {
				for x := range 64 {
					same := picture.RGBAAt(x, y) == first.RGBAAt(x, y)
					moved = moved || !same
					if at := image.Pt(x, y); !at.In(boxes[0]) && !at.In(boxes[1]) && !same {
						t.Fatalf("clip %d, frame %d: %v moves, outside the eyes", i, k, at)
					}
				}
			}
		}
		assert.True(t, moved)
	}
}

func TestTheTruthInFoldersBelongsToTheBlinksOfTheirNames(t *testing.T) {
	blinks, truth := t.TempDir(), t.TempDir()
	require.NoError(t, DrawBlinks(t.Context(), blinks, 3, 32, 7, nil))
	want, err := TrueBlinks(7, 3, 32).Clip(t.Context(), 1)
	require.NoError(t, err)
	names, err := filepath.Glob(filepath.Join(blinks, "*"))
	require.NoError(t, err)
	at := filepath.Join(truth, filepath.Base(names[1]))
	for k, frame := range want.Still {
		require.NoError(t, imaging.SavePNG(filepath.Join(at, fmt.Sprintf("frame_%02d.png", k)), frame))
	}
	clips, bad, err := OpenTrueBlinks(t.Context(), blinks, truth)
	require.NoError(t, err)
	assert.Equal(t, 1, clips.Len())
	require.Len(t, bad, 2)
	assert.ErrorContains(t, bad[0], "its truth cannot be read: ")
	clip, err := clips.Clip(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, want.Still, clip.Still)
	assert.Equal(t, want.Eyes, clip.Eyes)

	require.NoError(t, imaging.SavePNG(filepath.Join(at, "frame_00.png"), image.NewRGBA(image.Rect(0, 0, 9, 9))))
	_, err = clips.Clip(t.Context(), 0)
	assert.ErrorContains(t, err, "its truth in "+at+": frame_01.png has 32×32 pixels, the frames before it 9×9")
	require.NoError(t, os.Remove(filepath.Join(at, "frame_00.png")))
	_, bad, err = OpenTrueBlinks(t.Context(), blinks, truth)
	assert.Len(t, bad, 3)
	assert.ErrorContains(t, err, "no truth in "+truth+" for the blinks in "+blinks)
}

func TestFoldersThatHoldNoBlinkAreNamed(t *testing.T) {
	whole := func(t *testing.T) string {
		dir := t.TempDir()
		require.NoError(t, DrawBlinks(t.Context(), dir, 2, 32, 7, nil))
		return dir
	}
	small := func(t *testing.T, path string) {
		require.NoError(t, imaging.SavePNG(path, image.NewRGBA(image.Rect(0, 0, 9, 9))))
	}
	cases := map[string]struct {
		spoil   func(t *testing.T, clip string)
		opening bool // Whether the error comes when the folder is opened, or later.
		says    string
	}{
		"a frame is missing": {
			func(t *testing.T, clip string) { require.NoError(t, os.Remove(filepath.Join(clip, "frame_03.png"))) },
			true,
			"it has 15 frames, a blink has 16",
		},
		"no eyes": {
			func(t *testing.T, clip string) { require.NoError(t, os.Remove(filepath.Join(clip, EyesFile))) },
			true,
			"read the boxes of the eyes",
		},
		"eyes of three numbers": {func(t *testing.T, clip string) {
			write(t, filepath.Join(clip, EyesFile), []byte(`{"left": [1, 2, 3]}`))
		}, true,
			"[1 2 3] is not x, y, width, height"},
		"no eye": {
			func(t *testing.T, clip string) { write(t, filepath.Join(clip, EyesFile), []byte(`{"nose": 1}`)) },
			true,
			"it names neither left nor right",
		},
		"eyes outside": {func(t *testing.T, clip string) {
			write(t, filepath.Join(clip, EyesFile), []byte(`{"right": [20, 20, 20, 20]}`))
		}, false, "that is not within the frames, which have 32×32 pixels"},
		"a frame of another size": {
			func(t *testing.T, clip string) { small(t, filepath.Join(clip, "frame_05.png")) },
			false,
			"frame_05.png has 9×9 pixels, the frames before it 32×32",
		},
		"a broken frame": {
			func(t *testing.T, clip string) { write(t, filepath.Join(clip, "frame_05.png"), []byte("no")) },
			false,
			"frame_05.png",
		},
		"apertures of words": {
			func(t *testing.T, clip string) { write(t, filepath.Join(clip, AperturesFile), []byte("a,b\n1,x\n")) },
			false,
			`aperture.csv: aperture "x" is not a number from 0 to 1`,
		},
		"too few apertures": {
			func(t *testing.T, clip string) { write(t, filepath.Join(clip, AperturesFile), []byte("a,b\n1,1\n")) },
			false,
			"aperture.csv has 1 apertures, one for each of 16 frames is needed",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := whole(t)
			clip := filepath.Join(dir, "000001")
			c.spoil(t, clip)
			clips, bad, err := OpenBlinks(t.Context(), dir)
			require.NoError(t, err)
			if c.opening {
				require.Len(t, bad, 1)
				assert.Equal(t, clip, bad[0].Path)
				assert.ErrorContains(t, bad[0], c.says)
				assert.Equal(t, 1, clips.Len())
				return
			}
			require.Empty(t, bad)
			_, err = clips.Clip(t.Context(), 1)
			assert.ErrorContains(t, err, clip)
			assert.ErrorContains(t, err, c.says)
		})
	}
	t.Run("nothing at all", func(t *testing.T) {
		_, _, err := OpenBlinks(t.Context(), t.TempDir())
		assert.ErrorContains(t, err, "there is no folder of frames in it")
	})
}

// eyesOf are n clips with one eye each, whose frame k has the grey 10·clip + k in the eye and white around it.
type eyesOf struct {
	n      int
	broken map[int]bool
}

func (e eyesOf) Len() int { return e.n }

func (e eyesOf) Clip(_ context.Context, i int) (*Clip, error) {
	if e.broken[i] {
		return nil, fmt.Errorf("clip %d is broken", i)
	}
	box := image.Rect(20, 24, 40, 36)
	clip := &Clip{Name: fmt.Sprint("clip ", i), Eyes: []image.Rectangle{box}}
	for k := range portrait.BlinkFrames {
		frame := image.NewRGBA(image.Rect(0, 0, 64, 64))
		for p := range frame.Pix {
			frame.Pix[p] = 255
		}
		level := uint8(10*i + k)
		for y := box.Min.Y; y < box.Max.Y; y++ {
			for x := box.Min.X; x < box.Max.X; x++ {
				frame.SetRGBA(x, y, color.RGBA{level, level, level, 255})
			}
		}
		clip.Frames = append(clip.Frames, frame)
	}
	return clip, nil
}

func TestAnEyeFillsTheMiddleOfItsSquareInAllFrames(t *testing.T) {
	loader, err := NewEyeLoader(KeptEyes(eyesOf{n: 5}, 1<<20), EyeOptions{Size: 16, Batch: 5, Seed: 3})
	require.NoError(t, err)
	defer loader.Close()
	for range 2 { // The second epoch is from memory.
		batch, err := loader.Next(t.Context())
		require.NoError(t, err)
		met := map[int]bool{}
		for n := range batch.N {
			frame := func(k int) []float32 { return batch.Frames[(n*portrait.BlinkFrames+k)*16*16*3:][:16*16*3] }
			middle := func(k int) int { return int(math.Round((float64(frame(k)[(8*16+8)*3]) + 1) * 127.5)) }
			clip := middle(0) / 10
			met[clip] = true
			for k := range portrait.BlinkFrames {
				assert.Equal(t, 10*clip+k, middle(k))
				assert.InDelta(t, 1, frame(k)[0], 1e-6, "there is white around it")
			}
		}
		assert.Len(t, met, 5)
		batch.Release()
	}
}

func TestFewFramesAreThoseInWhichLidsMove(t *testing.T) {
	clips := VariedBlinks(4, 5, 48)
	options := EyeOptions{Size: 16, Batch: 5, Seed: 3, Truth: true, Few: 4, Vary: true}
	loader, err := NewEyeLoader(KeptEyes(clips, 1<<24), options)
	require.NoError(t, err)
	defer loader.Close()
	batch, err := loader.Next(t.Context())
	require.NoError(t, err)
	require.Len(t, batch.Frames, 5*4*16*16*3)
	require.Len(t, batch.Still, len(batch.Frames))
	require.Len(t, batch.Openings, 5*4)
	frame := func(values []float32, n, k int) []float32 { return values[(4*n+k)*16*16*3:][:16*16*3] }
	for n := range 5 {
		openings := batch.Openings[4*n:][:4]
		assert.Equal(t, float32(1), openings[0])
		assert.Equal(t, frame(batch.Frames, n, 0), frame(batch.Still, n, 0), "the head moves from the first frame on")
		for k := 1; k < 4; k++ {
			assert.Less(t, openings[k], float32(1), "frame %d of %d", k, n)
			assert.NotEqual(t, frame(batch.Still, n, 0), frame(batch.Still, n, k))
		}
	}

	unknown, err := NewEyeLoader(eyesOf{n: 1}, EyeOptions{Size: 16, Batch: 1, Truth: true})
	require.NoError(t, err)
	defer unknown.Close()
	batch, err = unknown.Next(t.Context())
	require.NoError(t, err)
	assert.Equal(t, batch.Frames, batch.Still, "without the truth the frames are it")
	require.Len(t, batch.Openings, portrait.BlinkFrames)
	for _, opening := range batch.Openings {
		assert.Equal(t, float32(-1), opening)
	}
}

func TestOpeningsAreRelativeToTheFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "curve.csv")
	require.NoError(t, SaveApertures(path, []float64{0.8, 0.4, 0, 1}))
	openings, err := ReadOpenings(path)
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 0.5, 0, 1}, openings)
	for says, text := range map[string]string{
		"has 0 frames": "frame,aperture\n", "begins with shut eyes": "frame,aperture\n0,0\n", "must have two columns": "a\n",
		"is not a number from 0 to 1": "frame,aperture\n0,NaN\n",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		_, err := ReadOpenings(path)
		assert.ErrorContains(t, err, says)
		assert.ErrorContains(t, err, path)
	}
}

func TestEyesComeAgainFromWhereATrainingStopped(t *testing.T) {
	options := EyeOptions{Size: 16, Batch: 2, Seed: 3, Flip: true, Vary: true}
	read := func(start int64) []float32 {
		options := options
		options.Start = start
		loader, err := NewEyeLoader(DrawnBlinks(1, 3, 32), options)
		require.NoError(t, err)
		defer loader.Close()
		var last []float32
		for range 4 - start {
			batch, err := loader.Next(t.Context())
			require.NoError(t, err)
			last = append([]float32(nil), batch.Frames...)
			batch.Release()
		}
		return last
	}
	assert.Equal(t, read(0), read(3))
}

func TestABrokenClipIsNamedAndAnotherStandsIn(t *testing.T) {
	var named []string
	loader, err := NewEyeLoader(
		eyesOf{n: 3, broken: map[int]bool{1: true}},
		EyeOptions{Size: 16, Batch: 3, Workers: 1, OnBad: func(err error) { named = append(named, err.Error()) }},
	)
	require.NoError(t, err)
	for range 3 {
		_, err := loader.Next(t.Context())
		require.NoError(t, err)
	}
	loader.Close()
	assert.Equal(t, []string{"clip 1 is broken"}, named)

	loader, err = NewEyeLoader(eyesOf{n: 1, broken: map[int]bool{0: true}}, EyeOptions{Size: 16, Batch: 1})
	require.NoError(t, err)
	defer loader.Close()
	_, err = loader.Next(t.Context())
	assert.ErrorContains(t, err, "clip 0 is broken")
}

// Turning hues leaves greys grey, and the opposite turn undoes it.
func TestTintsTurnHuesAroundGrey(t *testing.T) {
	for seed := range uint64(20) {
		tint := tinted(rand.New(rand.NewPCG(seed, 0)), math.Pi)
		colours := []float32{-0.2, -0.2, -0.2, 0.4, 0.4, 0.4, 0.3, -0.1, 0.1}
		tint(colours)
		for p := 0; p < 6; p += 3 {
			assert.InDelta(t, colours[p], colours[p+1], 1e-6)
			assert.InDelta(t, colours[p], colours[p+2], 1e-6)
		}
		// The mean of a colour is its grey component, which is changed as greys are.
		slope := (colours[3] - colours[0]) / 0.6
		mean := (colours[6] + colours[7] + colours[8]) / 3
		assert.InDelta(t, colours[0]+slope*(0.1+0.2), mean, 1e-5)
	}
}

func TestBoxesOfEyesThatNoPictureHasAreErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), EyesFile)
	for _, box := range []string{
		"[9223372036854775800, 0, 20, 20]", "[0, 0, 9223372036854775807, 1]", "[-9223372036854775807, 0, 5, 5]",
	} {
		require.NoError(t, os.WriteFile(path, []byte(`{"left": `+box+`}`), 0o644))
		_, err := ReadEyes(path)
		assert.ErrorContains(t, err, "is not x, y, width, height", box)
	}
}

func TestFramesAreInNaturalOrder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, DrawBlinks(t.Context(), dir, 1, 32, 7, nil))
	want, err := OpenBlink(t.Context(), filepath.Join(dir, "000000"))
	require.NoError(t, err)
	for k := range want.Frames {
		frame := func(format string) string { return filepath.Join(dir, "000000", fmt.Sprintf(format, k)) }
		require.NoError(t, os.Rename(frame("frame_%02d.png"), frame("%d.png")))
	}
	got, err := OpenBlink(t.Context(), filepath.Join(dir, "000000"))
	require.NoError(t, err)
	assert.Equal(t, want.Frames, got.Frames)
}

func TestAFolderOfBlinksThatMayNotBeReadIsNamedAndTheRestCounts(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	require.NoError(t, DrawBlinks(t.Context(), dir, 2, 32, 7, nil))
	closed := filepath.Join(dir, "000000")
	require.NoError(t, os.Chmod(closed, 0))
	t.Cleanup(func() { _ = os.Chmod(closed, 0o755) })
	clips, bad, err := OpenBlinks(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, 1, clips.Len())
	require.Len(t, bad, 1)
	assert.EqualError(t, bad[0], closed+": the folder cannot be read: permission denied; allow it, or move it away")
}
