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
	"github.com/moelab/moelab/lab"
	"github.com/moelab/moelab/nn"
)

// Case is one iteration of a training, on inputs that stay.
type Case struct {
	config    any // What the peers are told, as JSON.
	seed      uint64
	iteration func(scope *model.Scope, inputs []*graph.Node) []*graph.Node
	inputs    []input
	networks  []string // The scopes of the weights that the peers need.
	peers     []peerProgram
}

// input is one of the tensors that an iteration works on.
type input struct {
	name  string
	value *tensors.Tensor
}

// ours is moelab's iteration.
type ours struct {
	exec   *model.Exec
	inputs []any
	file   string // Where the peers find the weights and the inputs.
}

// newOurs compiles the iteration and writes its weights and inputs to a file in dir.
func newOurs(backend compute.Backend, c Case, dir string) (*ours, error) {
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(int64(c.seed)); err != nil {
		return nil, err
	}
	exec, err := model.NewExec(backend, store, c.iteration)
	if err != nil {
		return nil, err
	}
	o := &ours{exec: exec, file: filepath.Join(dir, "case.safetensors")}
	var inputShapes []shapes.Shape
	for _, in := range c.inputs {
		o.inputs, inputShapes = append(o.inputs, in.value), append(inputShapes, in.value.Shape())
	}
	if _, err := exec.Compile(inputShapes...); err != nil {
		return nil, fmt.Errorf("compile the iteration: %w", err)
	}
	if err := store.InitializeVariables(backend, nil); err != nil {
		return nil, fmt.Errorf("initialise the weights: %w", err)
	}
	return o, c.write(o.file, store)
}

// write saves the weights of the networks, before any step, and the inputs.
func (c Case) write(path string, store *model.Store) error {
	values := map[string]*tensors.Tensor{}
	for _, network := range c.networks {
		for v := range store.RootScope().At("%s", network).IterVariables() {
			path := strings.TrimPrefix(v.Path(), model.RootScopePath)
			if !nn.IsWeight(strings.TrimPrefix(path, network+"/")) {
				continue
			}
			value, err := v.Value()
			if err != nil {
				return err
			}
			values[path] = value
		}
	}
	for _, in := range c.inputs {
		values["inputs/"+in.name] = in.value
	}
	text, err := json.Marshal(c.config)
	if err != nil {
		return err
	}
	return lab.WriteFile(path, func(w io.Writer) error {
		return lab.WriteSafetensors(w, values, map[string]string{"config": string(text)})
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
