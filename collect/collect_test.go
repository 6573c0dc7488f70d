package collect

import (
	"context"
	"encoding/csv"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/eyes"
	"github.com/moelab/moelab/tag"
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
	require.NoError(t, dataset.SavePNG(path, picture))
}

// illustrations fills a folder with pictures of 3 + 1 + 1 + 1 faces, one of them there a second time, one of no face, and a broken one.
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
	smaller := dataset.Bicubic(again, 300, 300)
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
	finder, err := eyes.NewFinder(backend)
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
	left := map[string]string{}
	for _, l := range report.LeftOut() {
		left[l.Why] = strings.Join(l.Names, "; ")
	}
	assert.Equal(t, map[string]string{"no face found": "nobody.png", "a duplicate": "one_again.jpg (looks like one of one_0.png)"}, left)

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
		_, err = Import(t.Context(), finder, dir, again, Options{Size: 64, Progress: func(int, int) { calls++ }})
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

func TestSourcesAreAskedInTheirOrder(t *testing.T) {
	dir := t.TempDir()
	params := portrait.At(77, 0)
	face := params.Draw(64)
	other := (params.Colour + 1) % 9
	save(t, face, dir, "plain.png")
	save(t, face, dir, "tagged.png")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tagged.txt"), []byte("1girl, "+other.String()+" hair"), 0o644))
	save(t, face, dir, "both", other.String()+"_hair", "tagged.png")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "both", other.String()+"_hair", "tagged.txt"), []byte("green hair, red hair"), 0o644))
	save(t, face, dir, "two.png")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "two.txt"), []byte("green hair, red hair"), 0o644))
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
	in := "both/" + tagged + "_hair/tagged.png"
	assert.Equal(t, map[string]string{"plain.png": own, "tagged.png": tagged, in: tagged, "two.png": "", "white.png": ""}, said())
	assert.Equal(t, map[string]string{"plain.png": own, "tagged.png": own, in: own, "two.png": own, "white.png": ""}, said(ByLook))
	assert.Equal(t, map[string]string{"plain.png": "", "tagged.png": "", in: tagged, "two.png": "", "white.png": ""}, said(ByFolder))

	require.NoError(t, os.WriteFile(filepath.Join(dir, labelsFile), []byte("file,colour,length\nplain.png,Silver,Long\ntwo.png,orange,\n"), 0o644))
	assert.Equal(t, map[string]string{"plain.png": "silver", "tagged.png": tagged, in: tagged, "two.png": "", "white.png": ""}, said())
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
	require.NoError(t, os.WriteFile(filepath.Join(metadata, "20170000.json"), []byte(
		`{"id":"1001","rating":"s","tags":[{"id":"1","name":"1girl","category":"0"},{"id":"2","name":"green_hair","category":"0"}]}
{"id":"999","tags":[{"name":"red_hair"}]}
`), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(metadata, "20170001.json"), []byte(`{"id": 2002, "tag_string": "purple_hair blue_eyes"}`), 0o644))
	tagged, err := Tag(t.Context(), dir, Options{By: []string{ByTags}})
	require.NoError(t, err)
	got := map[string]string{}
	for _, picture := range tagged.Pictures {
		got[filepath.Base(picture.Name)] = picture.Faces[0].Colour
	}
	assert.Equal(t, map[string]string{"1001.png": "green", "1001.jpg.png": "", "2002.png": "purple", "3003.png": "", "cover.png": ""}, got)

	labels := filepath.Join(t.TempDir(), labelsFile)
	require.NoError(t, tagged.Save(labels, false))
	lines, err := dataset.ReadLabels(labels)
	require.NoError(t, err)
	for _, line := range lines {
		want := map[string]string{}
		if line.Class == "purple" {
			want["eyes"] = "blue"
		}
		assert.Equal(t, want, line.Attributes, "what the tags say beside the colour")
	}

	broken := filepath.Join(metadata, "20170002.json")
	require.NoError(t, os.WriteFile(broken, []byte("{}\n"), 0o644))
	_, err = Tag(t.Context(), dir, Options{By: []string{ByTags}})
	assert.ErrorContains(t, err, broken+", line 1")
}

func TestAttributesOfLabelsCountBeforeThoseOfTags(t *testing.T) {
	dir := t.TempDir()
	save(t, portrait.At(77, 0).Draw(64), dir, "a.png")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("red eyes, short hair, twintails, ponytail"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, labelsFile), []byte("file,colour,length\na.png,silver,Long\n"), 0o644))
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
			asked := &sources{dir: dir, by: c.by, labels: map[string]dataset.Labelled{"a.png": {Attributes: map[string]string{"length": "long"}}}}
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
	require.NoError(t, os.WriteFile(filepath.Join(network, "selected_tags.csv"), []byte("name\nsolo\nblue_hair\ngreen_hair\nred_hair\nblue_eyes\norange_hair\n"), 0o644))
	path := filepath.Join(network, "model.onnx")
	data, err := os.ReadFile(filepath.Join("..", "internal", "onnxnet", "testdata", "wd14.onnx"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	tagger, err := tag.OpenTagger(backend, path) // It looks at the mean colour of the picture.
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
		"white.png":  {"", ByTagger, "no tag says a hair colour", ""},
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

	path := filepath.Join(dir, labelsFile)
	require.NoError(t, tagged.Save(path, false))
	assert.ErrorContains(t, tagged.Save(path, false), "is there already")
	require.NoError(t, tagged.Save(path, true))
	_, report, err := dataset.OpenFolder(t.Context(), dir, dataset.FolderOptions{Classes: dataset.HairColours()})
	require.NoError(t, err)
	assert.InDelta(t, 90, report.Total, 2)
}

func TestOnlyTheSamePictureIsADuplicate(t *testing.T) {
	var prints []fingerprint
	for i := range 180 {
		picture := portrait.At(5, i).Draw(128)
		made, err := fingerprintOf(picture)
		require.NoError(t, err)
		prints = append(prints, made)
		again, err := fingerprintOf(dataset.Bicubic(dataset.Bicubic(picture, 97, 97), 128, 128))
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
