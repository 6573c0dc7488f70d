package main

import (
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// files returns the checksums of all files of a folder, by path.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		sums[path] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	}))
	return sums
}

// table reads a CSV file.
func table(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return rows
}

// pictureSize returns the width and height of a PNG.
func pictureSize(t *testing.T, path string) image.Point {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	picture, err := png.DecodeConfig(file)
	require.NoError(t, err)
	return image.Pt(picture.Width, picture.Height)
}

// drawn draws portraits into a folder of its own.
func drawn(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "drawn")
	succeed(t, append([]string{"data", "draw", "--size", "32", "--out", dir}, args...)...)
	return dir
}

func TestDrawFillsAFolderPerColour(t *testing.T) {
	dir := drawn(t, "-n", "18", "--seed", "3")
	rows := table(t, filepath.Join(dir, "labels.csv"))
	require.Len(t, rows, 19)
	assert.Equal(t, []string{"file", "colour", "eyes", "length", "style"}, rows[0])
	for _, row := range rows[1:] {
		assert.Equal(t, row[1], filepath.Dir(row[0]))
		assert.Equal(t, image.Pt(32, 32), pictureSize(t, filepath.Join(dir, row[0])))
	}

	first := files(t, dir)
	assert.Equal(t, first, files(t, drawn(t, "-n", "18", "--seed", "3")), "the same seed must draw the same files")
	assert.NotEqual(t, first, files(t, drawn(t, "-n", "18", "--seed", "4")))

	status, _, stderr := moelab(t, "data", "draw", "-n", "3", "--size", "32", "--seed", "5", "--out", dir)
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "the folder holds 18 portraits of seed 3")
	assert.Equal(t, first, files(t, dir), "a rejected call must leave the folder as it is")
}

func TestDrawIllustrationsToEnlarge(t *testing.T) {
	dir := drawn(t, "-n", "2", "--illustration")
	for _, name := range []string{"000000.png", "000001.png"} {
		assert.Equal(t, image.Pt(32, 32), pictureSize(t, filepath.Join(dir, name)))
	}
	status, _, stderr := moelab(t, "data", "draw", "--illustration", "--blink", "--out", dir)
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "choose one")
}

func TestDrawBlinksWithTheirApertures(t *testing.T) {
	dir := drawn(t, "-n", "2", "--blink")
	blinks, err := os.ReadDir(dir)
	require.NoError(t, err)
	count := 0
	for _, blink := range blinks {
		if !blink.IsDir() {
			continue
		}
		count++
		rows := table(t, filepath.Join(dir, blink.Name(), "aperture.csv"))
		assert.Equal(t, []string{"frame", "aperture"}, rows[0])
		require.Len(t, rows, 17)
		for i := range 16 {
			assert.FileExists(t, filepath.Join(dir, blink.Name(), fmt.Sprintf("frame_%02d.png", i)))
		}
	}
	assert.Equal(t, 2, count)
}

func TestCheckCountsColoursAndNamesBrokenPictures(t *testing.T) {
	dir := drawn(t, "-n", "18")
	assert.Contains(t, succeed(t, "data", "check", dir), "18 pictures: blonde 2, brown 2")

	require.NoError(t, os.Remove(filepath.Join(dir, "labels.csv")))
	whole, err := os.ReadFile(filepath.Join(dir, "blonde", "000000.png"))
	require.NoError(t, err)
	broken := map[string][]byte{
		"blue/cut.png": whole[:len(whole)/2], "red/empty.png": nil, "green/page.jpg": []byte("<html>"),
	}
	for name, data := range broken {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	report := succeed(t, "data", "check", dir)
	assert.Contains(t, report, "18 pictures")
	for name := range broken {
		assert.Contains(t, report, name)
	}

	status, _, stderr := moelab(t, "data", "check", "--strict", dir)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, stderr, "blue/cut.png")
}

func TestCheckNamesBrokenPicturesOfAFolderThatTrainingWouldReject(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Rename(filepath.Join(drawn(t, "-n", "18"), "blue"), filepath.Join(dir, "blue")))
	broken := filepath.Join(dir, "blue", "broken.jpg")
	require.NoError(t, os.WriteFile(broken, []byte("\xff\xd8\xff\xe0"), 0o644))
	status, stdout, stderr := moelab(t, "data", "check", dir)
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "all readable pictures are of one class")
	assert.Contains(t, stdout, "2 pictures: blonde 0, brown 0, black 0, blue 2")
	assert.Contains(t, stdout, "1 broken picture left out:\n  "+broken+": ")
}

func TestPicturesOfOneColourAreRejected(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Rename(filepath.Join(drawn(t, "-n", "18"), "blue"), filepath.Join(dir, "blue")))
	run := filepath.Join(t.TempDir(), "run")
	for _, args := range [][]string{
		{"data", "check", dir},
		{"train", "gan", "--preset", "smoke", "--run", run, "--data", dir},
	} {
		status, _, stderr := moelab(t, args...)
		assert.Equal(t, statusUsage, status)
		assert.Contains(t, stderr, `all readable pictures are of one class, "blue"`)
	}
	assert.NoDirExists(t, run)
}
