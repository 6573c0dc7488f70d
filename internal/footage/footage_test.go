package footage

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// grey is a picture of one grey level.
func grey(width, height int, level uint8) *image.NRGBA64 {
	made := image.NewNRGBA64(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			v := uint16(level) * 257
			made.SetNRGBA64(x, y, color.NRGBA64{R: v, G: v, B: v, A: 0xffff})
		}
	}
	return made
}

func savePNG(t *testing.T, path string, pixels image.Image) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(file, pixels))
	require.NoError(t, file.Close())
}

// animation writes frames of the grey levels 0, 10, 20, … with the delays.
func animation(t *testing.T, path string, format imaging.Format, delays ...imaging.Delay) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	w, err := imaging.NewWriter(file, format, imaging.Info{Width: 12, Height: 8, Frames: len(delays)})
	require.NoError(t, err)
	for i, delay := range delays {
		require.NoError(t, w.Write(imaging.Frame{Pixels: grey(12, 8, uint8(10*i)), Delay: delay}))
	}
	require.NoError(t, w.Close())
	require.NoError(t, file.Close())
}

// levels returns the grey levels of the frames of footage in tens, their times in milliseconds, and the error at the
// end.
func levels(t *testing.T, path string, options Options) (tens, times []int, err error) {
	t.Helper()
	f, err := Open(t.Context(), path, options)
	if err != nil {
		return nil, nil, err
	}
	for frame, err := range f.Frames(t.Context()) {
		if err != nil {
			return tens, times, err
		}
		assert.Equal(t, image.Point{}, frame.Picture.Rect.Min)
		assert.EqualValues(t, 255, frame.Picture.Pix[3], "frames are opaque")
		tens = append(tens, int(frame.Picture.Pix[0]+5)/10)
		times = append(times, int(frame.at.Milliseconds()))
	}
	return tens, times, nil
}

func TestPicturesOfAFolderComeInTheOrderOfTheirNumbers(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"f2.png", "f9.png", "f10.png", "f010b.png", "g1.png"} {
		savePNG(t, filepath.Join(dir, name), grey(4, 4, uint8(10*i)))
	}
	savePNG(t, filepath.Join(dir, ".hidden.png"), grey(9, 9, 200))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("no frame"), 0o644))
	tens, times, err := levels(t, dir, Options{FolderRate: 10})
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 3, 4}, tens)
	assert.Equal(t, []int{0, 100, 200, 300, 400}, times)
}

func TestFootageIsBroughtToARate(t *testing.T) {
	cases := map[string]struct {
		hundredths []uint16
		rate       float64
		want       []int
	}{
		"half as many":                  {[]uint16{5, 5, 5, 5}, 10, []int{1, 3}},
		"twice as many":                 {[]uint16{10, 10}, 20, []int{0, 0, 1, 1}},
		"one that is shown longer":      {[]uint16{10, 30, 10}, 10, []int{0, 1, 1, 1, 2}},
		"rounded to hundredths":         {[]uint16{6, 5, 6, 5}, 18, []int{0, 1, 2, 3}},
		"no delay is a tenth of second": {[]uint16{0, 1}, 10, []int{0, 1}},
		"as it is":                      {[]uint16{5, 40}, 0, []int{0, 1}},
	}
	for name, c := range cases {
		for _, format := range []imaging.Format{imaging.GIF, imaging.PNG} {
			t.Run(fmt.Sprint(name, " ", format), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "a.gif") // Its name does not matter.
				var delays []imaging.Delay
				for _, n := range c.hundredths {
					delays = append(delays, imaging.Delay{Numerator: n, Denominator: 100})
				}
				animation(t, path, format, delays...)
				tens, _, err := levels(t, path, Options{Rate: c.rate})
				require.NoError(t, err)
				assert.Equal(t, c.want, tens)
			})
		}
	}
}

func TestTransparentFramesLieOnWhite(t *testing.T) {
	dir := t.TempDir()
	clear := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	clear.SetNRGBA(1, 1, color.NRGBA{R: 90, G: 90, B: 90, A: 255})
	savePNG(t, filepath.Join(dir, "a.png"), clear)
	f, err := Open(t.Context(), dir, Options{})
	require.NoError(t, err)
	for frame, err := range f.Frames(t.Context()) {
		require.NoError(t, err)
		assert.Equal(t, color.RGBA{255, 255, 255, 255}, frame.Picture.RGBAAt(0, 0))
		assert.Equal(t, color.RGBA{90, 90, 90, 255}, frame.Picture.RGBAAt(1, 1))
	}
}

func TestIntactFramesOfACutAnimationAreRead(t *testing.T) {
	delay := imaging.Delay{Numerator: 1, Denominator: 18}
	for _, format := range []imaging.Format{imaging.GIF, imaging.PNG} {
		t.Run(string(format), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cut")
			animation(t, path, format, delay, delay, delay, delay, delay, delay)
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, data[:len(data)*3/4], 0o644))
			tens, _, err := levels(t, path, Options{})
			require.ErrorContains(t, err, "the file is cut short")
			require.GreaterOrEqual(t, len(tens), 2)
			assert.Less(t, len(tens), 6)
			for i, level := range tens {
				assert.Equal(t, i, level)
			}
		})
	}
}

func TestOtherFilesAreRejectedWithAReason(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) { require.NoError(t, os.WriteFile(path(name), []byte(text), 0o644)) }
	savePNG(t, path("still.png"), grey(4, 4, 9))
	write("empty.mp4", "")
	write("page.mp4", "<html><body>not found</body></html>")
	write("broken.gif", "GIF89a")
	require.NoError(t, os.MkdirAll(path("above/below"), 0o755))
	require.NoError(t, os.MkdirAll(path("bare"), 0o755))
	for name, says := range map[string]string{
		"still.png": "it is a still picture", "empty.mp4": "the file is empty", "page.mp4": "it is text",
		"broken.gif": "cut short",
		"above":      "only other folders", "bare": "there are no pictures in the folder", "none.mp4": "no such file",
	} {
		_, err := Open(t.Context(), path(name), Options{Rate: 18})
		require.ErrorContains(t, err, says)
		assert.Equal(t, 1, strings.Count(err.Error(), path(name)), "%v names the file once", err)
	}
	_, err := Open(t.Context(), path("none.mp4"), Options{Rate: 18})
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestFramesBeforeABadOneAreGood(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string)
		says  string
	}{
		"another size": {
			func(t *testing.T, path string) { savePNG(t, path, grey(5, 4, 0)) },
			"has 5×4 pixels, those before it 4×4",
		},
		"no picture": {
			func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte("no"), 0o644)) },
			"2.png: not a picture",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i := range 4 {
				savePNG(t, filepath.Join(dir, fmt.Sprint(i, ".png")), grey(4, 4, uint8(10*i)))
			}
			c.spoil(t, filepath.Join(dir, "2.png"))
			tens, _, err := levels(t, dir, Options{})
			assert.ErrorContains(t, err, c.says)
			assert.Equal(t, []int{0, 1}, tens)
		})
	}
}

// fakeFFmpeg puts a shell script called ffmpeg first in PATH. Like ffmpeg it lists the streams if called without an
// output, and otherwise writes frames.
func fakeFFmpeg(t *testing.T, says, writes string) (video string) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell for a script that stands in for ffmpeg:", err)
	}
	dir := t.TempDir()
	script := "#!/bin/sh\ncase \"$*\" in\n*image2pipe*)\n" + writes + "\n;;\n*)\n" + says + "\n;;\nesac\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ffmpeg"), []byte(script), 0o755))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	video = filepath.Join(dir, "film.mkv")
	require.NoError(t, os.WriteFile(video, []byte("\x1aE\xdf\xa3 not really"), 0o644))
	return video
}

const (
	aFilm = `echo "[info] Input #0, matroska,webm, from 'film.mkv':
[info]   Duration: 00:00:01.00, start: 0.000000, bitrate: 121 kb/s
[info]   Stream #0:0: Video: h264 (High), yuv420p(tv), 2x1 [SAR 1:1 DAR 2:1], 23.98 fps, 25 tbr, 1k tbn
[fatal] At least one output file must be specified" >&2; exit 1`
	oneFrame = `printf 'P6\n2 1\n255\nAAAZZZ'`
)

func TestVideosComeThroughFFmpeg(t *testing.T) {
	cases := map[string]struct {
		says, writes string
		opens        string // The error of Open.
		frames       int
		ends         string // The error at the end of the frames.
	}{
		"whole": {says: aFilm, writes: oneFrame + ";" + oneFrame, frames: 2},
		"with a harmless complaint": {
			says:   aFilm,
			writes: strings.Repeat(oneFrame+";", 18) + `echo "[h264 @ 0x1] [error] glitch" >&2`, frames: 18,
		},
		"it fails half-way": {
			says:   aFilm,
			writes: oneFrame + `; echo "[mkv @ 0x1] [error] bad cluster" >&2; exit 69`, frames: 1,
			ends: "it stops after 0.06 s (exit status 69); ffmpeg says: bad cluster",
		},
		"it is cut short": {
			says:   aFilm,
			writes: oneFrame + `; echo "[in#0 @ 0x1] [error] File ended prematurely" >&2`, frames: 1,
			ends: "it stops after 0.06 s of 1.00 s; ffmpeg says: File ended prematurely",
		},
		"a frame is cut short": {
			says: aFilm, writes: oneFrame + `; printf 'P6\n2 1\n255\nAAA'`, frames: 1, ends: "a frame is cut short",
		},
		"frames are something else": {
			says: aFilm, writes: `echo hello there`, ends: "ffmpeg does not write frames as it should",
		},
		"nothing can be decoded": {
			says: aFilm, writes: `echo "[fatal] Decoder not found" >&2; exit 8`,
			ends: "no frame of it can be decoded (exit status 8); ffmpeg says: Decoder not found",
		},
		"no video": {
			says:  `echo "[in#0 @ 0x1] [error] Error opening input: Invalid data found" >&2; exit 183`,
			opens: "not a video that can be read; ffmpeg says: Error opening input: Invalid data found",
		},
		"only sound": {
			says:  `echo "[info] Input #0, mp3:\n[info]   Stream #0:0: Audio: mp3" >&2; exit 1`,
			opens: "there is no video in it",
		},
		"says neither length nor speed": {
			says:   `echo "[info] Input #0\n[info]   Stream #0:0: Video: h264, 2x1" >&2; exit 1`,
			writes: oneFrame, frames: 1,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			video := fakeFFmpeg(t, c.says, c.writes)
			f, err := Open(t.Context(), video, Options{Rate: 18})
			if c.opens != "" {
				require.ErrorContains(t, err, c.opens)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, Video, f.Kind)
			if c.says == aFilm {
				assert.InDelta(t, 23.98, f.Rate, 1e-9)
				assert.Equal(t, time.Second, f.Length)
			}
			n, ends := 0, error(nil)
			for frame, err := range f.Frames(t.Context()) {
				if err != nil {
					ends = err
					break
				}
				assert.Equal(t, []uint8{'A', 'A', 'A', 255, 'Z', 'Z', 'Z', 255}, frame.Picture.Pix)
				assert.InDelta(t, float64(n)/18, frame.at.Seconds(), 1e-6)
				n++
			}
			assert.Equal(t, c.frames, n)
			if c.ends == "" {
				require.NoError(t, ends)
			} else {
				require.ErrorContains(t, ends, c.ends)
				assert.ErrorContains(t, ends, video)
			}
		})
	}
}

func TestWithoutFFmpegTheErrorExplainsWhatToDo(t *testing.T) {
	video := fakeFFmpeg(t, "", "")
	t.Setenv("PATH", t.TempDir())
	_, err := Open(t.Context(), video, Options{Rate: 18})
	assert.ErrorIs(t, err, ErrNoProgram)
	assert.ErrorContains(t, err, "install it (https://ffmpeg.org), or name a folder of frames")
}

func TestAHangingFFmpegIsLeftWhenTheContextEnds(t *testing.T) {
	for name, script := range map[string][2]string{
		"asked what there is": {"sleep 60", ""},
		"between frames":      {aFilm, oneFrame + "; sleep 60"},
	} {
		t.Run(name, func(t *testing.T) {
			video := fakeFFmpeg(t, script[0], script[1])
			ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer stop()
			begin := time.Now()
			f, err := Open(ctx, video, Options{Rate: 18})
			if err == nil {
				for _, frameErr := range f.Frames(ctx) {
					err = frameErr
				}
			}
			assert.True(t, errors.Is(err, context.DeadlineExceeded), "%v", err)
			assert.Less(t, time.Since(begin), 10*time.Second)
		})
	}
}

func TestRealFFmpegReturnsTheEncodedFrames(t *testing.T) {
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed; a script stands in for it in the other tests")
	}
	dir := t.TempDir()
	for i := range 12 {
		savePNG(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), grey(32, 16, uint8(20*i)))
	}
	video := filepath.Join(dir, "film.avi")
	out, err := exec.Command(program, "-loglevel", "error", "-framerate", "9",
		"-i", filepath.Join(dir, "%d.png"), "-c:v", "ffv1", video).CombinedOutput()
	require.NoError(t, err, string(out))
	tens, times, err := levels(t, video, Options{Rate: 18})
	require.NoError(t, err)
	require.InDelta(t, 24, len(tens), 1)
	for i, level := range tens {
		assert.InDelta(t, i, level, 1)
	}
	assert.Equal(t, 55, times[1])
}
