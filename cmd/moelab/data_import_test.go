package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moelab/moelab/internal/lockfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImportMakesADatasetOfAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "portraits")
	succeed(t, "data", "draw", "-n", "9", "--size", "160", "--out", dir)
	out := filepath.Join(t.TempDir(), "out")
	said := succeed(t, "data", "import", dir, "--out", out, "--by", "look", "--size", "64")
	assert.Contains(t, said, "9 portraits of 9 faces in 9 pictures: blonde 1, brown 1")
	assert.Contains(t, said, filepath.Join(out, "report.html"))
	assert.Len(t, table(t, filepath.Join(out, "labels.csv")), 10)
	assert.Contains(t, succeed(t, "data", "check", out), "9 pictures: blonde 1")
	said = succeed(t, "data", "import", dir, "--out", out, "--by", "look", "--size", "64")
	assert.Contains(t, said, "9 portraits of 9", "again")
}

func TestTagWritesLabels(t *testing.T) {
	dir := drawn(t, "-n", "18")
	labels := filepath.Join(t.TempDir(), "labels.csv")
	said := succeed(t, "data", "tag", dir, "--by", "look", "--out", labels)
	assert.Contains(t, said, "as the folder says itself: 18 of 18 (100.0 %)")
	assert.Len(t, table(t, labels), 19)
	before := files(t, dir)
	rejected(t, "is there already", "data", "tag", dir)
	assert.Equal(t, before, files(t, dir))
	succeed(t, "data", "tag", dir, "--force")

	none := filepath.Join(t.TempDir(), "none.onnx")
	// Before the tagger is opened, let alone run.
	rejected(t, labels+" is there already", "data", "tag", dir, "--out", labels, "--tagger", none)
	rejected(t, "no such file", "data", "tag", dir, "--out", labels, "--tagger", none, "--force")
}

func TestImportAsksATagger(t *testing.T) {
	network := t.TempDir()
	names := "name\nsolo\nblue_hair\ngreen_hair\nred_hair\nblue_eyes\norange_hair\n"
	require.NoError(t, os.WriteFile(filepath.Join(network, "selected_tags.csv"), []byte(names), 0o644))
	data, err := os.ReadFile(filepath.Join("..", "..", "internal", "onnxnet", "testdata", "wd14.onnx"))
	require.NoError(t, err)
	path := filepath.Join(network, "model.onnx")
	require.NoError(t, os.WriteFile(path, data, 0o644))

	dir := filepath.Join(t.TempDir(), "portraits")
	succeed(t, "data", "draw", "-n", "9", "--size", "160", "--out", dir)
	out := filepath.Join(t.TempDir(), "out")
	said := succeed(t, "data", "import", dir, "--out", out, "--by", "tagger", "--tagger", path)
	rows := table(t, filepath.Join(out, "labels.csv"))
	require.Greater(t, len(rows), 1, said)
	colour, by := slices.Index(rows[0], "colour"), slices.Index(rows[0], "by")
	for _, row := range rows[1:] {
		assert.Equal(t, "tagger", row[by], "who said it")
		assert.Contains(t, []string{"blue", "green", "red"}, row[colour], "all that this network knows")
	}
	rejected(t, "name a new folder", "data", "import", dir, "--out", out, "--by", "look")

	said = succeed(t, "data", "import", dir, "--out", out, "--by", "tagger", "--tagger", path)
	assert.Equal(t, rows, table(t, filepath.Join(out, "labels.csv")), "the same tagger says nothing new: "+said)
	turned := map[string]string{"blue": "green", "green": "red", "red": "blue"}
	var pairs []string
	for from, to := range turned {
		pairs = append(pairs, from+"_hair", to+"_hair")
	}
	names = strings.NewReplacer(pairs...).Replace(names)
	require.NoError(t, os.WriteFile(filepath.Join(network, "selected_tags.csv"), []byte(names), 0o644))
	succeed(t, "data", "import", dir, "--out", out, "--by", "tagger", "--tagger", path)
	picture, now := slices.Index(rows[0], "picture"), map[string]string{}
	for _, row := range table(t, filepath.Join(out, "labels.csv"))[1:] {
		now[row[picture]] = row[colour]
	}
	for _, row := range rows[1:] {
		assert.Equal(t, turned[row[colour]], now[row[picture]], "another tagger at the same path: %s", row[picture])
	}
}

func TestASecondImportIntoTheSameFolderWaits(t *testing.T) {
	dir, out := drawn(t, "-n", "9"), t.TempDir()
	lock, _, err := lockfile.Acquire(out)
	require.NoError(t, err)
	call := []string{"data", "import", dir, "--out", out, "--by", "look"}
	status, _, stderr := moelab(t, call...)
	assert.Equal(t, statusFailed, status, "the call is right")
	assert.Contains(t, stderr, fmt.Sprintf("%s is being filled by process %d on ", out, os.Getpid()))
	require.NoError(t, lock.Unlock())
	succeed(t, call...)
}

func TestWhatWasDoneBeforeAnErrorIsSaid(t *testing.T) {
	dir := drawn(t, "-n", "9")
	last, err := filepath.Glob(filepath.Join(dir, "silver", "*.png"))
	require.NoError(t, err)
	require.Len(t, last, 1)
	broken := strings.TrimSuffix(last[0], "png") + "json"
	require.NoError(t, os.WriteFile(broken, []byte("[3]"), 0o644))
	status, _, stderr := moelab(t, "data", "tag", dir, "--by", "tags", "--force", "--strict")
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, broken+": neither a post nor a list of tags; mend or remove the file; "+
		"8 of 9 pictures were tagged before that, and nothing is written")
	assert.NotContains(t, stderr, "Go value")
}

func TestImportRejectsInvalidArguments(t *testing.T) {
	dir := drawn(t, "-n", "9")
	empty := t.TempDir()
	labels := filepath.Join(t.TempDir(), "bad")
	require.NoError(t, os.MkdirAll(labels, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(labels, "labels.csv"), []byte("name,hair\na.png,red\n"), 0o644))
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--out is missing", []string{"import", dir}},
		{"--size is 8", []string{"import", dir, "--out", "x", "--size", "8"}},
		{"--least is 0", []string{"import", dir, "--out", "x", "--least", "0"}},
		{`--by has "guess": there are folder, tags, tagger, look`, []string{"import", dir, "--out", "x", "--by", "guess"}},
		{"there are no pictures", []string{"import", empty, "--out", filepath.Join(t.TempDir(), "x")}},
		{"lies in it", []string{"import", dir, "--out", filepath.Join(dir, "x")}},
		{"no such file", []string{"tag", filepath.Join(empty, "none")}},
		{"it needs file and colour", []string{"tag", labels, "--force"}},
		{"labels.csv is there already", []string{"tag", dir}},
		{`--by has "guess"`, []string{"tag", dir, "--force", "--by", "guess"}},
		{"no such file", []string{"tag", dir, "--force", "--tagger", filepath.Join(empty, "none.onnx")}},
		{"neither selected_tags.csv", []string{
			"import", dir, "--out", filepath.Join(t.TempDir(), "x"),
			"--tagger", "../../internal/onnxnet/testdata/wd14.onnx",
		}},
	} {
		rejected(t, c.says, append([]string{"data"}, c.args...)...)
	}
}

// rejected runs the command and asserts that it fails with status 2 and one line that contains a text.
func rejected(t *testing.T, says string, args ...string) {
	t.Helper()
	status, _, stderr := moelab(t, args...)
	assert.Equal(t, statusUsage, status, "%v: %s", args, stderr)
	assert.Contains(t, stderr, says, "%v", args)
	assert.Equal(t, 1, strings.Count(strings.TrimSpace(stderr), "\n")+1, "%v: %s", args, stderr)
}
