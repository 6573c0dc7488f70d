package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEvalSRMeasuresTheStagesOfARun(t *testing.T) {
	dir := t.TempDir()
	run, pictures, out := filepath.Join(dir, "run"), filepath.Join(dir, "pictures"), filepath.Join(dir, "out.json")
	succeed(t, "data", "draw", "-n", "4", "--size", "64", "--out", pictures)
	require.NoError(t, os.WriteFile(filepath.Join(pictures, "broken.png"), []byte("no picture"), 0o644))
	succeed(t, "train", "sr", "--preset", "smoke-srgan", "--run", run, "--data", pictures, "--perceptual", "none")

	status, stdout, stderr := moelab(t, "eval", "sr", "--run", run, "--data", pictures, "-n", "3", "--out", out)
	require.Zero(t, status, stderr)
	assert.Regexp(t, `(?m)^ +PSNR ↑ +PSNR Y ↑ +SSIM ↑ .*sharpness → 1\nbicubic +\d.*\nL1 +\d.*\nSRGAN +\d`, stdout)
	assert.Contains(t, stdout, "restored: 3.")
	assert.Contains(t, stderr, "broken.png")

	data, err := os.ReadFile(out)
	require.NoError(t, err)
	var evaluation esrgan.Evaluation
	require.NoError(t, json.Unmarshal(data, &evaluation))
	require.Len(t, evaluation.Restorers, 3)
	assert.Len(t, evaluation.Pictures, 3)
	assert.Greater(t, evaluation.Restorers[0].Means["PSNR"].Mean, 15.0)

	// Networks of the same name are distinguished by the folders of their runs; the pretraining is a run of its own.
	stdout = succeed(t, "eval", "sr", "--run", run, "--run", filepath.Join(run, "pretrain"), "--data", pictures, "-n", "1")
	for _, name := range []string{
		"L1 of " + run + " ", "SRGAN of " + run + " ", "L1 of " + filepath.Join(run, "pretrain") + " ",
	} {
		assert.Contains(t, stdout, "\n"+name)
	}

	status, _, stderr = moelab(t, "eval", "sr", "--run", run, "--run", run, "--data", pictures)
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "L1 of "+run+" is named twice")
}

func TestEvalSRRejectsInvalidArguments(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	config, err := esrgan.Experiment.Preset("smoke")
	require.NoError(t, err)
	config.Seed = 5
	_, err = lab.Create(run, lab.Experiment{Name: "esrgan", Config: config, Seed: config.Seed})
	require.NoError(t, err)
	missing := filepath.Join(dir, "missing")
	for want, args := range map[string][]string{
		"-n is 0: it must be from 1 to 100000":                            {"-n", "0"},
		fmt.Sprintf("%s was trained on the illustrations of seed 5", run): {"--run", run, "--seed", "5"},
		"config.json is a file, not a folder": {
			"--out", filepath.Join(run, "config.json", "o.json"),
		},
		"not a run": {"--run", dir},
		`there is no network "nope"; there are anime, photo`: {"--model", "nope"},
		missing: {"--data", missing},
		fmt.Sprintf("cannot open the pictures of %s", run): {"--data", run},
	} {
		status, _, stderr := moelab(t, append([]string{"eval", "sr"}, args...)...)
		assert.Equal(t, statusUsage, status, want)
		assert.Contains(t, stderr, want)
	}
}
