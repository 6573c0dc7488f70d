package collect

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/internal/lockfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ofTests are the settings of the journals of these tests, and headOfTests is the line they make.
var ofTests = settings{Version: journalVersion, From: "/pictures", Size: 64, Least: 48, By: Sources()}

const headOfTests = `{"version":3,"from":"/pictures","size":64,"least":48,` +
	`"by":["folder","tags","tagger","look"]}` + "\n"

// inFolder lists the files below a folder.
func inFolder(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			names = append(names, name)
		}
		return err
	}))
	return names
}

func TestAJournalNamesOnlyPortraitsOfItsFolder(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	require.NoError(t, os.Mkdir(out, 0o755))
	write(t, "mine", dir, "outside.txt")
	write(t, "mine", out, labelsFile)
	for _, file := range []string{
		"../outside.txt", filepath.Join(dir, "outside.txt"), "red/../../outside.txt", "./red/000000.png", "red//000000.png",
		labelsFile, journalFile, ".", "red", "red/0.png", "blue/000000.png", `red\000000.png`, "red/-00001.png",
		"red/+00001.png", "red/0000001.png", "red/9999999999999999.png", "red/99999999999999999999.png", "red/000001.PNG",
	} {
		line, err := json.Marshal(Picture{Name: "a.png", Faces: []Face{{File: file, Colour: "red"}}})
		require.NoError(t, err)
		write(t, headOfTests+string(line)+"\n", out, journalFile)
		_, err = openJournal(out, ofTests)
		require.ErrorContains(t, err, "is not portrait 0 of an import, nor a later one; name a new folder", file)
		assert.ErrorContains(t, err, filepath.Join(out, journalFile)+": line 2: ", file)
	}
	write(t, headOfTests+`{"name":"a.png","faces":[{"file":"../000000.png","colour":".."}]}`+"\n", out, journalFile)
	_, err := openJournal(out, ofTests)
	require.ErrorContains(t, err, "is not portrait 0 of an import")
	// Numbers may be left out, as somebody's files have them, but they go up.
	for _, files := range [][]string{{"red/000000.png", "red/000000.png"}, {"red/000003.png", "red/000002.png"}} {
		lines := headOfTests
		for _, file := range files {
			lines += `{"name":"a.png","faces":[{"file":"` + file + `","colour":"red"}]}` + "\n"
		}
		write(t, lines, out, journalFile)
		_, err := openJournal(out, ofTests)
		require.ErrorContains(t, err, "line 3: ")
		require.ErrorContains(t, err, ", nor a later one; name a new folder")
	}
	write(t, headOfTests+`{"name":"a.png","faces":[{"file":"red/000003.png","colour":"red"}]}
{"name":"b.png","faces":[{"file":"red/000007.png","colour":"red"}]}
`, out, journalFile)
	j, err := openJournal(out, ofTests)
	require.NoError(t, err)
	assert.Equal(t, []string{"red/000003.png", "red/000007.png"}, j.files)
	assert.Equal(t, 8, j.next)
	require.NoError(t, j.close())
	assert.FileExists(t, filepath.Join(dir, "outside.txt"))
	assert.FileExists(t, filepath.Join(out, labelsFile))
}

func TestAnImportLeavesAloneWhatLinksLeadTo(t *testing.T) {
	finder := newFinder(t)
	dir, first, _ := faces(t)
	require.NoError(t, os.Remove(filepath.Join(dir, "other.png")))
	elsewhere, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	again := func() error {
		_, err := Import(t.Context(), finder, dir, out, Options{Size: 64})
		return err
	}
	require.NoError(t, again())
	portrait := filepath.Join(out, first, "000000.png")
	require.FileExists(t, portrait)

	for what, link := range map[string]func(){
		"a folder": func() {
			require.NoError(t, os.RemoveAll(filepath.Join(out, first)))
			require.NoError(t, os.Symlink(elsewhere, filepath.Join(out, first)))
			write(t, "mine", elsewhere, "000000.png")
			write(t, "mine", elsewhere, "000001.png")
		},
		"a file": func() {
			require.NoError(t, os.RemoveAll(filepath.Join(out, first)))
			require.NoError(t, os.Mkdir(filepath.Join(out, first), 0o755))
			for _, name := range []string{"000000.png", "000001.png", "000002.png", "000003.png", "000004.png"} {
				write(t, "mine", elsewhere, name)
				require.NoError(t, os.Symlink(filepath.Join(elsewhere, name), filepath.Join(out, first, name)))
			}
		},
	} {
		link()
		before := inFolder(t, elsewhere)
		assert.ErrorContains(t, again(), "path escapes from parent", what)
		assert.Equal(t, before, inFolder(t, elsewhere), what)
		for _, name := range before {
			data, err := os.ReadFile(filepath.Join(elsewhere, name))
			require.NoError(t, err)
			assert.Equal(t, "mine", string(data), "%s, %s", what, name)
		}
	}

	require.NoError(t, os.RemoveAll(filepath.Join(out, first)))
	for _, name := range []string{labelsFile, pageFile, journalFile, lockfile.Name} {
		write(t, "mine", elsewhere, name)
		require.NoError(t, os.Rename(filepath.Join(out, name), filepath.Join(out, "kept")))
		require.NoError(t, os.Symlink(filepath.Join(elsewhere, name), filepath.Join(out, name)))
		assert.EqualError(t, again(), fmt.Sprintf("import the pictures of %s: write %s: path escapes from parent",
			dir, filepath.Join(out, name)))
		data, err := os.ReadFile(filepath.Join(elsewhere, name))
		require.NoError(t, err)
		assert.Equal(t, "mine", string(data))
		require.NoError(t, os.Remove(filepath.Join(out, name)))
		require.NoError(t, os.Rename(filepath.Join(out, "kept"), filepath.Join(out, name)))
	}
	require.NoError(t, again(), "once the links are gone it goes on")
	assert.Equal(t, map[string]string{"first.png": first}, taken(t, out))
}

func TestAnImportRemovesNothingButItsPortraits(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	require.NoError(t, os.MkdirAll(filepath.Join(out, "red"), 0o755))
	write(t, "mine", dir, "outside.txt")
	for _, name := range []string{labelsFile, "red/mine.png", "red/000000.png", "red/000001.png", "red/000002.png"} {
		write(t, "mine", out, name)
	}
	write(t, headOfTests+`{"name":"a.png","faces":[{"file":"red/000000.png","colour":"red"}]}
{"name":"b.png","faces":[{"why":"small"},{"file":"red/000001.png","colour":"red"}]}
{"name":"a.png","forgotten":true}
`, out, journalFile)
	j, err := openJournal(out, ofTests)
	require.NoError(t, err)
	require.NoError(t, (&importing{out: out, journal: j}).sweep())
	require.NoError(t, j.close())
	assert.Equal(t, []string{
		"out/.lock", "out/" + journalFile, "out/" + labelsFile, "out/red/000001.png", "out/red/000002.png",
		"out/red/mine.png", "outside.txt",
	}, inFolder(t, dir))
}

// A lost bit would change a colour or a box, and most such lines can still be read.
func TestALostBitInAJournalIsNoticed(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j, err := openJournal(out, ofTests)
	require.NoError(t, err)
	taken := Picture{Name: "a.png", Faces: []Face{{File: "red/000000.png", Colour: "red"}}}
	require.NoError(t, j.add(taken, map[string]content{"red/000000.png": {300, 7}}))
	require.NoError(t, j.addLabels([]byte("file,colour")))
	require.NoError(t, j.forget("b.png"))
	require.NoError(t, j.close())
	path := filepath.Join(out, journalFile)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	read := func(data []byte) (*journal, error) {
		j := newJournal()
		_, err := j.read(data, ofTests)
		return j, err
	}
	want, err := read(data)
	require.NoError(t, err)
	unnoticed := 0
	for bit := range 8 * (len(data) - 1) { // Without the last newline a line is cut off, and done again.
		damaged := slices.Clone(data)
		damaged[bit/8] ^= 1 << (bit % 8)
		got, err := read(damaged)
		if err == nil {
			require.Equal(t, want.done, got.done, "bit %d", bit)
			require.Equal(t, want.written, got.written, "bit %d", bit)
			require.Equal(t, want.labels, got.labels, "bit %d", bit)
			unnoticed++
		}
	}
	assert.Less(t, unnoticed, 3*8*len(`"crc32"`), "in the name of the field of the checksum alone")
}

// Whatever a journal says, it names only portraits of its folder, each once, and what it says can be written anew.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(headOfTests), true)
	f.Add([]byte(`{"name":"a.png","bytes":1,"faces":[{"file":"red/000000.png","colour":"red"}]}`+"\n"), false)
	f.Add([]byte(`{"name":"a.png","faces":[{"file":"../outside.txt"}]}`+"\n"), false)
	f.Add([]byte(`{"name":"a.png","faces":[{"file":"red/000000.png","colour":"red"}]}`+"\n"+
		`{"name":"a.png","outdone":{"file":"red/000000.png","like":"../outside.txt","why":"larger"}}`+"\n"), false)
	f.Add([]byte(`{"name":"a.png","outdone":{}}`+"\n"), false)
	f.Add([]byte(`{"name":"a.png","faces":[{"file":"red/000009.png","colour":"red"}],`+
		`"written":{"red/000009.png":{"crc":1}}}`+"\n"+`{"labels":{"bytes":3,"crc":4}}`+"\n"), false)
	portraits := regexp.MustCompile(`^(\w+)/\d{6,}\.png$`)
	read := func(data []byte) (*journal, int64, error) {
		j := newJournal()
		whole, err := j.read(data, ofTests)
		return j, whole, err
	}
	f.Fuzz(func(t *testing.T, data []byte, withHead bool) {
		if !withHead {
			data = append([]byte(headOfTests), data...)
		}
		j, whole, err := read(data)
		if err != nil {
			require.ErrorContains(t, err, "name a new folder")
			return
		}
		require.LessOrEqual(t, whole, int64(len(data)))
		require.NotContains(t, string(data[whole:]), "\n")
		for i, file := range j.files {
			require.True(t, filepath.IsLocal(filepath.FromSlash(file)), file)
			require.Regexp(t, portraits, file)
			require.Contains(t, dataset.HairColours(), portraits.FindStringSubmatch(file)[1])
			require.NotContains(t, j.files[:i], file)
		}
		if whole == 0 {
			require.Empty(t, j.done)
			return
		}
		if j.next == 1<<40 {
			return // There is no later number.
		}
		written := slices.Clone(data[:whole])
		added := Picture{Name: "new.png", Faces: []Face{{File: portraitFile("blue", j.next), Colour: "blue"}}}
		for _, next := range []entry{{Picture: added}, {Picture: added, Forgotten: true}} {
			j.take(next)
			line, err := json.Marshal(next)
			require.NoError(t, err)
			written = append(append(written, line...), '\n')
			again, length, err := read(written)
			require.NoError(t, err)
			require.Equal(t, int64(len(written)), length)
			require.Equal(t, j.files, again.files)
			require.Equal(t, j.done, again.done)
		}
	})
}

func TestAPipeInThePlaceOfAJournalIsNamed(t *testing.T) {
	out := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(out, journalFile), 0o644))
	_, err := openJournal(out, ofTests)
	assert.ErrorContains(t, err, filepath.Join(out, journalFile)+" is a named pipe, not a file: remove it")
}

func TestAJournalFindsNamesThatAreNoTextAgain(t *testing.T) {
	out := t.TempDir()
	names := []string{"\xe9.png", "\xe8.png", `\xe9.png`}
	j, err := openJournal(out, ofTests)
	require.NoError(t, err)
	for n, name := range names {
		require.NoError(t, j.add(Picture{Name: name, Bytes: int64(n)}, nil))
	}
	require.NoError(t, j.close())
	j, err = openJournal(out, ofTests)
	require.NoError(t, err)
	require.Len(t, j.done, len(names))
	for n, name := range names {
		assert.EqualValues(t, n, j.done[name].Bytes)
		assert.Equal(t, name, j.done[name].Name)
	}
	require.NoError(t, j.close())
}
