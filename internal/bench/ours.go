package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/safetensors"
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// Case is one training iteration, on fixed inputs.
type Case struct {
	config    any // The configuration for the peers, written as JSON.
	seed      uint64
	iteration func(scope *model.Scope, inputs []*graph.Node) []*graph.Node
	inputs    []input
	networks  []string // The scopes of weights that the peers need.
	peers     []peerProgram
}

// input is one of the input tensors of an iteration.
type input struct {
	name  string
	value *tensors.Tensor
}

// ours is moelab's iteration.
type ours struct {
	exec   *model.Exec
	inputs []any
}

// programs are the peers.
func (c Case) programs() []peerProgram { return c.peers }

// start compiles the iteration and writes its weights and inputs to a file in dir.
func (c Case) start(backend compute.Backend, dir string) (_ stepper, file string, err error) {
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(int64(c.seed)); err != nil {
		return nil, "", err
	}
	exec, err := model.NewExec(backend, store, c.iteration)
	if err != nil {
		return nil, "", err
	}
	o := &ours{exec: exec}
	var inputShapes []shapes.Shape
	for _, in := range c.inputs {
		o.inputs, inputShapes = append(o.inputs, in.value), append(inputShapes, in.value.Shape())
	}
	if _, err := exec.Compile(inputShapes...); err != nil {
		return nil, "", fmt.Errorf("compile the iteration: %w", err)
	}
	if err := store.InitializeVariables(backend, nil); err != nil {
		return nil, "", fmt.Errorf("initialise the weights: %w", err)
	}
	weights, err := c.weights(store)
	if err != nil {
		return nil, "", err
	}
	for _, in := range c.inputs {
		weights["inputs/"+in.name] = in.value
	}
	file = filepath.Join(dir, "case.safetensors")
	return o, file, writeCase(file, weights, c.config)
}

// weights returns the weights of the networks, before any step.
func (c Case) weights(store *model.Store) (map[string]*tensors.Tensor, error) {
	values := map[string]*tensors.Tensor{}
	for _, network := range c.networks {
		for v := range store.RootScope().At("%s", network).IterVariables() {
			path := strings.TrimPrefix(v.Path(), model.RootScopePath)
			if !nn.IsWeight(strings.TrimPrefix(path, network+"/")) {
				continue
			}
			value, err := v.Value()
			if err != nil {
				return nil, err
			}
			values[path] = value
		}
	}
	return values, nil
}

// writeCase writes the peers' input file: weights, inputs, and a configuration as JSON.
func writeCase(path string, values map[string]*tensors.Tensor, config any) error {
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	return lab.WriteFile(path, func(w io.Writer) error {
		return safetensors.Write(w, values, map[string]string{"config": string(text)})
	})
}

func (o *ours) step(context.Context) (float64, []float64, error) {
	start := time.Now()
	outputs, err := o.exec.Call(o.inputs...)
	if err != nil {
		return 0, nil, err
	}
	losses := make([]float64, len(outputs))
	for i, output := range outputs {
		losses[i] = float64(tensors.ToScalar[float32](output))
	}
	return time.Since(start).Seconds(), losses, nil
}

func (o *ours) close() { o.exec.Finalize() }
