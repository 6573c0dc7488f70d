package main

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drawnPortrait writes the first frame of a drawn blink and returns its path and its eyes as values of --eyes.
func drawnPortrait(t *testing.T, size int) (path string, clip *dataset.Clip, boxes []string) {
	t.Helper()
	clip, err := dataset.DrawnBlinks(20_260_104, 1, size).Clip(t.Context(), 0)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "portrait.png")
	require.NoError(t, imaging.SavePNG(path, clip.Frames[0]))
	for _, eye := range clip.Eyes {
		boxes = append(boxes, "--eyes", boxText(eye))
	}
	return path, clip, boxes
}

// framesOf reads an animation.
func framesOf(t *testing.T, path string) (info imaging.Info, frames []*image.RGBA, delays []time.Duration) {
	t.Helper()
	p, err := imaging.Open(path)
	require.NoError(t, err)
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		frames, delays = append(frames, imaging.OnWhite(frame.Pixels)), append(delays, frame.Delay.Duration())
	}
	return p.Info, frames, delays
}

func TestBlinkFindsTheEyesAndWritesAnAnimation(t *testing.T) {
	path, clip, _ := drawnPortrait(t, 320)
	out := filepath.Join(t.TempDir(), "blink.png")
	said := succeed(t, "blink", path, "-o", out, "--loop", "--reference", "slow", "--frames", "20")
	assert.Contains(t, said, "face 1: eyes at ")
	assert.Contains(t, said, "20 frames of 320×320 pixels")
	assert.FileExists(t, strings.TrimSuffix(out, ".png")+".eyes.png")

	info, frames, delays := framesOf(t, out)
	require.Len(t, frames, 20)
	assert.Equal(t, 0, info.Plays)
	assert.InDelta(t, time.Second/18, delays[3], float64(time.Millisecond))
	assert.Equal(t, clip.Frames[0].Pix, frames[19].Pix, "the eyes stay open afterwards")
	changed := image.Rectangle{}
	for y := range 320 {
		for x := range 320 {
			if frames[8].RGBAAt(x, y) != frames[19].RGBAAt(x, y) {
				changed = changed.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	around := clip.Eyes[0].Union(clip.Eyes[1]).Inset(-40)
	assert.False(t, changed.Empty(), "nothing blinks")
	assert.True(t, changed.In(around), "%v changed, the eyes are at %v", changed, clip.Eyes)
}

func TestBlinkFindsTheFacesOfAStripAndSaysThatAPortraitLiesTheWrongWay(t *testing.T) {
	face := portrait.At(77, 4).Draw(200)
	strip := image.NewRGBA(image.Rect(0, 0, 220, 1800))
	draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src)
	for i := range 2 {
		draw.Draw(strip, face.Rect.Add(image.Pt(10, 150+900*i)), face, image.Point{}, draw.Src)
	}
	turned, side := image.NewRGBA(face.Rect), image.NewRGBA(face.Rect)
	for y := range 200 {
		for x := range 200 {
			turned.SetRGBA(199-x, 199-y, face.RGBAAt(x, y))
			side.SetRGBA(199-y, x, face.RGBAAt(x, y))
		}
	}
	dir := t.TempDir()
	blink := func(picture *image.RGBA) (status int, stdout, stderr string) {
		path := filepath.Join(dir, "in.png")
		require.NoError(t, imaging.SavePNG(path, picture))
		return moelab(t, "blink", path, "-o", filepath.Join(dir, "out.png"), "--preview", "none")
	}
	status, stdout, stderr := blink(strip)
	assert.Zero(t, status, stderr)
	assert.Contains(t, stdout, "face 2: eyes at ")
	status, _, stderr = blink(turned)
	assert.Contains(t, stderr, "upside down", "status %d", status)
	assert.Contains(t, stderr, "turn it first")
	status, _, stderr = blink(side)
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "which lies on its side: turn it first")
}

func TestBlinkReadsStandardInputAndKeepsAlpha(t *testing.T) {
	path, clip, boxes := drawnPortrait(t, 128)
	cut := image.NewNRGBA(clip.Frames[0].Rect)
	for i := 0; i < len(cut.Pix); i += 4 {
		copy(cut.Pix[i:i+3], clip.Frames[0].Pix[i:])
		cut.Pix[i+3] = 255
		if y := i / cut.Stride; y < 10 {
			cut.Pix[i+3] = uint8(20 * y)
		}
	}
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, cut))
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o644))

	for _, out := range []string{
		filepath.Join(t.TempDir(), "frames") + "/",
		filepath.Join(t.TempDir(), "blink.webp"),
		filepath.Join(t.TempDir(), "few.gif"),
	} {
		arguments := append([]string{"blink", "-", "-o", out, "--frames", "8"}, boxes...)
		command := newCommand()
		command.SetArgs(arguments)
		command.SetIn(bytes.NewReader(file.Bytes()))
		command.SetOut(&bytes.Buffer{})
		command.SetErr(&bytes.Buffer{})
		require.NoError(t, command.ExecuteContext(t.Context()))
		if strings.HasSuffix(out, "/") {
			names, err := filepath.Glob(out + "frame_*.png")
			require.NoError(t, err)
			assert.Len(t, names, 8)
			out = names[4]
		} else {
			info, frames, delays := framesOf(t, out)
			assert.Len(t, frames, 8)
			assert.Equal(t, 1, info.Plays, out)
			assert.InDelta(t, time.Second/9, delays[1], float64(10*time.Millisecond), "a blink lasts as long in fewer frames")
		}
		if strings.HasSuffix(out, ".gif") {
			continue // A GIF has no half-transparent pixels.
		}
		p, err := imaging.Open(out)
		require.NoError(t, err)
		for frame, err := range p.Frames() {
			require.NoError(t, err)
			assert.EqualValues(t, 100*257, frame.Pixels.NRGBA64At(64, 5).A, out)
		}
	}
}

func TestBlinkFollowsSomebodyElse(t *testing.T) {
	path, _, boxes := drawnPortrait(t, 128)
	dir := t.TempDir()
	require.NoError(t, dataset.DrawBlinks(t.Context(), dir, 1, 96, 9, nil))
	clip := filepath.Join(dir, "000000")
	frames, err := filepath.Glob(filepath.Join(clip, "frame_*.png"))
	require.NoError(t, err)
	bare := t.TempDir() // As a user has them: without eyes.json.
	for _, frame := range frames {
		require.NoError(t, os.Rename(frame, filepath.Join(bare, filepath.Base(frame))))
		data, err := os.ReadFile(filepath.Join(bare, filepath.Base(frame)))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(frame, data, 0o644))
	}
	short := t.TempDir() // Fewer frames, and larger than usual gaps between their numbers.
	for i := 1; i < 14; i++ {
		data, err := os.ReadFile(filepath.Join(bare, fmt.Sprintf("frame_%02d.png", i)))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(short, fmt.Sprintf("%d.png", 10*i)), data, 0o644))
	}
	for _, reference := range []string{clip, bare, short} {
		out := filepath.Join(t.TempDir(), "blink.gif")
		succeed(t, append([]string{"blink", path, "-o", out, "--reference", reference}, boxes...)...)
		_, frames, _ := framesOf(t, out)
		assert.Len(t, frames, 16)
	}
}

func TestBlinkRejectsInvalidArguments(t *testing.T) {
	path, _, _ := drawnPortrait(t, 64)
	dir := t.TempDir()
	notes, empty := filepath.Join(dir, "notes.txt"), filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(notes, []byte("no picture"), 0o644))
	require.NoError(t, os.Mkdir(empty, 0o755))
	out := filepath.Join(dir, "blink.gif")
	for says, arguments := range map[string][]string{
		"name the portrait":             {},
		"one portrait at a time":        {path, path, "-o", out},
		"-o is missing":                 {path},
		"--frames is 1":                 {path, "-o", out, "--frames", "1"},
		`--blend is "glue"`:             {path, "-o", out, "--blend", "glue"},
		"have no border to hide":        {path, "-o", out, "--eyes", "15,25,14,14", "--blend", "feather"},
		"x,y,width,height":              {path, "-o", out, "--eyes", "1,2,3"},
		"is too small":                  {path, "-o", out, "--eyes", "1,2,3,3"},
		"is outside":                    {path, "-o", out, "--eyes", "50,50,30,30"},
		"an animation cannot be a JPEG": {path, "-o", filepath.Join(dir, "blink.jpg")},
		".mkv cannot be written":        {path, "-o", filepath.Join(dir, "blink.mkv")},
		"not a picture":                 {notes, "-o", out},
		"no such file":                  {filepath.Join(dir, "none.png"), "-o", out},
		`there is no reference "wink"`:  {path, "-o", out, "--reference", "wink"},
		"there are no pictures in":      {path, "-o", out, "--reference", empty},
		"--open is 1.5":                 {path, "-o", out, "--open", "1.5"},
		"--open and --reference cannot": {path, "-o", out, "--open", "0", "--reference", "slow"},
		"--curve: open ":                {path, "-o", out, "--curve", filepath.Join(dir, "none.csv")},
	} {
		t.Run(says, func(t *testing.T) {
			assertRejected(t, says, append([]string{"blink"}, arguments...)...)
			assert.NoFileExists(t, out)
		})
	}
}

func TestBlinkCommandsWorkFromTrainingToFigures(t *testing.T) {
	dir := t.TempDir()
	run, flat := filepath.Join(dir, "works"), filepath.Join(dir, "flat")
	assert.Contains(t, succeed(t, "train", "blink", "--preset", "smoke", "--steps", "1", "--run", run), "step 1")
	succeed(t, "train", "blink", "--preset", "smoke-flat", "--steps", "1", "--run", flat)
	scores := filepath.Join(dir, "scores.json")
	said := succeed(t, "eval", "blink", "--run", run, "-n", "2", "-o", scores)
	assert.Regexp(t, `its own blink +2 +\d+\.\d\d +\d+\.\d\d `, said)
	assert.Contains(t, said, "another's blink")
	assert.FileExists(t, scores)
	figures := filepath.Join(dir, "figures")
	said = succeed(t, "figures", "blink", "--run", run, "--run", flat, "-n", "1", "-o", figures)
	assert.Regexp(t, `works: (hardly blinks|spoils|blinks)`, said)
	for _, name := range []string{
		"strip.png", "film.png", "openings.png", "openings.csv", "seam.png", "content_1.png", "content_2.csv",
	} {
		assert.FileExists(t, filepath.Join(figures, name))
	}
	assertRejected(t, "--truth is that of the blinks in --data, which is missing", "eval", "blink", "--truth", dir)
	assertRejected(t, "was trained on the blinks of seed 1", "eval", "blink", "--run", run, "--seed", "1")
	assertRejected(t, "--run is missing", "figures", "blink")
	assertRejected(t, "--run is missing", "train", "blink")
}

func TestBlinkOpensEyesAsFarAsWanted(t *testing.T) {
	portrait, clip, boxes := drawnPortrait(t, 64)
	dir := t.TempDir()
	run, out := filepath.Join(dir, "lids"), filepath.Join(dir, "out.png")
	succeed(t, "train", "blink", "--preset", "smoke-lids", "--run", run)
	args := append([]string{"blink", portrait, "--run", run, "-o", out}, boxes...)

	assert.Contains(t, succeed(t, append(args, "--open", "1")...), "1 frame of 64×64 pixels\n")
	_, frames, _ := framesOf(t, out)
	require.Len(t, frames, 1)
	assert.Equal(t, clip.Frames[0].Pix, frames[0].Pix, "as open as they are")
	succeed(t, append(args, "--open", "0")...)
	_, frames, _ = framesOf(t, out)
	assert.NotEqual(t, clip.Frames[0].Pix, frames[0].Pix, "shut")

	curve := filepath.Join(dir, "curve.csv")
	require.NoError(t, dataset.SaveApertures(curve, []float64{0.8, 0.4, 0, 0.8}))
	succeed(t, append(args, "--curve", curve)...)
	_, frames, _ = framesOf(t, out)
	require.Len(t, frames, 4)
	assert.Equal(t, frames[0].Pix, frames[3].Pix)
	assert.NotEqual(t, frames[0].Pix, frames[2].Pix)
	assertRejected(t, "--hard measures portraits that moelab draws", "eval", "blink", "--hard", "--data", dir)
}

// assertRejected asserts that a call ends with status 2 and one clear line.
func assertRejected(t *testing.T, says string, args ...string) {
	t.Helper()
	status, _, stderr := moelab(t, args...)
	assert.Equal(t, statusUsage, status, stderr)
	assert.Contains(t, stderr, says)
	assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
}

// Frames that are drawn whole have no border, and networks that draw from noise alone make no picture blink.
func TestBlinkRefusesWhatARunsNetworkCannotDo(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "portrait.png")
	require.NoError(t, imaging.SavePNG(path, portrait.At(1, 1).Draw(64)))
	for name, c := range map[string]struct {
		settings []string
		flags    []string
		says     string
	}{
		"whole": {nil, []string{"--blend", "feather"}, "frames that are drawn whole have no border to hide"},
		"noise": {
			[]string{"--set", "unconditional=true", "--set", "content=0"}, nil,
			"the network draws faces of its own, from noise: it cannot make a picture blink",
		},
	} {
		run, out := filepath.Join(dir, name), filepath.Join(dir, name+".png")
		train := []string{"train", "blink", "--backend", "go", "--preset", "smoke-mocogan", "--steps", "1", "--run", run}
		succeed(t, append(train, c.settings...)...)
		status, _, stderr := moelab(t, append([]string{
			"blink", path, "--backend", "go", "--run", run, "--eyes", "15,25,14,14", "-o", out,
		}, c.flags...)...)
		assert.Equal(t, 2, status)
		assert.Contains(t, stderr, c.says)
		assert.NoFileExists(t, out)
	}
}
