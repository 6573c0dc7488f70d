package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const plenty = 1 << 30

type config struct {
	Data  string `json:"data"`
	Loss  string `json:"loss"`
	Steps int64  `json:"steps"`
}

// newRun makes a run with a file of each sort.
func newRun(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a|run")
	run, err := lab.Create(dir, lab.Experiment{Name: "gan", Config: config{"faces", "hinge", 3}, Seed: 7})
	require.NoError(t, err)
	require.NoError(t, run.Close())
	require.NoError(t, os.CopyFS(filepath.Join(dir, "checkpoints"), os.DirFS("../testdata/run-v1/checkpoints")))
	for name, text := range map[string]string{
		"metrics.jsonl":                     strings.Repeat(`{"step":1,"seconds":1,"values":{"D":1}}`+"\n", 100),
		"measures.json":                     `{"step": 2, "measures": {"FID": 12.5}}`,
		"figures/losses.png":                "\x89PNG",
		".metrics.jsonl1234567890123456789": "half",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

// contents reads all files in a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = string(data)
		return err
	}))
	return all
}

func TestUnpackedRunIsThePackedOne(t *testing.T) {
	dir := newRun(t)
	file := filepath.Join(t.TempDir(), "run.zip")
	require.NoError(t, Pack(t.Context(), dir, file, About{Title: "portraits", Licence: "CC BY 4.0"}))
	t.Chdir(t.TempDir())
	unpacked, err := Unpack(t.Context(), file, "", plenty)
	require.NoError(t, err)
	assert.Equal(t, "a|run", unpacked, "the name of the run")

	want, got := contents(t, dir), contents(t, unpacked)
	card := got["README.md"]
	delete(got, "README.md")
	delete(want, ".lock")
	delete(want, ".metrics.jsonl1234567890123456789")
	assert.Equal(t, want, got)
	for _, text := range []string{
		"A run of moelab's experiment \"gan\", portraits, trained for 3 of 3 steps with seed 7.", "| FID | 12.5 |",
		"# a\\|run\n", "Pictures from the folder `faces` of", "| loss | `\"hinge\"` |", "## Licence\n\nCC BY 4.0\n",
		"license_name: \"CC BY 4.0\"",
	} {
		assert.Contains(t, card, text)
	}

	info, err := os.Stat(unpacked)
	require.NoError(t, err)
	beside := filepath.Join(t.TempDir(), "beside")
	require.NoError(t, os.Mkdir(beside, 0o755))
	usual, err := os.Stat(beside)
	require.NoError(t, err)
	assert.Equal(t, usual.Mode(), info.Mode(), "others may read it as other folders")

	require.NoError(t, os.WriteFile(filepath.Join(unpacked, "measures.json"), []byte(`{"measures":{"FID":3.25}}`), 0o644))
	require.NoError(t, Pack(t.Context(), unpacked, "again.zip", About{Title: "portraits"}))
	again, err := Unpack(t.Context(), "again.zip", "again", plenty)
	require.NoError(t, err)
	renewed := contents(t, again)["README.md"]
	assert.Contains(t, renewed, "| FID | 3.25 |", "its own card is made anew")
	assert.Contains(t, renewed, "## Licence\n\nCC BY 4.0\n", "and keeps the licence")

	for old, want := range map[string]string{"license_name: Apache-2.0": "Apache-2.0", "license: mit": "mit"} {
		text := strings.ReplaceAll(renewed, "license: other\nlicense_name: \"CC BY 4.0\"", old)
		licence, err := licenceIn(strings.ReplaceAll(text, "\n", "\r\n"))
		require.NoError(t, err)
		assert.Equal(t, want, licence)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte(mark), 0o644))
	require.ErrorIs(t, Pack(t.Context(), dir, file, About{}), ErrCard, "a licence must not be lost")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte("mine"), 0o644))
	require.ErrorIs(t, Pack(t.Context(), dir, file, About{Licence: "MIT"}), ErrCard)
	require.NoError(t, Pack(t.Context(), dir, file, About{}))
	unpacked, err = Unpack(t.Context(), file, filepath.Join("deep", "other"), plenty)
	require.NoError(t, err)
	assert.Equal(t, "mine", contents(t, unpacked)["README.md"], "a person's own card stays")
}

func TestRunsThatCannotBePacked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.zip")
	require.ErrorIs(t, Pack(t.Context(), t.TempDir(), file, About{}), lab.ErrNotARun)

	dir := newRun(t)
	run, err := lab.Create(dir, lab.Experiment{Name: "gan", Config: config{"faces", "hinge", 3}, Seed: 7})
	require.NoError(t, err)
	require.ErrorIs(t, Pack(t.Context(), dir, file, About{}), lab.ErrLocked)
	require.NoError(t, run.Close())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, Pack(ctx, dir, file, About{}), context.Canceled)
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "figures", "link")))
	assert.ErrorContains(t, Pack(t.Context(), dir, file, About{}), "link is a link or no plain file")
	require.NoError(t, os.Remove(filepath.Join(dir, "figures", "link")))
	require.NoError(t, os.Truncate(filepath.Join(dir, "checkpoints", "step-00000003", "weights.safetensors"), 100))
	require.ErrorIs(t, Pack(t.Context(), dir, file, About{}), lab.ErrDamaged, "there are no weights that can be read")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte("{"), 0o644))
	require.ErrorIs(t, Pack(t.Context(), dir, file, About{}), lab.ErrDamaged)
	assert.NoFileExists(t, file, "nothing is left of what failed")
}

// entry is a file of an archive that somebody made by hand.
type entry struct {
	name, text string
	mode       fs.FileMode
}

func archiveOf(t *testing.T, entries ...entry) string {
	t.Helper()
	var data bytes.Buffer
	writer := zip.NewWriter(&data)
	for _, entry := range entries {
		header := &zip.FileHeader{Name: entry.name, Method: zip.Deflate}
		header.SetMode(entry.mode | 0o644)
		file, err := writer.CreateHeader(header)
		require.NoError(t, err)
		_, err = file.Write([]byte(entry.text))
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	path := filepath.Join(t.TempDir(), "made.zip")
	require.NoError(t, os.WriteFile(path, data.Bytes(), 0o644))
	return path
}

var good = entry{name: "run/config.json", text: `{"format": 1, "experiment": "gan", "seed": 1, "config": {"steps": 2}}`}

func TestArchivesOfOthersAreNotTrusted(t *testing.T) {
	for want, entries := range map[string][]entry{
		`"../config.json" leads out`:         {{name: "../config.json"}},
		`"run/../../x" leads out`:            {good, {name: "run/../../x"}},
		`"/etc/cron.d/x" leads out`:          {good, {name: "/etc/cron.d/x"}},
		`leads out of its folder`:            {good, {name: `run\..\..\x`}},
		`"run/link" is a link`:               {good, {name: "run/link", text: "/etc/passwd", mode: fs.ModeSymlink}},
		`"run/pipe" is a link or no plain`:   {good, {name: "run/pipe", mode: fs.ModeNamedPipe}},
		`"run/a\x1b[31m" holds control`:      {good, {name: "run/a\x1b[31m"}},
		`there are two folders`:              {good, {name: "other/x"}},
		`"config.json" is in no folder`:      {{name: "config.json", text: good.text}},
		`"run/Config.json" is there twice`:   {good, {name: "run/Config.json"}},
		`it is empty`:                        {},
		"not a run directory":                {{name: "run/thesis.tex"}},
		"it holds more than 0 MiB":           {good, {name: "run/bomb", text: strings.Repeat("0", 1<<20)}},
		"directory: config.json is damaged":  {{name: "run/config.json", text: "{"}},
		"config.json has format 99":          {{name: "run/config.json", text: `{"format": 99, "experiment": "gan"}`}},
		"weights.safetensors: not a safeten": {good, {name: "run/checkpoints/step-00000004/weights.safetensors"}},
		`"run/A" is a file, and "run/A/x" i`: {good, {name: "run/A/x"}, {name: "run/a"}},
		"metrics.jsonl: not a regular file":  {good, {name: "run/metrics.jsonl/", mode: fs.ModeDir}},
		"checkpoints: not a directory":       {good, {name: "run/checkpoints"}},
		`"run/config.json/" is there twice`:  {good, {name: "run/config.json/", mode: fs.ModeDir}},
	} {
		at := filepath.Join(t.TempDir(), "a", "b")
		_, err := Unpack(t.Context(), archiveOf(t, entries...), at, 100_000)
		require.Error(t, err, want)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "moelab-unpack", "a folder that nobody knows")
		assert.NoDirExists(t, at)
		assert.NoDirExists(t, filepath.Dir(at), "nothing is left, here or elsewhere")
	}
}

// An archive may say less of a file's size than there is.
func TestHiddenFilesAreNeitherPackedNorUnpacked(t *testing.T) {
	hidden := []entry{
		{name: "run/.git/config", text: "[core]\nfsmonitor = touch x"}, {name: "run/a/.envrc", text: "touch x"},
	}
	dir := filepath.Join(t.TempDir(), "run")
	_, err := Unpack(t.Context(), archiveOf(t, append(hidden, good)...), dir, 100_000)
	require.NoError(t, err)
	assert.Equal(t, []string{"config.json"}, slices.Sorted(maps.Keys(contents(t, dir))))

	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".git"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".git", "config"), nil, 0o644))
	file := filepath.Join(t.TempDir(), "run.zip")
	require.NoError(t, Pack(t.Context(), dir, file, About{}))
	archive, err := zip.OpenReader(file)
	require.NoError(t, err)
	defer archive.Close()
	for _, file := range archive.File {
		assert.NotContains(t, file.Name, ".git")
	}

	t.Chdir(t.TempDir())
	_, err = Unpack(t.Context(), archiveOf(t, entry{name: ".git/config.json", text: good.text}), "", 100_000)
	assert.ErrorContains(t, err, `its folder is called ".git": name another`)
}

func TestFilesLongerThanTheySayAreNotWritten(t *testing.T) {
	path := archiveOf(t, good, entry{name: "run/bomb", text: strings.Repeat("0", 1<<20)})
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	size := binary.LittleEndian.AppendUint32(nil, 1<<20)
	at := bytes.LastIndex(data, size) // In the directory at the end of the archive.
	require.Positive(t, at)
	copy(data[at:], binary.LittleEndian.AppendUint32(nil, 10))
	require.NoError(t, os.WriteFile(path, data, 0o644))
	_, err = Unpack(t.Context(), path, filepath.Join(t.TempDir(), "run"), 100_000)
	require.ErrorIs(t, err, ErrArchive)
}

func TestDamagedArchivesAreSaid(t *testing.T) {
	dir := newRun(t)
	file := filepath.Join(t.TempDir(), "run.zip")
	require.NoError(t, Pack(t.Context(), dir, file, About{}))
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	want := filepath.Join(t.TempDir(), "run")
	_, err = Unpack(t.Context(), file, want, plenty)
	require.NoError(t, err)
	intact := contents(t, want)

	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		damaged := bytes.Clone(whole)
		if random.IntN(2) == 0 {
			damaged = damaged[:random.IntN(len(damaged))]
		} else {
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
		}
		require.NoError(t, os.WriteFile(file, damaged, 0o644))
		at := filepath.Join(t.TempDir(), "run")
		if _, err := Unpack(t.Context(), file, at, plenty); err != nil {
			require.ErrorIs(t, err, ErrArchive)
			assert.NoDirExists(t, at)
			continue
		}
		for name, text := range contents(t, at) { // A time, or a name in the directory.
			if intact[name] != "" {
				require.Equal(t, intact[name], text, name)
			}
		}
	}
}

func TestNothingIsUnpackedOverWhatIsThere(t *testing.T) {
	at := t.TempDir()
	_, err := Unpack(t.Context(), archiveOf(t, good), at, plenty)
	require.ErrorIs(t, err, ErrExists)
	_, err = Unpack(t.Context(), filepath.Join(at, "none.zip"), "", plenty)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func FuzzUnpack(f *testing.F) {
	dir := f.TempDir()
	for _, data := range [][]byte{nil, []byte("PK\x05\x06" + strings.Repeat("\x00", 18)), []byte("PK\x03\x04")} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, at := filepath.Join(dir, "fuzzed.zip"), filepath.Join(dir, "out", "run")
		require.NoError(t, os.WriteFile(file, data, 0o644))
		if _, err := Unpack(t.Context(), file, at, 1<<20); err == nil {
			require.NoError(t, os.RemoveAll(at))
		}
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(entries), 2, "nothing beside")
	})
}
