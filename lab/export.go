package lab

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/onnxfile"
	"github.com/moelab/moelab/internal/safetensors"
)

// Network is the trained network of a run, for other programs. Its pictures have the channels before height and width,
// as most programs have them.
type Network struct {
	// Inputs are its inputs. Output is the name of what it makes of them, and OutputAbout says what the values mean.
	Inputs              []onnxfile.Input
	Output, OutputAbout string
	// Build is the network.
	Build func(scope *model.Scope, inputs []*Node) *Node
	// Weights are the weights that the run's pictures are drawn with, and Step is the number of iterations that they were
	// trained for.
	Weights Weights
	Step    int64
	// Facts are further facts for users, by name.
	Facts map[string]string
	// BasicSR returns the weights under the names of BasicSR. Nil: it has no such network.
	BasicSR func() (map[string]*tensors.Tensor, error)
}

// exports write a network in a file format, by the extension.
var exports = map[string]func(w io.Writer, name string, network Network) error{
	".onnx":        writeONNX,
	".safetensors": writeBasicSR,
}

// Export implements [AnyKind].
func (k *Kind[Config]) Export(dir, path string) (step int64, err error) {
	write := exports[strings.ToLower(filepath.Ext(path))]
	if write == nil {
		return 0, fmt.Errorf("export %s: %w as %s: name a file that ends in %s", dir, ErrNotOffered, path,
			strings.Join(slices.Sorted(maps.Keys(exports)), " or "))
	}
	if k.Network == nil {
		return 0, fmt.Errorf("export %s: %w for runs of %q", dir, ErrNotOffered, k.Name)
	}
	network, err := k.Network(dir)
	if err != nil {
		return 0, err
	}
	facts, err := k.facts(dir, network)
	if err != nil {
		return 0, err
	}
	network.Facts = facts
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // Once nothing is refused any more.
		return 0, fmt.Errorf("make the folder of the network: %w", err)
	}
	err = WriteFile(path, func(w io.Writer) error { return write(w, k.Name, network) })
	if errors.Is(err, onnxfile.ErrWeights) {
		err = fmt.Errorf("%w: %w", ErrOtherExperiment, err)
	}
	return network.Step, err
}

// facts returns what a user of a network should know, for the file.
func (k *Kind[Config]) facts(dir string, network Network) (map[string]string, error) {
	config, err := k.Read(dir)
	if err != nil {
		return nil, err
	}
	settings, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	facts := map[string]string{
		"kind": k.Name, "what": k.Title, "step": fmt.Sprint(network.Step), "settings": string(settings),
		"output " + network.Output: network.OutputAbout,
	}
	if preset := k.presetOf(config); preset != "" {
		facts["preset"] = preset
	}
	for _, input := range network.Inputs {
		facts["input "+input.Name] = input.About
	}
	maps.Copy(facts, network.Facts)
	return facts, nil
}

// presetOf returns the name of the preset that a configuration is but for the number of steps and the seed, or "".
func (k *Kind[Config]) presetOf(config Config) string {
	want := unscheduled(config)
	for _, name := range k.PresetNames() {
		if reflect.DeepEqual(unscheduled(k.Presets[name]), want) {
			return name
		}
	}
	return ""
}

// unscheduled returns the settings of a configuration by name, without its schedule.
func unscheduled(config any) (settings map[string]any) {
	text, err := json.Marshal(config)
	if err = cmp.Or(err, json.Unmarshal(text, &settings)); err != nil {
		panic(err) // A configuration is a struct with JSON tags: a mistake in the program.
	}
	delete(settings, "steps")
	delete(settings, "seed")
	return settings
}

// writeONNX writes a network as ONNX.
func writeONNX(w io.Writer, name string, network Network) error {
	return onnxfile.Write(w, onnxfile.Network{
		Name: name, Inputs: network.Inputs, Outputs: []string{network.Output}, Weights: network.Weights,
		Metadata: network.Facts,
		Build: func(scope *model.Scope, inputs []*Node) []*Node {
			return []*Node{network.Build(scope, inputs)}
		},
	})
}

// writeBasicSR writes the weights of a network as safetensors with BasicSR's names.
func writeBasicSR(w io.Writer, name string, network Network) error {
	if network.BasicSR == nil {
		return fmt.Errorf("%w: BasicSR, whose names safetensors are written with, has no such network as this one of %q; "+
			"export it to a file that ends in .onnx", ErrNotOffered, name)
	}
	values, err := network.BasicSR()
	if err != nil {
		return err
	}
	return safetensors.Write(w, values, network.Facts)
}
