package collect

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// names are the tags of the networks of internal/onnxnet/testdata, in each tagger's form.
var names = map[string]string{
	wd14File: "tag_id,name,category,count\n9999999,solo,0,5\n1,blue_hair,0,4\n2,green_hair,0,3\n" +
		"3,red_hair,0,2\n4,blue_eyes,0,2\n5,orange_hair,0,1\n",

	illustration2VecFile: `["solo", "blue hair", "green hair", "red hair", "blue eyes", null]`,
}

// taggerFile puts a network and the names of its tags into a folder of their own.
func taggerFile(t *testing.T, network, namesFile, names string) string {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join("..", "internal", "onnxnet", "testdata", network))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model.onnx"), data, 0o644))
	if namesFile != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, namesFile), []byte(names), 0o644))
	}
	return filepath.Join(dir, "model.onnx")
}

func openBackend(t *testing.T) compute.Backend {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	return backend
}

func TestTaggersOfBothKindsSayTheColour(t *testing.T) {
	backend := openBackend(t)
	files := map[string]string{"wd14.onnx": wd14File, "illustration2vec.onnx": illustration2VecFile}
	for network, namesFile := range files {
		t.Run(network, func(t *testing.T) {
			tagger, err := OpenTagger(backend, taggerFile(t, network, namesFile, names[namesFile]))
			require.NoError(t, err)
			defer tagger.Close()
			for colour, want := range map[color.RGBA][]string{
				{20, 20, 220, 255}:   {"solo", "blue_hair", "blue_eyes"},
				{20, 220, 20, 255}:   {"solo", "green_hair"},
				{220, 20, 20, 255}:   {"solo", "red_hair"},
				{120, 120, 120, 255}: {"solo"},
				{20, 220, 230, 255}:  {"solo", "blue_hair", "blue_eyes"}, // Green is likely too, but less than blue.
			} {
				picture := image.NewRGBA(image.Rect(0, 0, 60, 60))
				draw.Draw(picture, picture.Rect, image.NewUniform(colour), image.Point{}, draw.Src)
				got, err := tagger.tags(t.Context(), picture)
				require.NoError(t, err)
				assert.ElementsMatch(t, want, got, "%v", colour)
			}
		})
	}
}

func TestTheStampOfATaggerTellsItsFilesFromOthersAtTheSamePath(t *testing.T) {
	backend := openBackend(t)
	path := taggerFile(t, "wd14.onnx", wd14File, names[wd14File])
	stamp := func() string {
		tagger, err := OpenTagger(backend, path)
		require.NoError(t, err)
		defer tagger.Close()
		return tagger.version()
	}
	seen := map[string]string{stamp(): "as it was"}
	assert.Contains(t, seen, stamp(), "the same files")
	for i, name := range []string{"model.onnx", wd14File} {
		at := time.Date(2001, 2, 3, 4, i, 0, 0, time.UTC)
		require.NoError(t, os.Chtimes(filepath.Join(filepath.Dir(path), name), at, at))
		assert.NotContains(t, seen, stamp(), name)
		seen[stamp()] = name
	}
	assert.Empty(t, (*Tagger)(nil).version())
}

func TestTaggersThatCannotBeAreRefused(t *testing.T) {
	backend := openBackend(t)
	for name, c := range map[string]struct{ path, want string }{
		"no names":     {taggerFile(t, "wd14.onnx", "", ""), "neither selected_tags.csv (WD14) nor tag_list.json"},
		"empty names":  {taggerFile(t, "wd14.onnx", wd14File, ""), "it is empty"},
		"no column":    {taggerFile(t, "wd14.onnx", wd14File, "a,b\n"), `no column is called "name"`},
		"broken names": {taggerFile(t, "wd14.onnx", illustration2VecFile, "{"), illustration2VecFile},
		"no network":   {filepath.Join(t.TempDir(), "none.onnx"), "none.onnx"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := OpenTagger(backend, c.path)
			assert.ErrorContains(t, err, c.want)
		})
	}
	tagger, err := OpenTagger(backend, taggerFile(t, "wd14.onnx", wd14File, "name\nsolo\n"))
	require.NoError(t, err)
	defer tagger.Close()
	_, err = tagger.tags(t.Context(), image.NewRGBA(image.Rect(0, 0, 8, 8)))
	assert.ErrorContains(t, err, "6 numbers for a picture, but the file beside it names 1 tags")
}

func TestATaggerSaysSeveralColoursBesideOne(t *testing.T) {
	tagger, err := OpenTagger(openBackend(t), taggerFile(t, "wd14.onnx", wd14File,
		"name\nsolo\nblue_hair\nstreaked_hair\nred_hair\nblue_eyes\nheterochromia\n"))
	require.NoError(t, err)
	defer tagger.Close()
	picture := image.NewRGBA(image.Rect(0, 0, 60, 60)) // Of it, blue and, less surely, green is said.
	draw.Draw(picture, picture.Rect, image.NewUniform(color.RGBA{20, 220, 230, 255}), image.Point{}, draw.Src)
	got, err := tagger.tags(t.Context(), picture)
	require.NoError(t, err)
	require.Subset(t, got, []string{"blue_hair", "streaked_hair"})
	_, why := taggedHair(got)
	assert.Equal(t, "tagged streaked_hair", why)
}
