package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPackedRunIsTheSameElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	succeed(t, "train", "blink", "--preset", "smoke", "--steps", "2", "--run", "runs/blinks", "--backend", "go")
	assert.Contains(t, succeed(t, "pack", "runs/blinks"), "wrote blinks.zip\n")
	assert.Contains(t, succeed(t, "unpack", "blinks.zip"), "wrote blinks\n")
	assert.Contains(t, succeed(t, "diff", "runs/blinks", "blinks"), "step   2            2\n")
	card, err := os.ReadFile(filepath.Join("blinks", "README.md"))
	require.NoError(t, err)
	assert.Contains(t, string(card), "`moelab eval --run` has not measured it.")
	succeed(t, "train", "blink", "--steps", "3", "--run", "blinks", "--backend", "go")
	assert.FileExists(t, "blinks/checkpoints/step-00000003/weights.safetensors", "its training goes on")

	require.NoError(t, os.WriteFile("text.zip", []byte("no archive"), 0o644))
	for want, args := range map[string][]string{
		"blinks: name another folder":      {"unpack", "blinks.zip"},
		"text.zip: zip: not a valid zip f": {"unpack", "text.zip"},
		"none.zip: no such file":           {"unpack", "none.zip"},
		"--limit is 0":                     {"unpack", "blinks.zip", "--limit", "0"},
		"there is no config.json":          {"pack", "runs"},
		"blinks.zip exists already":        {"pack", "blinks"},
		"is in the run that is packed":     {"pack", "blinks", "-o", "blinks/a.zip"},
		"the archive is a .zip file":       {"pack", "blinks", "-o", "blinks.tar.gz"},
	} {
		status, _, stderr := moelab(t, args...)
		assert.Equal(t, statusUsage, status, stderr)
		assert.Contains(t, stderr, want)
	}
}
