package lab

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/regularfile"
	"github.com/moelab/moelab/internal/safetensors"
	"github.com/moelab/moelab/internal/textfile"
)

// ErrNoCheckpoint is wrapped by the error for a run without a readable checkpoint.
var ErrNoCheckpoint = errors.New("no checkpoint")

const (
	checkpointsName = "checkpoints"
	weightsName     = "weights.safetensors"
	stateName       = "state.json"
)

// State is the part of a checkpoint that is not in the model's store. The weights, the optimiser's moments and the
// state of the random generator are all variables of the store.
type State struct {
	Format int `json:"format"`
	// Step is the number of trained iterations.
	Step int64 `json:"step"`
	// Position is where reading the data resumes.
	Position int64 `json:"position"`
	// Seed is the run's, and Config its configuration, so that a change of config.json is noticed; nil in a checkpoint
	// of an older moelab.
	Seed   uint64          `json:"seed"`
	Config json.RawMessage `json:"config,omitempty"`
	// Seconds is the training time, over all parts of the run.
	Seconds float64 `json:"seconds"`
	// MetricsBytes is the length of metrics.jsonl at this step, and MetricsSHA256 the checksum of that much of it, in
	// hexadecimal; "" in a checkpoint of an older moelab.
	MetricsBytes  int64  `json:"metrics_bytes"`
	MetricsSHA256 string `json:"metrics_sha256,omitempty"`
	// SHA256 is the checksum, in hexadecimal, of this state as JSON with an empty SHA256, followed by the file of the
	// weights.
	SHA256 string `json:"sha256"`
}

// newHash starts the checksum of a checkpoint.
func (s State) newHash() (hash.Hash, error) {
	s.SHA256 = ""
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	sum.Write(text) // It never fails.
	return sum, nil
}

// saveCheckpoint writes a state and the variables of a store, except the fixed ones, as checkpoints/step-N, and removes
// all but the newest keep checkpoints. A checkpoint is a folder that is renamed once it is complete. Variables that are
// not finite are an error.
func (r *Run) saveCheckpoint(store *model.Store, fixed map[string]*tensors.Tensor, state State, keep int) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("save checkpoint of step %d in %s: %w", state.Step, r.dir, err)
		}
	}()
	values, err := finiteValues(store, fixed)
	if err != nil {
		return err
	}
	parent := r.Path(checkpointsName)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	if err := syncDir(r.dir); err != nil {
		return err
	}
	if err := r.removeUnfinished(); err != nil {
		return err
	}
	work, err := os.MkdirTemp(parent, unfinishedPrefix+"*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := writeCheckpoint(work, values, state); err != nil {
		return err
	}
	target := filepath.Join(parent, checkpointName(state.Step))
	if err := os.RemoveAll(target); err != nil { // A damaged one of the same step.
		return err
	}
	if err := os.Rename(work, target); err != nil {
		return err
	}
	if err := syncDir(parent); err != nil {
		return err
	}
	return errors.Join(r.prune(state.Step, keep), r.removeAfter(state.Step))
}

// finiteValues returns the values of a store's variables by path, without the fixed ones, if all are finite.
func finiteValues(store *model.Store, fixed map[string]*tensors.Tensor) (map[string]*tensors.Tensor, error) {
	values := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		path := strings.TrimPrefix(v.Path(), model.RootScopePath)
		if fixed[path] != nil {
			continue
		}
		value, err := v.Value()
		if err == nil {
			err = checkFinite(value)
		}
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.Path(), err)
		}
		values[path] = value
	}
	return values, nil
}

// writeCheckpoint writes the two files of a checkpoint into a folder.
func writeCheckpoint(dir string, values map[string]*tensors.Tensor, state State) error {
	state.Format = format
	sum, err := state.newHash()
	if err != nil {
		return err
	}
	err = WriteFile(filepath.Join(dir, weightsName), func(w io.Writer) error {
		return safetensors.Write(io.MultiWriter(w, sum), values, nil)
	})
	if err != nil {
		return err
	}
	state.SHA256 = hex.EncodeToString(sum.Sum(nil))
	err = WriteFile(filepath.Join(dir, stateName), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(state)
	})
	if err != nil {
		return err
	}
	return os.Chmod(dir, 0o755)
}

// prune removes all checkpoints up to a step but the newest keep.
func (r *Run) prune(step int64, keep int) error {
	return r.removeCheckpoints(func(s int64) bool {
		if s > step {
			return false
		}
		keep--
		return keep < 0
	})
}

// removeAfter removes the checkpoints of later steps: they are damaged, since the training resumed from an earlier one.
func (r *Run) removeAfter(step int64) error {
	return r.removeCheckpoints(func(s int64) bool { return s > step })
}

// removeCheckpoints removes those of some steps. It asks from the newest to the oldest.
func (r *Run) removeCheckpoints(which func(step int64) bool) error {
	steps, err := r.checkpointSteps()
	if err != nil {
		return err
	}
	for _, step := range slices.Backward(steps) {
		if !which(step) {
			continue
		}
		if err := os.RemoveAll(r.Path(checkpointsName, checkpointName(step))); err != nil {
			return err
		}
	}
	return nil
}

// unfinishedPrefix starts the names of checkpoints that are being written.
const unfinishedPrefix = ".writing-"

// removeUnfinished removes the leftovers of interrupted saves.
func (r *Run) removeUnfinished() error {
	folder := r.Path(checkpointsName)
	leftovers, _ := fs.Glob(os.DirFS(folder), unfinishedPrefix+"*") // Only a malformed pattern is an error.
	for _, name := range leftovers {
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// checkpointName is the name of a checkpoint's folder.
func checkpointName(step int64) string { return fmt.Sprintf("step-%08d", step) }

// checkpointSteps lists the steps with checkpoints, in order. Folders with other names are ignored.
func (r *Run) checkpointSteps() ([]int64, error) {
	entries, err := os.ReadDir(r.Path(checkpointsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var steps []int64
	for _, entry := range entries {
		step, err := strconv.ParseInt(strings.TrimPrefix(entry.Name(), "step-"), 10, 64)
		if err == nil && checkpointName(step) == entry.Name() {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// LoadCheckpoint loads the newest intact checkpoint into a store without variables. warn gets an error for each newer
// one that is damaged; if it is nil, these are logged. The store gets a variable when the model asks for it. The error
// wraps [ErrNoCheckpoint] if there is none.
func (r *Run) LoadCheckpoint(store *model.Store, warn func(error)) (State, error) {
	state, weights, err := r.loadCheckpoint(warn)
	if err == nil {
		weights.Into(store)
	}
	return state, err
}

// Weights returns the variables of the newest intact checkpoint; warn is as in [Run.LoadCheckpoint].
func (r *Run) Weights(warn func(error)) (Weights, State, error) {
	state, weights, err := r.loadCheckpoint(warn)
	return weights, state, err
}

// ErrNothingTrained is the [ErrNoCheckpoint] of a run without any checkpoint, not even a damaged one.
var ErrNothingTrained = fmt.Errorf("%w: nothing was trained there yet", ErrNoCheckpoint)

// loadCheckpoint reads the newest intact checkpoint.
func (r *Run) loadCheckpoint(warn func(error)) (State, Weights, error) {
	steps, err := r.checkpointSteps()
	if err != nil {
		return State{}, nil, err
	}
	if warn == nil {
		warn = func(err error) { slog.Warn(err.Error()) }
	}
	var damaged []error
	for _, step := range slices.Backward(steps) {
		state, weights, err := r.readCheckpoint(step)
		if err == nil || errors.Is(err, errNewerFormat) { // A newer format is intact, and must not be overwritten.
			for _, older := range damaged {
				warn(fmt.Errorf("%w: step %d is used instead", older, step))
			}
			if err == nil {
				err = r.checkSettings(state)
			}
			return state, weights, err
		}
		damaged = append(damaged, err)
	}
	for _, err := range damaged {
		warn(err)
	}
	if errors.Is(errors.Join(damaged...), errUnreadable) { // It may be intact.
		return State{}, nil, fmt.Errorf(
			"%w in %s can be read: make them readable, restore one, or train anew in another directory", ErrNoCheckpoint, r.dir,
		)
	}
	if len(steps) > 0 {
		return State{}, nil, fmt.Errorf(
			"%w in %s can be read, all %d are %w: restore one, or train anew in another directory", ErrNoCheckpoint, r.dir,
			len(steps), ErrDamaged,
		)
	}
	return State{}, nil, fmt.Errorf("%s: %w", r.dir, ErrNothingTrained)
}

// checkSettings returns an error unless config.json is as it was written, with the settings that a checkpoint was
// trained with: it may have lost a bit, or be another run's. The number of steps may differ, as in [Create].
func (r *Run) checkSettings(state State) error {
	file, err := r.read()
	if err != nil {
		return err
	}
	difference := ""
	switch {
	case state.Config == nil:
		return file.damage
	case state.Seed != file.Seed:
		difference = fmt.Sprintf("seed is %d, not %d", file.Seed, state.Seed)
	default:
		difference = firstDifference(file.Config, state.Config)
	}
	if difference == "" {
		return file.damage
	}
	return fmt.Errorf("%w: in %s %s, as it was when step %d was trained: restore it, or choose another directory",
		ErrDamaged, r.Path(configName), difference, state.Step)
}

// newestState returns the state of the newest checkpoint, whose weights may be damaged, if it can be read.
func (r *Run) newestState() (state State, ok bool) {
	steps, err := r.checkpointSteps()
	if err != nil || len(steps) == 0 {
		return state, false
	}
	path := r.Path(checkpointsName, checkpointName(steps[len(steps)-1]), stateName)
	data, err := regularfile.Read(path, regularfile.Note)
	return state, err == nil && json.Unmarshal(data, &state) == nil
}

// errNewerFormat is wrapped by the error for files of a newer version of moelab.
var errNewerFormat = errors.New("update moelab")

// errUnreadable is wrapped by the error for a checkpoint that the system does not let us read.
var errUnreadable = errors.New("cannot be read")

// checkFormat returns an error if a file's format is newer than ours, or missing.
func checkFormat(path string, of int) error {
	if of > format {
		return fmt.Errorf("%s has format %d, this version of moelab reads up to %d: %w", path, of, format, errNewerFormat)
	}
	if of < 1 {
		return fmt.Errorf("%s names no format", filepath.Base(path))
	}
	return nil
}

// readCheckpoint reads one checkpoint and checks it.
func (r *Run) readCheckpoint(step int64) (state State, weights Weights, err error) {
	dir := r.Path(checkpointsName, checkpointName(step))
	defer func() {
		var file *fs.PathError
		switch {
		case err == nil || errors.Is(err, errNewerFormat):
		case errors.As(err, &file) && !errors.Is(err, fs.ErrNotExist):
			err = fmt.Errorf("checkpoint %s %w: %w", dir, errUnreadable, err)
		default:
			err = fmt.Errorf("checkpoint %s is damaged: %w", dir, err)
		}
	}()
	path := filepath.Join(dir, stateName)
	data, err := regularfile.Read(path, regularfile.Note)
	if err != nil {
		return state, nil, err
	}
	if err := textfile.UnmarshalJSON(data, &state); err != nil {
		return state, nil, fmt.Errorf("%s: %w", stateName, err)
	}
	if err := checkFormat(path, state.Format); err != nil {
		return state, nil, err
	}
	path = filepath.Join(dir, weightsName)
	sum, err := state.newHash()
	if err != nil {
		return state, nil, err
	}
	if err := hashFile(sum, path); err != nil {
		return state, nil, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != state.SHA256 {
		return state, nil, fmt.Errorf("its SHA-256 is %s, not %s", got, state.SHA256)
	}
	if state.Step != step {
		return state, nil, fmt.Errorf("it is of step %d", state.Step)
	}
	if weights, err = safetensors.Read(path); err != nil {
		return state, nil, err
	}
	for name, tensor := range weights { // None that moelab has saved; what comes of it would be black.
		if err := checkFinite(tensor); err != nil {
			return state, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return state, weights, nil
}

// hashFile adds a file to a checksum.
func hashFile(sum hash.Hash, path string) error {
	file, _, err := regularfile.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(sum, file)
	return err
}

// exponentBits are the bits of a number's exponent: all are set in NaN and Inf, and in no other number.
var exponentBits = map[dtypes.DType]uint64{
	dtypes.Float16: 0x7c00, dtypes.BFloat16: 0x7f80, dtypes.Float32: 0x7f80_0000, dtypes.Float64: 0x7ff0_0000_0000_0000,
}

// checkFinite returns an error if a tensor of floating-point numbers holds NaN or Inf.
func checkFinite(t *tensors.Tensor) error {
	mask, ok := exponentBits[t.DType()]
	if !ok {
		return nil
	}
	size := t.DType().Size()
	var bad error
	err := t.ConstBytes(func(data []byte) {
		var number [8]byte
		for ; len(data) > 0; data = data[size:] {
			copy(number[:size], data)
			if binary.LittleEndian.Uint64(number[:])&mask == mask {
				bad = fmt.Errorf("it holds NaN or Inf: %w", ErrNotFinite)
				return
			}
		}
	})
	return errors.Join(err, bad)
}
