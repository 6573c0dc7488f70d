package lab

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// flipByte changes a byte of a file; a negative index counts from its end.
func flipByte(t *testing.T, path string, index int) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[(index+len(data))%len(data)] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o644))
}

// edit replaces text in a file.
func edit(t *testing.T, path, old, new string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(data), old)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o644))
}

// removeSum removes the checksum of config.json, as somebody does who edits it.
func removeSum(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	without := regexp.MustCompile(`,\s*"crc32": "[0-9a-f]{8}"`).ReplaceAll(data, nil)
	require.NotEqual(t, data, without)
	require.NoError(t, os.WriteFile(path, without, 0o644))
}

// saved returns a run with checkpoints of some steps, whose variable "step" holds the step.
func saved(t *testing.T, keep int, steps ...int64) *Run {
	t.Helper()
	run, err := Create(t.TempDir(), experiment(20))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, run.Close()) })
	for _, step := range steps {
		require.NoError(
			t, run.saveCheckpoint(storeWith(t, float32(step)), nil, State{Step: step, Position: 2 * step, Seed: 7}, keep),
		)
	}
	return run
}

// storeWith returns a store with one variable.
func storeWith(t *testing.T, value any) *model.Store {
	t.Helper()
	store := model.NewStore()
	_, err := store.CreateVariable("a/step", tensors.MustFromAnyValue(value))
	require.NoError(t, err)
	return store
}

func TestNewestCheckpointsAreKept(t *testing.T) {
	run := saved(t, 2, 9, 10, 100, 99_999_999, 100_000_000)
	assert.Equal(t, "step-100000000 step-99999999", folders(t, run.Dir()))

	require.NoError(t, os.MkdirAll(run.Path(checkpointsName, ".writing-123"), 0o755))
	require.NoError(t, os.MkdirAll(run.Path(checkpointsName, "step-mine"), 0o755))
	require.NoError(t, os.MkdirAll(run.Path(checkpointsName, "step-00000005.bak"), 0o755))
	store := model.NewStore()
	state, err := run.LoadCheckpoint(store, func(err error) { t.Error(err) })
	require.NoError(t, err, "a half-written checkpoint is none")
	assert.Equal(t, State{Format: 1, Step: 100_000_000, Position: 200_000_000, Seed: 7, SHA256: state.SHA256}, state)
	value, err := store.GetVariable("/a/step").Value()
	require.NoError(t, err)
	assert.EqualValues(t, 100_000_000, tensors.ToScalar[float32](value))

	require.NoError(t, run.saveCheckpoint(storeWith(t, float32(1)), nil, State{Step: 100_000_001}, 2))
	assert.Equal(
		t, "step-00000005.bak step-100000000 step-100000001 step-mine", folders(t, run.Dir()),
		"half-written checkpoints are removed",
	)
}

func TestDamagedCheckpointsAreSkipped(t *testing.T) {
	weights, state := filepath.Join("step-00000003", weightsName), filepath.Join("step-00000003", stateName)
	truncate := func(file string, size int64) func(t *testing.T, run *Run) {
		return func(t *testing.T, run *Run) {
			require.NoError(t, os.Truncate(run.Path(checkpointsName, file), size))
		}
	}
	remove := func(file string) func(t *testing.T, run *Run) {
		return func(t *testing.T, run *Run) {
			require.NoError(t, os.Remove(run.Path(checkpointsName, file)))
		}
	}
	for name, damage := range map[string]func(t *testing.T, run *Run){
		"a bit of the weights":  func(t *testing.T, run *Run) { flipByte(t, run.Path(checkpointsName, weights), -1) },
		"a bit of their header": func(t *testing.T, run *Run) { flipByte(t, run.Path(checkpointsName, weights), 12) },
		"weights cut short":     truncate(weights, 20),
		"weights empty":         truncate(weights, 0),
		"weights lost":          remove(weights),
		"state lost":            remove(state),
		"state cut short":       truncate(state, 30),
		"state empty":           truncate(state, 0),
		"another position": func(t *testing.T, run *Run) {
			edit(t, run.Path(checkpointsName, state), `"position": 6`, `"position": 7`)
		},
		"no format": func(t *testing.T, run *Run) { edit(t, run.Path(checkpointsName, state), `"format": 1`, `"format": 0`) },
		"of another step": func(t *testing.T, run *Run) {
			third := run.Path(checkpointsName, "step-00000003")
			require.NoError(t, os.RemoveAll(third))
			require.NoError(t, os.CopyFS(third, os.DirFS(run.Path(checkpointsName, "step-00000001"))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := saved(t, 9, 1, 2, 3)
			damage(t, run)
			var warned []error
			state, err := run.LoadCheckpoint(model.NewStore(), func(err error) { warned = append(warned, err) })
			require.NoError(t, err)
			assert.EqualValues(t, 2, state.Step)
			require.Len(t, warned, 1)
			requireLine(t, warned[0], "step-00000003 is damaged")
			said := logged(t)
			_, err = run.LoadCheckpoint(model.NewStore(), nil)
			require.NoError(t, err)
			assert.Equal(t, []string{warned[0].Error()}, *said)
			assert.Contains(t, (*said)[0], "step 2 is used instead")
		})
	}
}

func TestAllCheckpointsDamaged(t *testing.T) {
	dir := t.TempDir()
	mustTrain(t, dir, 4, func(training *Training) { training.SaveEvery = 2 })
	for _, name := range []string{"step-00000002", "step-00000004"} {
		flipByte(t, filepath.Join(dir, checkpointsName, name, weightsName), -1)
	}
	run, err := Open(dir)
	require.NoError(t, err)
	_, err = run.LoadCheckpoint(model.NewStore(), nil)
	require.ErrorIs(t, err, ErrNoCheckpoint)
	requireLine(t, err, "all 2 are damaged", dir)

	warnings := 0
	_, err = train(t, t.Context(), dir, 20, func(training *Training) { training.Warn = func(error) { warnings++ } })
	require.ErrorIs(t, err, ErrNoCheckpoint, "a training must not begin anew over what could be restored")
	assert.Equal(t, 2, warnings)
	metrics, err := run.Metrics()
	require.NoError(t, err)
	assert.Len(t, metrics, 4, "the metrics must stay")
}

func TestACheckpointThatCannotBeReadIsNotCalledDamaged(t *testing.T) {
	run := saved(t, 9, 1, 2, 3)
	block := func(step string) { // A folder in its place: the superuser may read every file.
		path := run.Path(checkpointsName, step, weightsName)
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.Mkdir(path, 0o755))
	}
	block("step-00000003")
	var warned []error
	state, err := run.LoadCheckpoint(model.NewStore(), func(err error) { warned = append(warned, err) })
	require.NoError(t, err)
	assert.EqualValues(t, 2, state.Step)
	require.Len(t, warned, 1)
	requireLine(t, warned[0], "step-00000003 cannot be read: open ", "not a regular file: step 2 is used instead")

	block("step-00000002")
	block("step-00000001")
	_, err = run.LoadCheckpoint(model.NewStore(), func(error) {})
	require.ErrorIs(t, err, ErrNoCheckpoint)
	require.NotErrorIs(t, err, ErrDamaged)
	requireLine(t, err, "can be read: make them readable, restore one")
}

func TestNoCheckpoint(t *testing.T) {
	_, err := saved(t, 1).LoadCheckpoint(model.NewStore(), func(err error) { t.Error(err) })
	require.ErrorIs(t, err, ErrNoCheckpoint)
	requireLine(t, err, "nothing was trained there yet")
}

// A newer version's checkpoint is intact: training must not continue from an older one instead.
// Training with other settings than before would give a run that no settings describe.
func TestSettingsOtherThanTheCheckpointsAreNoticed(t *testing.T) {
	for name, change := range map[string]struct{ old, new, want string }{
		"setting": {`"rate": 0.01`, `"rate": 0.05`, "rate is 0.05, not 0.01"},
		"seed":    {`"seed": 7`, `"seed": 3`, "seed is 3, not 7"},
		"list":    {"  3,\n", "  1,\n", "sizes is [1,4], not [3,4]"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			mustTrain(t, dir, 5, nil)
			path := filepath.Join(dir, configName)
			edit(t, path, change.old, change.new)
			run, err := Open(dir)
			require.NoError(t, err)
			_, _, err = run.Weights(nil)
			require.ErrorIs(t, err, ErrDamaged)
			requireLine(t, err, path, change.want+", as it was when step 5 was trained: restore it")
			edit(t, path, change.new, change.old)
			_, _, err = run.Weights(nil)
			require.NoError(t, err)
		})
	}

	dir := filepath.Join(t.TempDir(), "run")
	mustTrain(t, dir, 5, nil)
	mustTrain(t, dir, 7, nil) // A run may be extended.
}

// Nothing else tells of what no setting depends on, such as the versions.
func TestALostBitOfTheConfigurationIsNoticed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	mustTrain(t, dir, 5, nil)
	path := filepath.Join(dir, configName)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	noticed := func(t *testing.T) (err error) {
		run, err := Open(dir)
		if err != nil {
			return err
		}
		_, _, err = run.Weights(nil)
		made, createErr := Create(dir, experiment(5))
		require.Equal(t, err == nil, createErr == nil, "%v, but %v", err, createErr)
		if made != nil {
			require.NoError(t, made.Close())
		}
		return err
	}
	for bit := range 8 * len(whole) {
		damaged := slices.Clone(whole)
		damaged[bit/8] ^= 1 << (bit % 8)
		require.NoError(t, os.WriteFile(path, damaged, 0o644))
		requireLine(t, noticed(t), path)
	}

	edited := strings.Replace(string(whole), `"steps": 5`, `"steps": 6`, 1)
	require.NoError(t, os.WriteFile(path, []byte(edited), 0o644))
	requireLine(t, noticed(t), path, "remove its line crc32 if you edited it")
	removeSum(t, path)
	require.NoError(t, noticed(t))
}

func TestNewerFormat(t *testing.T) {
	run := saved(t, 9, 1, 2)
	edit(t, run.Path(checkpointsName, "step-00000002", stateName), `"format": 1`, `"format": 2`)
	_, err := run.LoadCheckpoint(model.NewStore(), func(err error) { t.Error(err) })
	requireLine(t, err, "format 2", "reads up to 1", "update moelab")
	assert.NotErrorIs(t, err, ErrNoCheckpoint)

	edit(t, run.Path(configName), `"format": 1`, `"format": 2`)
	_, err = Open(run.Dir())
	requireLine(t, err, "format 2", "update moelab")
}

// remake regenerates testdata/run-v1, which is legitimate only before the first release of a format:
//
//	go test ./lab -run OldRun -remake
var remake = flag.Bool("remake", false, "make testdata/run-v1 anew")

// testdata/run-v1 was written by the first version with this format, and must stay readable.
func TestOldRunStaysReadable(t *testing.T) {
	if *remake {
		require.NoError(t, os.RemoveAll("testdata/run-v1"))
		mustTrain(t, "testdata/run-v1", 3, nil)
		require.NoError(t, os.Remove("testdata/run-v1/.lock"))
	}
	run, err := Open("testdata/run-v1")
	require.NoError(t, err)
	var config testConfig
	name, seed, err := run.Experiment(&config)
	require.NoError(t, err)
	assert.Equal(t, "regression", name)
	assert.EqualValues(t, 7, seed)
	assert.Equal(t, testConfig{Rate: 0.01, Sizes: []int{3, 4}, Steps: 3}, config)
	store := model.NewStore()
	state, err := run.LoadCheckpoint(store, func(err error) { t.Error(err) })
	require.NoError(t, err)
	assert.EqualValues(t, 3, state.Step)
	assert.Equal(t, []int{3, 4}, store.GetVariable("/weights").Shape().Dimensions)

	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/run-v1")))
	summary := mustTrain(t, dir, 5, nil)
	assert.EqualValues(t, 2, summary.Trained)
}

func TestNotFiniteOfEachTypeIsSeen(t *testing.T) {
	inf32 := []uint32{0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001}
	for _, bits := range inf32 {
		half := uint16(bits >> 16)
		if bits == 0x7f800001 {
			half |= 1
		}
		require.Error(t, checkFinite(rawTensor(t, dtypes.Float32, bits)), "%x", bits)
		require.Error(t, checkFinite(rawTensor(t, dtypes.BFloat16, half)), "%x", half)
	}
	require.Error(t, checkFinite(rawTensor(t, dtypes.Float16, uint16(0x7c00))))
	require.Error(t, checkFinite(rawTensor(t, dtypes.Float64, uint64(0xfff0_0000_0000_0000))))
	for _, fine := range []any{float32(3.4e38), float32(1e-45), 1.7e308, int32(0x7f800000), bfloat16.FromFloat32(3e38)} {
		require.NoError(t, checkFinite(tensors.MustFromAnyValue(fine)), "%v", fine)
	}
}

// rawTensor makes a tensor [2] of 0 and a number of given bits.
func rawTensor[T uint16 | uint32 | uint64](t *testing.T, dtype dtypes.DType, bits T) *tensors.Tensor {
	t.Helper()
	value := tensors.FromShape(shapes.Make(dtype, 2))
	require.NoError(t, value.MutableBytes(func(data []byte) {
		_, err := binary.Encode(data, binary.LittleEndian, []T{0, bits})
		require.NoError(t, err)
	}))
	return value
}

func TestMetricsThatWereCut(t *testing.T) {
	dir := t.TempDir()
	mustTrain(t, dir, 4, nil)
	run, err := Open(dir)
	require.NoError(t, err)
	path := run.Path(metricsName)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()-5))
	metrics, err := run.Metrics()
	require.NoError(t, err)
	assert.Len(t, metrics, 3, "a last line that is cut short is left out")

	var warned error
	mustTrain(t, dir, 6, func(training *Training) { training.Warn = func(err error) { warned = err } })
	requireLine(t, warned, path, "at the checkpoint of step 4: 3 lines are kept", "metrics.jsonl.damaged")
	var steps []int64
	for _, m := range outcomeOf(t, dir).Metrics {
		steps = append(steps, m.Step)
	}
	assert.Equal(t, []int64{1, 2, 3, 5, 6}, steps)

	said := logged(t)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString("nonsense\n{\"step\": \"six\"}\n")
	require.NoError(t, errors.Join(err, file.Close()))
	metrics, err = run.Metrics()
	require.NoError(t, err)
	assert.Len(t, metrics, 5, "what follows the last line takes nothing away")
	assert.Equal(t, []string{path + ": line 6: this is not JSON: invalid character 'o' in literal null (expecting 'u'): " +
		"2 such lines are left out; restore the file if there is a copy"}, *said)
	*said = nil
	require.NoError(t, os.Remove(path))
	metrics, err = run.Metrics()
	require.NoError(t, err)
	assert.Empty(t, metrics)
	assert.Regexp(t, `metrics\.jsonl has 0 bytes, but had \d+ at the checkpoint of step 6`, strings.Join(*said, "\n"))
}

// A training must not append behind lines that cannot be read.
func TestMetricsDamagedAtTheSameLength(t *testing.T) {
	for name, damage := range map[string]func(lines [][]byte){
		"garbage": func(lines [][]byte) { copy(lines[1], "nonsense") },
		"a digit": func(lines [][]byte) { // It can still be read.
			at := bytes.LastIndexAny(lines[1], "0123456789")
			lines[1][at] = '0' + (lines[1][at]-'0'+1)%10
		},
		"zeros": func(lines [][]byte) { clear(lines[1]) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			mustTrain(t, dir, 4, nil)
			run, err := Open(dir)
			require.NoError(t, err)
			path := run.Path(metricsName)
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			damage(slices.Collect(bytes.Lines(data)))
			require.NoError(t, os.WriteFile(path, data, 0o644))

			said := logged(t)
			_, err = run.Metrics()
			require.NoError(t, err)
			assert.Equal(t, path+" is not what it was at the checkpoint of step 4", (*said)[0])
			if name != "a digit" {
				require.Len(t, *said, 2)
				assert.Contains(t, (*said)[1], path+": line 2: this is not JSON: ")
				assert.Contains(t, (*said)[1], ": the line is left out; restore the file if there is a copy")
			}

			var warned error
			mustTrain(t, dir, 6, func(training *Training) { training.Warn = func(err error) { warned = err } })
			requireLine(t, warned, path+" is not what it was")
			kept, err := os.ReadFile(path + ".damaged")
			require.NoError(t, err)
			assert.Equal(t, data, kept, "nothing is lost")
			*said = nil
			metrics, err := run.Metrics()
			require.NoError(t, err)
			assert.EqualValues(t, 6, metrics[len(metrics)-1].Step)
			assert.Empty(t, *said, "it is mended")
			warned = nil
			mustTrain(t, dir, 7, func(training *Training) { training.Warn = func(err error) { warned = err } })
			assert.NoError(t, warned)
		})
	}
}

func TestStateIsReadable(t *testing.T) {
	run := saved(t, 1, 3)
	data, err := os.ReadFile(run.Path(checkpointsName, "step-00000003", stateName))
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(data, &fields))
	for _, name := range []string{"format", "step", "position", "seed", "seconds", "metrics_bytes", "sha256"} {
		assert.Contains(t, fields, name)
	}
	info, err := os.Stat(run.Path(checkpointsName, "step-00000003"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), info.Mode().Perm())
}
