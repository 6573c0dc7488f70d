package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/moelab/moelab/internal/imaging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoInputIsOverwritten runs commands so that a file that they write is one of their inputs: by its name, through a
// link, or as a file of an input folder.
func TestNoInputIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	portrait := shiftedWaves(0)
	require.NoError(t, os.Mkdir(at("pictures"), 0o755))
	for _, name := range []string{"p.png", "q.png", "frame_03.png", "p.eyes.png", "pictures/a.png"} {
		require.NoError(t, imaging.SavePNG(at(name), portrait))
	}
	require.NoError(t, os.Symlink("p.png", at("link.png")))
	require.NoError(t, os.Link(at("p.png"), at("hard.png")))
	notebook := `{"cells":[],"metadata":{"kernelspec":{"name":"moelab"}},"nbformat":4,"nbformat_minor":5}`
	require.NoError(t, os.WriteFile(at("n.ipynb"), []byte(notebook), 0o644))
	require.NoError(t, os.Mkdir(at("run"), 0o755))
	require.NoError(t, os.WriteFile(at("run/config.json"), []byte("{}"), 0o644))
	before := files(t, dir)

	for name, args := range map[string][]string{
		"itself":              {"blink", at("p.png"), "-o", at("p.png")},
		"through a link":      {"blink", at("p.png"), "-o", at("link.png")},
		"by another name":     {"blink", at("p.png"), "-o", at("hard.png")},
		"a frame of a folder": {"blink", at("frame_03.png"), "-o", dir},
		"by the preview":      {"blink", at("p.png"), "-o", at("b.gif"), "--preview", at("p.png")},
		"by a usual preview":  {"blink", at("p.eyes.png"), "-o", at("p.gif")},
		"the reference":       {"blink", at("p.png"), "-o", at("q.png"), "--reference", at("q.png")},
		"a later frame":       {"flow", at("p.png"), at("q.png"), "-o", dir},
		"of a data folder":    {"eval", "sr", "--data", at("pictures"), "-o", at("pictures/a.png")},
		"a configuration":     {"eval", "blink", "--run", at("run"), "-o", at("run/config.json")},
		"a notebook":          {"run", at("n.ipynb"), "-o", at("n.ipynb")},
		"a picture by labels": {"data", "tag", at("pictures"), "--out", at("pictures/a.png"), "--force"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := moelab(t, args...)
			assert.Equal(t, statusUsage, status)
			assert.Empty(t, stdout)
			assert.Regexp(t, `^moelab: .*(would be overwritten: name another file|ends with \.csv)\n$`, stderr)
			assert.Equal(t, before, files(t, dir))
		})
	}
}

// A shell opens the file before the command begins.
func TestStandardInputIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "p.png")
	require.NoError(t, imaging.SavePNG(path, shiftedWaves(0)))
	before := files(t, dir)
	program, err := os.Executable()
	require.NoError(t, err)
	for _, out := range [][]string{{"-o", path}, {"-o", filepath.Join(dir, "b.gif"), "--preview", path}} {
		command := exec.Command(program, append([]string{"blink", "-"}, out...)...)
		command.Env = append(os.Environ(), asCommand+"=1")
		command.Stdin, err = os.Open(path)
		require.NoError(t, err)
		said, _ := command.CombinedOutput()
		assert.Equal(t, statusUsage, command.ProcessState.ExitCode())
		assert.Contains(t, string(said), path+" is what is read, and would be overwritten")
		assert.Equal(t, before, files(t, dir))
	}
	status, _, stderr := moelab(t, "blink", path, "-o", "-")
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, `-o is "-": an animation is written to a file or a folder`)
	assert.Equal(t, before, files(t, dir))
}

func TestOutputsAreCheckedBeforeTheWork(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	check := func(paths ...string) error {
		var outputs []outFile
		for _, path := range paths {
			outputs = append(outputs, outFile{"--out", path})
		}
		return checkOutputs(outputs, dir)
	}
	fresh := filepath.Join(dir, "new", "folders", "scores.json")
	assert.NoError(t, check(fresh), "a new file in a folder that is read is no input")
	assert.NoDirExists(t, filepath.Join(dir, "new"), "a check leaves nothing behind")
	assert.ErrorContains(t, check(filepath.Join(file, "below", "scores.json")), "cannot write "+file)
	assert.ErrorContains(t, check(dir), dir+" is a folder: name a file")
	assert.ErrorContains(t, check(fresh, filepath.Join(dir, "new", ".", "folders", "scores.json")),
		"--out and --out would both be written to "+dir)
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	assert.ErrorContains(t, check(filepath.Join(dir, "pipe")), "pipe is a named pipe, not a file: name a file")
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "link")))
	assert.ErrorContains(t, check(filepath.Join(dir, "link")), "link is a link to what is not there")
	assert.ErrorContains(t, check(file), "is in "+dir+", which is read")
}

func TestNoResultReplacesAPartOfARun(t *testing.T) {
	run := t.TempDir()
	for name, refused := range map[string]bool{
		"config.json": true, "measures.json": true, "checkpoints/step-00000004/weights.safetensors": true,
		"pretrain/metrics.jsonl": true, "quality.json": false,
	} {
		path := filepath.Join(run, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
		err := checkOutputs([]outFile{{"-o", path}}, runFiles(run)...)
		assert.Equal(t, refused, err != nil, "%s: %v", name, err)
	}
}

func TestFramesOfALongerFilmAreNotLeftAmongNewOnes(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "[frames]")
	require.NoError(t, os.Mkdir(folder, 0o755))
	b := &blinking{out: folder, frames: 4}
	require.NoError(t, b.checkFolder())
	for _, name := range []string{"frame_00.png", "frame_03.png", "notes.txt", "frame_x.png"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o644))
	}
	require.NoError(t, b.checkFolder(), "they are replaced")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "frame_04.png"), nil, 0o644))
	assert.ErrorContains(t, b.checkFolder(), folder+" has frames of a longer film, such as frame_04.png")
	b.out = filepath.Join(folder, "film.gif")
	assert.NoError(t, b.checkFolder())
}
