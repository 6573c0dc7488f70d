package dataset

import (
	"fmt"
	"image/color"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALineOfLabelsNamesAFile(t *testing.T) {
	for _, file := range []string{"", ".", "a/..", "./"} {
		_, err := readLabels(strings.NewReader("file,colour\n"+file+",blue\n"), nil)
		assert.ErrorContains(t, err, "is not in the folder", "%q", file)
	}
}

func TestHairColoursHaveTheSameNamesInLabelsAsInFolders(t *testing.T) {
	noCache(t)
	names := []string{"blonde_hair", "Gray", "light blue hair", "red", "lavender"}
	want := []string{"blonde", "silver", "blue", "red", "purple"}
	folders, listed := t.TempDir(), t.TempDir()
	// A space before or after a name is none of it, unless it stands in quotes.
	rows := "\ufefffile, colour\n"
	for i, name := range names {
		data := pngBytes(t, plain(16, color.RGBA{uint8(40 * i), 90, 90, 255}))
		write(t, filepath.Join(folders, name, "a.png"), data)
		write(t, filepath.Join(listed, "pictures", fmt.Sprintf("%d.png", i)), data)
		rows += fmt.Sprintf(" pictures/%d.png , %s\n", i, name)
	}
	write(t, filepath.Join(listed, " spaced.png"), pngBytes(t, plain(16, color.RGBA{1, 2, 3, 255})))
	write(t, filepath.Join(listed, labelsFile), []byte(rows+"\" spaced.png\",green\n"))
	for dir, more := range map[string]int{folders: 0, listed: 1} {
		set, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours()})
		require.NoError(t, err)
		assert.Empty(t, report.Bad)
		assert.Empty(t, report.UnknownFolders)
		assert.Equal(t, len(names)+more, set.Len())
		for _, colour := range want {
			assert.Equal(t, 1, report.PerClass[slices.Index(HairColours(), colour)], colour)
		}
	}
	_, _, err := OpenFolder(t.Context(), listed, FolderOptions{Classes: []string{"blonde", "red"}})
	assert.ErrorContains(t, err, `line 3: unknown class "Gray"; known are blonde, red`)
}
