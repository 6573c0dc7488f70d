package tensorboard

import (
	"bytes"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/moelab/moelab/internal/venv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/golden.events anew, by the package tensorboard")

// pictureFile is a PNG of 3×2 pixels.
const pictureFile = "testdata/picture.png"

// testdata/make_golden.py makes the file with TensorBoard's own messages.
func TestEventsAreTensorBoardsToTheByte(t *testing.T) {
	const golden = "testdata/golden.events"
	if *update {
		env, err := venv.Ensure(t.Context(), "tensorboard", []string{"tensorboard==2.20.0", "setuptools==80.9.0"}, os.Stderr)
		require.NoError(t, err)
		out, err := exec.CommandContext(t.Context(), env.Python(), "testdata/make_golden.py", golden, pictureFile).
			CombinedOutput()
		require.NoError(t, err, string(out))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	png, err := os.ReadFile(pictureFile)
	require.NoError(t, err)
	at := time.Unix(1_700_000_000, 500_000_000)
	var got []byte
	for _, event := range [][]byte{
		versionEvent(at), startEvent(at, 3), textEvent(at, 0, "settings", "**σ** | 1"),
		scalarsEvent(at, 1, map[string]float64{"G": -1e-9, "D": 1.5}), imageEvent(at, 1<<40, "samples", png, 3, 2),
	} {
		got = appendRecord(got, event)
	}
	assert.Equal(t, want, got)
}

// training writes scalars from one step to another, with a picture at each.
func training(t *testing.T, dir string, from, to int64) {
	t.Helper()
	png, err := os.ReadFile(pictureFile)
	require.NoError(t, err)
	w, last, fresh, err := Resume(dir, from-1)
	require.NoError(t, err)
	assert.Equal(t, from-1, last)
	assert.Equal(t, from == 1, fresh)
	for step := from; step <= to; step++ {
		require.NoError(t, w.Scalars(step, time.Now(), map[string]float64{"D": float64(step)}))
		require.NoError(t, w.PNG(step, time.Now(), "samples", png))
	}
	require.NoError(t, w.Close())
}

// steps returns the steps of all summaries in our files of a folder, in the order of the files.
func steps(t *testing.T, dir string) (steps []int64) {
	t.Helper()
	names, err := own(dir)
	require.NoError(t, err)
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		for r := bytes.NewReader(data); ; {
			record, err := readRecord(r)
			if err == io.EOF {
				break
			}
			require.NoError(t, err, name)
			step, summary, ok := stepOf(record)
			require.True(t, ok)
			if summary {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

func TestNoStepIsThereTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run", "tensorboard")
	training(t, dir, 1, 3)
	training(t, dir, 3, 4) // It had been killed, and went on from the checkpoint of step 2,
	training(t, dir, 5, 5)
	training(t, dir, 4, 5) // and again.
	assert.Equal(t, []int64{1, 1, 2, 2, 3, 3, 4, 4, 5, 5}, steps(t, dir))
	training(t, dir, 1, 1) // There was no checkpoint left.
	assert.Equal(t, []int64{1, 1}, steps(t, dir))
	names, err := own(dir)
	require.NoError(t, err)
	assert.Len(t, names, 1)
}

func TestWhatACrashCutShortIsRemoved(t *testing.T) {
	dir := t.TempDir()
	training(t, dir, 1, 3)
	names, err := own(dir)
	require.NoError(t, err)
	path := filepath.Join(dir, names[0])
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, damage := range map[string]func() []byte{
		"cut short":       func() []byte { return whole[:len(whole)-1] },
		"cut in a length": func() []byte { return append(bytes.Clone(whole), 1, 0, 0) },
		"a bit":           func() []byte { data := bytes.Clone(whole); data[len(data)-20] ^= 4; return data },
		"zeros":           func() []byte { return append(bytes.Clone(whole), make([]byte, 100)...) },
		"a foreign event": func() []byte { return appendRecord(bytes.Clone(whole), []byte("\xff")) },
		"an earlier step": func() []byte {
			return appendRecord(bytes.Clone(whole), scalarsEvent(time.Now(), 1, map[string]float64{"D": 1}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, damage(), 0o644))
			w, last, fresh, err := Resume(dir, 3)
			require.NoError(t, err)
			require.NoError(t, os.Remove(w.file.Name()))
			require.NoError(t, w.Close())
			assert.False(t, fresh)
			assert.EqualValues(t, 3, last)
			assert.Equal(t, []int64{1, 1, 2, 2, 3, 3}, append(steps(t, dir), 3)[:6])
		})
	}
}

func TestFilesOfOtherProgramsAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	others := []string{
		"events.out.tfevents.1700000000.host.1.0", "events.out.tfevents.moelab", "notes.moelab",
		"events.out.tfevents.x.host.1.moelab", "events.out.tfevents.0.host.1.moelab",
	}
	for _, name := range others {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("theirs"), 0o444))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "events.out.tfevents.1700000000.host.1.moelab"), 0o755))
	training(t, dir, 1, 2)
	training(t, dir, 1, 2)
	for _, name := range others {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, "theirs", string(data), name)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, len(others)+2)
}

func TestFaultsOfTheFolderAreErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, _, _, err := Resume(file, 0)
	require.ErrorContains(t, err, "make the folder of event files: ")
	w, _, _, err := Resume(t.TempDir(), 0)
	require.NoError(t, err)
	require.Error(t, w.PNG(1, time.Now(), "samples", []byte("no picture")))
	require.NoError(t, w.Close())
	require.ErrorContains(t, w.Scalars(1, time.Now(), nil), "write an event: ")
}

func FuzzScan(f *testing.F) {
	golden, err := os.ReadFile("testdata/golden.events")
	require.NoError(f, err)
	f.Add(golden, int64(1))
	f.Add([]byte{}, int64(0))
	f.Add(appendRecord(nil, []byte("\x10\xff")), int64(5))
	f.Fuzz(func(t *testing.T, data []byte, upTo int64) {
		length, last, empty, err := scan(bytes.NewReader(data), upTo)
		require.NoError(t, err)
		require.LessOrEqual(t, length, int64(len(data)))
		again, lastAgain, emptyAgain, err := scan(bytes.NewReader(data[:length]), upTo)
		require.NoError(t, err)
		require.Equal(t, length, again, "what is kept is intact")
		require.Equal(t, last, lastAgain)
		require.Equal(t, empty, emptyAgain)
		if !empty {
			require.LessOrEqual(t, last, upTo)
		}
	})
}
