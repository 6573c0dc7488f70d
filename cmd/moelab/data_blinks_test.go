package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// blinkingFace is frame i of a face whose eyes, two dark discs of 18×14 pixels, are shut in frames 10 to 12 and half
// shut around them.
func blinkingFace(i int) *image.RGBA {
	face := image.NewRGBA(image.Rect(0, 0, 96, 80))
	draw.Draw(face, face.Rect, image.NewUniform(color.RGBA{240, 215, 200, 255}), image.Point{}, draw.Src)
	open := 1.0
	switch {
	case i >= 10 && i <= 12:
		open = 0
	case i == 9 || i == 13:
		open = 0.5
	}
	for _, middle := range []int{30, 66} {
		for y := range 14 {
			for x := range 18 {
				dx, dy := float64(x)-8.5, float64(y)-6.5
				if dx*dx/81+dy*dy/49 < 1 && float64(y) >= 14*(1-open) {
					face.SetRGBA(middle-9+x, 33+y, color.RGBA{40, 60, 120, 255})
				}
			}
		}
	}
	return face
}

// blinkFolder has n frames of a face, shut in the tenth.
func blinkFolder(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "me")
	require.NoError(t, os.Mkdir(dir, 0o755))
	for i := range n {
		require.NoError(t, imaging.SavePNG(filepath.Join(dir, fmt.Sprintf("%d.png", i)), blinkingFace(i)))
	}
	return dir
}

// trueEyes are the boxes of the eyes of blinkingFace.
var trueEyes = []image.Rectangle{image.Rect(21, 33, 39, 47), image.Rect(57, 33, 75, 47)}

func TestBlinksOfAFolderAreWrittenToTrainOn(t *testing.T) {
	out := filepath.Join(t.TempDir(), "blinks")
	report := succeed(t, "data", "blinks", blinkFolder(t, 36), "--out", out)
	assert.Contains(t, report, filepath.Join(out, "me_001")+": 0.")
	assert.Contains(t, report, "1 blink in "+out+"; look at "+out+"-preview, and correct eyes.json")
	clips, bad, err := dataset.OpenBlinks(t.Context(), out)
	require.NoError(t, err)
	assert.Empty(t, bad, "pictures to look at are no frames")
	require.Equal(t, 1, clips.Len())
	clip, err := clips.Clip(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, clip.Eyes, 2)
	for k, eye := range clip.Eyes {
		assert.True(t, trueEyes[k].Inset(1).In(eye), "%v is in %v", trueEyes[k], eye)
		assert.True(t, eye.In(trueEyes[k].Inset(-4)), "%v is not much more than %v", eye, trueEyes[k])
	}
	assert.Equal(t, blinkingFace(0).Pix, clip.Frames[0].Pix)
	assert.Equal(t, []string{"frame", "aperture"}, table(t, filepath.Join(out, "me_001", "aperture.csv"))[0])
	assert.Equal(t, image.Pt(5*(96+4)-4, 80+18), pictureSize(t, filepath.Join(out+"-preview", "me_001.png")))

	before := files(t, out)
	status, _, stderr := moelab(t, "data", "blinks", blinkFolder(t, 36), "--out", out)
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "may have been corrected")
	assert.Equal(t, before, files(t, out), "files that may have been corrected stay")
}

func TestSixteenFramesAreAClipAsTheyAre(t *testing.T) {
	out := filepath.Join(t.TempDir(), "blinks")
	assert.Contains(t, succeed(t, "data", "blinks", blinkFolder(t, 16), "--out", out), "me_001: the whole clip; eyes at ")
	clips, _, err := dataset.OpenBlinks(t.Context(), out)
	require.NoError(t, err)
	clip, err := clips.Clip(t.Context(), 0)
	require.NoError(t, err)
	for i, frame := range clip.Frames {
		assert.Equal(t, blinkingFace(i).Pix, frame.Pix)
	}
}

func TestGivenEyesAreTaken(t *testing.T) {
	out := filepath.Join(t.TempDir(), "blinks")
	succeed(t, "data", "blinks", blinkFolder(t, 36), "--out", out, "--eyes", "56,30,20,20", "--eyes", "20, 30, 20, 20")
	eyes, err := dataset.ReadEyes(filepath.Join(out, "me_001", dataset.EyesFile))
	require.NoError(t, err)
	assert.Equal(t, []image.Rectangle{image.Rect(20, 30, 40, 50), image.Rect(56, 30, 76, 50)}, eyes)
}

func TestOtherRatesAreBroughtToThatOfBlinksAndThatIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "me.gif")
	file, err := os.Create(path)
	require.NoError(t, err)
	w, err := imaging.NewWriter(file, imaging.GIF, imaging.Info{Width: 96, Height: 80, Frames: 72})
	require.NoError(t, err)
	for i := range 72 {
		pixels := image.NewNRGBA64(image.Rect(0, 0, 96, 80))
		draw.Draw(pixels, pixels.Rect, blinkingFace(i/2), image.Point{}, draw.Src)
		require.NoError(t, w.Write(imaging.Frame{Pixels: pixels, Delay: imaging.Delay{Numerator: 3, Denominator: 100}}))
	}
	require.NoError(t, w.Close())
	require.NoError(t, file.Close())
	out := filepath.Join(t.TempDir(), "blinks")
	report := succeed(t, "data", "blinks", path, "--out", out)
	assert.Contains(t, report, "me.gif: 33.33 frames a second, brought to 18")
	assert.DirExists(t, filepath.Join(out, "me_001"))
}

func TestBlinksBeforeABreakInAFilmAreWritten(t *testing.T) {
	dir := blinkFolder(t, 40)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "36.png"), []byte("broken"), 0o644))
	out := filepath.Join(t.TempDir(), "blinks")
	status, stdout, stderr := moelab(t, "data", "blinks", dir, "--out", out)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, stderr, "36.png: not a picture")
	assert.Contains(t, stderr, "; 1 blink before that")
	assert.Contains(t, stdout, "1 blink in "+out)
	assert.FileExists(t, filepath.Join(out, "me_001", "eyes.json"))
}

func TestDataBlinksRejectsInvalidArguments(t *testing.T) {
	dir := blinkFolder(t, 9)
	still := filepath.Join(dir, "0.png")
	staring := filepath.Join(t.TempDir(), "staring")
	require.NoError(t, os.Mkdir(staring, 0o755))
	for i := range 20 {
		require.NoError(t, imaging.SavePNG(filepath.Join(staring, fmt.Sprintf("%d.png", i)), blinkingFace(0)))
	}
	out := filepath.Join(t.TempDir(), "out")
	for says, args := range map[string][]string{
		"name a video":                  {"--out", out},
		"--out is missing":              {dir},
		"--fps is 0":                    {dir, "--out", out, "--fps", "0"},
		"must be x,y,width,height":      {dir, "--out", out, "--eyes", "1,2,3"},
		"a face has one or two":         {dir, "--out", out, "--eyes", "1,2,3,4", "--eyes", "1,2,3,4", "--eyes", "1,2,3,4"},
		"there are 9 frames":            {dir, "--out", out},
		"it is a still picture":         {still, "--out", out},
		"no such file":                  {dir + "x", "--out", out},
		"there is no blink in it":       {staring, "--out", out},
		"no blink in the boxes":         {staring, "--out", out, "--eyes", "20,30,20,20"},
		"there can be no eye at 90,1,9": {staring, "--out", out, "--eyes", "90,1,9,9"},
	} {
		status, _, stderr := moelab(t, append([]string{"data", "blinks"}, args...)...)
		assert.Equal(t, statusUsage, status, says)
		assert.Contains(t, stderr, says)
	}
	assert.NoDirExists(t, out)
}
