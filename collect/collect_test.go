package collect

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/eyes"
	"github.com/moelab/moelab/internal/imaging"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// paste draws a portrait, size × size pixels, into a scene.
func paste(scene *image.RGBA, index, x, y, size int) portrait.Params {
	params := portrait.At(77, index)
	draw.Draw(scene, image.Rect(x, y, x+size, y+size), params.Draw(size), image.Point{}, draw.Src)
	return params
}

func blank(width, height int) *image.RGBA {
	scene := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(scene, scene.Rect, image.White, image.Point{}, draw.Src)
	return scene
}

func save(t *testing.T, picture image.Image, parts ...string) {
	t.Helper()
	path := filepath.Join(parts...)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, imaging.SavePNG(path, picture))
}

// illustrations fills a folder with pictures of 3 + 1 + 1 + 1 faces, one of them there a second time, one of no face,
// and a broken one.
func illustrations(t *testing.T) string {
	dir := t.TempDir()
	many := blank(640, 400)
	paste(many, 0, 10, 90, 200)
	paste(many, 1, 220, 30, 260)
	paste(many, 2, 490, 150, 140)
	save(t, many, dir, "many.png")

	for i, size := range []int{300, 160, 220} {
		scene := blank(400, 400)
		paste(scene, 3+i, 40, 60, size)
		save(t, scene, dir, fmt.Sprintf("one_%d.png", i))
	}
	again := blank(400, 400)
	paste(again, 3, 40, 60, 300)
	smaller := imaging.Bicubic(again, 300, 300)
	file, err := os.Create(filepath.Join(dir, "one_again.jpg"))
	require.NoError(t, err)
	require.NoError(t, jpeg.Encode(file, smaller, &jpeg.Options{Quality: 80}))
	require.NoError(t, file.Close())

	save(t, blank(200, 300), dir, "nobody.png")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.png"), []byte("no picture"), 0o644))
	return dir
}

func newFinder(t *testing.T) *eyes.Finder {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{Quick: true})
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	finder, err := eyes.OpenShipped(backend)
	require.NoError(t, err)
	t.Cleanup(finder.Close)
	return finder
}

// labels reads what of a dataset training reads: the colours by file.
func labels(t *testing.T, dir string) map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, labelsFile))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	all := map[string]string{}
	for _, row := range rows[1:] {
		all[row[0]] = row[1]
	}
	return all
}

func TestImportFindsFacesAndTheirColours(t *testing.T) {
	dir, out := illustrations(t), filepath.Join(t.TempDir(), "out")
	finder := newFinder(t)
	report, err := Import(t.Context(), finder, dir, out, Options{Size: 64})
	require.NoError(t, err)

	want := map[string]int{}
	for i := range 6 {
		want[portrait.At(77, i).Colour.String()]++
	}
	got := map[string]int{}
	for file, colour := range labels(t, out) {
		got[colour]++
		assert.True(t, strings.HasPrefix(file, colour+"/"))
		picture, err := dataset.ReadPicture(filepath.Join(out, file))
		require.NoError(t, err)
		assert.Equal(t, image.Rect(0, 0, 64, 64), picture.Rect)
	}
	assert.Equal(t, want, got)
	require.Len(t, report.Bad, 1)
	assert.Equal(t, filepath.Join(dir, "broken.png"), report.Bad[0].Path)
	assert.Contains(t, report.String(), "\n6 of 7 pictures could be read\nbroken: "+filepath.Join(dir, "broken.png"))
	left := map[string]string{}
	for _, l := range report.LeftOut() {
		left[l.Why] = strings.Join(l.Names, "; ")
	}
	assert.Equal(t, map[string]string{
		"no face found": "nobody.png", "a duplicate": "one_again.jpg (looks like one of one_0.png)",
	}, left)

	set, opened, err := dataset.OpenFolder(t.Context(), out, dataset.FolderOptions{Classes: dataset.HairColours()})
	require.NoError(t, err, "training reads it")
	assert.Equal(t, 6, set.Len())
	assert.Zero(t, opened.Unlisted)
	page, err := os.ReadFile(filepath.Join(out, pageFile))
	require.NoError(t, err)
	for file := range labels(t, out) {
		assert.Contains(t, string(page), `src="`+file+`"`)
	}

	t.Run("the eyes lie where drawn portraits have them", func(t *testing.T) {
		for _, picture := range report.Pictures {
			if picture.Name != "one_0.png" {
				continue
			}
			box := picture.Faces[0].Box // The portrait lies at (40, 60), 300 pixels wide.
			for side, want := range []int{40, 60, 340, 360} {
				assert.InDelta(t, want, box[side], 30)
			}
		}
	})

	t.Run("an import that was interrupted ends as one that was not", func(t *testing.T) {
		again := filepath.Join(t.TempDir(), "again")
		ctx, stop := context.WithCancel(t.Context())
		_, err := Import(ctx, finder, dir, again, Options{Size: 64, Workers: 2, Progress: func(done, _ int) {
			if done == 2 {
				stop()
			}
		}})
		require.ErrorIs(t, err, context.Canceled)
		assert.NoFileExists(t, filepath.Join(again, labelsFile))
		journal, err := os.OpenFile(filepath.Join(again, journalFile), os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = journal.WriteString(`{"name": "cut off`) // As by a crash.
		require.NoError(t, err)
		require.NoError(t, journal.Close())

		calls := 0
		checked := 0
		_, err = Import(t.Context(), finder, dir, again, Options{
			Size:     64,
			Checking: func(done, _ int) { checked = done },
			Progress: func(int, int) {
				assert.Equal(t, 7, checked, "which comes first")
				calls++
			},
		})
		require.NoError(t, err)
		assert.Less(t, calls, 6, "what is done is not done again")
		assert.Equal(t, labels(t, out), labels(t, again))
		for file := range labels(t, out) {
			one, err := os.ReadFile(filepath.Join(out, file))
			require.NoError(t, err)
			other, err := os.ReadFile(filepath.Join(again, file))
			require.NoError(t, err)
			assert.Equal(t, one, other, file)
		}
	})

	t.Run("a second import into the same folder is refused meanwhile", func(t *testing.T) {
		again := filepath.Join(t.TempDir(), "again")
		_, err := Import(t.Context(), finder, dir, again, Options{Size: 64, Progress: func(done, _ int) {
			if done == 3 {
				_, err := Import(t.Context(), finder, dir, again, Options{Size: 64})
				assert.ErrorIs(t, err, ErrLocked)
				assert.ErrorContains(t, err, fmt.Sprintf("%s is being filled by process %d on ", again, os.Getpid()))
			}
		}})
		require.NoError(t, err)
		assert.Equal(t, labels(t, out), labels(t, again))
	})

	t.Run("a picture that changed is taken in anew", func(t *testing.T) {
		before := labels(t, out)
		scene := blank(400, 400)
		other := paste(scene, 9, 40, 60, 300)
		save(t, scene, dir, "one_1.png")
		_, err := Import(t.Context(), finder, dir, out, Options{Size: 64})
		require.NoError(t, err)
		after := labels(t, out)
		assert.Len(t, after, len(before))
		assert.Equal(t, other.Colour.String(), after[other.Colour.String()+"/000006.png"])
		set, opened, err := dataset.OpenFolder(t.Context(), out, dataset.FolderOptions{Classes: dataset.HairColours()})
		require.NoError(t, err)
		assert.Equal(t, 6, set.Len())
		assert.Zero(t, opened.Unlisted, "the old portrait is gone")
	})

	t.Run("other settings are refused", func(t *testing.T) {
		_, err := Import(t.Context(), finder, dir, out, Options{Size: 32})
		assert.ErrorContains(t, err, "other settings")
		old := t.TempDir()
		write(t, `{"version":1}`+"\n", old, journalFile)
		_, err = Import(t.Context(), finder, dir, old, Options{})
		assert.ErrorContains(t, err, "another version of moelab")
		_, err = Import(t.Context(), finder, dir, dir, Options{})
		assert.ErrorContains(t, err, "lies in it")
		_, err = Import(t.Context(), finder, dir, t.TempDir(), Options{By: []string{"guess"}})
		assert.ErrorContains(t, err, `no source "guess"`)
		_, err = Import(t.Context(), finder, filepath.Join(dir, "nobody.png"), t.TempDir(), Options{})
		assert.ErrorContains(t, err, "nobody.png: it is not a folder")
		full := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(full, "mine.txt"), nil, 0o644))
		_, err = Import(t.Context(), finder, dir, full, Options{})
		assert.ErrorContains(t, err, "is not empty")
		_, err = Import(t.Context(), finder, dir, filepath.Join(t.TempDir(), "o"), Options{Strict: true})
		assert.ErrorContains(t, err, "broken.png")
	})
}

func TestFacesOfALongStripAreImportedAndThoseThatLieTheWrongWayAreSaid(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	strip := blank(300, 2400)
	for i := range 3 {
		paste(strip, 10+i, 30, 800*i+300, 240)
	}
	save(t, strip, dir, "strip.png")
	face, turned := blank(300, 300), blank(300, 300)
	paste(face, 3, 30, 30, 240)
	side := blank(300, 300)
	for y := range 300 {
		for x := range 300 {
			turned.SetRGBA(299-x, 299-y, face.RGBAAt(x, y))
			side.SetRGBA(299-y, x, face.RGBAAt(x, y))
		}
	}
	save(t, turned, dir, "turned.png")
	save(t, side, dir, "side.png")
	report, err := Import(t.Context(), newFinder(t), dir, out, Options{Size: 64})
	require.NoError(t, err)
	var want []string
	for i := range 3 {
		want = append(want, portrait.At(77, 10+i).Colour.String())
	}
	assert.Equal(t, strings.Join(slices.Sorted(slices.Values(want)), " "),
		strings.Join(slices.Sorted(slices.Values(strings.Fields(taken(t, out)["strip.png"]))), " "))
	said := report.String()
	assert.Contains(t, said, "no face found, but there is one if the picture, which lies on its side, is turned: 1, "+
		"the first side.png")
	assert.Contains(t, said, "upside down")
	assert.Contains(t, said, "turned.png")
}

func TestTiltedFacesAndPlacesThatMayBeFacesAreCounted(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	upright := portrait.At(77, 3).Draw(300)
	tilted := blank(430, 430)
	for y := range 430 { // By 45°.
		for x := range 430 {
			u, v := (x-215+y-215)*707/1000+150, (y-215-x+215)*707/1000+150
			if at := image.Pt(u, v); at.In(upright.Rect) {
				tilted.SetRGBA(x, y, upright.RGBAAt(u, v))
			}
		}
	}
	save(t, tilted, dir, "tilted.png")
	report, err := Import(t.Context(), newFinder(t), dir, out, Options{Size: 64})
	require.NoError(t, err)
	assert.Equal(t, 1, report.Faces())
	assert.Empty(t, taken(t, out))
	assert.Contains(t, report.String(),
		"left out, tilted too far; turn the picture to take it: 1, the first tilted.png")

	report = &Report{Pictures: []Picture{
		{Name: "a.png", OneEyed: [][4]int{{1, 2, 3, 4}}},
		{Name: "b.png", Perhaps: [][4]int{{1, 2, 3, 4}, {5, 6, 7, 8}}, OneEyed: [][4]int{{1, 2, 3, 4}}},
	}}
	assert.Contains(t, report.String(),
		"\nplaces look a little like a face and were not taken: 2, the first in b.png"+
			"\nplaces look like one eye of a face, without the other, and were not taken: 2, the first in a.png")
	var page strings.Builder
	require.NoError(t, report.writeHTML(&page))
	assert.Contains(t, page.String(), "look a little like a face: 2</summary><ul><li>b.png</li><li>b.png</li>")
	assert.Contains(t, page.String(), "without the other: 2</summary><ul><li>a.png</li><li>b.png</li>")
}

// taken reads which colours labels.csv says of the portraits of each picture, and wants the dataset's folder to hold
// those portraits and no others.
func taken(t *testing.T, out string) map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(out, labelsFile))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	colours, listed := map[string]string{}, []string{}
	for _, row := range rows[1:] {
		listed = append(listed, filepath.Join(out, filepath.FromSlash(row[0])))
		colours[row[2]] = strings.TrimSpace(colours[row[2]] + " " + row[1])
	}
	there, err := filepath.Glob(filepath.Join(out, "*", "*.png"))
	require.NoError(t, err)
	assert.ElementsMatch(t, listed, there, "the portraits that labels.csv lists and those that are there")
	return colours
}

// faces fills a folder with three pictures: first.png, other.png and second.png, which is the first again.
func faces(t *testing.T) (dir, first, other string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "pictures")
	scene := blank(400, 400)
	first = paste(scene, 3, 40, 60, 300).Colour.String()
	save(t, scene, dir, "first.png")
	save(t, scene, dir, "second.png")
	scene = blank(400, 400)
	other = paste(scene, 4, 40, 60, 300).Colour.String()
	save(t, scene, dir, "other.png")
	return dir, first, other
}

// another draws a picture of another face.
func another(t *testing.T, parts ...string) (colour string) {
	t.Helper()
	scene := blank(400, 400)
	colour = paste(scene, 5, 40, 60, 300).Colour.String()
	save(t, scene, parts...)
	return colour
}

func rename(t *testing.T, dir, from, to string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, to)), 0o755))
	require.NoError(t, os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)))
}

func write(t *testing.T, text string, parts ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(parts...), []byte(text), 0o644))
}

func TestASecondImportFollowsWhatChanged(t *testing.T) {
	finder := newFinder(t)
	_, first, other := faces(t)
	fresh := another(t, t.TempDir(), "fresh.png")
	type colours = map[string]string // By picture.
	for name, c := range map[string]struct {
		change func(t *testing.T, dir, out string)
		want   colours
		redone int
	}{
		"nothing": {
			func(*testing.T, string, string) {},
			colours{"first.png": first, "other.png": other}, 0,
		},
		"a picture that is moved keeps its portrait": {
			func(t *testing.T, dir, _ string) { rename(t, dir, "other.png", "a/moved.png") },
			colours{"first.png": first, "a/moved.png": other}, 1,
		},
		"a picture that is gone has none": {
			func(t *testing.T, dir, _ string) { require.NoError(t, os.Remove(filepath.Join(dir, "other.png"))) },
			colours{"first.png": first}, 0,
		},
		"a picture that got broken has none": {
			func(t *testing.T, dir, _ string) { write(t, "no picture", dir, "other.png") },
			colours{"first.png": first}, 0,
		},
		"the duplicate of a picture that is gone stands in for it": {
			func(t *testing.T, dir, _ string) { require.NoError(t, os.Remove(filepath.Join(dir, "first.png"))) },
			colours{"other.png": other, "second.png": first}, 1,
		},
		"the duplicate of a picture that changed is none any more": {
			func(t *testing.T, dir, _ string) { another(t, dir, "first.png") },
			colours{"first.png": fresh, "other.png": other, "second.png": first}, 2,
		},
		"a portrait that is missing is made again": {
			func(t *testing.T, _, out string) { require.NoError(t, os.RemoveAll(filepath.Join(out, other))) },
			colours{"first.png": first, "other.png": other}, 1,
		},
		"a colour that is corrected in labels.csv": {
			func(t *testing.T, dir, _ string) { write(t, "file,colour\nother.png,silver\n", dir, labelsFile) },
			colours{"first.png": first, "other.png": "silver"}, 1,
		},
		"a portrait that is damaged is made again": {
			func(t *testing.T, _, out string) {
				path := filepath.Join(out, other, "000001.png")
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				data[len(data)/2] ^= 1
				write(t, string(data), path)
			},
			colours{"first.png": first, "other.png": other}, 1,
		},
		"tags in a .txt that came": {
			func(t *testing.T, dir, _ string) { write(t, "1girl, silver hair", dir, "other.txt") },
			colours{"first.png": first, "other.png": "silver"}, 1,
		},
		"tags in a .json of a picture that has a duplicate": {
			func(t *testing.T, dir, _ string) { write(t, `{"tag_string": "silver_hair"}`, dir, "first.json") },
			colours{"first.png": "silver", "other.png": other}, 2,
		},
		"tags that take the colour away": {
			func(t *testing.T, dir, _ string) { write(t, "1girl, orange hair", dir, "first.txt") },
			colours{"second.png": first, "other.png": other}, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _, _ := faces(t)
			out := filepath.Join(t.TempDir(), "out")
			_, err := Import(t.Context(), finder, dir, out, Options{Size: 64})
			require.NoError(t, err)
			require.Equal(t, colours{"first.png": first, "other.png": other}, taken(t, out))

			c.change(t, dir, out)
			redone := 0
			_, err = Import(t.Context(), finder, dir, out, Options{Size: 64, Progress: func(int, int) { redone++ }})
			require.NoError(t, err)
			assert.Equal(t, c.want, taken(t, out))
			assert.Equal(t, c.redone, redone, "pictures that are done again")
		})
	}

	t.Run("one change after the other", func(t *testing.T) {
		dir, _, _ := faces(t)
		out := filepath.Join(t.TempDir(), "out")
		rename(t, dir, "other.png", "1001.png")
		require.NoError(t, os.Mkdir(filepath.Join(dir, "metadata"), 0o755))
		post := func(tags string) func() {
			return func() { write(t, `{"id": 1001, "tag_string": "`+tags+`"}`, dir, "metadata", "2017.json") }
		}
		move := func(from, to string) func() { return func() { rename(t, dir, from, to) } }
		for _, step := range []struct {
			what   string
			change func()
			want   colours
		}{
			{"metadata", post("red_hair"), colours{"1001.png": "red", "first.png": first}},
			{"other metadata", post("pink_hair"), colours{"1001.png": "pink", "first.png": first}},
			{"gone", move("first.png", "../first.png"), colours{"1001.png": "pink", "second.png": first}},
			{"its duplicate gone too", move("second.png", "../second.png"), colours{"1001.png": "pink"}},
			{"back", move("../first.png", "first.png"), colours{"1001.png": "pink", "first.png": first}},
			{
				"its duplicate back too", move("../second.png", "second.png"),
				colours{"1001.png": "pink", "first.png": first},
			},
		} {
			step.change()
			_, err := Import(t.Context(), finder, dir, out, Options{Size: 64})
			require.NoError(t, err)
			require.Equal(t, step.want, taken(t, out), step.what)
		}
	})
}

func TestOfDuplicatesTheLargestIsKept(t *testing.T) {
	finder := newFinder(t)
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	// Each of two pictures has the larger one of one face, and the smaller one of the other.
	both := func(name string, first, second int) {
		scene := blank(700, 400)
		paste(scene, 9, 40, 60, first)
		paste(scene, 7, 380, 60, second)
		save(t, scene, dir, name)
	}
	both("a.png", 300, 200)
	both("b.png", 200, 300)
	one := func(name string, size int) (colour string) {
		scene := blank(600, 600)
		colour = paste(scene, 5, 40, 60, size).Colour.String()
		save(t, scene, dir, name)
		return colour
	}
	first, second := portrait.At(77, 9).Colour.String(), portrait.At(77, 7).Colour.String()
	third := one("c.png", 120)
	one("d.png", 480)
	one("e.png", 240)
	again := func() (redone int) {
		t.Helper()
		_, err := Import(t.Context(), finder, dir, out, Options{Size: 64, Progress: func(int, int) { redone++ }})
		require.NoError(t, err)
		return redone
	}
	assert.Equal(t, 5, again())
	want := map[string]string{"a.png": first, "b.png": second, "d.png": third}
	assert.Equal(t, want, taken(t, out))
	journal, err := os.ReadFile(filepath.Join(out, journalFile))
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(journal), `"outdone"`), "b.png's one of a.png, d.png of c.png")
	assert.Zero(t, again(), "all is done")
	assert.Equal(t, want, taken(t, out))

	// Wherever it is killed, the next one ends like that.
	lines := strings.SplitAfter(strings.TrimSuffix(string(journal), "\n"), "\n")
	for n := range lines {
		left := filepath.Join(t.TempDir(), "killed")
		require.NoError(t, os.CopyFS(left, os.DirFS(out)))
		write(t, strings.TrimSuffix(strings.Join(lines[:n+1], ""), "\n")+"\n", left, journalFile)
		for _, file := range inFolder(t, left) { // Those that are not named yet are not there.
			if strings.HasSuffix(file, ".png") && !strings.Contains(strings.Join(lines[:n+1], ""), `"file":"`+file) {
				require.NoError(t, os.Remove(filepath.Join(left, file)))
			}
		}
		_, err := Import(t.Context(), finder, dir, left, Options{Size: 64})
		require.NoError(t, err)
		assert.Equal(t, want, taken(t, left), "%d lines", n+1)
	}

	require.NoError(t, os.Remove(filepath.Join(dir, "d.png")))
	assert.Equal(t, 2, again(), "those that looked like it")
	assert.Equal(t, map[string]string{"a.png": first, "b.png": second, "e.png": third}, taken(t, out))
}

func TestASecondImportGoesOnFromWhereverItWasKilled(t *testing.T) {
	finder := newFinder(t)
	dir, first, other := faces(t)
	out := filepath.Join(t.TempDir(), "out")
	lines := func() []string {
		t.Helper()
		_, err := Import(t.Context(), finder, dir, out, Options{Size: 64})
		require.NoError(t, err)
		data, err := os.ReadFile(filepath.Join(out, journalFile))
		require.NoError(t, err)
		return strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
	}
	start := len(lines())
	before := filepath.Join(t.TempDir(), "before")
	require.NoError(t, os.CopyFS(before, os.DirFS(out)))

	// One gets a label, another is gone, so that its duplicate stands in for it, and one is new.
	write(t, "file,colour\nother.png,silver\n", dir, labelsFile)
	rename(t, dir, "first.png", "../first.png")
	fresh := another(t, dir, "fresh.png")
	all := lines()
	require.Len(t, all, start+3+3+1, "three are forgotten, three are done, and labels.csv is written")

	// killed is what an import leaves that was killed after n lines of the journal: what it named is written, but perhaps
	// the last, and labels.csv is that of the one before.
	killed := func(t *testing.T, n int, last bool) string {
		left := filepath.Join(t.TempDir(), "killed")
		require.NoError(t, os.CopyFS(left, os.DirFS(before)))
		write(t, strings.TrimSuffix(strings.Join(all[:n], ""), "\n")+"\n", left, journalFile)
		for k := start; k < n; k++ {
			var line entry
			require.NoError(t, json.Unmarshal([]byte(all[k]), &line))
			for _, file := range line.files() {
				if k < n-1 || last {
					picture, err := dataset.ReadPicture(filepath.Join(out, file))
					require.NoError(t, err)
					save(t, picture, left, file)
				}
			}
		}
		return left
	}
	each := func(what string, check func(t *testing.T, taken map[string]string)) {
		for n := start; n <= len(all); n++ {
			for _, last := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %d lines, the last one's portrait written %v", what, n-start, last), func(t *testing.T) {
					left := killed(t, n, last)
					report, err := Import(t.Context(), finder, dir, left, Options{Size: 64})
					require.NoError(t, err)
					assert.Empty(t, report.KeptLabels, "nobody but imports changed it")
					assert.Empty(t, report.KeptPortraits)
					check(t, taken(t, left))
				})
			}
		}
	}
	each("as it was", func(t *testing.T, taken map[string]string) {
		assert.Equal(t, map[string]string{"fresh.png": fresh, "other.png": "silver", "second.png": first}, taken)
	})

	rename(t, dir, "../first.png", "first.png")
	require.NoError(t, os.Remove(filepath.Join(dir, labelsFile)))
	each("changes taken back", func(t *testing.T, taken map[string]string) {
		of := "first.png"
		if _, ok := taken["second.png"]; ok { // Which of the two stays is which was met first.
			of = "second.png"
		}
		assert.Equal(t, map[string]string{"fresh.png": fresh, "other.png": other, of: first}, taken)
	})
}

func TestAnImportOverwritesNobodysFiles(t *testing.T) {
	finder := newFinder(t)
	dir, first, other := faces(t)
	out := filepath.Join(t.TempDir(), "out")
	again := func() *Report {
		t.Helper()
		report, err := Import(t.Context(), finder, dir, out, Options{Size: 64})
		require.NoError(t, err)
		return report
	}
	read := func(parts ...string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(parts...))
		require.NoError(t, err)
		return string(data)
	}
	report := again()
	require.Equal(t, map[string]string{"first.png": first, "other.png": other}, taken(t, out))
	assert.Empty(t, report.KeptLabels)

	t.Run("a number that is taken is left out", func(t *testing.T) {
		fresh := another(t, dir, "fresh.png")
		require.NoError(t, os.MkdirAll(filepath.Join(out, fresh), 0o755))
		write(t, "mine", out, fresh, "000002.png")
		require.NoError(t, os.Symlink("nowhere", filepath.Join(out, fresh, "000003.png")))
		again()
		assert.Equal(t, "mine", read(out, fresh, "000002.png"))
		assert.FileExists(t, filepath.Join(out, fresh, "000004.png"))
		assert.Equal(t, fresh, labels(t, out)[fresh+"/000004.png"])
		report, err := Import(t.Context(), finder, dir, out, Options{Size: 64, Progress: func(int, int) {
			t.Error("nothing is left to do")
		}})
		require.NoError(t, err)
		assert.Equal(t, 4, report.Faces())
		assert.Equal(t, "mine", read(out, fresh, "000002.png"))
		require.NoError(t, os.Remove(filepath.Join(out, fresh, "000002.png")))
		require.NoError(t, os.Remove(filepath.Join(out, fresh, "000003.png")))
	})

	t.Run("a labels.csv that was corrected is kept", func(t *testing.T) {
		written := read(out, labelsFile)
		for n, name := range []string{"labels.csv.bak", "labels.csv.bak2"} {
			corrected := strings.Replace(written, ","+first+",", ",silver"+strings.Repeat(" ", n)+",", 1)
			write(t, corrected, out, labelsFile)
			report := again()
			assert.Equal(t, filepath.Join(out, name), report.KeptLabels)
			assert.Contains(t, report.String(), "labels.csv was changed by hand, and is written anew: the old one is kept as "+
				filepath.Join(out, name)+"; to correct a colour for good, name the picture in "+filepath.Join(dir, labelsFile))
			assert.Contains(t, read(out, pageFile), "The old one is kept as "+filepath.Join(out, name))
			assert.Equal(t, corrected, read(out, name))
			assert.Equal(t, written, read(out, labelsFile))
			assert.Empty(t, again().KeptLabels)
		}
	})

	t.Run("a portrait that was worked on is kept", func(t *testing.T) {
		file := filepath.Join(out, first, "000000.png")
		save(t, blank(64, 64), file)
		mine := read(file)
		report := again()
		assert.Equal(t, []string{file + ".bak"}, report.KeptPortraits)
		assert.Contains(t, report.String(), "portraits that were changed by hand or damaged, and are made anew: 1, "+
			"the first kept as "+file+".bak")
		assert.Equal(t, mine, read(file+".bak"))
		assert.Len(t, taken(t, out), 3)
		assert.Empty(t, again().KeptPortraits)
	})

	t.Run("a folder in a portrait's place is named", func(t *testing.T) {
		file := filepath.Join(out, other, "000001.png")
		require.NoError(t, os.Remove(file))
		require.NoError(t, os.Mkdir(file, 0o755))
		_, err := Import(t.Context(), finder, dir, out, Options{Size: 64})
		assert.ErrorContains(t, err, file+" is a folder, but the import wrote a portrait there: move it away")
		require.NoError(t, os.Remove(file))
		again()
	})

	t.Run("a folder that is reached by a link lies in the pictures' too", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "link")
		require.NoError(t, os.Symlink(dir, link))
		for _, c := range [][2]string{{dir, filepath.Join(link, "a", "out")}, {link, filepath.Join(dir, "out")}} {
			_, err := Import(t.Context(), finder, c[0], c[1], Options{})
			assert.ErrorContains(t, err, c[1]+" lies in it: name a folder outside")
		}
		assert.NoDirExists(t, filepath.Join(dir, "a"))
	})
}

func TestRowsOfLabelsThatNameNoPictureAreSaid(t *testing.T) {
	dir := t.TempDir()
	face := portrait.At(77, 0)
	save(t, face.Draw(64), dir, "in", "A.png")
	save(t, face.Draw(64), dir, "b.png")
	write(t, "no picture", dir, "broken.png")
	write(t, "file,colour\nIN\\a.PNG,silver\ngone.png,red\nb.png,blue\nc\x1b.png,red\nbroken.png,red\n", dir, labelsFile)
	for _, by := range [][]string{nil, {ByLook}} {
		tagged, err := Tag(t.Context(), dir, Options{By: by})
		require.NoError(t, err)
		assert.Equal(t, []string{"gone.png", "c\x1b.png"}, tagged.Missing)
		assert.Contains(t, tagged.String(), "\nlabels.csv names 2 files that are not there, the first gone.png")
		assert.Equal(t, 2, tagged.Known)
		if by == nil {
			assert.Equal(t, "blue", tagged.Pictures[0].Faces[0].Colour)
			assert.Equal(t, "silver", tagged.Pictures[1].Faces[0].Colour)
		}
		var page strings.Builder
		require.NoError(t, tagged.writeHTML(&page))
		assert.Contains(t, page.String(), "names and that are not there</h2>\n<details><summary>2</summary>"+
			"<ul><li>gone.png</li>")
	}
}

func TestAPictureThatIsDoneAgainTakesItsDuplicatesWithIt(t *testing.T) {
	out := t.TempDir()
	write(t, "", out, "a.png")
	write(t, "", out, "b.png")
	root, err := os.OpenRoot(out)
	require.NoError(t, err)
	defer root.Close()
	a := Picture{Name: "a", Faces: []Face{{File: "a.png"}}}
	b := Picture{Name: "b", Faces: []Face{{Like: "a.png"}, {File: "b.png"}}}
	c, d := Picture{Name: "c", Faces: []Face{{Like: "b.png"}}}, Picture{Name: "d", Why: "no face found"}
	i := &importing{out: out, journal: &journal{root: root, done: map[string]Picture{"a": a, "b": b, "c": c, "d": d}}}
	counting := func(pictures ...Picture) map[string]bool {
		var now []todo
		for n, picture := range pictures {
			now = append(now, todo{n, picture})
		}
		counts, err := i.counting(now)
		require.NoError(t, err)
		return counts
	}
	assert.Equal(t, map[string]bool{"a": true, "b": true, "c": true, "d": true}, counting(a, b, c, d))
	assert.Equal(t, map[string]bool{"d": true}, counting(b, c, d),
		"c looks like a face of b, which is done again as another looks like a")
}

func TestBrokenFilesOfTagsAreNamedAndTheirPicturesCountAsUntagged(t *testing.T) {
	dir, first, other := faces(t)
	broken := filepath.Join(dir, "other.json")
	write(t, "{", broken)
	finder := newFinder(t)
	out := filepath.Join(t.TempDir(), "out")
	for range 2 { // The second time the picture is not looked at.
		report, err := Import(t.Context(), finder, dir, out, Options{Size: 64})
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"first.png": first, "other.png": other}, taken(t, out))
		assert.Contains(t, report.String(), "broken: the tags of a picture, "+broken+": ")
		page, err := os.ReadFile(filepath.Join(out, pageFile))
		require.NoError(t, err)
		assert.Contains(t, string(page), "<li>the tags of a picture, "+broken+": ")
	}
	tagged, err := Tag(t.Context(), dir, Options{})
	require.NoError(t, err)
	assert.Len(t, tagged.Pictures, 3)
	assert.Contains(t, tagged.String(), "broken: the tags of a picture, "+broken+": ")

	_, err = Import(t.Context(), finder, dir, out, Options{Size: 64, Strict: true})
	assert.ErrorContains(t, err, broken)
	_, err = Tag(t.Context(), dir, Options{Strict: true})
	assert.ErrorContains(t, err, broken)
	report, err := Import(t.Context(), finder, dir, out, Options{Size: 64, By: []string{ByLook}})
	require.ErrorContains(t, err, "other settings")
	assert.Nil(t, report)

	write(t, `{"tags": ["silver_hair"]}`, broken)
	report, err = Import(t.Context(), finder, dir, out, Options{Size: 64, Strict: true})
	require.NoError(t, err)
	assert.Empty(t, report.BadTags)
	assert.Equal(t, map[string]string{"first.png": first, "other.png": "silver"}, taken(t, out), "it was mended")
}

func TestTagsAnswerWhereOneIsOfTheHairsColour(t *testing.T) {
	dir := t.TempDir()
	face := portrait.At(77, 0)
	look := face.Colour.String()
	save(t, face.Draw(64), dir, "a.png")
	for _, c := range []struct{ tags, colour, by, why string }{
		{"1girl, silver hair", "silver", ByTags, ""},
		{"1girl, solo", look, ByLook, ""},
		{"a girl with long hair stands in the rain", look, ByLook, ""},
		{"", look, ByLook, ""},
		{"green hair, red hair", "", ByTags, "tagged with more than one hair colour: green, red"},
		{"1girl, orange hair", "", ByTags, "tagged orange_hair"},
		{"1girl, multicolored hair", "", ByTags, "tagged multicolored_hair"},
		{"1girl, black hair, streaked hair", "", ByTags, "tagged streaked_hair"},
		{"black_hair colored_inner_hair", "", ByTags, "tagged colored_inner_hair"},
	} {
		write(t, c.tags, dir, "a.txt")
		tagged, err := Tag(t.Context(), dir, Options{})
		require.NoError(t, err)
		got := tagged.Pictures[0].Faces[0]
		assert.Equal(t, []string{c.colour, c.by, c.why}, []string{got.Colour, got.By, got.Why}, c.tags)
	}
	write(t, "1girl, blue eyes", dir, "a.txt")
	tagged, err := Tag(t.Context(), dir, Options{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"eyes": "blue"}, tagged.Pictures[0].Faces[0].Attributes, "what else they say counts")
	write(t, "1girl, long hair, heterochromia, blue eyes", dir, "a.txt")
	tagged, err = Tag(t.Context(), dir, Options{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"length": "long"}, tagged.Pictures[0].Faces[0].Attributes, "of two colours none")
}

func TestNamesInReportsAreShownWithoutControlCharacters(t *testing.T) {
	dir := t.TempDir()
	save(t, blank(64, 64), dir, "red\x1b[2J.png")
	write(t, "1girl", dir, "red\x1b[2J.txt")
	write(t, "no picture", dir, "broken\a.png")
	save(t, blank(64, 64), dir, "x\nleft out.png")
	write(t, "{", dir, "x\nleft out.json")
	tagged, err := Tag(t.Context(), dir, Options{})
	require.NoError(t, err)
	said := tagged.String()
	assert.NotContains(t, said, "\x1b")
	assert.NotContains(t, said, "\a")
	assert.NotContains(t, said, "\nleft out.")
	assert.Contains(t, said, `the first "red\x1b[2J.png"`)
	assert.Contains(t, said, "broken: \""+filepath.Join(dir, `broken\a.png`)+`": `)
	assert.Contains(t, said, "broken: the tags of a picture, \""+filepath.Join(dir, `x\nleft out.json`)+`": the JSON`)
	assert.Contains(t, said, "the first \""+filepath.Join(dir, `red\x1b[2J.txt`)+`"`)
}

func TestFilesOfTagsWithoutAKnownWordAreCountedAndOneIsNamed(t *testing.T) {
	dir := t.TempDir()
	for i, tags := range []string{"1girl, blue eyes", "1girl, solo", "", "\ufeff", "blaue Haare", "1girl, orange hair"} {
		save(t, portrait.At(77, i).Draw(64), dir, fmt.Sprintf("%d.png", i))
		write(t, tags, dir, fmt.Sprintf("%d.txt", i))
	}
	for i := range 12 {
		save(t, portrait.At(77, i).Draw(64), dir, fmt.Sprintf("broken%02d.png", i))
		write(t, "{", dir, fmt.Sprintf("broken%02d.json", i))
	}
	tagged, err := Tag(t.Context(), dir, Options{By: []string{ByTags}})
	require.NoError(t, err)
	assert.Contains(t, tagged.String(), "\nfiles of tags without a hair colour or an attribute: 4, the first "+
		filepath.Join(dir, "1.txt"))
	assert.Contains(t, tagged.String(),
		"broken09.json: the JSON breaks off; mend or remove the file\n… and 2 more like that")
	_, err = Tag(t.Context(), dir, Options{By: []string{ByTags}, Strict: true})
	assert.ErrorContains(t, err, "broken00.json")
	tagged, err = Tag(t.Context(), dir, Options{By: []string{ByLook}})
	require.NoError(t, err)
	assert.Empty(t, tagged.SilentTags, "nobody asked them")
}

func TestSeveralAreDoneAtOnceAndTakenInTheirOrder(t *testing.T) {
	second := make(chan struct{})
	var got []int
	require.NoError(t, inOrder(t.Context(), 2, 20, func(ctx context.Context, i int) (int, error) {
		switch i {
		case 0:
			select {
			case <-second:
			case <-time.After(time.Minute):
				return 0, errors.New("the second was not done meanwhile")
			}
		case 1:
			close(second)
		}
		return i * i, ctx.Err()
	}, func(square int) error {
		got = append(got, square)
		return nil
	}))
	require.Len(t, got, 20)
	for i, square := range got {
		assert.Equal(t, i*i, square)
	}

	errTest := errors.New("no more")
	taken := 0
	err := inOrder(t.Context(), 3, 20, func(_ context.Context, i int) (int, error) {
		if i >= 5 {
			return 0, fmt.Errorf("number %d: %w", i, errTest)
		}
		return i, nil
	}, func(int) error {
		taken++
		return nil
	})
	require.ErrorIs(t, err, errTest)
	assert.ErrorContains(t, err, "number 5", "the first in order")
	assert.Equal(t, 5, taken)
	ctx, stop := context.WithCancel(t.Context())
	err = inOrder(ctx, 0, 1000, func(context.Context, int) (int, error) { return 0, nil }, func(int) error {
		stop()
		return nil
	})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestSourcesAreAskedInTheirOrder(t *testing.T) {
	dir := t.TempDir()
	params := portrait.At(77, 0)
	face := params.Draw(64)
	other := (params.Colour + 1) % 9
	in := "both/" + other.String() + "_hair/tagged.png"
	save(t, face, dir, "plain.png")
	save(t, face, dir, "tagged.png")
	write(t, "1girl, "+other.String()+" hair", dir, "tagged.txt")
	save(t, face, dir, filepath.FromSlash(in))
	write(t, "green hair, red hair", filepath.Dir(filepath.Join(dir, in)), "tagged.txt")
	save(t, face, dir, "two.png")
	write(t, "green hair, red hair", dir, "two.txt")
	save(t, blank(64, 64), dir, "white.png")

	said := func(by ...string) map[string]string {
		tagged, err := Tag(t.Context(), dir, Options{By: by})
		require.NoError(t, err)
		all := map[string]string{}
		for _, picture := range tagged.Pictures {
			all[filepath.ToSlash(picture.Name)] = picture.Faces[0].Colour
		}
		return all
	}
	own, tagged := params.Colour.String(), other.String()
	want := func(plain, beside, inFolder, two string) map[string]string {
		return map[string]string{"plain.png": plain, "tagged.png": beside, in: inFolder, "two.png": two, "white.png": ""}
	}
	assert.Equal(t, want(own, tagged, tagged, ""), said())
	assert.Equal(t, want(own, own, own, own), said(ByLook))
	assert.Equal(t, want("", "", tagged, ""), said(ByFolder))

	write(t, "file,colour,length\nplain.png,Silver,Long\ntwo.png,orange,\n", dir, labelsFile)
	assert.Equal(t, want("silver", tagged, tagged, ""), said())
}

func TestKagglesTaggedAnimeIllustrationsIsReadAsItIs(t *testing.T) {
	dir := t.TempDir()
	face := portrait.At(77, 0).Draw(64)
	for _, name := range []string{"0001/1001.jpg.png", "0002/2002.png", "0003/3003.png", "0004/cover.png"} {
		save(t, face, dir, "danbooru-images", "danbooru-images", filepath.FromSlash(name))
	}
	save(t, face, dir, "danbooru-images", "danbooru-images", "0001", "1001.png")
	metadata := filepath.Join(dir, "danbooru-metadata", "danbooru-metadata")
	require.NoError(t, os.MkdirAll(metadata, 0o755))
	write(t, `{"id":"1001","rating":"s","tags":[`+
		`{"id":"1","name":"1girl","category":"0"},{"id":"2","name":"green_hair","category":"0"}]}`+"\n"+
		`{"id":"999","tags":[{"name":"red_hair"}]}`+"\n", metadata, "20170000.json")
	write(t, `{"id": 2002, "tag_string": "purple_hair blue_eyes"}`, metadata, "20170001.json")
	tagged, err := Tag(t.Context(), dir, Options{By: []string{ByTags}})
	require.NoError(t, err)
	got := map[string]string{}
	for _, picture := range tagged.Pictures {
		got[filepath.Base(picture.Name)] = picture.Faces[0].Colour
	}
	assert.Equal(t, map[string]string{
		"1001.png": "green", "1001.jpg.png": "", "2002.png": "purple", "3003.png": "", "cover.png": "",
	}, got)

	labels := filepath.Join(t.TempDir(), labelsFile)
	require.NoError(t, tagged.Save(labels, false))
	lines, _, err := dataset.ReadLabels(labels)
	require.NoError(t, err)
	for _, line := range lines {
		want := map[string]string{}
		if line.Class == "purple" {
			want["eyes"] = "blue"
		}
		assert.Equal(t, want, line.Attributes, "what the tags say beside the colour")
	}

	right := `{"id": 3003, "tag_string": "red_hair"}` + "\n"
	for text, want := range map[string]string{
		"{}\n":                                `line 1: the post has no "id"`,
		"\ufeff" + right + `{"id": 1001, "ta`: "line 2: no post: the JSON breaks off",
		"3\n4\n" + right + "{}\n5\n": "line 1: no post: it is a number, not an object {…}; line 2: no post: " +
			`it is a number, not an object {…}; line 4: the post has no "id"; and so on, 4 lines in all`,
		"[\n" + right[:len(right)-1] + "\n]": "line 1: a list begins here, but each line must be a post, {…}: " +
			"nothing of the file is read",
	} {
		broken := filepath.Join(metadata, "20170002.json")
		write(t, text, broken)
		tagged, err = Tag(t.Context(), dir, Options{By: []string{ByTags}})
		require.NoError(t, err)
		assert.Contains(t, tagged.String(), "\nbroken: the tags of posts, "+broken+", "+want)
		again := map[string]string{}
		for _, picture := range tagged.Pictures {
			again[filepath.Base(picture.Name)] = picture.Faces[0].Colour
		}
		if strings.Contains(text, right) && text[0] != '[' {
			again["3003.png"] = strings.TrimSuffix(again["3003.png"], "red") // Its line is a right one.
			assert.Contains(t, tagged.String(), "red 1")
		}
		assert.Equal(t, got, again, "the rest goes on: %s", text)
		_, err = Tag(t.Context(), dir, Options{By: []string{ByTags}, Strict: true})
		assert.ErrorContains(t, err, broken+", line ")
	}
}

func TestAttributesOfLabelsCountBeforeThoseOfTags(t *testing.T) {
	dir := t.TempDir()
	save(t, portrait.At(77, 0).Draw(64), dir, "a.png")
	write(t, "red eyes, short hair, twintails, ponytail", dir, "a.txt")
	write(t, "file,colour,length\na.png,silver,Long\n", dir, labelsFile)
	for _, c := range []struct {
		by   []string
		want map[string]string
	}{
		{nil, map[string]string{"eyes": "red", "length": "long"}}, // Of two styles none is known.
		{[]string{ByTags, ByFolder}, map[string]string{"eyes": "red", "length": "short"}},
		{[]string{ByLook}, map[string]string{}},
	} {
		tagged, err := Tag(t.Context(), dir, Options{By: c.by})
		require.NoError(t, err)
		if len(c.by) == 2 {
			asked := &sources{dir: dir, by: c.by, labels: map[string]dataset.Labelled{
				"a.png": {Attributes: map[string]string{"length": "long"}},
			}}
			got, err := asked.ask(t.Context(), "a.png", nil, true)
			require.NoError(t, err)
			assert.Equal(t, c.want, got.attributes)
			got, err = asked.ask(t.Context(), "a.png", nil, false)
			require.NoError(t, err)
			assert.Empty(t, got.attributes, "nobody knows which of several faces is meant")
			continue
		}
		assert.Equal(t, c.want, tagged.Pictures[0].Faces[0].Attributes)
	}
}

func TestTaggerIsAskedBetweenTagsAndLook(t *testing.T) {
	network := t.TempDir()
	write(t, "name\nsolo\nblue_hair\ngreen_hair\nred_hair\nblue_eyes\norange_hair\n", network, wd14File)
	path := filepath.Join(network, "model.onnx")
	data, err := os.ReadFile(filepath.Join("..", "internal", "onnxnet", "testdata", "wd14.onnx"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	tagger, err := OpenTagger(backend, path) // It looks at the mean colour of the picture.
	require.NoError(t, err)
	defer tagger.Close()

	dir := t.TempDir()
	blue := blank(64, 64)
	draw.Draw(blue, blue.Rect, image.NewUniform(color.RGBA{20, 20, 220, 255}), image.Point{}, draw.Src)
	save(t, blue, dir, "blue.png")
	save(t, blank(64, 64), dir, "white.png")
	save(t, blue, dir, "tagged.png")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tagged.txt"), []byte("1girl, silver hair"), 0o644))
	tagged, err := Tag(t.Context(), dir, Options{Tagger: tagger})
	require.NoError(t, err)
	got := map[string][]string{}
	for _, picture := range tagged.Pictures {
		face := picture.Faces[0]
		got[picture.Name] = []string{face.Colour, face.By, face.Why, face.Attributes["eyes"]}
	}
	assert.Equal(t, map[string][]string{
		"blue.png":   {"blue", ByTagger, "", "blue"},
		"white.png":  {"", ByTagger, "no tag names a hair colour", ""},
		"tagged.png": {"silver", ByTags, "", "blue"}, // What the tags beside it leave open the tagger says.
	}, got)
	_, err = Tag(t.Context(), dir, Options{By: []string{ByTagger}})
	assert.ErrorContains(t, err, "none is named")
}

func TestTagComparesWithTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "drawn")
	require.NoError(t, dataset.Draw(t.Context(), dir, 90, 64, 5, nil))
	require.NoError(t, os.Rename(filepath.Join(dir, "silver"), filepath.Join(dir, "moved")))
	require.NoError(t, os.Rename(filepath.Join(dir, "red"), filepath.Join(dir, "silver"))) // Ten lies.
	require.NoError(t, os.Remove(filepath.Join(dir, labelsFile)))
	tagged, err := Tag(t.Context(), dir, Options{By: []string{ByLook}})
	require.NoError(t, err)
	assert.Equal(t, 80, tagged.Known)
	assert.InDelta(t, 70, tagged.Right, 2)
	assert.GreaterOrEqual(t, tagged.Mistaken["red, not silver"], 9)
	assert.Contains(t, tagged.String(), "red, not silver")

	var names []string
	for _, picture := range tagged.Pictures {
		names = append(names, picture.Name)
	}
	for _, workers := range []int{1, 4} {
		var last int
		again, err := Tag(t.Context(), dir, Options{By: []string{ByLook}, Workers: workers, Progress: func(done, total int) {
			last++
			assert.Equal(t, []int{last, 90}, []int{done, total})
		}})
		require.NoError(t, err)
		assert.Equal(t, tagged, again, "%d workers", workers)
		assert.True(t, slices.IsSorted(names))
	}

	path := filepath.Join(dir, labelsFile)
	require.NoError(t, tagged.Save(path, false))
	assert.ErrorContains(t, tagged.Save(path, false), "is there already")
	require.NoError(t, tagged.Save(path, true))
	_, report, err := dataset.OpenFolder(t.Context(), dir, dataset.FolderOptions{Classes: dataset.HairColours()})
	require.NoError(t, err)
	assert.InDelta(t, 90, report.Total, 2)
}

func TestWrongLinesOfLabelsAreNamedAndTheOthersCount(t *testing.T) {
	dir, _, other := faces(t)
	write(t, "file,colour\nfirst.png,\nother.png,"+other+"\n", dir, labelsFile)
	for _, by := range []string{ByFolder, ByLook} { // The colours of labels.csv are compared in any case.
		tagged, err := Tag(t.Context(), dir, Options{By: []string{by}})
		require.NoError(t, err)
		assert.Equal(t, 1, tagged.Known)
		want := filepath.Join(dir, labelsFile) + ": 1 line of labels.csv left out: line 2: first.png has no class"
		require.Len(t, tagged.BadTags, 1)
		assert.EqualError(t, tagged.BadTags[0], want)
		_, err = Tag(t.Context(), dir, Options{By: []string{by}, Strict: true})
		assert.ErrorContains(t, err, want)
	}
}

func TestPicturesThatGoBadMeanwhileAreNamedAndLeftOut(t *testing.T) {
	finder := newFinder(t)
	for _, what := range []string{"tag", "import"} {
		for _, strict := range []bool{false, true} {
			dir, _, _ := faces(t)
			options := Options{By: []string{ByLook}, Strict: strict, Checking: func(done, total int) {
				if done < total {
					return
				}
				write(t, "no picture", dir, "first.png")
				require.NoError(t, os.Remove(filepath.Join(dir, "second.png")))
			}}
			var report *Report
			var err error
			if what == "tag" {
				var tagged *Tagged
				if tagged, err = Tag(t.Context(), dir, options); err == nil {
					report = &tagged.Report
				}
			} else {
				report, err = Import(t.Context(), finder, dir, filepath.Join(t.TempDir(), "out"), options)
			}
			if strict {
				assert.ErrorAs(t, err, new(dataset.Bad), what)
				continue
			}
			require.NoError(t, err, what)
			require.Len(t, report.Pictures, 1, what)
			assert.Equal(t, "other.png", report.Pictures[0].Name)
			said := report.String()
			assert.Contains(t, said, "1 of 3 pictures could be read", what)
			assert.Contains(t, said, "broken: "+filepath.Join(dir, "first.png")+": not a picture", what)
			assert.Contains(t, said, "broken: "+filepath.Join(dir, "second.png")+": no such file or directory", what)
		}
	}
}

func TestTagComparesOnlyWithTheNineColours(t *testing.T) {
	dir := t.TempDir()
	face := portrait.At(77, 0)
	save(t, face.Draw(64), dir, "a.png")
	save(t, face.Draw(64), dir, "b.png")
	write(t, "file,colour\na.png,orange\nb.png,"+face.Colour.String()+"\n", dir, labelsFile)
	tagged, err := Tag(t.Context(), dir, Options{By: []string{ByLook}})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1}, []int{tagged.Known, tagged.Right})
	assert.Empty(t, tagged.Mistaken, "nothing is said of orange")
}

func TestOnlyTheSamePictureIsADuplicate(t *testing.T) {
	var prints []fingerprint
	for i := range 180 {
		picture := portrait.At(5, i).Draw(128)
		made, err := fingerprintOf(picture)
		require.NoError(t, err)
		prints = append(prints, made)
		again, err := fingerprintOf(imaging.Bicubic(imaging.Bicubic(picture, 97, 97), 128, 128))
		require.NoError(t, err)
		assert.True(t, made.same(again), "portrait %d, made smaller and larger again", i)
		recoloured := portrait.At(5, i)
		recoloured.Hair = ((recoloured.Colour + 3) % 9).RGB()
		other, err := fingerprintOf(recoloured.Draw(128))
		require.NoError(t, err)
		assert.False(t, made.same(other), "portrait %d with other hair", i)
	}
	for i, one := range prints {
		for j, other := range prints[:i] {
			assert.False(t, one.same(other), "portraits %d and %d", i, j)
		}
	}
}

func TestAHeadIsFramedWithinThePicture(t *testing.T) {
	picture := image.Rect(0, 0, 100, 80)
	for _, c := range []struct{ square, want image.Rectangle }{
		{image.Rect(10, 10, 50, 50), image.Rect(10, 10, 50, 50)},
		{image.Rect(-10, -5, 30, 35), image.Rect(0, 0, 40, 40)},
		{image.Rect(70, 50, 110, 90), image.Rect(60, 40, 100, 80)},
		{image.Rect(5, -10, 105, 90), image.Rect(15, 0, 95, 80)},
	} {
		assert.Equal(t, c.want, fitted(c.square, picture), "%v", c.square)
	}
	assert.InDelta(t, 0.75*0.875, inside(image.Rect(-10, -5, 30, 35), picture), 1e-9)
}
