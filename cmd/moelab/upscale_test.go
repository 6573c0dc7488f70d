package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quick makes the small networks of these tests run at once: GoMLX's own backend has nothing to compile.
var quick = []string{"--backend", "go:ops_sequential"}

// nearestModel writes an RRDB network that makes a block of 4×4 equal pixels of each pixel: what comes out is known.
func nearestModel(t *testing.T) string {
	t.Helper()
	const channels, growth = 4, 2
	weights := map[string]*tensors.Tensor{}
	conv := func(name string, out, in int, identity bool) {
		values := make([]float32, out*in*9)
		for i := range min(out, in) {
			if identity {
				values[(i*in+i)*9+4] = 1 // The middle of 3×3.
			}
		}
		weights[name+".weight"] = tensors.FromFlatDataAndDimensions(values, out, in, 3, 3)
		weights[name+".bias"] = tensors.FromFlatDataAndDimensions(make([]float32, out), out)
	}
	conv("conv_first", channels, 3, true)
	for dense := range 3 {
		for i := range 4 {
			conv(fmt.Sprintf("body.0.rdb%d.conv%d", dense+1, i+1), growth, channels+i*growth, false)
		}
		conv(fmt.Sprintf("body.0.rdb%d.conv5", dense+1), channels, channels+4*growth, false)
	}
	conv("conv_body", channels, channels, false)
	for _, name := range []string{"conv_up1", "conv_up2", "conv_hr"} {
		conv(name, channels, channels, true)
	}
	conv("conv_last", 3, channels, true)
	path := filepath.Join(t.TempDir(), "nearest.safetensors")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, lab.WriteSafetensors(file, weights, nil))
	require.NoError(t, file.Close())
	return path
}

// putFile writes a file below a folder, which it makes.
func putFile(t *testing.T, path string, data []byte) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// pngOf returns a picture as a PNG.
func pngOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var data bytes.Buffer
	require.NoError(t, png.Encode(&data, m))
	return data.Bytes()
}

// squares is a picture with hard edges in each channel, as wide and high as small pictures of these tests are.
func squares() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 12, 10))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 37)
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

// animation returns a GIF of three frames.
func animation(t *testing.T) []byte {
	t.Helper()
	var g gif.GIF
	for i := range 3 {
		frame := image.NewPaletted(image.Rect(0, 0, 12, 10), palette.WebSafe)
		for j := range frame.Pix {
			frame.Pix[j] = uint8((j + 50*i) % 216)
		}
		g.Image, g.Delay = append(g.Image, frame), append(g.Delay, 10*(i+1))
	}
	var data bytes.Buffer
	require.NoError(t, gif.EncodeAll(&data, &g))
	return data.Bytes()
}

// opened reads a picture and its frames.
func opened(t *testing.T, path string) (imaging.Info, []*image.NRGBA64) {
	t.Helper()
	p, err := imaging.Open(path)
	require.NoError(t, err)
	var frames []*image.NRGBA64
	for frame, err := range p.Frames() {
		require.NoError(t, err)
		pixels := *frame.Pixels
		pixels.Pix = bytes.Clone(pixels.Pix)
		frames = append(frames, &pixels)
	}
	return p.Info, frames
}

// assertBlocks asserts that each pixel of a picture has become a block of 4×4 in another, to a number of levels of 65535.
func assertBlocks(t *testing.T, small, large image.Image, tolerance int) {
	t.Helper()
	require.Equal(t, small.Bounds().Size().Mul(4), large.Bounds().Size())
	for y := range large.Bounds().Dy() {
		for x := range large.Bounds().Dx() {
			want := color.NRGBA64Model.Convert(small.At(x/4, y/4)).(color.NRGBA64)
			got := color.NRGBA64Model.Convert(large.At(x, y)).(color.NRGBA64)
			if got.A == 0 && want.A == 0 {
				continue // What cannot be seen may have any colour.
			}
			for i, pair := range [][2]uint16{{want.R, got.R}, {want.G, got.G}, {want.B, got.B}, {want.A, got.A}} {
				if d := int(pair[0]) - int(pair[1]); d > tolerance || d < -tolerance {
					t.Fatalf("channel %d at %d, %d is %d, not %d", i, x, y, pair[1], pair[0])
				}
			}
		}
	}
}

// enlarged enlarges a picture of the given bytes and returns what became of it.
func enlarged(t *testing.T, in, out string, data []byte, args ...string) (imaging.Info, []*image.NRGBA64) {
	t.Helper()
	dir := t.TempDir()
	from, to := putFile(t, filepath.Join(dir, in), data), filepath.Join(dir, out)
	said := succeed(t, slices.Concat([]string{"upscale", from, "-o", to, "--model", nearestModel(t)}, quick, args)...)
	assert.Contains(t, said, to)
	return opened(t, to)
}

func TestUpscaleKeepsWhatIsInAPicture(t *testing.T) {
	small := squares()
	clear := squares()
	for i := 3; i < len(clear.Pix); i += 4 {
		clear.Pix[i] = uint8(i / 4 % 3 * 127)
	}
	gray, gray16, deep := image.NewGray(small.Rect), image.NewGray16(small.Rect), image.NewNRGBA64(small.Rect)
	for i := range gray16.Pix {
		gray16.Pix[i] = uint8(i * 53)
		gray.Pix[i/2] = uint8(i * 29)
	}
	for i := range deep.Pix {
		deep.Pix[i] = uint8(i * 31)
		if i%8 > 5 {
			deep.Pix[i] = uint8(200 + i%50)
		}
	}
	paletted := image.NewPaletted(small.Rect, palette.Plan9)
	for i := range paletted.Pix {
		paletted.Pix[i] = uint8(i * 2)
	}
	for name, c := range map[string]struct {
		picture            image.Image
		gray, alpha, depth bool
	}{
		"RGB":           {picture: small},
		"RGBA":          {picture: clear, alpha: true},
		"grey":          {picture: gray, gray: true},
		"grey, 16 bits": {picture: gray16, gray: true, depth: true},
		"RGBA, 16 bits": {picture: deep, alpha: true, depth: true},
		"paletted":      {picture: paletted},
		"one pixel":     {picture: small.SubImage(image.Rect(5, 5, 6, 6))},
	} {
		t.Run(name, func(t *testing.T) {
			info, frames := enlarged(t, "in.png", "out.png", pngOf(t, c.picture))
			assert.Equal(t, c.gray, info.Gray)
			assert.Equal(t, c.alpha, info.Alpha)
			assert.Equal(t, c.depth, info.Deep)
			_, before := opened(t, putFile(t, filepath.Join(t.TempDir(), "in.png"), pngOf(t, c.picture)))
			assertBlocks(t, before[0], frames[0], 0)
		})
	}
}

func TestColoursUnderTransparencyDoNotBleed(t *testing.T) {
	small := image.NewNRGBA(image.Rect(0, 0, 12, 10))
	for y := range 10 {
		for x := range 12 {
			small.SetNRGBA(x, y, color.NRGBA{R: 255, A: 0}) // Red that nobody sees,
			if x > 3 && x < 9 && y > 3 {
				small.SetNRGBA(x, y, color.NRGBA{G: 200, B: 100, A: 255}) // around green.
			}
		}
	}
	_, frames := enlarged(t, "in.png", "out.png", pngOf(t, small), "--scale", "2.5") // Resampled: neighbours are mixed.
	assert.Equal(t, image.Pt(30, 25), frames[0].Rect.Size())
	seen := 0
	for y := range 25 {
		for x := range 30 {
			c := frames[0].NRGBA64At(x, y)
			if c.A > 0x100 {
				seen++
				assert.Less(t, c.R, uint16(0x800), "at %d, %d: %v", x, y, c)
			}
		}
	}
	assert.Greater(t, seen, 12*15)
}

func TestUpscaleToOtherScales(t *testing.T) {
	for scale, size := range map[string]image.Point{"1": {12, 10}, "1.5": {18, 15}, "2": {24, 20}, "3": {36, 30}, "4": {48, 40}} {
		info, _ := enlarged(t, "in.png", "out.png", pngOf(t, squares()), "--scale", scale)
		assert.Equal(t, size, image.Pt(info.Width, info.Height), scale)
		assert.False(t, info.Alpha, scale)
	}
}

func TestUpscaleWritesWhatTheNameSays(t *testing.T) {
	var jpg bytes.Buffer
	flat := image.NewGray(image.Rect(0, 0, 12, 10))
	for i := range flat.Pix {
		flat.Pix[i] = 90
	}
	require.NoError(t, jpeg.Encode(&jpg, flat, nil))
	info, frames := enlarged(t, "in.jpg", "out.JPEG", jpg.Bytes())
	assert.True(t, info.Gray)
	assertBlocks(t, flat, frames[0], 2*257)

	_, before := opened(t, putFile(t, filepath.Join(t.TempDir(), "a.gif"), animation(t)))
	for _, out := range []string{"out.gif", "out.png"} {
		info, frames = enlarged(t, "in.gif", out, animation(t))
		require.Equal(t, 3, info.Frames, out)
		for i := range frames {
			assertBlocks(t, before[i], frames[i], 0)
		}
	}
	dir := t.TempDir()
	in := putFile(t, filepath.Join(dir, "a.gif"), animation(t))
	status, _, stderr := moelab(t, append([]string{"upscale", in, "-o", filepath.Join(dir, "a.jpg"), "--model", nearestModel(t)}, quick...)...)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, stderr, "a.gif: an animation cannot be a JPEG: write it as .png or .gif")
	assert.NoFileExists(t, filepath.Join(dir, "a.jpg"))
}

func TestUpscaleAFolderIsMirroredAndGoesOn(t *testing.T) {
	dir, model := t.TempDir(), nearestModel(t)
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "in", "large")
	for _, name := range []string{"a.png", "b.jpg", "b.webp.png", "deep/er/c.PNG", "b.png", ".hidden.png", "notes.txt"} {
		putFile(t, filepath.Join(in, name), pngOf(t, squares())) // Whatever they are called, they are PNGs.
	}
	putFile(t, filepath.Join(in, "d.gif"), animation(t))
	args := append([]string{"upscale", in, "-o", out, "--model", model}, quick...)
	assert.Contains(t, succeed(t, args...), "6 pictures enlarged by nearest.safetensors\n")
	names := []string{"a.png", "b.jpg.png", "b.webp.png", "b.png.png", "deep/er/c.png", "d.gif"}
	made := files(t, out)
	for _, name := range names {
		assert.Contains(t, made, name)
	}
	assert.Len(t, made, len(names))

	assert.Contains(t, succeed(t, args...), "there was nothing to do: 6 pictures enlarged already (--force makes them anew)\n")
	require.NoError(t, os.Remove(filepath.Join(out, "a.png")))
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(out, "d.gif"), old, old))
	assert.Contains(t, succeed(t, args...), "2 pictures enlarged by nearest.safetensors; 4 were there already")
	assert.Equal(t, made, files(t, out))
	assert.Contains(t, succeed(t, append(args, "--force")...), "6 pictures enlarged")
}

func TestUpscaleGoesOnAfterBadPictures(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	whole := pngOf(t, squares())
	huge := bytes.Clone(whole)
	copy(huge[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65536×65536, with a checksum that is wrong now.
	bad := map[string]struct {
		data []byte
		says string
	}{
		"cut.png":   {whole[:len(whole)-30], "the file is cut short"},
		"cut.gif":   {animation(t)[:900], "the file is cut short"},
		"empty.png": {nil, "the file is empty"},
		"page.jpg":  {[]byte("<html>"), "not a picture that can be read"},
		"lying.png": {huge, "checksum"},
		"large.gif": {[]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02L\x01\x00;"), "65535×65535 pixels: more than the 100 million"},
		"wide.gif":  {[]byte("GIF89a\x10\x27\x28\x23\x80\x00\x00ABCDEF,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02L\x01\x00;"), "it would be 40000×36000 pixels, and the network would make 1440 million: more than 400 million are too many"},
	}
	for name, b := range bad {
		putFile(t, filepath.Join(in, name), b.data)
	}
	putFile(t, filepath.Join(in, "a.png"), whole)
	putFile(t, filepath.Join(in, "z.png"), pngOf(t, image.NewPaletted(image.Rect(0, 0, 1, 1), palette.Plan9)))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(in, "link.png")))

	status, _, stderr := moelab(t, append([]string{"upscale", in, "-o", out, "--model", nearestModel(t)}, quick...)...)
	assert.Equal(t, statusFailed, status)
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	require.Len(t, lines, len(bad)+2, stderr)
	for name, b := range bad {
		assert.Regexp(t, "(?m)^moelab: "+filepath.Join(in, name)+": .*"+b.says, stderr)
	}
	assert.Contains(t, stderr, "link.png: no such file")
	assert.Equal(t, fmt.Sprintf("moelab: %d of %d pictures could not be enlarged", len(bad)+1, len(bad)+3), lines[len(lines)-1])
	made := files(t, out)
	assert.Len(t, made, 2, "%v", made)
	assert.Contains(t, made, "a.png")
	assert.Contains(t, made, "z.png")
}

func TestUpscaleNeverOverwritesItsInput(t *testing.T) {
	dir, model := t.TempDir(), nearestModel(t)
	a := putFile(t, filepath.Join(dir, "a.png"), pngOf(t, squares()))
	b := putFile(t, filepath.Join(dir, "b.jpg"), pngOf(t, squares()))
	link, hard := filepath.Join(dir, "link.png"), filepath.Join(dir, "hard.png")
	require.NoError(t, os.Symlink(a, link))
	require.NoError(t, os.Link(a, hard))
	require.NoError(t, os.Symlink(b, filepath.Join(dir, "b.png")))
	before := files(t, dir)
	for _, args := range [][]string{
		{a, "-o", a}, {a, "-o", dir + "/./a.png"}, {a, "-o", link}, {link, "-o", a}, {a, "-o", hard}, {a, "-o", dir}, {a, b, "-o", dir}, {b, "-o", dir}, {dir, "-o", dir},
		{dir, "-o", dir + "/."},
	} {
		status, _, stderr := moelab(t, append([]string{"upscale", "--model", model, "--force"}, args...)...)
		assert.Equal(t, statusUsage, status, "%v", args)
		assert.Regexp(t, "would overwrite a picture|is the folder of the pictures", stderr, "%v", args)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
	assert.Equal(t, before, files(t, dir))
}

func TestUpscaleReadsAndWritesStreams(t *testing.T) {
	var stdout, stderr bytes.Buffer
	command := newCommand()
	command.SetArgs(append([]string{"upscale", "-", "-o", "-", "--model", nearestModel(t)}, quick...))
	command.SetIn(bytes.NewReader(pngOf(t, squares())))
	command.SetOut(&stdout)
	command.SetErr(&stderr)
	require.NoError(t, command.ExecuteContext(t.Context()))
	assert.Empty(t, stderr.String())
	large, err := png.Decode(&stdout)
	require.NoError(t, err)
	assertBlocks(t, squares(), large, 1)

	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	in := putFile(t, filepath.Join(t.TempDir(), "a.png"), pngOf(t, squares()))
	assert.Equal(t, statusFailed, run(t.Context(), append([]string{"upscale", in, "-o", "-", "--model", nearestModel(t)}, quick...), full, &stderr))
	assert.Contains(t, stderr.String(), "a.png: write /dev/full: no space left on device")
}

func TestWrongCallsOfUpscale(t *testing.T) {
	dir, model := t.TempDir(), nearestModel(t)
	a := putFile(t, filepath.Join(dir, "a.png"), pngOf(t, squares()))
	b := putFile(t, filepath.Join(dir, "sub", "a.png"), pngOf(t, squares()))
	other := putFile(t, filepath.Join(dir, "other.safetensors"), []byte("not weights"))
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.Mkdir(empty, 0o755))
	out := filepath.Join(dir, "out")
	for says, args := range map[string][]string{
		"name the pictures to enlarge":                        {"-o", out},
		"-o is missing":                                       {a},
		"no such file":                                        {filepath.Join(dir, "none.png"), "-o", out + ".png"},
		"there are no pictures in":                            {empty, "-o", out},
		"it has no extension that names a format":             {a, "-o", out},
		".tiff cannot be written":                             {a, "-o", out + ".tiff"},
		"is a file: -o must be a folder":                      {a, b, "-o", model},
		"would both become":                                   {a, b, "-o", out},
		"standard output takes one picture":                   {a, b, "-o", "-"},
		"standard input needs a name":                         {"-", "-o", out + "/"},
		"--scale is 5: nearest.safetensors enlarges 4 times":  {a, "-o", out + ".png", "--scale", "5"},
		"--scale is 0.5: it must be from 1":                   {a, "-o", out + ".png", "--scale", "0.5"},
		"--scale is NaN":                                      {a, "-o", out + ".png", "--scale", "NaN"},
		`--scale is "big": it must be a number`:               {a, "-o", out + ".png", "--scale", "big"},
		"--tile is 3: it must be at least 16":                 {a, "-o", out + ".png", "--tile", "3"},
		`--format is "bmp": it must be png, jpg, gif or webp`: {a, "-o", out + "/", "--format", "bmp"},
		"is a PNG, --format says JPEG":                        {a, "-o", out + ".png", "--format", "jpg"},
		`there is no model "nope"`:                            {a, "-o", out + ".png", "--model", "nope"},
		"not a run directory":                                 {a, "-o", out + ".png", "--model", empty},
		"other.safetensors":                                   {a, "-o", out + ".png", "--model", other},
		"not a directory":                                     {a, "-o", a + "/out.png"},
	} {
		t.Run(says, func(t *testing.T) {
			if !strings.Contains(strings.Join(args, " "), "--model") {
				args = append(args, "--model", model)
			}
			status, stdout, stderr := moelab(t, slices.Concat([]string{"upscale"}, quick, args)...)
			assert.Equal(t, statusUsage, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, says)
			assert.True(t, strings.HasPrefix(stderr, "moelab: "), stderr)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			assert.NoDirExists(t, out)
		})
	}
}

func TestUpscaleStopsWhenInterrupted(t *testing.T) {
	in, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	putFile(t, filepath.Join(in, "a.png"), pngOf(t, squares()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	args := append([]string{"upscale", in, "-o", out, "--model", nearestModel(t)}, quick...)
	assert.Equal(t, statusInterrupted, run(ctx, args, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "interrupted")
	assert.NoFileExists(t, filepath.Join(out, "a.png"))
}

// onDisk runs a command line with a file system of its own at a folder, which a shell command prepares.
func onDisk(t *testing.T, dir, prepare string, args ...string) (status int, output string) {
	t.Helper()
	if err := exec.Command("unshare", "-Urm", "sh", "-c", "mount -t tmpfs none "+dir).Run(); err != nil {
		t.Skip("no file system can be mounted here: ", err)
	}
	program, err := os.Executable()
	require.NoError(t, err)
	shell := fmt.Sprintf("mount -t tmpfs -o size=64k none '%s' && %s && exec \"$0\" \"$@\"", dir, prepare)
	command := exec.Command("unshare", append([]string{"-Urm", "sh", "-c", shell, program}, args...)...)
	command.Env = append(os.Environ(), asCommand+"=1")
	said, _ := command.CombinedOutput()
	return command.ProcessState.ExitCode(), string(said)
}

func TestUpscaleToADiskThatIsFullOrReadOnly(t *testing.T) {
	in, out, model := t.TempDir(), t.TempDir(), nearestModel(t)
	putFile(t, filepath.Join(in, "a.png"), pngOf(t, squares()))
	noisy := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := range noisy.Pix {
		noisy.Pix[i] = uint8(i*i*7 + i>>5*13)
	}
	putFile(t, filepath.Join(in, "b.png"), pngOf(t, noisy))
	call := func(in string) []string {
		return append([]string{"upscale", in, "-o", out, "--model", model}, quick...)
	}

	status, said := onDisk(t, out, "head -c 60000 /dev/zero > '"+out+"/fill'", call(in)...)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, said, "b.png: write "+filepath.Join(out, "b.png")+": no space left on device\n")
	assert.Contains(t, said, "of 2 pictures could not be enlarged\n")

	status, said = onDisk(t, out, "mount -o remount,ro '"+out+"'", call(filepath.Join(in, "a.png"))...)
	assert.Equal(t, statusUsage, status)
	assert.Equal(t, fmt.Sprintf("moelab: %s: write %s: read-only file system\n", filepath.Join(in, "a.png"), filepath.Join(out, "a.png")), said)
}
