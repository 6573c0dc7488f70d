package dataset

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/internal/imaging"
)

func TestDrawnPortraitsWithHatsSaySo(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, DrawWithHats(t.Context(), dir, 45, 16, 3, 1, nil))
	labels, err := os.ReadFile(filepath.Join(dir, labelsFile))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(labels)), "\n")
	assert.Equal(t, "file,colour,eyes,length,style,headwear,second_colour", lines[0])
	for i, line := range lines[1:] {
		p := portrait.AtDressed(3, i, 1, portrait.Colours()...)
		second := ""
		if p.TwoTone != 0 {
			second = p.SecondColour.String()
		}
		assert.True(t, strings.HasSuffix(line, ","+p.Headwear.String()+","+second), line)
	}
	set, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours(), Attributes: []string{"eyes"}})
	require.NoError(t, err)
	assert.Equal(t, []int{45, 0}, []int{report.Total, len(report.Bad)})
	drawn := DrawnWithHats(3, 45, 1, portrait.Colours()...)
	picture, err := set.Picture(t.Context(), 0, 16)
	require.NoError(t, err)
	again, err := drawn.Picture(t.Context(), numberOf(t, set.Name(0)), 16)
	require.NoError(t, err)
	assert.Equal(t, again.Pix, picture.Pix, "the same as those that are drawn without a folder")
	require.ErrorContains(t, Draw(t.Context(), dir, 45, 16, 3, nil), "a share of 1 of the portraits have hats")
}

// numberOf is the number of a drawn picture, by its name.
func numberOf(t *testing.T, name string) int {
	number, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".png"))
	require.NoError(t, err)
	return number
}

func TestADrawnFolderOpensAsTheSetItWasDrawnFrom(t *testing.T) {
	noCache(t)
	dir := filepath.Join(t.TempDir(), "new", "portraits")
	const n, size, seed = 27, 32, 5
	last := 0
	require.NoError(t, Draw(t.Context(), dir, n, size, seed, func(done, total int) {
		assert.Equal(t, last+1, done)
		assert.Equal(t, n, total)
		last = done
	}))
	assert.Equal(t, n, last)

	want := Drawn(seed, n)
	check := func(set Set, report Report) {
		t.Helper()
		require.Equal(t, n, set.Len())
		assert.Equal(t, Classes(want), Classes(set))
		assert.Empty(t, report.Bad)
		assert.Zero(t, report.Unlisted)
		assert.Equal(t, []int{3, 3, 3, 3, 3, 3, 3, 3, 3}, report.PerClass)
	}
	set, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours()})
	require.NoError(t, err)
	check(set, report)
	for i := range n {
		drawn, err := want.Picture(t.Context(), i, size)
		require.NoError(t, err)
		read, err := set.Picture(t.Context(), i, size)
		require.NoError(t, err)
		require.Equal(t, drawn.Pix, read.Pix)
		require.Equal(t, want.Label(i, 0), set.Label(i, 0))
	}

	require.NoError(t, os.Remove(filepath.Join(dir, labelsFile))) // The folders say the same.
	set, report, err = OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours()})
	require.NoError(t, err)
	check(set, report)
}

func TestLabelsCSVNamesFileAndColour(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, Draw(t.Context(), dir, 9, 16, 1, nil))
	file, err := os.Open(filepath.Join(dir, labelsFile))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 10)
	assert.Equal(t, []string{"file", "colour", "eyes", "length", "style"}, rows[0])
	for _, row := range rows[1:] {
		assert.Regexp(t, `^`+row[1]+`/\d{6}\.png$`, row[0])
		assert.FileExists(t, filepath.Join(dir, row[0]))
	}
}

func TestDrawingAgainFinishesOrEnlargesItsOwnFolder(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	err := Draw(ctx, dir, 1000, 16, 1, func(done, _ int) {
		if done == 5 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoFileExists(t, filepath.Join(dir, labelsFile))

	require.NoError(t, Draw(t.Context(), dir, 1000, 16, 1, nil))
	require.NoError(t, Draw(t.Context(), dir, 1009, 16, 1, nil))
	pictures, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	require.NoError(t, err)
	assert.Len(t, pictures, 1009)
	for _, path := range pictures {
		require.True(t, strings.HasSuffix(path, ".png"), path) // No temporary files.
	}
}

func TestDrawingIntoAFolderThatIsNotItsOwnIsRefused(t *testing.T) {
	foreign := small(t, "blue/holiday.png")
	own := t.TempDir()
	require.NoError(t, Draw(t.Context(), own, 9, 16, 1, nil))
	damaged := t.TempDir()
	write(t, filepath.Join(damaged, drawnFile), []byte("{"))
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	for _, c := range []struct {
		dir     string
		n, size int
		seed    uint64
		says    string
	}{
		{foreign, 9, 16, 1, "the folder is not empty, and was not drawn by moelab"},
		{own, 9, 16, 2, "the folder holds 9 portraits of seed 1 and 16×16 pixels"},
		{own, 9, 32, 1, "the folder holds 9 portraits of seed 1 and 16×16 pixels"},
		{own, 8, 16, 1, "the folder holds 9 portraits of seed 1 and 16×16 pixels"},
		{damaged, 9, 16, 1, "drawn.json, which says what was drawn, is damaged: the JSON breaks off; choose another folder"},
		{file, 9, 16, 1, "not a directory"},
		{t.TempDir(), 0, 16, 1, "0 is not a number of pictures"},
		{t.TempDir(), 9, 8, 1, "size 8 is not between 16 and 512"},
		{t.TempDir(), 9, 60000, 1, "size 60000 is not between 16 and 512"},
	} {
		err := Draw(t.Context(), c.dir, c.n, c.size, c.seed, nil)
		require.ErrorContains(t, err, c.says)
		require.ErrorContains(t, err, c.dir)
	}
	assert.FileExists(t, filepath.Join(foreign, "blue", "holiday.png"))
	assert.NoFileExists(t, filepath.Join(foreign, drawnFile))
}

func TestABlinkIsSixteenFramesAndTheirApertures(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, DrawBlinks(t.Context(), dir, 3, 32, 7, nil))
	for i := range 3 {
		clip := filepath.Join(dir, fmt.Sprintf("%06d", i))
		file, err := os.Open(filepath.Join(clip, "aperture.csv"))
		require.NoError(t, err)
		rows, err := csv.NewReader(file).ReadAll()
		file.Close()
		require.NoError(t, err)
		require.Len(t, rows, 1+portrait.BlinkFrames)
		assert.Equal(t, []string{"frame", "aperture"}, rows[0])
		blink := portrait.Blink(7, i)
		drawn, err := DrawnBlinks(7, 3, 32).Clip(t.Context(), i)
		require.NoError(t, err)
		for frame, row := range rows[1:] {
			assert.Equal(t, strconv.Itoa(frame), row[0])
			aperture, err := strconv.ParseFloat(row[1], 64)
			require.NoError(t, err)
			assert.InDelta(t, blink.Frames[frame].EyeOpening, aperture, 1e-4)
			read, err := imaging.Load(filepath.Join(clip, fmt.Sprintf("frame_%02d.png", frame)))
			require.NoError(t, err)
			assert.Equal(t, drawn.Frames[frame].Pix, read.Pix)
		}
	}
	err := Draw(t.Context(), dir, 3, 32, 7, nil)
	require.ErrorContains(t, err, "the folder holds 3 blinks of seed 7")
}

func TestDrawnIllustrationsOpenAsTheyWereDrawn(t *testing.T) {
	noCache(t)
	dir := filepath.Join(t.TempDir(), "illustrations")
	const n = 3
	last := 0
	require.NoError(t, DrawIllustrations(t.Context(), dir, n, IllustrationSize, 5, func(done, _ int) { last = done }))
	assert.Equal(t, n, last)
	read, report, err := OpenPictures(t.Context(), dir, PicturesOptions{})
	require.NoError(t, err)
	require.Equal(t, n, read.Len())
	assert.Empty(t, report.Bad)
	drawn := Illustrations(5, n)
	for i := range n {
		want, err := drawn.Whole(t.Context(), i)
		require.NoError(t, err)
		got, err := read.Whole(t.Context(), i)
		require.NoError(t, err)
		require.Equal(t, want.Pix, got.Pix)
	}
	assert.Equal(t, "illustration 2 of seed 5", drawn.Name(2))
	require.ErrorContains(t, Draw(t.Context(), dir, n, 512, 5, nil), "the folder holds 3 illustrations of seed 5")
}
