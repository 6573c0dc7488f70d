package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/lab/sweep"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSweepTrainsMeasuresAndComparesBlinks(t *testing.T) {
	t.Setenv(asCommand, "1") // The cells' processes are this test's binary.
	dir := filepath.Join(t.TempDir(), "sweeps", "rate")
	args := []string{
		"sweep", "blink", "--preset", "smoke", "--steps", "3", "--set", "learning_rate=0.0002,0.001", "--seeds", "2",
		"--out", dir, "--jobs", "2", "--backend", "go", "--expect", "the rate matters",
	}
	status, printed, said := moelab(t, args...)
	require.Equal(t, 0, status, said)
	assert.Regexp(t, `^learning_rate +seeds +failed +after +closed +closes `, printed)
	assert.Regexp(t, `\n0\.001 +2 +0 +\d+\.\d+ ± \d+\.\d+ `, printed)
	assert.Contains(t, printed, filepath.Join(dir, "report.html")+" shows them\n")
	assert.Contains(t, said, "learning_rate=0.0002,seed=1: step 3, after ")

	assert.Contains(t, succeed(t, "sweep", "status", dir), "4 of 4 cells\n")
	assert.Contains(t, succeed(t, "figures", "--run", filepath.Join(dir, "cells",
		"learning_rate=0.001,seed=2"), "--backend", "go"), "figures", "a cell is a run like any other")

	out := filepath.Join(t.TempDir(), "compared")
	printed = succeed(t, "diff", filepath.Join(dir, "cells", "learning_rate=0.001,seed=2"),
		filepath.Join(dir, "cells", "learning_rate=0.0002,seed=2"), "-o", out, "-n", "2", "--backend", "go")
	assert.Regexp(t, `^ +learning_rate=0\.001,seed=2  learning_rate=0\.0002,seed=2\n`, printed)
	assert.Regexp(t, `\nlearning_rate +0\.001 +0\.0002\nstep +3 +3\nMAE +\d\S+ +\d\S+\nafter +`, printed)
	assert.Equal(t, []string{"MAE.csv", "MAE.png", "pictures.png"}, slices.Sorted(maps.Keys(files(t, out))))

	// The same from a specification, with a rule: nothing is trained again.
	data, err := os.ReadFile(filepath.Join(dir, "sweep.json"))
	require.NoError(t, err)
	var spec sweep.Spec
	require.NoError(t, json.Unmarshal(data, &spec))
	assert.Equal(t, "the rate matters", spec.Expectation)
	spec.Compare = &sweep.Comparison{
		Measure: "closes", Of: map[string]string{"learning_rate": "0.001"}, Is: "equal",
		Than: map[string]string{"learning_rate": "0.0002"}, By: 1000,
	}
	data, err = json.Marshal(spec)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "study.json")
	require.NoError(t, os.WriteFile(path, data, 0o644))
	printed = succeed(t, "sweep", path, "--out", dir)
	assert.Contains(t, printed,
		"closes of learning_rate=0.001 is equal to that of learning_rate=0.0002, by 1000: reproduced, difference ")

	// A result that was damaged since fails its cell, and each command says which file it is.
	result := filepath.Join(dir, "results", "learning_rate=0.001,seed=2.json")
	data, err = os.ReadFile(result)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(result, bytes.Replace(data, []byte("closes"), []byte("closet"), 1), 0o644))
	damaged := "learning_rate=0.001,seed=2: failed: read " + result + ": "
	status, _, said = moelab(t, "sweep", path, "--out", dir)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, said, damaged)
	assert.Contains(t, said, "moelab: 1 of 4 cells failed; --retry tries them again\n")
	assert.Contains(t, succeed(t, "sweep", "status", dir), damaged)
}

func TestSweepRejectsWrongSpecifications(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // No Slurm.
	out := filepath.Join(t.TempDir(), "out")
	path := filepath.Join(t.TempDir(), "study.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"train": "gan", "seeds": [1], "axis": []}`), 0o644))
	twice := filepath.Join(t.TempDir(), "twice.json")
	require.NoError(t, os.WriteFile(twice, []byte(`{"train": "gan", "seeds": [1], "seeds": [2]}`), 0o644))
	for want, line := range map[string]string{
		"name the kind of experiment":                    "sweep --out " + out,
		"--out is missing":                               "sweep gan",
		`there is no experiment "cats"`:                  "sweep cats --out " + out,
		`there is no experiment "judge"`:                 "sweep judge --out " + out,
		`--seeds is "0"`:                                 "sweep gan --seeds 0 --out " + out,
		`--seeds is "1,x"`:                               "sweep gan --seeds 1,x --out " + out,
		"a seed is there twice":                          "sweep gan --seeds 1,1 --out " + out,
		`there is no setting "los"`:                      "sweep gan --set los=hinge,wgan --out " + out,
		`loss is "none": it must be one of`:              "sweep gan --set loss=hinge,none --out " + out,
		"is not of the form setting=value":               "sweep gan --set loss --out " + out,
		"--jobs is 0":                                    "sweep gan --jobs 0 --out " + out,
		`there is no preset "huge"`:                      "sweep gan --preset huge --out " + out,
		"--seeds has no effect beside a specifica":       "sweep " + path + " --seeds 3 --out " + out,
		"loss is set twice":                              "sweep gan --set loss=hinge --set loss=wgan --out " + out,
		"steps is set twice":                             "sweep gan --steps 3 --set steps=4 --out " + out,
		"steps is 0: it must be":                         "sweep gan --set steps=0 --out " + out,
		"/none: no such file":                            "sweep gan --set data=/none --out " + out,
		"backend":                                        "sweep blink --backend nonsense --out " + out,
		"axis":                                           "sweep " + path + " --out " + out,
		`duplicate object member name "seeds"`:           "sweep " + twice + " --out " + out,
		"it must be a folder, whose name has":            "sweep gan --out " + path,
		"no-such.json":                                   "sweep no-such.json --out " + out,
		"not a sweep":                                    "sweep status " + filepath.Dir(path),
		`--print is "lsf": it must be one of k8s, slurm`: "sweep gan --print lsf --out " + out,
		"sbatch is not installed on this machine":        "sweep gan --slurm --out " + out,
		"--print only prints: give one of":               "sweep gan --slurm --print k8s --out " + out,
		"name the folder of the sweep and a cell":        "sweep cell " + filepath.Dir(path),
	} {
		status, _, stderr := moelab(t, strings.Fields(line)...)
		assert.Equal(t, statusUsage, status, line)
		assert.Contains(t, stderr, want, line)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
		assert.NoDirExists(t, out, line)
	}
}

func TestSweepOnAClusterIsATaskForEachCell(t *testing.T) {
	t.Setenv(asCommand, "1")
	dir := filepath.Join(t.TempDir(), "sweeps", "rate")
	args := []string{
		"sweep", "blink", "--preset", "smoke", "--steps", "3", "--set", "learning_rate=0.0002,0.001", "--out", dir,
		"--backend", "go", "--print", "slurm",
	}
	script := succeed(t, args...)
	assert.Contains(t, script, "#SBATCH --array=0-1\n")
	other := succeed(t, slices.Concat(args[:len(args)-1], []string{"k8s"})...)
	assert.Contains(t, other, "exec moelab sweep cell \"$0\" \"$1\" --backend go\n")
	status, _, stderr := moelab(t, "sweep", "cell", dir, "learning_rate=7,seed=1")
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, `has no cell "learning_rate=7,seed=1", and 2 others, such as "learning_rate=0.0002,seed=1"`)

	assert.Contains(t, succeed(t, "sweep", "cell", dir, "learning_rate=0.0002,seed=1", "--backend", "go"),
		"learning_rate=0.0002,seed=1: step 3, after ")
	assert.Contains(t, succeed(t, "sweep", "report", dir), filepath.Join(dir, "report.html")+" shows them\n")
	t.Setenv("SLURM_ARRAY_TASK_ID", "1")
	task := exec.Command("bash", "-s")
	task.Stdin = strings.NewReader(script)
	out, err := task.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "learning_rate=0.001,seed=1: step 3, after ")
	report, err := os.ReadFile(filepath.Join(dir, "report.html"))
	require.NoError(t, err)
	assert.Contains(t, string(report), "2 of 2 cells have ended")
	status, _, stderr = moelab(t, args...)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, stderr, dir+": each cell has ended or is queued")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "slurm.sbatch"), []byte("{{.No}}"), 0o644))
	status, _, stderr = moelab(t, append(args, "--seeds", "2")...)
	assert.Equal(t, statusUsage, status)
	assert.Contains(t, stderr, "the template is wrong: template: "+filepath.Join(dir, "slurm.sbatch")+":1:")
}

func TestSweepStatusIsShownAlthoughSlurmDoesNotAnswer(t *testing.T) {
	t.Setenv(asCommand, "1")
	dir := filepath.Join(t.TempDir(), "rate")
	succeed(t, "sweep", "blink", "--preset", "smoke", "--set", "learning_rate=0.0002,0.001", "--out", dir,
		"--print", "slurm")
	jobs := `[{"id": "7", "cells": ["learning_rate=0.0002,seed=1", "learning_rate=0.001,seed=1"]}]`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "slurm.json"), []byte(jobs), 0o644))
	bin := t.TempDir()
	script := "#!/bin/sh\necho squeue: error: Unable to contact slurm controller >&2\nexit 1\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "squeue"), []byte(script), 0o755))
	t.Setenv("PATH", bin)
	status, stdout, stderr := moelab(t, "sweep", "status", dir)
	assert.Zero(t, status)
	assert.Equal(t, "0 of 2 cells\n", stdout)
	assert.Equal(t, "moelab: warning: ask Slurm for its queue: Unable to contact slurm controller\n", stderr)
}

func TestARuleAboutAMissingMeasureIsSaidAtTheFirstCell(t *testing.T) {
	t.Setenv(asCommand, "1")
	path := filepath.Join(t.TempDir(), "study.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"train": "blink", "preset": "smoke", "set": {"steps": 1},
		"seeds": [1, 2], "compare": {"measure": "close", "is": "lower", "value": 1}}`), 0o644))
	status, stdout, stderr := moelab(t, "sweep", path, "--out", filepath.Join(t.TempDir(), "out"), "--backend", "go")
	require.Zero(t, status, stderr)
	assert.Equal(t, 1, strings.Count(stderr, `warning: the rule is about "close", but the measures are `), stderr)
	assert.Less(t, strings.Index(stderr, "warning: the rule"), strings.Index(stderr, "seed=2: step"), stderr)
	assert.Contains(t, stdout, `undecided (there is no measure "close", but `)
}

func TestDiffRejectsRunsThatCannotBeCompared(t *testing.T) {
	dir := t.TempDir()
	make := func(name, kind string) string {
		run, err := lab.Create(filepath.Join(dir, name), lab.Experiment{Name: kind, Config: map[string]int{"steps": 1}})
		require.NoError(t, err)
		require.NoError(t, run.Close())
		return run.Dir()
	}
	a, b := make("a", "gan"), make("b", "blink")
	assert.Contains(t, succeed(t, "diff", a, b), "kind   gan      blink\n")
	for want, args := range map[string][]string{
		"name two runs at least": {a}, "there is no config.json": {a, filepath.Join(dir, "no")},
		"-n is 0": {a, b, "-n", "0"},
		"runs of one kind, and these are of gan, blink": {a, b, "-o", filepath.Join(dir, "out")},
	} {
		status, _, stderr := moelab(t, append([]string{"diff"}, args...)...)
		assert.Equal(t, statusUsage, status)
		assert.Contains(t, stderr, want)
		assert.NoDirExists(t, filepath.Join(dir, "out"))
	}
	damaged := `{"measures":{"FID":0.5},"crc32":"00000000"}`
	require.NoError(t, os.WriteFile(filepath.Join(b, "measures.json"), []byte(damaged), 0o644))
	_, printed, stderr := moelab(t, "diff", a, b)
	assert.Contains(t, stderr, "b is damaged: read the measures in "+filepath.Join(b, "measures.json")+": it is damaged")
	assert.NotContains(t, printed, "FID")
}
