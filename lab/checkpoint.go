package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// ErrNoCheckpoint says that a run has no checkpoint that can be read.
var ErrNoCheckpoint = errors.New("no checkpoint")

const (
	checkpointsName = "checkpoints"
	weightsName     = "weights.safetensors"
	stateName       = "state.json"
)

// State is what a checkpoint holds beside the weights, the optimiser's moments and the state of the random generator,
// which are all variables of the model's store.
type State struct {
	Format int `json:"format"`
	// Step is the number of iterations that were trained.
	Step int64 `json:"step"`
	// Position is where the data goes on.
	Position int64 `json:"position"`
	// Seed is the run's.
	Seed uint64 `json:"seed"`
	// Seconds is how long was trained, over all parts of the run.
	Seconds float64 `json:"seconds"`
	// MetricsBytes is the length of metrics.jsonl at this step.
	MetricsBytes int64 `json:"metrics_bytes"`
	// SHA256 is the checksum of the weights' file, in hexadecimal.
	SHA256 string `json:"sha256"`
}

// saveCheckpoint writes the variables of a store and a state as checkpoints/step-N, and removes all but the newest keep. A
// checkpoint is a folder that is renamed when it is whole. It refuses variables that are not finite.
func (r *Run) saveCheckpoint(store *model.Store, state State, keep int) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("save checkpoint of step %d in %s: %w", state.Step, r.dir, err)
		}
	}()
	values := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return fmt.Errorf("variable %s: %w", v.Path(), err)
		}
		if err := checkFinite(value); err != nil {
			return fmt.Errorf("variable %s: %w", v.Path(), err)
		}
		values[strings.TrimPrefix(v.Path(), model.RootScopePath)] = value
	}
	parent := r.Path(checkpointsName)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(parent, ".writing-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	hash := sha256.New()
	err = WriteFile(filepath.Join(work, weightsName), func(w io.Writer) error {
		return WriteSafetensors(io.MultiWriter(w, hash), values, nil)
	})
	if err != nil {
		return err
	}
	state.Format, state.SHA256 = format, hex.EncodeToString(hash.Sum(nil))
	err = WriteFile(filepath.Join(work, stateName), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(state)
	})
	if err != nil {
		return err
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	target := filepath.Join(parent, fmt.Sprintf("step-%08d", state.Step))
	if err := os.RemoveAll(target); err != nil { // A damaged one of the same step.
		return err
	}
	if err := os.Rename(work, target); err != nil {
		return err
	}
	if err := syncDir(parent); err != nil {
		return err
	}
	return r.prune(keep)
}

// prune removes all checkpoints but the newest keep, and what interrupted savings left.
func (r *Run) prune(keep int) error {
	names, err := r.checkpointNames()
	if err != nil {
		return err
	}
	for len(names) > keep {
		if err := os.RemoveAll(r.Path(checkpointsName, names[0])); err != nil {
			return err
		}
		names = names[1:]
	}
	leftovers, _ := filepath.Glob(r.Path(checkpointsName, ".writing-*"))
	for _, path := range leftovers {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// checkpointNames lists the folders of the checkpoints, oldest first.
func (r *Run) checkpointNames() ([]string, error) {
	entries, err := os.ReadDir(r.Path(checkpointsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "step-") {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// LoadCheckpoint reads the newest checkpoint that is whole into a store; warn is told of each newer one that is damaged.
// Variables that the store already has must have the checkpoint's shapes. The error wraps [ErrNoCheckpoint] where there is none.
func (r *Run) LoadCheckpoint(store *model.Store, warn func(error)) (State, error) {
	names, err := r.checkpointNames()
	if err != nil {
		return State{}, err
	}
	slices.Reverse(names)
	for _, name := range names {
		state, values, err := r.readCheckpoint(name)
		if err != nil {
			if warn != nil {
				warn(err)
			}
			continue
		}
		return state, fill(store, values)
	}
	if len(names) > 0 {
		return State{}, fmt.Errorf("%w in %s can be read: all %d are damaged", ErrNoCheckpoint, r.dir, len(names))
	}
	return State{}, fmt.Errorf("%w in %s: nothing was trained there yet", ErrNoCheckpoint, r.dir)
}

// readCheckpoint reads one checkpoint and checks it.
func (r *Run) readCheckpoint(name string) (state State, values map[string]*tensors.Tensor, err error) {
	dir := r.Path(checkpointsName, name)
	defer func() {
		if err != nil {
			err = fmt.Errorf("checkpoint %s is damaged: %w", dir, err)
		}
	}()
	data, err := os.ReadFile(filepath.Join(dir, stateName))
	if err != nil {
		return state, nil, err
	}
	if err := json.Unmarshal(data, &state); err != nil {
		return state, nil, fmt.Errorf("%s: %w", stateName, err)
	}
	if state.Format > format {
		return state, nil, fmt.Errorf("it has format %d, this version of moelab reads up to %d: update moelab", state.Format, format)
	}
	path := filepath.Join(dir, weightsName)
	sum, err := fileSHA256(path)
	if err != nil {
		return state, nil, err
	}
	if sum != state.SHA256 {
		return state, nil, fmt.Errorf("%s has SHA-256 %s, not %s", weightsName, sum, state.SHA256)
	}
	values, err = ReadSafetensors(path)
	return state, values, err
}

// fileSHA256 returns a file's checksum in hexadecimal.
func fileSHA256(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// fill sets the variables of a store.
func fill(store *model.Store, values map[string]*tensors.Tensor) error {
	for path, value := range values {
		path = model.RootScopePath + path
		if v := store.GetVariable(path); v != nil {
			if !v.Shape().Equal(value.Shape()) {
				return fmt.Errorf("%w: variable %s is %s in the checkpoint and %s in the model", ErrOtherExperiment, path, value.Shape(), v.Shape())
			}
			if err := v.SetValue(value); err != nil {
				return fmt.Errorf("set variable %s: %w", path, err)
			}
			continue
		}
		if _, err := store.CreateVariable(path, value); err != nil {
			return fmt.Errorf("set variable %s: %w", path, err)
		}
	}
	return nil
}

// checkFinite returns an error if a float32 tensor holds NaN or Inf.
func checkFinite(t *tensors.Tensor) error {
	if t.DType() != dtypes.Float32 {
		return nil
	}
	var bad error
	err := tensors.ConstFlatData(t, func(flat []float32) {
		for _, v := range flat {
			if v64 := float64(v); math.IsNaN(v64) || math.IsInf(v64, 0) {
				bad = fmt.Errorf("it holds %v: %w", v, ErrNotFinite)
				return
			}
		}
	})
	return errors.Join(err, bad)
}
