package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moelab/moelab/dataset/portrait"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryAttributeOfDrawnPortraitsIsKnown(t *testing.T) {
	set := Drawn(3, 900)
	require.Equal(t, Attributes(), set.Labels()[1:])
	for a, attribute := range set.Labels() {
		seen := make([]int, len(attribute.Classes))
		for i := range set.Len() {
			label := set.Label(i, a)
			require.GreaterOrEqual(t, label, 0)
			seen[label]++
		}
		for label, n := range seen {
			assert.Greater(t, n, 900/(4*len(seen)), "%s %s", attribute.Name, attribute.Classes[label])
		}
	}
	p := portrait.At(3, 0)
	p.Back = 4 // Twin tails.
	assert.Equal(t, []string{"long", "twintails"}, []string{p.HairLength(), p.HairStyle()})
}

func TestAttributesOfAFolderAreThoseThatWereDrawn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "drawn")
	require.NoError(t, Draw(t.Context(), dir, 45, 16, 3, nil))
	names := []string{"length", "eyes"}
	set, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours(), Attributes: names})
	require.NoError(t, err)
	assert.Empty(t, report.Unknown)
	drawn := Drawn(3, 45)
	for i := range set.Len() { // labels.csv is in the order of the drawing.
		assert.Equal(t, drawn.Label(i, 0), set.Label(i, 0))
		assert.Equal(t, []int{drawn.Label(i, 2), drawn.Label(i, 1)}, []int{set.Label(i, 1), set.Label(i, 2)})
	}

	loader, err := NewLoader(Cached(set, 1<<20), LoaderOptions{Size: 16, Batch: 45, Attributes: []string{"eyes"}})
	require.NoError(t, err)
	defer loader.Close()
	batch, err := loader.Next(t.Context())
	require.NoError(t, err)
	counts, want := map[int32]int{}, map[int32]int{}
	for i := range batch.N {
		counts[batch.Labels[2*i+1]]++
		want[int32(drawn.Label(i, 1))]++
	}
	assert.Equal(t, want, counts)

	lengths, err := ByAttribute(set, "length")
	require.NoError(t, err)
	assert.Equal(t, portrait.HairLengths(), Classes(lengths))
	assert.Equal(t, drawn.Label(7, 2), lengths.Label(7, 0))
}

func TestUnknownAttributesAreSaid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "drawn")
	require.NoError(t, Draw(t.Context(), dir, 9, 16, 3, nil))
	labels := filepath.Join(dir, labelsFile)
	data, err := os.ReadFile(labels)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	for i := range lines {
		fields := strings.Split(lines[i], ",")
		if i == 1 {
			fields[2] = ""
		}
		if i == 2 {
			fields[2] = "plaid"
		}
		if i == 3 {
			fields = fields[:2]
		}
		lines[i] = strings.Join(fields, ",")
	}
	require.NoError(t, os.WriteFile(labels, []byte(strings.Join(lines, "\n")), 0o644))
	set, report, err := OpenFolder(t.Context(), dir, FolderOptions{Classes: HairColours(), Attributes: []string{"eyes"}})
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"eyes": 3}, report.Unknown)
	assert.Contains(t, report.String(), "eyes unknown for 3 pictures")
	for i := range 3 {
		assert.Equal(t, -1, set.Label(i, 1))
	}
	known, err := ByAttribute(set, "eyes")
	require.NoError(t, err)
	assert.Equal(t, 6, known.Len())

	_, _, err = OpenFolder(t.Context(), dir, FolderOptions{Attributes: []string{"shoes"}})
	assert.ErrorContains(t, err, `no attribute "shoes"; there are eyes, length, style`)
	require.NoError(t, os.WriteFile(labels, []byte("file,colour\nred/000001.png,red\n"), 0o644))
	_, _, err = OpenFolder(t.Context(), dir, FolderOptions{Attributes: []string{"eyes"}})
	assert.ErrorContains(t, err, "it needs eyes")
	require.NoError(t, os.Remove(labels))
	_, _, err = OpenFolder(t.Context(), dir, FolderOptions{Attributes: []string{"eyes"}})
	assert.ErrorContains(t, err, "there is no labels.csv")
	_, err = NewLoader(Drawn(1, 9), LoaderOptions{Size: 16, Batch: 1, Attributes: []string{"shoes"}})
	assert.ErrorContains(t, err, `no attribute "shoes"`)
}
