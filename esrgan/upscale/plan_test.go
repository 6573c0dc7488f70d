package upscale

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/imaging/imagingtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlanNamesEachResultAfterItsPicture(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	for _, name := range []string{"a.png", "b.jpg", "b.webp", "deep/c.PNG", ".hidden.png", "notes.txt", "e.jfif", "f.JPE",
		"a.avif"} { // An AVIF is listed, to be named as unreadable, and renames no result.
		imagingtest.PutFile(t, filepath.Join(in, name), imagingtest.PNG(t, imagingtest.Squares()))
	}
	imagingtest.PutFile(t, filepath.Join(in, "d.gif"), imagingtest.Animation(t))
	results := func(format string) map[string]string {
		jobs, err := Plan(t.Context(), []string{in}, out, format)
		require.NoError(t, err)
		names := map[string]string{}
		for _, job := range jobs {
			from, err := filepath.Rel(in, job.In)
			require.NoError(t, err)
			to, err := filepath.Rel(out, job.Out)
			require.NoError(t, err)
			names[from] = to
			assert.True(t, job.InFolder)
			assert.False(t, job.Done())
		}
		return names
	}
	assert.Equal(t, map[string]string{
		"a.png": "a.png", "b.jpg": "b.jpg.png", "b.webp": "b.webp.png", "deep/c.PNG": "deep/c.png", "d.gif": "d.gif",
		"e.jfif": "e.png", "f.JPE": "f.png", "a.avif": "a.avif.png",
	}, results(""))
	assert.Equal(t, map[string]string{
		"a.png": "a.jpg", "b.jpg": "b.jpg.jpg", "b.webp": "b.webp.jpg", "deep/c.PNG": "deep/c.jpg", "d.gif": "d.jpg",
		"e.jfif": "e.jpg", "f.JPE": "f.jpg", "a.avif": "a.avif.jpg",
	}, results("JPG"))
}

func TestJobsAreDoneUntilTheirPicturesChange(t *testing.T) {
	dir := t.TempDir()
	in := imagingtest.PutFile(t, filepath.Join(dir, "in", "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	jobs, err := Plan(t.Context(), []string{filepath.Dir(in)}, filepath.Join(dir, "out"), "")
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	_, err = enlarger(t, 0).Do(t.Context(), jobs[0], nil, nil)
	require.NoError(t, err)
	assert.True(t, jobs[0].Done())
	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(in, later, later))
	assert.False(t, jobs[0].Done())
}

func TestPlanOverwritesNoPicture(t *testing.T) {
	dir := t.TempDir()
	a := imagingtest.PutFile(t, filepath.Join(dir, "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	b := imagingtest.PutFile(t, filepath.Join(dir, "b.jpg"), imagingtest.PNG(t, imagingtest.Squares()))
	link, hard := filepath.Join(dir, "link.png"), filepath.Join(dir, "hard.png")
	require.NoError(t, os.Symlink(a, link))
	require.NoError(t, os.Link(a, hard))
	require.NoError(t, os.Symlink(b, filepath.Join(dir, "b.png")))
	for _, names := range [][]string{
		{a, a}, {a, link}, {link, a}, {a, hard}, {a, dir}, {b, dir}, {a, b, dir}, {dir, dir},
	} {
		last := len(names) - 1
		_, err := Plan(t.Context(), names[:last], names[last], "")
		assert.ErrorAs(t, err, new(RequestError), "%v", names)
	}
}
