package dataset

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plain is a picture of one shade with a dark corner.
func plain(side int, shade color.RGBA) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			if x+y < side/2 {
				picture.SetRGBA(x, y, color.RGBA{10, 20, 30, 255})
			} else {
				picture.SetRGBA(x, y, shade)
			}
		}
	}
	return picture
}

func pngBytes(t testing.TB, picture image.Image) []byte {
	var data bytes.Buffer
	require.NoError(t, png.Encode(&data, picture))
	return data.Bytes()
}

func jpegBytes(t testing.TB, picture image.Image) []byte {
	var data bytes.Buffer
	require.NoError(t, jpeg.Encode(&data, picture, &jpeg.Options{Quality: 90}))
	return data.Bytes()
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, data, 0o644))
}

// noCache gives a test a cache directory of its own.
func noCache(t testing.TB) string {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("HOME", dir)
	return dir
}

// thousand makes 1000 files in three classes: 900 plain pictures, 50 readable ones of unusual kinds, and 50 unreadable
// ones. It returns the expected error of each of the latter, by path.
func thousand(t testing.TB, dir string) map[string]string {
	classes := []string{"blue", "green", "red"}
	next := 0
	add := func(ext string, data []byte) string {
		path := filepath.Join(dir, classes[next%3], fmt.Sprintf("%04d%s", next, ext))
		next++
		write(t, path, data)
		return path
	}
	for i := range 900 {
		picture := plain(24+i%7, color.RGBA{uint8(i), uint8(3 * i), uint8(7 * i), 255})
		if i%2 == 0 {
			add(".png", pngBytes(t, picture))
		} else {
			add(".JPG", jpegBytes(t, picture))
		}
	}
	for range 5 {
		for _, name := range []string{"cmyk.jpg", "ycck.jpg", "rgb16.png", "grey16.png", "animated.gif", "animated.png",
			"animated.webp", "alpha.png", "exif6.jpg", "exif8.webp"} {
			add(filepath.Ext(name), imagingtest.Still(t, name))
		}
	}
	wholePNG, wholeJPEG := imagingtest.Still(t, "plain.png"), imagingtest.Still(t, "plain.jpg")
	wrong := map[string]string{}
	for range 10 {
		wrong[add(".png", wholePNG[:len(wholePNG)/2])] = "cut short"
		wrong[add(".jpg", wholeJPEG[:len(wholeJPEG)*2/3])] = "cut short"
		wrong[add(".png", []byte("<html>404 not found</html>"))] = "not a picture that can be read"
		wrong[add(".jpeg", nil)] = "zero bytes"
		wrong[add(".png", imagingtest.HugePNG(60000))] = "60000×60000 pixels: more than the 100 million"
	}
	require.Equal(t, 1000, next)
	return wrong
}

func TestOfAThousandFilesTheBrokenOnesAreNamedAndLeftOut(t *testing.T) {
	require.DirExists(t, imagingtest.Stills(t)) // Before the cache directory changes.
	cache := noCache(t)
	dir := t.TempDir()
	wrong := thousand(t, dir)

	last := 0
	progress := func(done, total int) {
		assert.Equal(t, last+1, done)
		assert.Equal(t, 1000, total)
		last = done
	}
	began := time.Now()
	set, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours(), Progress: progress})
	require.NoError(t, err)
	first := time.Since(began)
	assert.Equal(t, 1000, last)
	assert.Equal(t, 950, set.Len())
	assert.Equal(t, HairColours(), Classes(set))
	require.Len(t, report.Bad, 50)
	for _, bad := range report.Bad {
		require.Contains(t, wrong, bad.Path)
		assert.ErrorContains(t, bad, wrong[bad.Path])
		assert.ErrorContains(t, bad, bad.Path)
	}
	assert.Contains(t, report.String(), "950 pictures: blonde 0, ")
	assert.Contains(t, report.String(), "50 broken pictures left out:")
	assert.Contains(t, report.String(), "… and 40 more")

	for i := range set.Len() {
		picture, err := set.Picture(t.Context(), i, 16)
		require.NoError(t, err)
		require.True(t, picture.Opaque())
	}

	again := time.Now()
	_, secondReport, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours()})
	require.NoError(t, err)
	t.Logf("opened in %v, a second time in %v", first, time.Since(again))
	assert.Equal(t, report.String(), secondReport.String())
	assert.DirExists(t, filepath.Join(cache, "moelab", "pictures"))

	_, _, err = OpenFolder(t.Context(), dir, FolderOptions{Strict: true})
	require.Error(t, err)
	var bad Bad
	require.ErrorAs(t, err, &bad)
	assert.Contains(t, wrong, bad.Path)
}

// small makes a folder of readable pictures with the given paths.
func small(t testing.TB, names ...string) string {
	noCache(t)
	dir := t.TempDir()
	data := pngBytes(t, plain(8, color.RGBA{200, 0, 0, 255}))
	for _, name := range names {
		write(t, filepath.Join(dir, name), data)
	}
	return dir
}

func TestFoldersThatCannotBeTrainedOnAreRefused(t *testing.T) {
	labels := func(text string) map[string]string { return map[string]string{"labels.csv": text} }
	for _, c := range []struct {
		name  string
		files []string
		extra map[string]string
		says  string
	}{
		{name: "empty", says: "there are no pictures in it: put them at "},
		{name: "no pictures", extra: map[string]string{"blue/notes.txt": "x"}, says: "there are no pictures in it"},
		{
			name:  "one class",
			files: []string{"blue/1.png", "blue/2.png"},
			says:  `all readable pictures are of one class, "blue"`,
		},
		{
			name:  "loose",
			files: []string{"1.png", "2.png"},
			says:  "it has 2 pictures but no folders named after classes",
		},
		{
			name:  "unknown",
			files: []string{"azure/1.png"},
			says:  "its folders (azure) are none of the classes (blonde, ",
		},
		{
			name:  "unreadable",
			extra: map[string]string{"blue/1.png": "text", "red/2.png": ""},
			says:  "none of 2 pictures can be read",
		},
		{name: "labels empty", extra: labels(""), says: "labels.csv: it is empty"},
		{
			name:  "labels header",
			extra: labels("path,hair\n"),
			says:  "its columns are path, hair: it needs file and colour",
		},
		{name: "labels none", extra: labels("file,colour\n"), says: "it lists no pictures"},
		{name: "labels missing", extra: labels("file,colour\na.png,blue\n"), says: "a.png: no such file"},
		{
			name:  "labels unknown",
			files: []string{"a.png"},
			extra: labels("file,colour\na.png,azure\n"),
			says:  `line 2: unknown class "azure"; known are blonde, `,
		},
		{
			name:  "labels outside",
			extra: labels("file,colour\n../a.png,blue\n"),
			says:  `line 2: "../a.png" is not in the folder`,
		},
		{
			name:  "labels twice",
			extra: labels("file,colour\na.png,blue\n./a.png,red\n"),
			says:  "none of 1 picture can be read",
		},
		{name: "labels short", extra: labels("file,colour\na.png\n"), says: "line 2 has 1 column: too few"},
		{
			name:  "labels without class",
			extra: labels("file,colour\na.png, \n"),
			says:  "line 2: a.png has no class",
		},
		{name: "labels quotes", extra: labels("file,colour\n\"a.png,blue\n"), says: "labels.csv: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := small(t, c.files...)
			for name, text := range c.extra {
				write(t, filepath.Join(dir, name), []byte(text))
			}
			_, _, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours()})
			require.ErrorContains(t, err, c.says)
			assert.ErrorContains(t, err, dir)
			assert.NotContains(t, err.Error(), "\n")
		})
	}

	_, _, err := OpenFolder(t.Context(), filepath.Join(t.TempDir(), "none"), FolderOptions{})
	assert.ErrorContains(t, err, "no such file or directory")
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	_, _, err = OpenFolder(t.Context(), file, FolderOptions{})
	assert.ErrorContains(t, err, "it is not a folder")
}

func TestClassesAreTheFoldersFoundIfNoneAreKnown(t *testing.T) {
	dir := small(
		t, "dog/1.png", "cat/deep/er/2.png", "cat/3.PNG", ".git/4.png", "cat/._3.png", "cat/.hidden/5.png", "cat/6.txt",
	)
	set, report, err := OpenFolder(t.Context(), dir, FolderOptions{})
	require.NoError(t, err)
	assert.Equal(t, []string{"cat", "dog"}, Classes(set))
	assert.Equal(t, []int{2, 1}, report.PerClass)
	assert.Equal(t, "3 pictures: cat 2, dog 1", report.String())
}

func TestKnownClassesMatchInAnyCaseAndOthersAreNamed(t *testing.T) {
	dir := small(t, "Blue/1.png", "RED/2.png", "teal/3.png")
	set, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: []string{"red", "blue"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"red", "blue"}, Classes(set))
	assert.Equal(t, []int{1, 1}, report.PerClass)
	assert.Equal(t, []string{"teal"}, report.UnknownFolders)
	assert.Contains(t, report.String(), "none of the classes: teal")
}

func TestLabelsComeFromTheCSVWhereThereIsOne(t *testing.T) {
	dir := small(t, "a.png", "in/b.png", "c.png", "not listed.png")
	write(
		t, filepath.Join(dir, "labels.csv"),
		[]byte("\ufeffartist,Colour, file\nx,red,a.png\ny,blue,in/b.png\nz,red,c.png\nz,red,gone.png\n"),
	)
	set, report, err := OpenFolder(t.Context(), dir, FolderOptions{})
	require.NoError(t, err)
	assert.Equal(t, []string{"blue", "red"}, Classes(set))
	assert.Equal(t, []int{1, 2}, report.PerClass)
	assert.Equal(t, 1, report.Unlisted)
	require.Len(t, report.Bad, 1)
	assert.Equal(t, filepath.Join(dir, "gone.png")+": no such file or directory", report.Bad[0].Error())
	assert.Equal(t, []int{1, 0, 1}, []int{set.Label(0, 0), set.Label(1, 0), set.Label(2, 0)})
}

func TestLinksAndOddFilesNeitherHangNorCountTwice(t *testing.T) {
	dir := small(t, "blue/1.png", "red/2.png")
	elsewhere := small(t, "3.png")
	link := func(to, name string) { require.NoError(t, os.Symlink(to, filepath.Join(dir, name))) }
	link(dir, "blue/up")                      // A loop.
	link("..", "green")                       // A class that is its parent folder.
	link("self.png", "red/self.png")          // A link to itself.
	link(elsewhere, "silver")                 // A class elsewhere: allowed.
	link(dir+"/blue/1.png", "red/linked.png") // A picture elsewhere: allowed.
	require.NoError(t, os.Mkdir(filepath.Join(dir, "red", "folder.png"), 0o755))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "red", "pipe.png"), 0o644))

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	set, report, err := OpenFolder(ctx, dir, FolderOptions{})
	require.NoError(t, err)
	assert.Equal(t, []string{"blue", "red", "silver"}, Classes(set))
	assert.Equal(t, []int{1, 2, 1}, report.PerClass)
	var named []string
	for _, bad := range report.Bad {
		named = append(named, strings.TrimPrefix(bad.Error(), dir+"/red/"))
	}
	assert.Equal(t, []string{"pipe.png: not a regular file", "self.png: too many levels of symbolic links"}, named)
}

func TestAFileThatMayNotBeReadIsNamedAndTriedAgainNextTime(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := small(t, "blue/1.png", "red/2.png", "red/3.png")
	locked := filepath.Join(dir, "red", "3.png")
	require.NoError(t, os.Chmod(locked, 0))
	_, report, err := OpenFolder(t.Context(), dir, FolderOptions{})
	require.NoError(t, err)
	require.Len(t, report.Bad, 1)
	assert.Equal(t, locked+": permission denied", report.Bad[0].Error())
	require.NoError(t, os.Chmod(locked, 0o644))
	set, _, err := OpenFolder(t.Context(), dir, FolderOptions{})
	require.NoError(t, err)
	assert.Equal(t, 3, set.Len())
}

func TestAFolderThatMayNotBeReadIsNamedAndTheRestCounts(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := small(t, "blue/1.png", "blue/in/2.png", "red/3.png", "green/4.png")
	for _, name := range []string{"blue/in", "green"} {
		require.NoError(t, os.Chmod(filepath.Join(dir, name), 0))
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, name), 0o755) })
	}
	wrong := func(name string) string {
		return filepath.Join(dir, name) + ": the folder cannot be read: permission denied; allow it, or move it away"
	}
	check := func(what string, want int, report Report, err error) {
		require.NoError(t, err, what)
		assert.Equal(t, want, report.Total, what)
		require.Len(t, report.Bad, 2, what)
		assert.Equal(t, wrong("blue/in"), report.Bad[0].Error(), what)
		assert.Equal(t, wrong("green"), report.Bad[1].Error(), what)
	}
	_, report, err := OpenFolder(t.Context(), dir, FolderOptions{})
	check("folders", 2, report, err)
	_, report, err = OpenPictures(t.Context(), dir, PicturesOptions{})
	check("pictures", 2, report, err)
	_, _, err = OpenFolder(t.Context(), dir, FolderOptions{Strict: true})
	assert.ErrorContains(t, err, wrong("blue/in"))
	_, _, err = OpenPictures(t.Context(), dir, PicturesOptions{Strict: true})
	assert.ErrorContains(t, err, wrong("blue/in"))
	write(t, filepath.Join(dir, labelsFile), []byte("file,colour\nblue/1.png,blue\nred/3.png,red\n"))
	_, report, err = OpenFolder(t.Context(), dir, FolderOptions{})
	check("labels", 2, report, err)
}

func TestNamesWithControlCharactersAreShownEscaped(t *testing.T) {
	dir := small(t, "blue/1.png", "red/2.png", "so\x1b[31mso/1.png")
	write(t, filepath.Join(dir, "red", "a\nb.png"), []byte("no picture"))
	_, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours()})
	require.NoError(t, err)
	assert.Contains(t, report.String(), `/red/a\nb.png": `)
	assert.Contains(t, report.String(), `none of the classes: "so\x1b[31mso"`)
	assert.NotContains(t, report.String(), "\x1b")
}

func TestAFileThatChangedIsCheckedAgain(t *testing.T) {
	dir := small(t, "blue/1.png", "red/2.png", "red/3.png")
	open := func() int {
		set, _, err := OpenFolder(t.Context(), dir, FolderOptions{})
		require.NoError(t, err)
		return set.Len()
	}
	require.Equal(t, 3, open())
	write(t, filepath.Join(dir, "red", "3.png"), []byte("broken"))
	require.Equal(t, 2, open())
	write(t, filepath.Join(dir, "red", "3.png"), pngBytes(t, plain(9, color.RGBA{1, 2, 3, 255})))
	require.Equal(t, 3, open())
}

func TestADamagedIndexIsIgnored(t *testing.T) {
	dir := small(t, "blue/1.png", "red/2.png")
	_, _, err := OpenFolder(t.Context(), dir, FolderOptions{})
	require.NoError(t, err)
	file := openIndex(dir).file
	require.FileExists(t, file)
	for _, text := range []string{"", "null", "{", `{"a": 1}`} {
		write(t, file, []byte(text))
		set, _, err := OpenFolder(t.Context(), dir, FolderOptions{})
		require.NoError(t, err)
		assert.Equal(t, 2, set.Len())
	}
}

func TestOpeningStopsWithTheContext(t *testing.T) {
	dir := small(t, "blue/1.png", "red/2.png", "red/3.png", "red/4.png")
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := OpenFolder(ctx, dir, FolderOptions{Workers: 1, Progress: func(done, _ int) {
		if done == 2 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
}

func TestAPictureDeletedDuringTrainingIsReplaced(t *testing.T) {
	dir := small(t, "blue/1.png", "red/2.png", "red/3.png")
	set, _, err := OpenFolder(t.Context(), dir, FolderOptions{})
	require.NoError(t, err)
	gone := filepath.Join(dir, "red", "2.png")
	require.NoError(t, os.Remove(gone))
	var named []string
	loader, err := NewLoader(
		set, LoaderOptions{Size: 8, Batch: 9, OnBad: func(err error) { named = append(named, err.Error()) }},
	)
	require.NoError(t, err)
	batch, err := loader.Next(t.Context())
	require.NoError(t, err)
	loader.Close()
	assert.Equal(t, []string{gone + ": no such file or directory"}, named)
	assert.ElementsMatch(t, []int32{0, 0, 0, 1, 1, 1, 1, 1, 1}, batch.Labels)
}

func TestACachedSetReadsEachPictureOnceUntilItIsFull(t *testing.T) {
	counting := &countingSet{Set: numbered{n: 10}}
	set := Cached(counting, 4*4*3*6) // Room for six.
	for range 3 {
		for i := range 10 {
			want, err := counting.Set.Picture(t.Context(), i, 4)
			require.NoError(t, err)
			got, err := set.Picture(t.Context(), i, 4)
			require.NoError(t, err)
			require.Equal(t, want, got)
			got.Pix[0]++ // A caller may change its picture.
		}
	}
	assert.Equal(t, 10+4+4, counting.reads)
	assert.Equal(t, 10, set.Len())
}

type countingSet struct {
	Set
	reads int
}

func (c *countingSet) Picture(ctx context.Context, i, size int) (*image.RGBA, error) {
	c.reads++
	return c.Set.Picture(ctx, i, size)
}
