package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/esrgan"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExportRejectsInvalidArguments(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	config, err := esrgan.Experiment.Preset("smoke")
	require.NoError(t, err)
	untrained, err := esrgan.Experiment.Create(run, config)
	require.NoError(t, err)
	require.NoError(t, untrained.Close())
	settings, err := os.ReadFile(filepath.Join(run, "config.json"))
	require.NoError(t, err)
	file := filepath.Join(dir, "network.onnx")
	for want, args := range map[string][]string{
		"name one run directory":         {"-o", file},
		"-o is missing":                  {run},
		"not a run directory":            {dir, "-o", file},
		"nothing was trained":            {run, "-o", file},
		".onnx or .safetensors":          {run, "-o", filepath.Join(dir, "network.pth")},
		"which is read, and would be ov": {run, "-o", filepath.Join(run, "config.json")},
		"is a folder":                    {run, "-o", dir},
	} {
		t.Run(want, func(t *testing.T) {
			status, stdout, stderr := moelab(t, append([]string{"export"}, args...)...)
			assert.Equal(t, statusUsage, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, want)
			assert.Regexp(t, `^moelab: [^\n]+\n$`, stderr)
		})
	}
	assert.NoFileExists(t, file)
	kept, err := os.ReadFile(filepath.Join(run, "config.json"))
	require.NoError(t, err)
	assert.Equal(t, settings, kept)
}
