package upscale

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
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

// A run of the same command makes what is missing or would come out differently, and nothing else.
func TestJobsAreDoneUntilTheyWouldComeOutDifferently(t *testing.T) {
	dir := t.TempDir()
	in := imagingtest.PutFile(t, filepath.Join(dir, "in", "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	model := imagingtest.PutFile(t, filepath.Join(dir, "model.safetensors"), []byte("weights"))
	out := filepath.Join(dir, "out")
	jobs, err := Plan(t.Context(), []string{filepath.Dir(in)}, out, "")
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	done := func(model string, scale float64) bool {
		journal, err := OpenJournal(out, model, scale)
		require.NoError(t, err)
		return journal.Done(jobs[0])
	}
	assert.False(t, done(model, 2))
	_, err = enlarger(t, 0).Do(t.Context(), jobs[0], nil, nil)
	require.NoError(t, err)
	assert.True(t, done(model, 2), "a result of an older moelab")
	journal, err := OpenJournal(out, model, 2)
	require.NoError(t, err)
	for range 3 { // Again, with --force.
		require.NoError(t, journal.Add(jobs[0]))
	}
	data, err := os.ReadFile(filepath.Join(out, journalName))
	require.NoError(t, err)
	assert.Equal(t, 2, bytes.Count(data, []byte("\n")), "an empty line and one that says it")
	assert.True(t, done(model, 2))

	assert.False(t, done(model, 3), "another scale")
	assert.False(t, done("photo", 2), "another network")
	later, earlier := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(model, later, later))
	assert.False(t, done(model, 2), "the network was trained again")
	journal, err = OpenJournal(out, model, 2)
	require.NoError(t, err)
	require.NoError(t, journal.Add(jobs[0]))
	assert.True(t, done(model, 2))
	require.NoError(t, os.Chtimes(in, earlier, earlier))
	assert.False(t, done(model, 2), "a picture with an older date took its place")

	require.NoError(t, journal.Add(jobs[0]))
	require.NoError(t, os.WriteFile(filepath.Join(out, journalName), append(data, `{"result":"a.p`...), 0o644))
	journal, err = OpenJournal(out, model, 2)
	require.NoError(t, err)
	require.NoError(t, journal.Add(jobs[0]))
	assert.True(t, done(model, 2), "after a line that was cut short")
	require.NoError(t, journal.Begin(jobs[0]))
	assert.False(t, done(model, 2), "begun again, and killed before it was there: the file is the one before")
	left := imagingtest.PutFile(t, filepath.Join(out, ".a.png1234567890123456789"), []byte("half"))
	journal, err = OpenJournal(out, model, 2)
	require.NoError(t, err)
	require.NoError(t, journal.Sweep())
	assert.NoFileExists(t, left)
	require.NoError(t, journal.Add(jobs[0]))
	assert.True(t, done(model, 2))
	require.NoError(t, os.Truncate(jobs[0].Out, 10))
	assert.False(t, done(model, 2), "a damaged result")
	require.NoError(t, os.WriteFile(filepath.Join(out, journalName), []byte("garbage\n"), 0o644))
	assert.False(t, done(model, 2), "nobody knows what it was made from")
	imagingtest.PutFile(t, left, []byte("half"))
	journal, err = OpenJournal(out, model, 2)
	require.NoError(t, err)
	require.NoError(t, journal.Sweep())
	assert.NoFileExists(t, left)
	require.NoError(t, os.Remove(jobs[0].Out))
	assert.False(t, done(model, 2))
}

// The folder of the results may be somebody else's.
func TestNothingIsWrittenThroughLinksOutOfTheFolder(t *testing.T) {
	dir := t.TempDir()
	in := imagingtest.PutFile(t, filepath.Join(dir, "in", "sub", "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	mine := imagingtest.PutFile(t, filepath.Join(dir, "mine.png"), []byte("mine"))
	out := filepath.Join(dir, "out")
	plan := func() error {
		_, err := Plan(t.Context(), []string{filepath.Dir(filepath.Dir(in))}, out, "")
		return err
	}
	require.NoError(t, plan(), "before there is a folder")
	result := filepath.Join(out, "sub", "a.png")
	require.NoError(t, os.MkdirAll(filepath.Dir(result), 0o755))
	require.NoError(t, plan())
	require.NoError(t, os.Symlink(mine, result))
	err := plan()
	require.ErrorAs(t, err, new(RequestError))
	assert.ErrorContains(t, err, result+" is not in "+out)
	require.NoError(t, os.RemoveAll(filepath.Dir(result)))
	require.NoError(t, os.Symlink(dir, filepath.Dir(result)))
	require.ErrorAs(t, plan(), new(RequestError), "a folder")
	require.NoError(t, os.Remove(filepath.Dir(result)))
	require.NoError(t, plan())

	require.NoError(t, os.Symlink(mine, filepath.Join(out, journalName)))
	_, err = OpenJournal(out, "anime", 2)
	require.ErrorContains(t, err, journalName+" is not a plain file: remove it")
}

func TestAResultWhoseNameIsNoTextIsKnownAgain(t *testing.T) {
	dir := t.TempDir()
	imagingtest.PutFile(t, filepath.Join(dir, "in", "\xe9.png"), imagingtest.PNG(t, imagingtest.Squares()))
	out := filepath.Join(dir, "out")
	jobs, err := Plan(t.Context(), []string{filepath.Join(dir, "in")}, out, "")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(out, "\xe9.png"), jobs[0].Out, "it keeps its bytes")
	imagingtest.PutFile(t, jobs[0].Out, []byte("large"))
	journal, err := OpenJournal(out, "anime", 2)
	require.NoError(t, err)
	require.NoError(t, journal.Add(jobs[0]))
	journal, err = OpenJournal(out, "anime", 2)
	require.NoError(t, err)
	assert.True(t, journal.Done(jobs[0]))
}

func TestLinkedFoldersBelowAreNamed(t *testing.T) {
	dir := t.TempDir()
	in := imagingtest.PutFile(t, filepath.Join(dir, "in", "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	link := filepath.Join(dir, "in", "link")
	require.NoError(t, os.Symlink(t.TempDir(), link))
	before := slog.Default()
	defer slog.SetDefault(before)
	var said bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, nil)))
	jobs, err := Plan(t.Context(), []string{filepath.Dir(in)}, filepath.Join(dir, "out"), "")
	require.NoError(t, err)
	assert.Len(t, jobs, 1)
	assert.Contains(t, said.String(), link+" is a link to a folder, whose pictures are left out")
}

func TestOnlyFilesAreReplacedByResults(t *testing.T) {
	dir := t.TempDir()
	in := imagingtest.PutFile(t, filepath.Join(dir, "in", "a.png"), imagingtest.PNG(t, imagingtest.Squares()))
	out := filepath.Join(dir, "out", "a.png")
	require.NoError(t, os.Mkdir(filepath.Dir(out), 0o755))
	require.NoError(t, syscall.Mkfifo(out, 0o644))
	for _, named := range []string{out, filepath.Dir(out)} {
		_, err := Plan(t.Context(), []string{in}, named, "")
		require.ErrorAs(t, err, new(RequestError), named)
		assert.EqualError(t, err, out+" is a named pipe, not a file: name a file")
	}
	require.NoError(t, os.Remove(out))
	imagingtest.PutFile(t, out, nil)
	_, err := Plan(t.Context(), []string{in}, out, "")
	assert.NoError(t, err)
}

func TestResultsHaveNamesOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.png", "a.jpg", "a.png.png", "a.png-2.png", "b.png"} {
		imagingtest.PutFile(t, filepath.Join(dir, "in", name), imagingtest.PNG(t, imagingtest.Squares()))
	}
	jobs, err := Plan(t.Context(), []string{filepath.Join(dir, "in")}, filepath.Join(dir, "out"), "")
	require.NoError(t, err)
	names := map[string]string{}
	for _, job := range jobs {
		names[filepath.Base(job.In)] = filepath.Base(job.Out)
	}
	assert.Equal(t, map[string]string{
		"a.jpg": "a.jpg.png", "a.png": "a.png-3.png", "b.png": "b.png",
		"a.png.png": "a.png.png", "a.png-2.png": "a.png-2.png",
	}, names)
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
