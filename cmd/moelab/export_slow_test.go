//go:build slow

package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/blink"
	"github.com/moelab/moelab/esrgan"
	"github.com/moelab/moelab/eyes"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/safetensors"
	"github.com/moelab/moelab/internal/venv"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exported is a run, and what reads its network.
type exported struct {
	dir     string
	network func(dir string) (lab.Network, error)
}

// exports are the command lines that train a run for each network, and for each way in which a generator of portraits
// learns the class, by name.
func exports() map[string][]string {
	all := map[string][]string{
		"attributes": {
			"gan", "--preset", "smoke", "--set", `attributes=["eyes","length"]`, "--set", "conditioning=ac-gan",
		},
		"laptop": {"gan", "--preset", "laptop", "--steps", "2", "--set", "drawn=90"},
		"esrgan": {"sr", "--preset", "smoke", "--perceptual", "none"},
		"srgan":  {"sr", "--preset", "smoke-srgan", "--perceptual", "none"},
		"eyes":   {"eyes", "--preset", "smoke"},
	}
	for _, preset := range []string{"smoke", "smoke-srresnet"} {
		for _, norm := range []string{"conditional", "plain"} {
			for _, excitation := range []string{"false", "true"} {
				all[strings.Join([]string{preset, norm, excitation}, " ")] = []string{
					"gan", "--preset", preset, "--set", "generator_norm=" + norm, "--set", "squeeze_excitation=" + excitation,
				}
			}
		}
	}
	for _, conditioning := range []string{gan.ConditionACGAN, gan.ConditionInput, gan.ConditionHidden} {
		all[conditioning] = []string{"gan", "--preset", "smoke", "--set", "conditioning=" + conditioning}
	}
	for _, preset := range []string{
		"smoke", "smoke-face", "smoke-flat", "smoke-content", "smoke-lids", "smoke-convlstm", "smoke-dynamics",
		"smoke-mocogan", "smoke-tgan", "smoke-tganv2", "smoke-forecast",
	} {
		all["blink "+preset] = []string{"blink", "--preset", preset}
	}
	all["blink from noise"] = []string{
		"blink", "--preset", "smoke-adversarial", "--set", "unconditional=true", "--set", "content=0",
	}
	return all
}

// networks read the network of a run, by the name of the command that trains it.
var networks = map[string]func(dir string) (lab.Network, error){
	"gan": gan.Experiment.Network, "sr": esrgan.Experiment.Network, "blink": blink.Experiment.Network,
	"eyes": eyes.Experiment.Network,
}

// run runs a run's network on XLA.
func (e exported) run(t *testing.T, values map[string]*tensors.Tensor) (output string, y *tensors.Tensor) {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	t.Cleanup(backend.Finalize)
	network, err := e.network(e.dir)
	require.NoError(t, err)
	var inputs []any
	var dims []shapes.Shape
	for _, input := range network.Inputs {
		require.Contains(t, values, input.Name)
		inputs, dims = append(inputs, values[input.Name]), append(dims, values[input.Name].Shape())
	}
	program, err := lab.Compile(backend, network.Weights, func(scope *model.Scope, inputs []*Node) *Node {
		return network.Build(scope, inputs)
	}, dims...)
	require.NoError(t, err)
	t.Cleanup(program.Finalize)
	y, err = program.Call1(inputs...)
	require.NoError(t, err)
	return network.Output, y
}

// difference returns the largest difference between the output in a file that a peer has written, and ours.
func (e exported) difference(t *testing.T, path string) (largest float64) {
	t.Helper()
	values, err := safetensors.Read(path)
	require.NoError(t, err)
	output, y := e.run(t, values)
	theirs := values["output "+output]
	require.NotNil(t, theirs)
	require.Equal(t, y.Shape().Dimensions, theirs.Shape().Dimensions)
	want, err := tensors.CopyFlatData[float32](y)
	require.NoError(t, err)
	got, err := tensors.CopyFlatData[float32](theirs)
	require.NoError(t, err)
	for i := range want {
		difference := math.Abs(float64(want[i] - got[i]))
		require.False(t, math.IsNaN(difference))
		largest = max(largest, difference)
	}
	return largest
}

// matches compares the run's ONNX file in onnxruntime with the run.
func (e exported) matches(t *testing.T) {
	t.Helper()
	packages := []string{"onnx==1.19.1", "onnxruntime==1.22.1", "numpy==2.2.6", "safetensors==0.6.2"}
	env, err := venv.Ensure(t.Context(), "onnxruntime", packages, os.Stderr)
	require.NoError(t, err)
	folder := t.TempDir()
	file := filepath.Join(folder, "network.onnx")
	succeed(t, "export", e.dir, "-o", file)
	var cases bytes.Buffer
	lengths := []map[string]int{{"batch": 1, "height": 16, "width": 32}, {"batch": 3, "height": 48, "width": 16}}
	out := func(i int) string { return filepath.Join(folder, fmt.Sprintf("%d.safetensors", i)) }
	for i, lengths := range lengths {
		line := map[string]any{"network": file, "lengths": lengths, "out": out(i)}
		require.NoError(t, json.NewEncoder(&cases).Encode(line))
	}
	for _, peer := range [][]string{
		{env.Python(), "testdata/run_onnx.py"}, {"node", "testdata/run_onnx_web.mjs", nodeModules(t)},
	} {
		command := exec.CommandContext(t.Context(), peer[0], peer[1:]...)
		command.Stdin = bytes.NewReader(cases.Bytes())
		text, err := command.CombinedOutput()
		require.NoError(t, err, "%s", text)
		for i, lengths := range lengths {
			difference := e.difference(t, out(i))
			t.Logf("%s, %v: %.1e", peer[1], lengths, difference)
			assert.Less(t, difference, 1e-4)
		}
	}
}

// nodeModules installs onnxruntime-web by npm and returns the folder.
func nodeModules(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "moelab", "npm", "onnxruntime-web-1.30.0")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "onnxruntime-web")); err == nil {
		return dir
	}
	command := exec.CommandContext(t.Context(), "npm", "install", "--prefix", dir, "onnxruntime-web@1.30.0")
	text, err := command.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return dir
}

func TestONNXRuntimeComputesWhatMoelabComputes(t *testing.T) {
	for name, arguments := range exports() {
		t.Run(name, func(t *testing.T) {
			run := exported{filepath.Join(t.TempDir(), "run"), networks[arguments[0]]}
			succeed(t, append(append([]string{"train"}, arguments...), "--run", run.dir)...)
			run.matches(t)
			if name == "esrgan" {
				exported{filepath.Join(run.dir, "pretrain"), run.network}.matches(t)
			}
		})
	}
	t.Run("judge", func(t *testing.T) {
		archive, err := zip.OpenReader("../../internal/recording/testdata/runs/judge.zip")
		require.NoError(t, err)
		defer archive.Close()
		dir := filepath.Join(t.TempDir(), "run")
		require.NoError(t, os.CopyFS(dir, archive))
		exported{dir, gan.JudgeExperiment.Network}.matches(t)
	})
}

func TestSpandrelComputesWhatMoelabComputes(t *testing.T) {
	packages := []string{
		"spandrel==0.4.2", "torch==2.15.0", "torchvision==0.29.2", "numpy==2.2.6", "safetensors==0.6.2",
		"packaging==25.0", // safetensors needs it and does not say so.
	}
	env, err := venv.Ensure(t.Context(), "spandrel", packages, os.Stderr)
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, "train", "sr", "--preset", "smoke", "--perceptual", "none", "--run", dir, "--set", "blocks=2",
		"--set", "channels=32", "--set", "growth=16")
	file, out := filepath.Join(dir, "..", "network.safetensors"), filepath.Join(dir, "..", "out.safetensors")
	succeed(t, "export", dir, "-o", file)
	text, err := exec.CommandContext(t.Context(), env.Python(), "testdata/run_spandrel.py", file, out).CombinedOutput()
	require.NoError(t, err, "%s", text)
	difference := exported{dir, esrgan.Experiment.Network}.difference(t, out)
	t.Logf("%.1e", difference)
	assert.Less(t, difference, 1e-4)
}
