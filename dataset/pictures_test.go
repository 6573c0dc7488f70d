package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// file is a file in a folder or an archive.
type file struct {
	name string
	data []byte
}

// varied returns pictures of all kinds in folders, and files that are not pictures.
func varied(t testing.TB) []file {
	files := []file{
		{"notes.txt", []byte("x")},
		{"a/.hidden.png", []byte("x")},
		{"a.png", pngBytes(t, plain(9, color.RGBA{9, 0, 0, 255}))},
		{"a/deep/er/b.png", pngBytes(t, plain(11, color.RGBA{0, 9, 0, 255}))},
	}
	for _, name := range []string{
		"tall.png", "alpha.png", "exif6.jpg", "exif8.webp", "animated.gif", "cmyk.jpg", "rgb16.png", "lzw.tiff",
	} {
		files = append(files, file{"a/" + name, imagingtest.Still(t, name)})
	}
	whole := imagingtest.Still(t, "plain.jpg")
	return append(
		files, file{"a/cut.jpg", whole[:len(whole)/2]}, file{"b/huge.png", imagingtest.HugePNG(60000)},
		file{"b/empty.png", nil},
	)
}

// zipped, tarred and gzipped pack files, not in the order of their names.
func zipped(t testing.TB, files []file) []byte {
	var data bytes.Buffer
	archive := zip.NewWriter(&data)
	for _, f := range slices.Backward(files) {
		method := []uint16{zip.Store, zip.Deflate}[len(f.data)%2]
		out, err := archive.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		require.NoError(t, err)
		_, err = out.Write(f.data)
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	return data.Bytes()
}

func tarred(t testing.TB, files []file) []byte {
	var data bytes.Buffer
	archive := tar.NewWriter(&data)
	for _, f := range slices.Backward(files) {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.data))}))
		_, err := archive.Write(f.data)
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	return data.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	var packed bytes.Buffer
	out := gzip.NewWriter(&packed)
	_, err := out.Write(data)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	return packed.Bytes()
}

// onDisk writes an archive to a file of its own.
func onDisk(t testing.TB, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	write(t, path, data)
	return path
}

// packed returns the same files as a folder and as every kind of archive. The archives' names are meaningless or
// misleading.
func packed(t testing.TB, files []file) []string {
	folder := t.TempDir()
	for _, f := range files {
		write(t, filepath.Join(folder, f.name), f.data)
	}
	return []string{
		folder,
		onDisk(t, "pictures.zip", zipped(t, files)),
		onDisk(t, "pictures", tarred(t, files)),
		onDisk(t, "pictures.zip", gzipped(t, tarred(t, files))),
	}
}

func TestAFolderAndItsArchivesGiveTheSamePictures(t *testing.T) {
	files := varied(t) // Before the cache directory changes.
	cache := noCache(t)
	var first []*image.RGBA
	for _, path := range packed(t, files) {
		for _, again := range []string{"", " again"} {
			last := 0
			pictures, report, err := OpenPictures(
				t.Context(), path, PicturesOptions{Progress: func(done, total int) { last = done }},
			)
			require.NoError(t, err, path+again)
			require.Equal(t, 10, pictures.Len())
			require.Equal(t, 10, report.Total)
			assert.GreaterOrEqual(t, last, 12)

			require.Len(t, report.Bad, 3)
			for i, want := range []Bad{
				{"a/cut.jpg", errors.New("cut short")},
				{"b/empty.png", errors.New("zero bytes")},
				{"b/huge.png", errors.New("60000×60000")},
			} {
				assert.Equal(t, filepath.Join(path, want.Path), report.Bad[i].Path)
				assert.ErrorContains(t, report.Bad[i], want.Err.Error())
			}
			assert.True(
				t, strings.HasPrefix(report.String(), "10 pictures\n3 broken pictures left out:\n  "+path), report.String(),
			)

			var all []*image.RGBA
			for i := range pictures.Len() {
				picture, err := pictures.Whole(t.Context(), i)
				require.NoError(t, err)
				require.True(t, picture.Opaque())
				all = append(all, picture)
			}
			assert.Equal(t, filepath.Join(path, "a/deep/er/b.png"), pictures.Name(3))
			assert.Equal(t, filepath.Join(path, "a/exif6.jpg"), pictures.Name(4))
			assert.Equal(t, image.Rect(0, 0, 48, 64), all[4].Rect, "turned upright")
			if first == nil {
				first = all
			}
			assert.Equal(t, first, all, path)
		}
	}
	assert.DirExists(t, filepath.Join(cache, "moelab", "pictures"))
}

func TestOpeningPicturesWritesNothingBesideThem(t *testing.T) {
	files := varied(t)
	noCache(t)
	path := onDisk(t, "p.tar.gz", gzipped(t, tarred(t, files)))
	before := onDisk(t, "other.zip", zipped(t, files))
	for _, path := range []string{path, before} {
		_, _, err := OpenPictures(t.Context(), path, PicturesOptions{})
		require.NoError(t, err)
		beside, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		assert.Len(t, beside, 1)
	}
}

func TestStrictStopsAtABrokenPicture(t *testing.T) {
	files := varied(t)
	noCache(t)
	for _, path := range packed(t, files) {
		_, _, err := OpenPictures(t.Context(), path, PicturesOptions{Strict: true})
		require.ErrorAs(t, err, new(Bad), path)
	}
}

func TestWhatLeadsOutOfAnArchiveIsLeftOut(t *testing.T) {
	noCache(t)
	good := pngBytes(t, plain(8, color.RGBA{200, 0, 0, 255}))
	outside := onDisk(t, "outside.png", good)
	files := []file{
		{
			"good.png",
			good,
		}, {"../up.png", good}, {"a/../../up.png", good}, {"/etc/root.png", good}, {`..\..\windows.png`, good},
		{"a/./b/../c.png", good}, {"nested.zip", zipped(t, []file{{"x.png", good}})}, {"\x83\x5c\x1b[2J.png", good},
	}
	var links bytes.Buffer
	archive := tar.NewWriter(&links)
	for _, h := range []*tar.Header{
		{Name: "good.png", Typeflag: tar.TypeReg, Size: int64(len(good))},
		{Name: "soft.png", Typeflag: tar.TypeSymlink, Linkname: outside},
		{Name: "hard.png", Typeflag: tar.TypeLink, Linkname: outside},
		{Name: "pipe.png", Typeflag: tar.TypeFifo},
		{Name: "device.png", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 5},
		{Name: "folder.png", Typeflag: tar.TypeDir},
	} {
		h.Mode = 0o644
		require.NoError(t, archive.WriteHeader(h))
		if h.Size > 0 {
			_, err := archive.Write(good)
			require.NoError(t, err)
		}
	}
	require.NoError(t, archive.Close())
	var zipLinks bytes.Buffer
	zipArchive := zip.NewWriter(&zipLinks)
	for name, mode := range map[string]fs.FileMode{"good.png": 0o644, "soft.png": 0o777 | fs.ModeSymlink} {
		h := &zip.FileHeader{Name: name}
		h.SetMode(mode)
		out, err := zipArchive.CreateHeader(h)
		require.NoError(t, err)
		_, err = out.Write(good)
		require.NoError(t, err)
	}
	require.NoError(t, zipArchive.Close())

	leadsOut := []string{
		"../up.png: its name leads out",
		"a/../../up.png: its name leads out",
		"/etc/root.png: its name leads out",
		"../../windows.png: its name leads out",
		"nested.zip: an archive in an archive",
	}
	for _, c := range []struct {
		what  string
		data  []byte
		names []string
		says  []string
	}{
		{"zip", zipped(t, files), []string{`\x83/\x1b[2J.png`, "a/c.png", "good.png"}, leadsOut},
		{"tar", tarred(t, files), []string{`\x83/\x1b[2J.png`, "a/c.png", "good.png"}, leadsOut},
		{"tar.gz", gzipped(t, tarred(t, files)), []string{`\x83/\x1b[2J.png`, "a/c.png", "good.png"}, leadsOut},
		{"links", links.Bytes(), []string{"good.png"}, []string{
			"soft.png: a link",
			"hard.png: a link",
			"pipe.png: a link",
			"device.png: a link",
			"folder.png: a link",
		}},
		{"zip links", zipLinks.Bytes(), []string{"good.png"}, []string{"soft.png: a link"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			path := onDisk(t, "evil."+strings.ReplaceAll(c.what, " ", ""), c.data)
			pictures, report, err := OpenPictures(t.Context(), path, PicturesOptions{})
			require.NoError(t, err)
			var names []string
			for i := range pictures.Len() {
				name, err := filepath.Rel(path, pictures.Name(i))
				require.NoError(t, err)
				names = append(names, filepath.ToSlash(name))
			}
			assert.Equal(t, c.names, names)
			require.Len(t, report.Bad, len(c.says), "%v", report)
			for _, says := range c.says {
				assert.True(
					t, slices.ContainsFunc(report.Bad, func(b Bad) bool { return strings.Contains(b.Error(), says) }), "%s in %v",
					says, report,
				)
			}
			assert.NotContains(t, report.String(), "\x1b")
		})
	}
}

// zeros returns n bytes that compress well.
func zeros(n int) []byte { return make([]byte, n) }

func TestBombsAreRefusedBeforeTheyGoOff(t *testing.T) {
	noCache(t)
	good := file{"good.png", pngBytes(t, plain(8, color.RGBA{200, 0, 0, 255}))}
	bounds := limits{members: 20, member: 1 << 20, kept: 3 << 20, unpacked: 8 << 20}
	many := make([]file, 21)
	for i := range many {
		many[i] = file{fmt.Sprintf("%d.txt", i), nil}
	}
	filling := []file{good}
	for i := range 4 {
		filling = append(filling, file{fmt.Sprintf("%d.png", i), zeros(1 << 20)})
	}

	// A header with too small a size: 9 bytes instead of 1 MiB.
	lying := zipped(t, []file{{"lie.png", append([]byte("BM"), zeros(1<<20-1)...)}, good})
	size := []byte{1, 0, 16, 0}
	require.Equal(t, 2, bytes.Count(lying, size)) // In the data descriptor and in the central directory.
	lying = bytes.ReplaceAll(lying, size, []byte{9, 0, 0, 0})

	// Two members whose directory entries both point to the first and so claim more than the file has.
	overlapping := zipped(t, []file{{"1.png", randomBytes(5000, 0)}, {"2.png", randomBytes(5001, 0)}})
	for _, length := range []uint16{5000, 5001} {
		from, to := []byte{byte(length), byte(length >> 8), 0, 0}, []byte{byte(length), byte(length >> 8), 1, 0}
		overlapping = bytes.ReplaceAll(overlapping, from, to)
	}

	var sparse bytes.Buffer
	archive := tar.NewWriter(&sparse)
	require.NoError(t, archive.WriteHeader(&tar.Header{Name: "sparse.png", Mode: 0o644, Size: 1 << 19}))
	_, err := archive.Write(zeros(1 << 19))
	require.NoError(t, err)
	require.NoError(t, archive.WriteHeader(&tar.Header{Name: good.name, Mode: 0o644, Size: int64(len(good.data))}))
	_, err = archive.Write(good.data)
	require.NoError(t, err)
	require.NoError(t, archive.Close())

	large := []file{{"x.png", zeros(1<<20 + 1)}, good}
	for _, c := range []struct {
		what  string
		data  []byte
		says  string // The error of the whole archive, or of a member.
		whole bool
	}{
		{
			"a large member of a zip", zipped(t, large),
			"its header says 1048577 bytes: more than the 1 MiB", false,
		},
		{"a large member of a tar", tarred(t, large), "its header says 1048577 bytes", false},
		{"a large member of a tar.gz", gzipped(t, tarred(t, large)), "its header says 1048577 bytes", false},
		{"a zip's member that says too little", lying, "damaged here", false},
		{"zeros", sparse.Bytes(), "not a picture that can be read", false},
		{"too many members of a zip", zipped(t, many), "more than the 20 members", true},
		{"too many members of a tar", tarred(t, many), "more than the 20 members", true},
		{"too many members of a tar.gz", gzipped(t, tarred(t, many)), "more than the 20 members", true},
		{
			"pictures that fill the disk", gzipped(t, tarred(t, filling)),
			"more than the 3 MiB that those of a .tar.gz may: unpack it", true,
		},
		{
			"a tar.gz that expands", gzipped(t, tarred(t, []file{{"x.bin", zeros(9 << 20)}, good})),
			"it expands to more than may be read", true,
		},
		{"members that overlap", overlapping, "they overlap", true},
		{"a bomb in a bomb", zipped(t, []file{{"inner.zip", zipped(t, filling)}, good}), "an archive in an archive", false},
	} {
		t.Run(c.what, func(t *testing.T) {
			path := onDisk(t, "bomb", c.data)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			found, bad, err := listArchive(t.Context(), path, bounds)
			runtime.ReadMemStats(&after)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(12<<20))
			if c.whole {
				require.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			for _, f := range found {
				if _, err := f.decode(); err != nil {
					bad = append(bad, Bad{f.name(), err})
				}
			}
			require.Len(t, bad, 1)
			assert.ErrorContains(t, bad[0], c.says)
		})
	}
}

func randomBytes(n int, seed byte) []byte {
	data := make([]byte, n)
	_, _ = io.ReadFull(rand.NewChaCha8([32]byte{seed}), data)
	return data
}

func TestDamagedArchivesGiveWhatIsWhole(t *testing.T) {
	noCache(t)
	var files []file
	for i := range 9 {
		picture := image.NewRGBA(image.Rect(0, 0, 40, 40))
		copy(picture.Pix, randomBytes(len(picture.Pix), byte(i)))
		for at := 3; at < len(picture.Pix); at += 4 {
			picture.Pix[at] = 255
		}
		files = append(files, file{fmt.Sprintf("%d.png", i), pngBytes(t, picture)})
	}
	whole := tarred(t, files)
	for what, data := range map[string][]byte{
		"tar":    whole[:len(whole)/2],
		"tar.gz": gzipped(t, whole)[:len(whole)/2],
	} {
		pictures, report, err := OpenPictures(t.Context(), onDisk(t, "cut", data), PicturesOptions{})
		require.NoError(t, err, what)
		assert.InDelta(t, 4, pictures.Len(), 1, what)
		require.NotEmpty(t, report.Bad)
		assert.Regexp(t, `cut: the archive is cut short after \d members; what lies before that counts, for the rest `+
			`copy it again`, report.String(), what)
	}

	zip := zipped(t, files)
	_, _, err := OpenPictures(t.Context(), onDisk(t, "cut.zip", zip[:len(zip)/2]), PicturesOptions{})
	require.ErrorContains(t, err, "it is cut short or damaged")
	zip[200] ^= 0xff
	pictures, report, err := OpenPictures(t.Context(), onDisk(t, "damaged.zip", zip), PicturesOptions{})
	require.NoError(t, err)
	assert.Equal(t, 8, pictures.Len())
	require.Len(t, report.Bad, 1)
	assert.ErrorContains(t, report.Bad[0], "the archive is damaged here")
}

func TestDamagedArchivesDoNotPanic(t *testing.T) {
	noCache(t)
	files := []file{{"1.png", pngBytes(t, plain(8, color.RGBA{200, 0, 0, 255}))}, {"2.gif", []byte("GIF89a")}}
	for _, whole := range [][]byte{zipped(t, files), tarred(t, files), gzipped(t, tarred(t, files))} {
		for at := 0; at < len(whole); at += 1 + len(whole)/150 {
			damaged := bytes.Clone(whole)
			damaged[at] ^= 0x5a
			found, _, err := listArchive(t.Context(), onDisk(t, "x.tar", damaged), archiveLimits)
			if err != nil {
				continue
			}
			for _, f := range found {
				_, _ = f.decode()
			}
		}
	}
}

func TestWhatHoldsNoPicturesIsRefused(t *testing.T) {
	noCache(t)
	encrypted := zipped(t, []file{{"x.png", []byte("secret")}})
	for _, header := range []string{"PK\x03\x04", "PK\x01\x02"} { // The offset of the flags.
		at := bytes.Index(encrypted, []byte(header)) + map[string]int{"PK\x03\x04": 6, "PK\x01\x02": 8}[header]
		encrypted[at] |= 1
	}
	missing := filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct{ path, says string }{
		{missing, "no such file"},
		{t.TempDir(), "there are no pictures in it"},
		{onDisk(t, "x.zip", zipped(t, nil)), "there are no pictures in it"},
		{onDisk(t, "x.zip", encrypted), "none of 1 picture can be read; the first is"},
		{onDisk(t, "x.zip", encrypted), "it is encrypted"},
		{
			onDisk(t, "x.rar", []byte("Rar!\x1a\x07")),
			"neither a folder nor an archive that can be read (.zip, .tar, .tar.gz): unpack it",
		},
		{onDisk(t, "x.zip", nil), "zero bytes"},
		{onDisk(t, "x.tar.gz", gzipped(t, []byte("no tar"))), "the archive is cut short after 0 members"},
	} {
		_, _, err := OpenPictures(t.Context(), c.path, PicturesOptions{})
		require.ErrorContains(t, err, c.says)
		assert.ErrorContains(t, err, "cannot open the pictures of "+c.path)
	}
}

func TestOpeningPicturesStopsWithTheContext(t *testing.T) {
	files := varied(t)
	noCache(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range packed(t, files) {
		_, _, err := OpenPictures(ctx, path, PicturesOptions{})
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestCachedPicturesAreReadOnce(t *testing.T) {
	reads := map[int]int{}
	source := countingPictures{reads}
	pictures := CachedPictures(source, 2*64*64*4)
	for range 3 {
		for i := range 3 {
			picture, err := pictures.Whole(t.Context(), i)
			require.NoError(t, err)
			assert.Equal(t, uint8(i), picture.Pix[0])
		}
	}
	assert.Equal(t, map[int]int{0: 1, 1: 1, 2: 3}, reads, "there is room for two")
}

type countingPictures struct{ reads map[int]int }

func (c countingPictures) Len() int        { return 3 }
func (c countingPictures) Name(int) string { return "" }
func (c countingPictures) Whole(_ context.Context, i int) (*image.RGBA, error) {
	c.reads[i]++
	picture := image.NewRGBA(image.Rect(0, 0, 64, 64))
	picture.Pix[0] = uint8(i)
	return picture, nil
}

func TestReadPictureNamesWhatItCannotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "half.png")
	half := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	half.SetNRGBA(1, 1, color.NRGBA{255, 0, 0, 255})
	require.NoError(t, imaging.SavePNG(path, half))
	read, err := ReadPicture(path)
	require.NoError(t, err)
	assert.Equal(t, image.Rect(0, 0, 3, 2), read.Rect)
	assert.Equal(t, color.RGBA{255, 0, 0, 255}, read.RGBAAt(1, 1))
	assert.Equal(t, color.RGBA{255, 255, 255, 255}, read.RGBAAt(0, 0), "transparent pixels lie on white")
	write(t, path, []byte("no picture"))
	_, err = ReadPicture(path)
	assert.ErrorContains(t, err, "read the picture "+path)
}
