package collect

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frames writes pictures to a folder.
func frames(t *testing.T, dir string, pictures []*image.RGBA) string {
	t.Helper()
	for i, picture := range pictures {
		save(t, picture, dir, fmt.Sprintf("%d.png", i))
	}
	return dir
}

func TestCutBlinksDoesWhatTheCommandDoes(t *testing.T) {
	dir := t.TempDir()
	film, _ := blinking(1, 80, 64, 8, 44)
	clip, _ := blinking(2, portrait.BlinkFrames, 64, 0)
	sources := []string{
		frames(t, filepath.Join(dir, "me"), film), frames(t, filepath.Join(dir, "friend"), clip),
		filepath.Join(dir, "none.gif"), filepath.Join(dir, "me") + string(filepath.Separator),
	}
	out := filepath.Join(dir, "out")
	var written []Blink
	var seen []int
	blinks, err := CutBlinks(t.Context(), sources, out, BlinkOptions{
		Note:     func(text string) { assert.Fail(t, "no rate changes", text) },
		Progress: func(done, total int) { seen = append(seen, total) },
		Written:  func(blink Blink) { written = append(written, blink) },
	})
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "open "+sources[2]+": ", "the others are read all the same")
	assert.Equal(t, blinks, written)
	var dirs []string
	for _, blink := range blinks {
		dirs = append(dirs, filepath.Base(blink.Dir))
		assert.Equal(t, filepath.Join(out+"-preview", filepath.Base(blink.Dir)+".png"), blink.Preview)
		assert.FileExists(t, blink.Preview)
		assert.Contains(t, blink.String(), blink.Dir+": ")
		assert.Contains(t, blink.String(), "eyes at ")
		kept, err := dataset.OpenBlink(t.Context(), blink.Dir)
		require.NoError(t, err)
		assert.Equal(t, blink.Eyes, kept.Eyes)
	}
	assert.Equal(t, []string{"me_001", "me_002", "friend_001", "me-2_001", "me-2_002"}, dirs)
	assert.Equal(t, blinks[2].String(), blinks[2].Dir+": the whole clip; eyes at "+
		boxText(blinks[2].Eyes[0])+" and "+boxText(blinks[2].Eyes[1]))
	require.Len(t, seen, 80+portrait.BlinkFrames+80)
	assert.Equal(t, []int{80, portrait.BlinkFrames, 80}, []int{seen[0], seen[80], seen[80+portrait.BlinkFrames]})

	_, err = CutBlinks(t.Context(), sources[:1], out, BlinkOptions{})
	assert.ErrorContains(t, err, filepath.Join(out, "me_001")+" is there already, and may have been corrected")
}

func TestCutBlinksTakesGivenEyesInAnyOrder(t *testing.T) {
	film, _ := blinking(1, 40, 64, 8)
	dir := frames(t, filepath.Join(t.TempDir(), "me"), film)
	boxes := portrait.At(5, 1).EyeBoxes(64)
	options := BlinkOptions{Eyes: []image.Rectangle{boxes[1], boxes[0]}}
	blinks, err := CutBlinks(t.Context(), []string{dir}, dir+"-out", options)
	require.NoError(t, err)
	require.Len(t, blinks, 1)
	assert.Equal(t, boxes[:], blinks[0].Eyes)
	assert.Equal(t, boxes[1], options.Eyes[0], "what was given is left as it is")
}

func TestCutBlinksBringsFoldersToTheRateOfBlinks(t *testing.T) {
	film, _ := blinking(1, 40, 64, 8)
	var twice []*image.RGBA
	for _, frame := range film {
		twice = append(twice, frame, frame)
	}
	dir := frames(t, filepath.Join(t.TempDir(), "me"), twice)
	var notes []string
	blinks, err := CutBlinks(t.Context(), []string{dir}, dir+"-out", BlinkOptions{
		FolderRate: 2 * portrait.BlinkRate, Note: func(text string) { notes = append(notes, text) },
	})
	require.NoError(t, err)
	assert.Len(t, blinks, 1)
	assert.Equal(t, []string{dir + ": 36 frames a second, brought to 18"}, notes)

	gif := filepath.Join(t.TempDir(), "me.gif")
	writeGIF(t, gif, film)
	_, err = CutBlinks(t.Context(), []string{gif}, gif+"-out", BlinkOptions{FolderRate: 24})
	assert.ErrorContains(t, err, gif+" (animation) has its own frame rate: only a folder of frames can be given one")
}

func TestCutBlinksRejectsImpossibleOptions(t *testing.T) {
	eye := image.Rect(1, 2, 3, 4)
	for says, options := range map[string]BlinkOptions{
		"boxes of 3 eyes":        {Eyes: []image.Rectangle{eye, eye, eye}},
		"the frame rate is -1":   {FolderRate: -1},
		"the frame rate is 1001": {FolderRate: 1001},
		"the frame rate is NaN":  {FolderRate: math.NaN()},
	} {
		_, err := CutBlinks(t.Context(), []string{t.TempDir()}, "none", options)
		assert.ErrorContains(t, err, says)
	}
}

// writeGIF writes frames at 18 a second.
func writeGIF(t *testing.T, path string, frames []*image.RGBA) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	size := frames[0].Rect.Size()
	w, err := imaging.NewWriter(file, imaging.GIF, imaging.Info{Width: size.X, Height: size.Y, Frames: len(frames)})
	require.NoError(t, err)
	delay := imaging.Delay{Numerator: 1, Denominator: portrait.BlinkRate}
	for _, frame := range frames {
		require.NoError(t, w.Write(imaging.Frame{Pixels: deep(frame), Delay: delay}))
	}
	require.NoError(t, w.Close())
	require.NoError(t, file.Close())
}

// deep returns a picture with 16 bits a channel.
func deep(picture *image.RGBA) *image.NRGBA64 {
	made := image.NewNRGBA64(picture.Rect)
	for i, v := range picture.Pix {
		made.Pix[2*i], made.Pix[2*i+1] = v, v
	}
	return made
}

func TestFootageThatBreaksOffGivesWhatWasBefore(t *testing.T) {
	film, _ := blinking(1, 60, 64, 8)
	dir := frames(t, filepath.Join(t.TempDir(), "me"), film)
	write(t, "no picture", dir, "50.png")
	blinks, err := CutBlinks(t.Context(), []string{dir}, dir+"-out", BlinkOptions{})
	var broken *BrokenOffError
	require.ErrorAs(t, err, &broken)
	assert.Equal(t, 1, broken.Blinks)
	assert.ErrorContains(t, err, "50.png: not a picture")
	assert.Len(t, blinks, 1)
	assert.DirExists(t, blinks[0].Dir)

	clip, err := FindReference(t.Context(), dir, nil)
	require.ErrorAs(t, err, &broken)
	require.NotNil(t, clip, "it comes with the clip")
	assert.Len(t, clip.Frames, portrait.BlinkFrames)

	write(t, "no picture", dir, "5.png")
	clip, err = FindReference(t.Context(), dir, nil)
	require.ErrorAs(t, err, &broken)
	assert.Nil(t, clip)
}

func TestAnInterruptedCutLeavesNoFolder(t *testing.T) {
	film, _ := blinking(1, 60, 64, 8)
	dir := frames(t, filepath.Join(t.TempDir(), "me"), film)
	ctx, stop := context.WithCancel(t.Context())
	blinks, err := CutBlinks(ctx, []string{dir, dir}, dir+"-out", BlinkOptions{Progress: func(done, _ int) {
		if done == 30 {
			stop()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, errors.As(err, new(*BrokenOffError)), "%v", err)
	assert.Equal(t, 0, strings.Count(err.Error(), "\n"), "the second source is not begun: %v", err)
	assert.Empty(t, blinks)
	assert.NoDirExists(t, dir+"-out")
}

func TestFindReferenceOpensWhateverHoldsABlink(t *testing.T) {
	film, _ := blinking(1, 60, 64, 8)
	dir := frames(t, filepath.Join(t.TempDir(), "me"), film)
	gif := filepath.Join(t.TempDir(), "me.gif")
	writeGIF(t, gif, film)
	blinks, err := CutBlinks(t.Context(), []string{dir}, dir+"-out", BlinkOptions{})
	require.NoError(t, err)
	short := frames(t, filepath.Join(t.TempDir(), "short"), film[8:8+portrait.BlinkFrames-2])
	for _, path := range []string{dir, gif, blinks[0].Dir, short} {
		clip, err := FindReference(t.Context(), path, func(string) {})
		require.NoError(t, err, path)
		assert.Equal(t, path, clip.Name)
		require.Len(t, clip.Frames, portrait.BlinkFrames, path)
		assert.Len(t, clip.Eyes, 2, path)
	}

	still := frames(t, filepath.Join(t.TempDir(), "still"), film[40:])
	_, err = FindReference(t.Context(), still, nil)
	assert.ErrorContains(t, err, "there is no blink in "+still+", or too much else moves")
	_, err = FindReference(t.Context(), filepath.Join(dir, "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}
