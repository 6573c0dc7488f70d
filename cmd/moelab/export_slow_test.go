//go:build slow

package main

import (
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

// exported is a run with a file of its network. network reads it again.
type exported struct {
	name, dir string
	network   func(dir string) (lab.Network, error)
}

// trainedKinds trains a run for each network, and each way in which a generator of portraits learns the class.
func trainedKinds(t *testing.T) (all []exported) {
	t.Helper()
	root := t.TempDir()
	add := func(name string, network func(dir string) (lab.Network, error), train ...string) {
		dir := filepath.Join(root, name)
		succeed(t, append(append([]string{"train"}, train...), "--run", dir)...)
		all = append(all, exported{name, dir, network})
	}
	for _, preset := range []string{"smoke", "smoke-srresnet"} {
		for _, norm := range []string{"conditional", "plain"} {
			for _, excitation := range []string{"false", "true"} {
				add(strings.Join([]string{preset, norm, excitation}, " "), gan.Experiment.Network, "gan", "--preset", preset,
					"--set", "generator_norm="+norm, "--set", "squeeze_excitation="+excitation)
			}
		}
	}
	for _, conditioning := range []string{gan.ConditionACGAN, gan.ConditionInput, gan.ConditionHidden} {
		add(conditioning, gan.Experiment.Network, "gan", "--preset", "smoke", "--set", "conditioning="+conditioning)
	}
	add("attributes", gan.Experiment.Network, "gan", "--preset", "smoke", "--set", "attributes=eyes,length",
		"--set", "conditioning=ac-gan")
	add("laptop", gan.Experiment.Network, "gan", "--preset", "laptop", "--steps", "3", "--set", "drawn=90")
	for _, preset := range []string{"smoke", "smoke-srgan"} {
		add("sr "+preset, esrgan.Experiment.Network, "sr", "--preset", preset, "--perceptual", "none")
	}
	all = append(all, exported{"pretraining", filepath.Join(root, "sr smoke", "pretrain"), esrgan.Experiment.Network})
	for _, preset := range []string{"smoke", "smoke-face", "smoke-flat", "smoke-content"} {
		add("blink "+preset, blink.Experiment.Network, "blink", "--preset", preset)
	}
	add("eyes", eyes.Experiment.Network, "eyes", "--preset", "smoke")
	judge := filepath.Join(root, "smoke conditional false")
	succeed(t, "eval", "gan", "--run", judge, "-n", "90")
	found, err := filepath.Glob(filepath.Join(judge, "judge*", "config.json"))
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return append(all, exported{"judge", filepath.Dir(found[0]), gan.JudgeExperiment.Network})
}

// run runs a run's network on XLA.
func (e exported) run(t *testing.T, values map[string]*tensors.Tensor) (output string, y *tensors.Tensor) {
	t.Helper()
	backend, err := xla.Open(t.Context(), xla.Options{Log: os.Stderr})
	require.NoError(t, err)
	defer backend.Finalize()
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
	defer program.Finalize()
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

func TestONNXRuntimeComputesWhatMoelabComputes(t *testing.T) {
	packages := []string{"onnx==1.19.1", "onnxruntime==1.22.1", "numpy==2.2.6", "safetensors==0.6.2"}
	env, err := venv.Ensure(t.Context(), "onnxruntime", packages, os.Stderr)
	require.NoError(t, err)
	all, folder := trainedKinds(t), t.TempDir()
	lengths := []map[string]int{{"batch": 1, "height": 16, "width": 32}, {"batch": 3, "height": 48, "width": 16}}
	out := func(e exported, i int) string {
		return filepath.Join(folder, fmt.Sprintf("%s %d.safetensors", e.name, i))
	}
	var cases strings.Builder
	for _, e := range all {
		file := filepath.Join(folder, e.name+".onnx")
		succeed(t, "export", e.dir, "-o", file)
		for i, lengths := range lengths {
			line := map[string]any{"network": file, "lengths": lengths, "out": out(e, i)}
			require.NoError(t, json.NewEncoder(&cases).Encode(line))
		}
	}
	command := exec.CommandContext(t.Context(), env.Python(), "testdata/run_onnx.py")
	command.Stdin = strings.NewReader(cases.String())
	text, err := command.CombinedOutput()
	require.NoError(t, err, "%s", text)
	for _, e := range all {
		for i, lengths := range lengths {
			difference := e.difference(t, out(e, i))
			t.Logf("%s, %v: %.1e", e.name, lengths, difference)
			assert.Less(t, difference, 1e-4, "%s, %v", e.name, lengths)
		}
	}
}

func TestSpandrelComputesWhatMoelabComputes(t *testing.T) {
	packages := []string{
		"spandrel==0.4.2", "torch==2.15.0", "torchvision==0.29.2", "numpy==2.2.6", "safetensors==0.6.2",
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
	difference := exported{dir: dir, network: esrgan.Experiment.Network}.difference(t, out)
	t.Logf("%.1e", difference)
	assert.Less(t, difference, 1e-4)
}
