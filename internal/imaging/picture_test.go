package imaging_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/moelab/moelab/internal/venv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// golden is a file as Pillow reads it.
type golden struct {
	Frames               [][]int // RGBA, 8 bits.
	Deep                 []int   // Instead of them: the file's channels, 16 bits.
	Width, Height        int
	Gray, Alpha, Profile bool
	Delays               []float64 // Milliseconds.
}

// pillow runs a script of testdata.
func pillow(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	env, err := venv.Ensure(t.Context(), "pillow", []string{"pillow==11.0.0"}, os.Stderr)
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), env.Python(), append([]string{"testdata/" + script}, args...)...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	return out
}

var (
	fixturesOnce sync.Once
	fixturesDir  string
	fixturesRead map[string]golden
)

// fixtures returns a folder with a picture of each kind, and the pictures as Pillow reads them.
func fixtures(t *testing.T) (string, map[string]golden) {
	t.Helper()
	fixturesOnce.Do(func() {
		dir, err := os.MkdirTemp("", "moelab-pictures-")
		require.NoError(t, err)
		writeGIF(t, filepath.Join(dir, "animated.gif"))
		pillow(t, "make_fixtures.py", dir)
		data, err := os.ReadFile(filepath.Join(dir, "golden.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &fixturesRead))
		fixturesDir = dir
	})
	require.NotEmpty(t, fixturesRead)
	return fixturesDir, fixturesRead
}

// writeGIF writes an animation with each disposal, of frames at any position that have transparent pixels.
func writeGIF(t *testing.T, path string) {
	t.Helper()
	palette := color.Palette{color.RGBA{}, color.RGBA{20, 20, 20, 255}, color.RGBA{250, 240, 90, 255},
		color.RGBA{30, 90, 220, 255}, color.RGBA{230, 30, 60, 255}}
	animation := gif.GIF{
		Delay: []int{10, 4, 25, 7, 3}, Disposal: []byte{gif.DisposalNone, gif.DisposalBackground, gif.DisposalPrevious,
			gif.DisposalNone, 0},
		Config: image.Config{Width: 23, Height: 17, ColorModel: palette},
	}
	for i, place := range []image.Rectangle{image.Rect(0, 0, 23, 17), image.Rect(2, 3, 12, 11), image.Rect(5, 1, 20, 9),
		image.Rect(9, 9, 23, 17), image.Rect(0, 16, 1, 17)} {
		frame := image.NewPaletted(place, palette)
		for j := range frame.Pix {
			frame.Pix[j] = uint8((j*(i+3) + j/7) % 5)
		}
		animation.Image = append(animation.Image, frame)
	}
	var data bytes.Buffer
	require.NoError(t, gif.EncodeAll(&data, &animation))
	require.NoError(t, os.WriteFile(path, data.Bytes(), 0o644))
}

func TestMain(m *testing.M) {
	status := m.Run()
	if fixturesDir != "" {
		os.RemoveAll(fixturesDir)
	}
	imagingtest.RemoveStills()
	os.Exit(status)
}

// frames reads all frames of a picture.
func frames(t *testing.T, p *imaging.Picture) (frames []imaging.Frame) {
	t.Helper()
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		pixels := *frame.Pixels
		pixels.Pix = bytes.Clone(pixels.Pix)
		frames = append(frames, imaging.Frame{Pixels: &pixels, Delay: frame.Delay})
	}
	return frames
}

// rgba returns the channels of a frame, rounded to 8 bits.
func rgba(pixels *image.NRGBA64) (values []int) {
	for y := range pixels.Rect.Dy() {
		for x := range pixels.Rect.Dx() {
			c := pixels.NRGBA64At(x, y)
			for _, v := range []uint16{c.R, c.G, c.B, c.A} {
				values = append(values, (int(v)+128)/257)
			}
		}
	}
	return values
}

// assertPixels compares pixels with Pillow's. Transparent pixels may have any colour.
func assertPixels(t *testing.T, want, got []int, tolerance int, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := 0; i < len(want); i += 4 {
		if want[i+3] == 0 && got[i+3] == 0 {
			continue
		}
		for c := range 4 {
			if d := want[i+c] - got[i+c]; d > tolerance || d < -tolerance {
				assert.Failf(t, "other pixels", "%s: pixel %d is %v, not %v", what, i/4, got[i:i+4], want[i:i+4])
				return
			}
		}
	}
}

func TestPicturesAreReadAsPillowReadsThem(t *testing.T) {
	dir, want := fixtures(t)
	require.Greater(t, len(want), 35)
	for name, want := range want {
		t.Run(name, func(t *testing.T) {
			p, err := imaging.Open(filepath.Join(dir, name))
			require.NoError(t, err)
			assert.Equal(t, image.Pt(want.Width, want.Height), image.Pt(p.Width, p.Height))
			assert.Equal(t, want.Alpha, p.Alpha, "alpha")
			assert.Equal(t, want.Profile, p.Profile != nil, "profile")
			assert.Equal(t, want.Gray || name == "gray_palette.png", p.Gray, "gray")
			assert.Equal(t, want.Deep != nil || name == "gray16.tiff", p.Deep, "deep")
			read := frames(t, p)
			require.Equal(t, p.Info.Frames, len(read))
			if want.Deep != nil {
				assert.Equal(t, want.Deep, deepChannels(read[0].Pixels, p.Info))
				return
			}
			require.Len(t, read, len(want.Frames))
			for i, frame := range read {
				tolerance := 0
				if filepath.Ext(name) == ".jpg" || name == "lossy.webp" {
					tolerance = 2 // Decoders may differ by this much.
				}
				assertPixels(t, want.Frames[i], rgba(frame.Pixels), tolerance, fmt.Sprint("frame ", i))
				if len(read) > 1 {
					assert.InDelta(t, want.Delays[i], float64(frame.Delay.Duration().Microseconds())/1000, 0.001,
						"delay of frame %d", i)
				}
			}
		})
	}
}

// deepChannels returns the channels that a picture of 16 bits has.
func deepChannels(pixels *image.NRGBA64, info imaging.Info) (values []int) {
	for y := range pixels.Rect.Dy() {
		for x := range pixels.Rect.Dx() {
			c := pixels.NRGBA64At(x, y)
			all := []uint16{c.R, c.G, c.B}
			if info.Gray {
				all = all[:1]
			}
			if info.Alpha {
				all = append(all, c.A)
			}
			for _, v := range all {
				values = append(values, int(v))
			}
		}
	}
	return values
}

// described is the output of describe.py.
type described struct {
	Mode    string
	Size    []int
	Frames  [][]int
	Delays  []float64
	Loop    int
	Profile int
}

// rewrite reads pictures, writes them in a format, and returns the results as Pillow reads them, by name.
func rewrite(t *testing.T, format imaging.Format, extension string, names ...string) map[string]described {
	t.Helper()
	dir, _ := fixtures(t)
	out := t.TempDir()
	var paths []string
	for _, name := range names {
		p, err := imaging.Open(filepath.Join(dir, name))
		require.NoError(t, err)
		var data bytes.Buffer
		w, err := imaging.NewWriter(&data, format, p.Info)
		require.NoError(t, err, name)
		for frame, err := range p.Frames() {
			require.NoError(t, err)
			require.NoError(t, w.Write(frame))
		}
		require.NoError(t, w.Close())
		paths = append(paths, filepath.Join(out, name+extension))
		require.NoError(t, os.WriteFile(paths[len(paths)-1], data.Bytes(), 0o644))
	}
	var all []described
	require.NoError(t, json.Unmarshal(pillow(t, "describe.py", paths...), &all))
	byName := map[string]described{}
	for i, name := range names {
		byName[name] = all[i]
	}
	return byName
}

func TestPNGKeepsAllFeaturesOfAPicture(t *testing.T) {
	dir, want := fixtures(t)
	modes := map[string]string{
		"rgb.png": "RGB", "rgba.png": "RGBA", "gray.png": "L", "grayalpha.png": "LA", "bilevel.png": "L",
		"paletted.png": "RGB", "paletted_clear.png": "RGBA",
		"gray_palette.png": "L", "one.png": "RGB", "turned.jpg": "RGB", "rgb.jpg": "RGB", "gray.jpg": "L",
		"cmyk.jpg": "RGB", "rgb.bmp": "RGB", "lzw.tiff": "RGBA",
		"lossless.webp": "RGBA", "rgb.tiff": "RGB", "still.gif": "RGB", "deep_gray.png": "I;16", "gray16.tiff": "I;16",
	}
	var names []string
	for name := range modes {
		names = append(names, name)
	}
	for name, got := range rewrite(t, imaging.PNG, ".png", names...) {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, modes[name], got.Mode)
			assert.Equal(t, []int{want[name].Width, want[name].Height}, got.Size)
			assert.Equal(t, want[name].Profile, got.Profile > 0, "profile")
			if len(want[name].Frames) > 0 && !strings.HasPrefix(got.Mode, "I") {
				assertPixels(t, want[name].Frames[0], got.Frames[0], 3, name)
			}
			original, err := imaging.Open(filepath.Join(dir, name))
			require.NoError(t, err)
			if original.Profile != nil {
				assert.Equal(t, len(original.Profile), got.Profile)
			}
		})
	}
}

func TestDeepPicturesKeepEveryBit(t *testing.T) {
	dir, _ := fixtures(t)
	for _, name := range []string{"deep_gray.png", "deep_grayalpha.png", "deep_rgb.png", "deep_rgba.png"} {
		p, err := imaging.Open(filepath.Join(dir, name))
		require.NoError(t, err)
		var data bytes.Buffer
		w, err := imaging.NewWriter(&data, imaging.PNG, p.Info)
		require.NoError(t, err)
		before := frames(t, p)
		require.NoError(t, w.Write(before[0]))
		require.NoError(t, w.Close())
		const depth, colours = 24, 25 // Where a PNG says them.
		assert.Equal(t, byte(16), data.Bytes()[depth])
		original, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, original[colours], data.Bytes()[colours], name)
		again, err := imaging.Read(&data)
		require.NoError(t, err)
		assert.Equal(t, p.Info, again.Info)
		assert.Equal(t, before, frames(t, again))
	}
}

func TestAnimationsAreWrittenFrameByFrame(t *testing.T) {
	_, want := fixtures(t)
	names := []string{"animated.png", "animated.webp", "animated.gif", "default.png"}
	loops := map[string]int{"animated.png": 3, "animated.webp": 2, "animated.gif": 0, "default.png": 0}
	for name, got := range rewrite(t, imaging.PNG, ".png", names...) {
		t.Run("to PNG "+name, func(t *testing.T) {
			assert.Equal(t, "RGBA", got.Mode)
			assert.Equal(t, loops[name], got.Loop)
			assert.InDeltaSlice(t, want[name].Delays, got.Delays, 0.001)
			require.Len(t, got.Frames, len(want[name].Frames))
			for i := range got.Frames {
				assertPixels(t, want[name].Frames[i], got.Frames[i], 0, fmt.Sprint("frame ", i))
			}
		})
	}
	for name, got := range rewrite(t, imaging.WebP, ".webp", names...) {
		t.Run("to WebP "+name, func(t *testing.T) {
			assert.Equal(t, loops[name], got.Loop)
			assert.InDeltaSlice(t, want[name].Delays, got.Delays, 0.001)
			require.Len(t, got.Frames, len(want[name].Frames))
			for i := range got.Frames {
				assertPixels(t, want[name].Frames[i], got.Frames[i], 0, fmt.Sprint("frame ", i))
			}
		})
	}
	for name, got := range rewrite(t, imaging.GIF, ".gif", names...) {
		t.Run("to GIF "+name, func(t *testing.T) {
			require.Len(t, got.Frames, len(want[name].Frames))
			assert.InDeltaSlice(t, want[name].Delays, got.Delays, 0.001)
			for i := range got.Frames {
				sharp := make([]int, len(want[name].Frames[i])) // GIF pixels are transparent or not.
				for j := 0; j < len(sharp); j += 4 {
					if want[name].Frames[i][j+3] >= 128 {
						copy(sharp[j:], append(want[name].Frames[i][j:j+3:j+3], 255))
					}
				}
				// 256 colours suit these few pixels well, not wholly.
				assertPixels(t, sharp, got.Frames[i], 24, fmt.Sprint("frame ", i))
			}
		})
	}
}

func TestJPEGKeepsProfileAndGrey(t *testing.T) {
	dir, want := fixtures(t)
	got := rewrite(t, imaging.JPEG, ".jpg", "rgb.jpg", "gray.png", "rgba.png", "grayalpha.png")
	for name, mode := range map[string]string{"rgb.jpg": "RGB", "gray.png": "L", "rgba.png": "RGB", "grayalpha.png": "L"} {
		assert.Equal(t, mode, got[name].Mode)
	}
	p, err := imaging.Open(filepath.Join(dir, "rgb.jpg"))
	require.NoError(t, err)
	require.Greater(t, len(p.Profile), 70000, "a profile in several pieces")
	assert.Equal(t, len(p.Profile), got["rgb.jpg"].Profile)
	assertPixels(t, want["gray.png"].Frames[0], got["gray.png"].Frames[0], 8, "gray.png")
	last := got["rgba.png"].Frames[0]
	assert.InDeltaSlice(t, []int{255, 255, 255}, last[len(last)-4:len(last)-1], 8, "white behind what is transparent")
}

func TestPicturesThatAFormatCannotHoldAreRejected(t *testing.T) {
	still := imaging.Info{Width: 10, Height: 10, Frames: 1}
	animation, wide := still, still
	animation.Frames, wide.Width = 2, 70000
	long := imaging.Info{Width: 30000, Height: 30000, Frames: 100}
	for says, c := range map[string]struct {
		format imaging.Format
		info   imaging.Info
	}{
		"an animation cannot be a JPEG":                                {imaging.JPEG, animation},
		"it would be 70000×10 pixels: a JPEG cannot have more":         {imaging.JPEG, wide},
		"it would be 70000×10 pixels: a GIF cannot have more":          {imaging.GIF, wide},
		"100 frames of 30000×30000 pixels: too much for a GIF, write ": {imaging.GIF, long},
		"it would be 70000×10 pixels: a WebP cannot have more":         {imaging.WebP, wide},
	} {
		_, err := imaging.NewWriter(&bytes.Buffer{}, c.format, c.info)
		assert.ErrorContains(t, err, says)
	}
	for path, says := range map[string]string{"a.tiff": ".tiff cannot be written: .png, .jpg, .gif and .webp can",
		"a": "no extension"} {
		_, err := imaging.FormatOf(path)
		assert.ErrorContains(t, err, says)
	}
}

// lying returns a PNG whose header claims another size.
func lying(t *testing.T, width, height uint32) []byte {
	t.Helper()
	var data bytes.Buffer
	small := image.NewGray(image.Rect(0, 0, 4, 4))
	small.SetGray(1, 1, color.Gray{Y: 200})
	require.NoError(t, png.Encode(&data, small))
	b := data.Bytes()
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], height)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestDamagedPicturesAreRejectedWithAOneLineError(t *testing.T) {
	dir, want := fixtures(t)
	rejected := func(t *testing.T, data []byte) string {
		p, err := imaging.Read(bytes.NewReader(data))
		if err == nil {
			for _, frameErr := range p.Frames() {
				err = frameErr
			}
		}
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "\n")
		return err.Error()
	}
	for name := range want {
		t.Run("cut "+name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			rejected(t, data[:len(data)/2])
			for n := range 40 { // None of them may panic.
				damaged := bytes.Clone(data)
				damaged[(n*7919+13)%len(damaged)] ^= 0x55
				if p, err := imaging.Read(bytes.NewReader(damaged)); err == nil {
					for range p.Frames() {
					}
				}
			}
		})
	}
	for says, data := range map[string][]byte{
		"the file is empty":         nil,
		"not a picture that can be": []byte("<html>"),
		"says 60000×60000 pixels":   lying(t, 60000, 60000),
		"the file is cut short":     lying(t, 4, 4)[:50],
		"not enough pixel data":     lying(t, 400, 400),
		"GIF":                       []byte("GIF89a\x00\x00"),
		"header says 65535×65535": []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00" +
			",\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;\x00"),
	} {
		t.Run(says, func(t *testing.T) {
			if says == "GIF" {
				says = "cut short"
			}
			assert.Contains(t, rejected(t, data), says)
		})
	}
	_, err := imaging.Open(dir)
	assert.ErrorContains(t, err, "not a regular file")
}
