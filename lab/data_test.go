package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type dataConfig struct {
	Data string `json:"data"`
}

func TestDataOfARunIsFoundFromOtherFolders(t *testing.T) {
	home, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	elsewhere := t.TempDir()
	pictures, dir := filepath.Join(home, "pictures"), filepath.Join(home, "runs", "hair")
	require.NoError(t, os.Mkdir(pictures, 0o755))
	find := func(dir string) string {
		t.Helper()
		found, err := FindData(dir, "pictures")
		require.NoError(t, err)
		return found
	}
	create := func(dir string) {
		t.Helper()
		run, err := Create(dir, Experiment{Name: "gan", Config: dataConfig{"pictures"}})
		require.NoError(t, err)
		require.NoError(t, run.Close())
	}

	t.Chdir(home)
	assert.Equal(t, "pictures", find(dir), "before there is a run")
	create(dir)
	assert.Equal(t, pictures, find(dir))
	var config dataConfig
	_, _, err = (&Run{dir: dir}).Experiment(&config)
	require.NoError(t, err)
	assert.Equal(t, "pictures", config.Data, "as it was typed")

	t.Chdir(elsewhere)
	assert.Equal(t, "pictures", find(filepath.Join(elsewhere, "new")), "of no run, to be missed by who opens it")
	assert.Equal(t, pictures, find(dir), "where it was")
	create(dir)
	assert.Equal(t, pictures, find(dir), "which a training from here does not forget")

	require.NoError(t, os.Mkdir("pictures", 0o755))
	create(dir)
	assert.Equal(t, pictures, find(dir), "not other pictures under the same words")
	require.NoError(t, os.Remove("pictures"))
	for _, name := range []string{pictures, pictures + "/", "pictures"} {
		run, err := Create(dir, Experiment{Name: "gan", Config: dataConfig{name}})
		require.NoError(t, err, "another name of the same folder")
		require.NoError(t, run.Close())
		_, _, err = (&Run{dir: dir}).Experiment(&config)
		require.NoError(t, err)
		assert.Equal(t, "pictures", config.Data)
	}
	_, err = Create(dir, Experiment{Name: "gan", Config: dataConfig{elsewhere}})
	require.ErrorIs(t, err, ErrOtherExperiment)

	moved := filepath.Join(elsewhere, "runs", "hair")
	require.NoError(t, os.CopyFS(moved, os.DirFS(dir)))
	assert.Equal(t, pictures, find(moved), "a run that was moved away from its data")

	// A run of an earlier version does not say where it was.
	path := filepath.Join(dir, configName)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var file map[string]any
	require.NoError(t, json.Unmarshal(text, &file))
	assert.Equal(t, pictures, file["data"])
	delete(file, "data")
	text, err = json.Marshal(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o644))
	assert.Equal(t, pictures, find(dir), "beside a folder above the run")

	require.NoError(t, os.RemoveAll(pictures))
	_, err = FindData(moved, "pictures")
	assert.EqualError(t, err, "pictures, which "+moved+" was trained on, was at "+pictures+", is not found: "+
		"move it back, or run the command from the folder that it lies in (or measure with other data: --data)")
	_, err = FindData(dir, "pictures")
	assert.ErrorContains(t, err, "pictures, which "+dir+" was trained on, is not found: move it back")
	found, err := FindData(dir, "")
	require.NoError(t, err)
	assert.Empty(t, found, "drawn data")
}

func TestNoRunIsTrainedWithinItsData(t *testing.T) {
	data := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(data, link))
	for _, dir := range []string{filepath.Join(data, "run"), filepath.Join(link, "runs", "run"), data, link} {
		_, err := Create(dir, Experiment{Name: "gan", Config: dataConfig{data}})
		require.ErrorIs(t, err, ErrConfig, dir)
		requireLine(t, err, "the run directory "+dir+" lies in the data, "+data)
	}
	left, err := os.ReadDir(data)
	require.NoError(t, err)
	assert.Empty(t, left, "it is said before anything is written")
	run, err := Create(filepath.Join(t.TempDir(), "run"), Experiment{Name: "gan", Config: dataConfig{data}})
	require.NoError(t, err)
	require.NoError(t, run.Close())
}
