// Package docs_test applies and runs the changes that the documents show.
package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// blocks matches the code blocks of a document in Go or diff format, each after a text that ends with the name of its
// file.
var blocks = regexp.MustCompile("(?s)`([a-z_/]+\\.go)`[^`]*?\n```(go|diff)\n(.*?)```\n")

// TestEachWorkedChangeOfEXTENDINGIsOneFileAndRuns builds moelab with the five changes applied to its source, and
// trains, draws or measures with each.
func TestEachWorkedChangeOfEXTENDINGIsOneFileAndRuns(t *testing.T) {
	text, err := os.ReadFile("EXTENDING.md")
	require.NoError(t, err)
	dir := t.TempDir()
	overlay := map[string]string{}
	for i, block := range blocks.FindAllStringSubmatch(string(text), -1) {
		path, language, code := block[1], block[2], block[3]
		source, err := filepath.Abs(filepath.Join("..", path))
		require.NoError(t, err)
		if language == "diff" {
			before, err := os.ReadFile(source)
			require.NoError(t, err)
			code = patched(t, string(before), code)
		} else {
			require.NoFileExists(t, source, "it is a new file")
		}
		overlay[source] = filepath.Join(dir, strings.ReplaceAll(path, "/", "_"))
		require.NoError(t, os.WriteFile(overlay[source], []byte(code), 0o644), "change %d", i+1)
	}
	require.Len(t, overlay, 5, "a worked change is one file")
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	require.NoError(t, err)
	overlays := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlays, list, 0o644))
	program := filepath.Join(dir, "moelab")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	run(t, "..", "go", "build", "-overlay", overlays, "-o", program, "./cmd/moelab")

	train := func(kind, run string, settings ...string) []string {
		line := []string{
			program, "train", kind, "--preset", "smoke", "--steps", "1", "--run", run, "--backend", "go:ops_sequential",
		}
		for _, setting := range settings {
			line = append(line, "--set", setting)
		}
		return line
	}
	run(t, dir, train("gan", "lsgan", "loss=least-squares")...)
	run(t, dir, program, "data", "draw", "-n", "20", "--size", "16", "--out", "portraits")
	for _, colour := range []string{"orange", "silver"} {
		pictures, err := filepath.Glob(filepath.Join(dir, "portraits", colour, "*.png"))
		require.NoError(t, err)
		assert.Len(t, pictures, 2, "of %s", colour)
	}
	run(t, dir, train("gan", "ten")...)
	config, err := os.ReadFile(filepath.Join(dir, "ten", "config.json"))
	require.NoError(t, err)
	assert.Contains(t, string(config), `"orange"`)
	run(t, dir, train("blink", "masked", "network=masked", "size=16", "drawn=1", "drawn_size=32", "batch=1")...)
	run(t, dir, train("sr", "edsr", "network=edsr")...)
	measured := run(t, dir, program, "eval", "--run", "edsr", "-n", "1", "--backend", "go:ops_sequential")
	assert.Regexp(t, `edges ↓\s*\n`, measured)
}

// patched applies a diff with a single hunk to a text.
func patched(t *testing.T, text, diff string) string {
	t.Helper()
	var before, after strings.Builder
	for line := range strings.Lines(diff) {
		switch line[0] {
		case ' ':
			before.WriteString(line[1:])
			after.WriteString(line[1:])
		case '-':
			before.WriteString(line[1:])
		case '+':
			after.WriteString(line[1:])
		}
	}
	require.Equal(t, 1, strings.Count(text, before.String()), "the place of the diff\n%s", &before)
	return strings.Replace(text, before.String(), after.String(), 1)
}

// run runs a command that must work, and returns its output.
func run(t *testing.T, dir string, line ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), line[0], line[1:]...)
	command.Dir = dir
	if line[0] != "go" { // Without weights that are installed here: VGG16 takes minutes on the pure-Go backend.
		command.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
	}
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%v\n%s", line, output)
	return string(output)
}
