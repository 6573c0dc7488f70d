package lab

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/safetensors"
	"github.com/moelab/moelab/nn"
)

// Weights are values of variables, by path without the leading slash. A store takes them out one by one as the model
// asks for them. So variables are created in the same order as in a fresh run, and the program of an iteration is the
// same to the last instruction.
type Weights map[string]*tensors.Tensor

// Into attaches the weights to a store without variables.
func (w Weights) Into(store *model.Store) {
	store.SetLoader(w)
	// The store has this one before the model asks for any, and GoMLX does not mark it as it does the others.
	if rng := store.GetVariable(model.RNGStateVariableName); rng != nil {
		rng.SetTrainable(false)
	}
}

// Below returns the weights of the network below a scope, by path relative to it: the values that it computes with, not
// the optimiser's.
func (w Weights) Below(scope string) Weights {
	below := Weights{}
	for path, value := range w {
		if name, ok := strings.CutPrefix(path, scope+"/"); ok && nn.IsWeight(name) {
			below[name] = value
		}
	}
	return below
}

// At returns the weights at a scope.
func (w Weights) At(scope string) Weights {
	at := Weights{}
	for name, value := range w {
		at[scope+"/"+name] = value
	}
	return at
}

// LoadVariable is called by the store for a variable that it lacks.
func (w Weights) LoadVariable(_ *model.Store, path string) (*tensors.Tensor, bool) {
	name := strings.TrimPrefix(path, model.RootScopePath)
	value, ok := w[name]
	delete(w, name)
	return value, ok
}

// DeleteVariable is called by the store for a variable that it deletes.
func (w Weights) DeleteVariable(_ *model.Store, path string) error {
	delete(w, strings.TrimPrefix(path, model.RootScopePath))
	return nil
}

// CheckUsed returns an error that wraps [ErrOtherExperiment] unless the model, which has just been built, has asked for
// all of the weights.
func (w Weights) CheckUsed() error {
	if names := slices.Sorted(maps.Keys(w)); len(names) > 0 {
		return fmt.Errorf(
			"%w: there are weights for a variable %s, which the model does not have", ErrOtherExperiment, names[0],
		)
	}
	return nil
}

// CheckComplete returns an error that wraps [ErrOtherExperiment] unless all variables of the model, which has just been
// built, have values.
func CheckComplete(store *model.Store) error {
	for v := range store.IterVariables() {
		if !v.HasValue() {
			return fmt.Errorf("%w: the model has a variable %s, the weights do not", ErrOtherExperiment, v.Path())
		}
	}
	return nil
}

// Ship writes the weights of a network, those below a scope in the newest checkpoint, to a file for [ReadShipped], with
// its step and other metadata.
func (r *Run) Ship(path, scope string, metadata map[string]string) error {
	weights, state, err := r.Weights(nil)
	if err != nil {
		return err
	}
	metadata = maps.Clone(metadata)
	metadata["step"] = fmt.Sprint(state.Step)
	return WriteShipped(path, weights.Below(scope).At(scope), metadata)
}

// WriteShipped writes weights in the form that is embedded in moelab: as 16-bit floats, at half the size.
func WriteShipped(path string, weights Weights, metadata map[string]string) error {
	values := map[string]*tensors.Tensor{}
	for name, value := range weights {
		values[name] = value
		if value.DType() != dtypes.Float32 {
			continue
		}
		wide, err := tensors.CopyFlatData[float32](value)
		if err != nil {
			return err
		}
		values[name] = tensors.FromFlatDataAndDimensions(float16.FromFloat32s(wide...), value.Shape().Dimensions...)
	}
	return WriteFile(path, func(w io.Writer) error { return safetensors.Write(w, values, metadata) })
}

// ReadShipped reads the weights and the metadata that [WriteShipped] wrote.
func ReadShipped(data []byte) (Weights, map[string]string, error) {
	values, metadata, err := safetensors.Decode(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, fmt.Errorf("read the weights that moelab ships: %w", err)
	}
	for name, value := range values {
		if value.DType() != dtypes.Float16 {
			continue
		}
		narrow, err := tensors.CopyFlatData[float16.Float16](value)
		if err != nil {
			return nil, nil, err
		}
		wide := make([]float32, len(narrow))
		for i, v := range narrow {
			wide[i] = v.Float32()
		}
		values[name] = tensors.FromFlatDataAndDimensions(wide, value.Shape().Dimensions...)
	}
	return values, metadata, nil
}
