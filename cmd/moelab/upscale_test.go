package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color/palette"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/moelab/moelab/internal/weights/weightstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quick makes the small networks of these tests start at once: GoMLX's own backend compiles nothing.
var quick = []string{"--backend", "go:ops_sequential"}

// results are the files of a folder, without the journal.
func results(t *testing.T, dir string) map[string]string {
	t.Helper()
	made := files(t, dir)
	delete(made, ".upscaled.jsonl")
	return made
}

func TestUpscaleAFolderIsMirroredAndGoesOn(t *testing.T) {
	dir, model := t.TempDir(), weightstest.NearestRRDB(t)
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "in", "large")
	for _, name := range []string{"a.png", "b.jpg", "b.webp.png", "deep/er/c.PNG", "b.png", ".hidden.png", "notes.txt"} {
		// They are PNGs despite their names.
		imagingtest.PutFile(t, filepath.Join(in, name), imagingtest.PNG(t, imagingtest.Squares()))
	}
	imagingtest.PutFile(t, filepath.Join(in, "d.gif"), imagingtest.Animation(t))
	args := append([]string{"upscale", in, "-o", out, "--model", model}, quick...)
	assert.Contains(t, succeed(t, args...), "6 pictures enlarged by nearest.safetensors\n")
	names := []string{"a.png", "b.jpg.png", "b.webp.png", "b.png.png", "deep/er/c.png", "d.gif"}
	made := results(t, out)
	for _, name := range names {
		assert.Contains(t, made, name)
	}
	assert.Len(t, made, len(names))

	const nothing = "there was nothing to do: 6 pictures enlarged already (--force makes them again)\n"
	assert.Contains(t, succeed(t, args...), nothing)
	require.NoError(t, os.Remove(filepath.Join(out, "a.png")))
	assert.Contains(t, succeed(t, args...), "1 picture enlarged by nearest.safetensors; 5 were there already")
	assert.Equal(t, made, results(t, out))
	assert.Contains(t, succeed(t, append(args, "--scale", "2")...), "6 pictures enlarged", "to another scale")
	assert.NotEqual(t, made, results(t, out))
	assert.Contains(t, succeed(t, append(args, "--force")...), "6 pictures enlarged")
}

func TestUpscaleGoesOnAfterBadPictures(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	whole := imagingtest.PNG(t, imagingtest.Squares())
	huge := bytes.Clone(whole)
	copy(huge[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65536×65536; the checksum is wrong now.
	// The image of a GIF.
	const pixel = ",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02L\x01\x00;"
	bad := map[string]struct {
		data []byte
		says string
	}{
		"cut.png":   {whole[:len(whole)-30], "the file is cut short"},
		"cut.gif":   {imagingtest.Animation(t)[:900], "the file is cut short"},
		"empty.png": {nil, "the file is empty"},
		"page.jpg":  {[]byte("<html>"), "not a picture that can be read"},
		"lying.png": {huge, "checksum"},
		"large.gif": {[]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00" + pixel),
			"65535×65535 pixels: more than the 100 million"},
		"wide.gif": {[]byte("GIF89a\x10\x27\x28\x23\x80\x00\x00ABCDEF" + pixel),
			"it would be 40000×36000 pixels, and the network would make 1440 million: more than 400 million are too many"},
	}
	for name, b := range bad {
		imagingtest.PutFile(t, filepath.Join(in, name), b.data)
	}
	imagingtest.PutFile(t, filepath.Join(in, "a.png"), whole)
	single := imagingtest.PNG(t, image.NewPaletted(image.Rect(0, 0, 1, 1), palette.Plan9))
	imagingtest.PutFile(t, filepath.Join(in, "z.png"), single)
	require.NoError(t, os.Symlink("nowhere", filepath.Join(in, "link.png")))

	args := []string{"upscale", in, "-o", out, "--model", weightstest.NearestRRDB(t)}
	status, _, stderr := moelab(t, append(args, quick...)...)
	assert.Equal(t, statusFailed, status)
	for name, b := range bad { // A wrong picture alone is a wrong argument, as for the other commands.
		status, _, said := moelab(t, slices.Concat([]string{"upscale", filepath.Join(in, name)}, args[2:], quick)...)
		assert.Equal(t, statusUsage, status, name)
		assert.Contains(t, said, b.says)
	}
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	require.Len(t, lines, len(bad)+2, stderr)
	for name, b := range bad {
		assert.Regexp(t, "(?m)^moelab: "+filepath.Join(in, name)+": .*"+b.says, stderr)
	}
	assert.Contains(t, stderr, "link.png: no such file")
	summary := fmt.Sprintf("moelab: %d of %d pictures could not be enlarged; 2 were enlarged, 0 were there already",
		len(bad)+1, len(bad)+3)
	assert.Equal(t, summary, lines[len(lines)-1])
	made := results(t, out)
	assert.Len(t, made, 2, "%v", made)
	assert.Contains(t, made, "a.png")
	assert.Contains(t, made, "z.png")
}

func TestUpscaleNeverOverwritesItsInput(t *testing.T) {
	dir, model := t.TempDir(), weightstest.NearestRRDB(t)
	a := imagingtest.PutFile(t, filepath.Join(dir, "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	b := imagingtest.PutFile(t, filepath.Join(dir, "b.jpg"), imagingtest.PNG(t, imagingtest.Squares()))
	link, hard := filepath.Join(dir, "link.png"), filepath.Join(dir, "hard.png")
	require.NoError(t, os.Symlink(a, link))
	require.NoError(t, os.Link(a, hard))
	require.NoError(t, os.Symlink(b, filepath.Join(dir, "b.png")))
	before := files(t, dir)
	for _, args := range [][]string{
		{a, "-o", a}, {a, "-o", dir + "/./a.png"}, {a, "-o", link}, {link, "-o", a}, {a, "-o", hard}, {a, "-o", dir},
		{a, b, "-o", dir}, {b, "-o", dir}, {dir, "-o", dir}, {dir, "-o", dir + "/."},
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
	command.SetArgs(append([]string{"upscale", "-", "-o", "-", "--model", weightstest.NearestRRDB(t)}, quick...))
	command.SetIn(bytes.NewReader(imagingtest.PNG(t, imagingtest.Squares())))
	command.SetOut(&stdout)
	command.SetErr(&stderr)
	require.NoError(t, command.ExecuteContext(t.Context()))
	assert.Empty(t, stderr.String())
	large, err := png.Decode(&stdout)
	require.NoError(t, err)
	imagingtest.AssertBlocks(t, imagingtest.Squares(), large, 1)

	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	in := imagingtest.PutFile(t, filepath.Join(t.TempDir(), "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	args := append([]string{"upscale", in, "-o", "-", "--model", weightstest.NearestRRDB(t)}, quick...)
	assert.Equal(t, statusFailed, run(t.Context(), args, full, &stderr))
	assert.Contains(t, stderr.String(), "write standard output: no space left on device")
}

func TestWrongCallsOfUpscale(t *testing.T) {
	dir, model := t.TempDir(), weightstest.NearestRRDB(t)
	a := imagingtest.PutFile(t, filepath.Join(dir, "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	b := imagingtest.PutFile(t, filepath.Join(dir, "sub", "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	other := imagingtest.PutFile(t, filepath.Join(dir, "other.safetensors"), []byte("not weights"))
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.Mkdir(empty, 0o755))
	out := filepath.Join(dir, "out")
	for says, args := range map[string][]string{
		"name the pictures to enlarge":                              {"-o", out},
		"-o is missing":                                             {a},
		"no such file":                                              {filepath.Join(dir, "none.png"), "-o", out + ".png"},
		"there are no pictures in":                                  {empty, "-o", out},
		"it has no extension that names a format":                   {a, "-o", out},
		".tiff cannot be written":                                   {a, "-o", out + ".tiff"},
		"is a file: several pictures need a folder":                 {a, b, "-o", model},
		"would both become":                                         {a, b, "-o", out},
		"standard output takes one picture":                         {a, b, "-o", "-"},
		"standard input needs a name":                               {"-", "-o", out + "/"},
		"the scale is 5: nearest.safetensors enlarges 1 to 4 times": {a, "-o", out + ".png", "--scale", "5"},
		"--scale is 0.5: it must be from 1":                         {a, "-o", out + ".png", "--scale", "0.5"},
		"--scale is NaN":                                            {a, "-o", out + ".png", "--scale", "NaN"},
		`--scale is "big": it must be a number`:                     {a, "-o", out + ".png", "--scale", "big"},
		"--tile is 3: it must be at least 16":                       {a, "-o", out + ".png", "--tile", "3"},
		`the format is "bmp": it must be png, jpg, gif or webp`:     {a, "-o", out + "/", "--format", "bmp"},
		"is a PNG, not the requested JPEG":                          {a, "-o", out + ".png", "--format", "jpg"},
		`there is no model "nope"`:                                  {a, "-o", out + ".png", "--model", "nope"},
		"not a run directory":                                       {a, "-o", out + ".png", "--model", empty},
		"other.safetensors":                                         {a, "-o", out + ".png", "--model", other},
		"not a directory":                                           {a, "-o", a + "/out.png"},
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
	imagingtest.PutFile(t, filepath.Join(in, "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	args := append([]string{"upscale", in, "-o", out, "--model", weightstest.NearestRRDB(t)}, quick...)
	assert.Equal(t, statusInterrupted, run(ctx, args, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "interrupted")
	assert.NoFileExists(t, filepath.Join(out, "a.png"))
}

// onDisk runs a command line with its own file system mounted at a folder, which a shell command prepares.
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
	in, out, model := t.TempDir(), t.TempDir(), weightstest.NearestRRDB(t)
	imagingtest.PutFile(t, filepath.Join(in, "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	noisy := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := range noisy.Pix {
		noisy.Pix[i] = uint8(i*i*7 + i>>5*13)
	}
	imagingtest.PutFile(t, filepath.Join(in, "b.png"), imagingtest.PNG(t, noisy))
	call := func(in string) []string {
		return append([]string{"upscale", in, "-o", out, "--model", model}, quick...)
	}

	status, said := onDisk(t, out, "head -c 56000 /dev/zero > '"+out+"/fill'", call(in)...)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, said, "b.png: write "+filepath.Join(out, "b.png")+": no space left on device\n")
	assert.Contains(t, said, "of 2 pictures could not be enlarged; 1 were enlarged, 0 were there already\n")

	status, said = onDisk(t, out, "mount -o remount,ro '"+out+"'", call(filepath.Join(in, "a.png"))...)
	assert.Equal(t, statusUsage, status)
	from, to := filepath.Join(in, "a.png"), filepath.Join(out, "a.png")
	assert.Equal(t, fmt.Sprintf("moelab: %s: write %s: read-only file system\n", from, to), said)
}
