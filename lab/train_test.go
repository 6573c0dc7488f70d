package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/lockfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reference is the outcome of 20 steps in one go; trained once, as compiling takes a second.
var reference *outcome

func uninterrupted(t *testing.T) outcome {
	t.Helper()
	if reference == nil {
		o := trainUninterrupted(t)
		reference = &o
	}
	return *reference
}

// trainUninterrupted trains 20 steps in one go.
func trainUninterrupted(t *testing.T) outcome {
	t.Helper()
	dir := t.TempDir()
	summary := mustTrain(t, dir, 20, nil)
	assert.EqualValues(t, 20, summary.Trained)
	assert.Positive(t, summary.Compile)
	assert.Positive(t, summary.StepTime())
	if runtime.GOOS == "linux" {
		assert.Greater(t, summary.PeakBytes, int64(1<<20))
	}
	o := outcomeOf(t, dir)
	require.Len(t, o.Metrics, 20)
	require.Contains(t, o.Weights, "weights")
	require.Contains(t, o.Weights, "#rngState")
	require.Greater(t, len(o.Weights), 5, "Adam's moments are missing: %v", o.Weights)
	return o
}

func TestSameSeedSameRun(t *testing.T) {
	first, second := uninterrupted(t), trainUninterrupted(t)
	assert.Equal(t, first, second)
	assert.Less(t, first.Metrics[19].Values["loss"], first.Metrics[0].Values["loss"], "it learned nothing")

	dir := t.TempDir()
	other := experiment(20)
	other.Seed++
	run, err := Create(dir, other)
	require.NoError(t, err)
	defer run.Close()
	training := newTraining(20)
	training.Backend, err = backend()
	require.NoError(t, err)
	_, err = Train(t.Context(), run, training)
	require.NoError(t, err)
	assert.NotEqual(t, first.Metrics, outcomeOf(t, dir).Metrics, "another seed gives the same run")
	assert.NotEqual(t, first.Weights, outcomeOf(t, dir).Weights)
}

func TestResumedEqualsUninterrupted(t *testing.T) {
	want := uninterrupted(t)
	t.Run("in parts", func(t *testing.T) {
		dir := t.TempDir()
		for _, steps := range []int64{1, 8, 20} {
			mustTrain(t, dir, steps, nil)
		}
		assert.Equal(t, want, outcomeOf(t, dir))
	})
	t.Run("cancelled", func(t *testing.T) {
		dir := t.TempDir()
		ctx, cancel := context.WithCancelCause(t.Context())
		summary, err := train(t, ctx, dir, 20, func(training *Training) {
			training.ShowEvery = 1
			training.Show = func(ctx context.Context, _ *model.Store, step int64) error {
				if step == 11 {
					cancel(errTest)
				}
				return ctx.Err() // Showing may be interrupted, too.
			}
		})
		require.ErrorIs(t, err, errTest)
		requireLine(t, err, "stopped after step 11 of 20, saved: train the same run again to go on")
		require.EqualValues(t, 11, summary.Step)
		assert.Equal(t, "step-00000011", folders(t, dir))
		mustTrain(t, dir, 20, nil)
		assert.Equal(t, want, outcomeOf(t, dir))
	})
	t.Run("killed", func(t *testing.T) {
		dir := t.TempDir()
		err := childCommand("die", dir, "13").Run()
		require.ErrorContains(t, err, "killed")
		run, err := Open(dir)
		require.NoError(t, err)
		metrics, err := run.Metrics()
		require.NoError(t, err)
		require.Len(t, metrics, 13, "it must have logged beyond its last checkpoint")
		require.Equal(t, "step-00000005 step-00000010", folders(t, dir))
		summary := mustTrain(t, dir, 20, func(training *Training) { training.SaveEvery = 5 })
		assert.EqualValues(t, 10, summary.Trained)
		assert.Equal(t, want, outcomeOf(t, dir))
	})
	t.Run("after a damaged checkpoint", func(t *testing.T) {
		dir := t.TempDir()
		mustTrain(t, dir, 12, func(training *Training) { training.SaveEvery = 6 })
		flipByte(t, filepath.Join(dir, "checkpoints", "step-00000012", weightsName), -3)
		var warned error
		summary := mustTrain(t, dir, 20, func(training *Training) {
			training.Keep, training.SaveEvery = 1, 4
			training.Warn = func(err error) { warned = err }
		})
		assert.ErrorContains(t, warned, "step-00000012 is damaged")
		assert.EqualValues(t, 14, summary.Trained)
		assert.Equal(t, want, outcomeOf(t, dir))
	})
}

// An extended training also has the metrics of the last step of each part, where logging is always due.
// A process that is killed after it has saved has not removed what the save made superfluous.
func TestWhatAKilledSaveLeftIsRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	save := func(training *Training) { training.SaveEvery = 2 }
	mustTrain(t, dir, 6, save)
	before := filesBelow(t, dir)
	for _, name := range []string{
		"checkpoints/step-00000002/weights.safetensors", "checkpoints/.writing-123/weights.safetensors",
		".config.json1234567890123456789",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("half"), 0o644))
	}
	mustTrain(t, dir, 6, save)
	assert.Equal(t, before, filesBelow(t, dir))
}

func TestLogEvery(t *testing.T) {
	dir := t.TempDir()
	mustTrain(t, dir, 10, func(training *Training) { training.LogEvery = 4 })
	var steps []int64
	for _, m := range outcomeOf(t, dir).Metrics {
		steps = append(steps, m.Step)
	}
	assert.Equal(t, []int64{4, 8, 10}, steps)
	summary := mustTrain(t, dir, 10, nil)
	assert.Zero(t, summary.Trained, "there was nothing to train")
}

func TestShowUsesTheWeightsAndChangesNothing(t *testing.T) {
	want := uninterrupted(t)
	dir := t.TempDir()
	var shown []int64
	var exec *model.Exec
	mustTrain(t, dir, 20, func(training *Training) {
		training.ShowEvery = 8
		training.Show = func(_ context.Context, store *model.Store, step int64) (err error) {
			shown = append(shown, step)
			if exec == nil {
				exec, err = model.NewExec(training.Backend, store, func(scope *model.Scope, x *Node) *Node {
					weights := scope.VariableWithShape("weights", shapes.Make(dtypes.Float32, 3, 4))
					return ReduceAllSum(Dot(x, weights.NodeValue(x.Graph())).MatMul())
				})
				if err != nil {
					return err
				}
			}
			value, err := exec.Call1(tensors.FromFlatDataAndDimensions([]float32{1, 2, 3}, 1, 3))
			if err == nil {
				assert.True(t, isFinite(float64(tensors.ToScalar[float32](value))))
			}
			return err
		}
	})
	assert.Equal(t, []int64{8, 16, 20}, shown)
	assert.Equal(t, want, outcomeOf(t, dir))

	_, err := train(t, t.Context(), t.TempDir(), 20, func(training *Training) {
		training.ShowEvery = 8
		training.Show = func(context.Context, *model.Store, int64) error { return errTest }
	})
	require.ErrorIs(t, err, errTest)
	requireLine(t, err, "show step 8")
}

// What is changed between two steps is what the next one begins with, and what is saved.
func TestWhatIsDoneAfterAStepIsSaved(t *testing.T) {
	dir := t.TempDir()
	var steps []int64
	clear := func(training *Training) {
		training.After = func(store *model.Store, step int64) error {
			steps = append(steps, step)
			v := store.GetVariable("/weights")
			return v.SetValue(tensors.FromShape(v.Shape())) // Zeros.
		}
	}
	mustTrain(t, dir, 3, clear)
	assert.Equal(t, []int64{1, 2, 3}, steps)
	o := outcomeOf(t, dir)
	assert.Equal(t, fmt.Sprintf("%s %x", shapes.Make(dtypes.Float32, 3, 4), make([]byte, 48)), o.Weights["weights"])
	assert.NotEqual(t, uninterrupted(t).Metrics[2].Values, o.Metrics[2].Values)

	failed := errors.New("it fails")
	_, err := train(t, t.Context(), dir, 5, func(training *Training) {
		training.After = func(*model.Store, int64) error { return failed }
	})
	require.ErrorIs(t, err, failed)
	assert.ErrorContains(t, err, "after step 4: it fails; the checkpoint of step 3 is kept")
}

func TestNotFiniteStops(t *testing.T) {
	for name, value := range map[string]float32{"NaN": float32(math.NaN()), "-Inf": float32(math.Inf(-1))} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			summary, err := train(t, t.Context(), dir, 20, func(training *Training) {
				training.SaveEvery = 5
				training.Metrics = []string{"fine", "loss"}
				training.Iteration = func(scope *model.Scope, inputs []*Node) []*Node {
					values := regression(scope, inputs)
					return []*Node{values[1], Add(values[0], ReduceAllMax(inputs[1]))} // The weights stay finite.
				}
				training.Open = func(position int64) (Source, error) {
					return &pointSource{position: position, change: func(position int64, y []float32) error {
						if position == 12 {
							for i := range y {
								y[i] = value
							}
						}
						return nil
					}}, nil
				}
			})
			require.ErrorIs(t, err, ErrNotFinite)
			requireLine(t, err, "step 13: loss is", "the checkpoint of step 10 is kept")
			assert.EqualValues(t, 12, summary.Step)
			o := outcomeOf(t, dir)
			assert.EqualValues(t, 10, o.State.Step)
			assert.Len(t, o.Metrics, 12)
		})
	}
}

func TestNotFiniteWeightsAreNotSaved(t *testing.T) {
	dir := t.TempDir()
	_, err := train(t, t.Context(), dir, 10, func(training *Training) {
		training.SaveEvery = 2
		training.Metrics = []string{"loss"}
		training.Iteration = func(scope *model.Scope, inputs []*Node) []*Node {
			g := inputs[0].Graph()
			v := scope.VariableWithValue("counter", float32(1))
			v.SetNodeValue(Log(SubScalar(v.NodeValue(g), 0.25))) // log 0.75 < 0, whose logarithm is NaN.
			return []*Node{ReduceAllMean(inputs[0])}
		}
	})
	require.ErrorIs(t, err, ErrNotFinite)
	requireLine(t, err, "step 2", "variable /counter: it holds NaN or Inf", "no checkpoint was saved before it")
	assert.NoDirExists(t, filepath.Join(dir, checkpointsName))
}

// The compiler cannot be stopped, so the training must not wait for it.
func TestStopsWhileCompiling(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	compiling, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	go func() {
		<-compiling
		cancel(errTest)
	}()
	done := make(chan error, 1)
	dir := t.TempDir()
	source := &pointSource{}
	go func() {
		_, err := train(t, ctx, dir, 20, func(training *Training) {
			training.Open = func(int64) (Source, error) { return source, nil }
			training.Iteration = func(scope *model.Scope, inputs []*Node) []*Node {
				close(compiling)
				<-release // Stands for a long compilation.
				return regression(scope, inputs)
			}
		})
		done <- err
	}()
	select {
	case err := <-done:
		require.ErrorIs(t, err, errTest)
		requireLine(t, err, "stopped before step 1, nothing was trained")
		assert.True(t, source.closed)
	case <-time.After(10 * time.Second):
		t.Fatal("the training waits for the compiler")
	}
	mustTrain(t, dir, 2, func(training *Training) { training.Metrics = []string{"loss", "largest"} })
}

func TestIterationsThatAreWrong(t *testing.T) {
	scalar := func(inputs []*Node) *Node { return ReduceAllMean(inputs[0]) }
	for name, test := range map[string]struct {
		iteration func(scope *model.Scope, inputs []*Node) []*Node
		want      string
	}{
		"shapes do not fit": {func(_ *model.Scope, inputs []*Node) []*Node {
			return []*Node{Dot(inputs[0], inputs[1]).MatMul()}
		}, "compile the iteration"},
		"panic": {func(*model.Scope, []*Node) []*Node { panic("so sad") }, "so sad"},
		"too few values": {func(_ *model.Scope, inputs []*Node) []*Node {
			return []*Node{scalar(inputs)}
		}, "returns 1 values for 2 metrics"},
		"no scalar": {func(_ *model.Scope, inputs []*Node) []*Node {
			return []*Node{scalar(inputs), inputs[0]}
		}, "for metric largest, not a scalar"},
		"another type": {func(_ *model.Scope, inputs []*Node) []*Node {
			return []*Node{ConvertDType(scalar(inputs), dtypes.Float64), scalar(inputs)}
		}, "for metric loss, not a scalar"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := train(t, t.Context(), dir, 20, func(training *Training) { training.Iteration = test.iteration })
			require.ErrorContains(t, err, test.want)
			assert.NoDirExists(t, filepath.Join(dir, checkpointsName))
		})
	}
}

func TestCheckpointOfAnotherModel(t *testing.T) {
	dir := t.TempDir()
	mustTrain(t, dir, 2, nil)
	more := func(scope *model.Scope, inputs []*Node) []*Node {
		values := regression(scope, inputs)
		bias := scope.VariableWithShape("bias", shapes.Make(dtypes.Float32, 4)).NodeValue(inputs[0].Graph())
		return []*Node{values[0], ReduceAllSum(bias)}
	}
	less := func(scope *model.Scope, inputs []*Node) []*Node {
		loss := ReduceAllMean(inputs[0])
		scope.VariableWithShape("weights", shapes.Make(dtypes.Float32, 3, 4)).NodeValue(inputs[0].Graph())
		return []*Node{loss, loss}
	}
	for name, test := range map[string]struct {
		iteration func(scope *model.Scope, inputs []*Node) []*Node
		want      []string
	}{
		"another shape": {regressionOf(5), []string{
			"for the weights of step 2",
			`"/weights"`,
			"(Float32)[3, 4]",
			"(Float32)[3, 5]",
		}},
		"more": {more, []string{"the model has a variable /bias, the weights do not"}},
		"less": {less, []string{"there are weights for a variable", "the model does not"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := train(t, t.Context(), dir, 20, func(training *Training) { training.Iteration = test.iteration })
			requireLine(t, err, test.want...)
			require.ErrorIs(t, err, ErrOtherExperiment)
			assert.EqualValues(t, 2, outcomeOf(t, dir).State.Step)
		})
	}
}

func TestDataThatFails(t *testing.T) {
	failAt := func(at int64) func(*Training) {
		return func(training *Training) {
			training.Open = func(position int64) (Source, error) {
				return &pointSource{position: position, change: func(position int64, _ []float32) error {
					if position == at {
						return errTest
					}
					return nil
				}}, nil
			}
		}
	}
	dir := t.TempDir()
	_, err := train(t, t.Context(), dir, 20, failAt(0))
	require.ErrorIs(t, err, errTest)
	requireLine(t, err, "read the data of step 1")

	_, err = train(t, t.Context(), dir, 20, failAt(6))
	require.ErrorIs(t, err, errTest)
	requireLine(t, err, "read the data of step 7")
	assert.EqualValues(t, 6, outcomeOf(t, dir).State.Step, "the training so far is saved")

	_, err = train(t, t.Context(), dir, 20, func(training *Training) {
		training.Open = func(int64) (Source, error) { return nil, errTest }
	})
	require.ErrorIs(t, err, errTest)
}

// A checkpoint whose weights were lost because a step failed half-way must never be written.
func TestFailedStepIsNotSaved(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := train(t, ctx, dir, 20, func(training *Training) {
		training.SaveEvery, training.ShowEvery = 3, 1
		training.Show = func(_ context.Context, store *model.Store, step int64) error {
			if step == 5 { // Like an execution that fails after its inputs were donated to it.
				return store.GetVariable("/weights").Reset()
			}
			return nil
		}
	})
	require.Error(t, err)
	assert.ErrorContains(t, err, "the checkpoint of step 3 is kept")
	assert.Equal(t, "step-00000003", folders(t, dir))
	mustTrain(t, dir, 20, nil)
}

func TestDiskErrorsAreClear(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	run, err := Create(dir, experiment(20))
	require.NoError(t, err)
	require.NoError(t, run.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, checkpointsName), nil, 0o644)) // In place of a folder.
	_, err = train(t, t.Context(), dir, 20, nil)
	require.ErrorIs(t, err, syscall.ENOTDIR)
	requireLine(t, err, checkpointsName)

	_, err = Create("/proc/moelab", experiment(1))
	requireLine(t, err, "/proc/moelab")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err = Create(file, experiment(1))
	requireLine(t, err, file)
}

func TestOnlyAHeldRunIsTrained(t *testing.T) {
	dir := t.TempDir()
	mustTrain(t, dir, 2, nil)
	run, err := Open(dir)
	require.NoError(t, err)
	_, err = Train(t.Context(), run, newTraining(4))
	requireLine(t, err, "opened for reading")
}

// recorder records the calls of a progress.
type recorder struct {
	started []int64
	steps   []int64
	stopped []error
	shown   []string // The names of the metrics, at the last step.
}

func (r *recorder) Start(step, steps int64) { r.started = append(r.started, step, steps) }
func (r *recorder) Stop(err error)          { r.stopped = append(r.stopped, err) }

func (r *recorder) Step(step int64, values map[string]float64) {
	r.steps, r.shown = append(r.steps, step), slices.Sorted(maps.Keys(values))
}

func TestProgressIsTold(t *testing.T) {
	dir := t.TempDir()
	mustTrain(t, dir, 2, nil)
	var r recorder
	mustTrain(t, dir, 4, func(training *Training) { training.Progress = &r })
	assert.Equal(t, recorder{[]int64{2, 4}, []int64{3, 4}, []error{nil}, []string{"largest", "loss"}}, r)
	mustTrain(t, dir, 5, func(training *Training) { training.Progress, training.Shown = &r, []string{"loss"} })
	assert.Equal(t, []string{"loss"}, r.shown)

	var failed recorder
	_, err := train(t, t.Context(), t.TempDir(), 4, func(training *Training) {
		training.Progress = &failed
		training.Iteration = func(*model.Scope, []*Node) []*Node { panic("so sad") }
	})
	require.Error(t, err)
	require.Len(t, failed.stopped, 1)
	assert.Equal(t, err, failed.stopped[0])
	assert.False(t, errors.Is(err, context.Canceled))
}

func TestWhatTheWatchSaysIsTold(t *testing.T) {
	var steps []int64
	var warned []error
	last := errors.New("it goes wrong")
	mustTrain(t, t.TempDir(), 3, func(training *Training) {
		training.Warn = func(err error) { warned = append(warned, err) }
		training.Watch = func(step int64, values map[string]float64) error {
			assert.Len(t, values, len(training.Metrics))
			if steps = append(steps, step); step == 3 {
				return last
			}
			return nil
		}
	})
	assert.Equal(t, []int64{1, 2, 3}, steps)
	assert.Equal(t, []error{last}, warned)
}

func TestGivenVariablesAreStartedFromAndFixedOnesAreNotSaved(t *testing.T) {
	given := func(training *Training) {
		training.Initial = map[string]*tensors.Tensor{"out": tensors.FromValue([][]float32{{1}, {2}, {3}, {4}})}
		training.Fixed = map[string]*tensors.Tensor{"pretrained/offset": tensors.FromValue(float32(100))}
		training.Iteration = func(scope *model.Scope, inputs []*Node) []*Node {
			g := inputs[0].Graph()
			offset := scope.At("pretrained").
				VariableWithShape("offset", shapes.Make(dtypes.Float32)).
				SetTrainable(false).
				NodeValue(g)
			start := ReduceAllSum(scope.VariableWithShape("out", shapes.Make(dtypes.Float32, 4, 1)).NodeValue(g))
			return []*Node{regression(scope, inputs)[0], Add(start, offset)}
		}
	}
	dir := t.TempDir()
	mustTrain(t, dir, 1, given)
	o := outcomeOf(t, dir)
	assert.InDelta(t, 110, o.Metrics[0].Values["largest"], 1e-4, "%v", o.Metrics[0].Values)
	assert.NotContains(t, o.Weights, "pretrained/offset")
	assert.Contains(t, o.Weights, "out")

	mustTrain(t, dir, 2, given)
	second := outcomeOf(t, dir).Metrics[1].Values["largest"]
	assert.InDelta(t, 110, second, 0.1)
	assert.NotEqual(t, o.Metrics[0].Values["largest"], second, "a run that goes on has its own weights")

	_, err := train(t, t.Context(), t.TempDir(), 1, func(training *Training) {
		training.Initial = map[string]*tensors.Tensor{"other": tensors.FromValue(float32(1))}
	})
	require.ErrorIs(t, err, ErrOtherExperiment)
	requireLine(t, err, "other")
}

// A training must not make the folder anew, say that it saved, and then refuse to go on there.
func TestRunDirectoryThatIsLostWhileItTrains(t *testing.T) {
	for says, lose := range map[string]func(t *testing.T, dir string){
		"was removed or renamed during the training": func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(dir, dir+"-moved"))
		},
		"was replaced by another during the training": func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(dir, dir+"-moved"))
			require.NoError(t, os.CopyFS(dir, os.DirFS(dir+"-moved")))
		},
		"lost its config.json during the training": func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, configName)))
		},
		".lock was removed or replaced during the training": func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, lockfile.Name)))
		},
		"metrics.jsonl was removed or replaced during the training": func(t *testing.T, dir string) {
			path := filepath.Join(dir, metricsName)
			require.NoError(t, os.Rename(path, path+".old"))
			require.NoError(t, os.WriteFile(path, nil, 0o644))
		},
		"is a link that leads out of the run directory": func(t *testing.T, dir string) {
			path := filepath.Join(dir, checkpointsName)
			require.NoError(t, os.Rename(path, dir+"-other"))
			require.NoError(t, os.Symlink(filepath.Join("..", filepath.Base(dir)+"-other"), path))
		},
	} {
		t.Run(says, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			lost := map[string]bool{}
			summary, err := train(t, t.Context(), dir, 20, func(training *Training) {
				training.SaveEvery = 5
				training.Watch = func(step int64, _ map[string]float64) error {
					if step == 7 {
						lose(t, dir)
						lost = filesBelow(t, dir)
					}
					return nil
				}
			})
			requireLine(t, err, dir, says, "the checkpoint of step 5 is kept")
			assert.EqualValues(t, 10, summary.Step, "it is noticed at the next save")
			assert.Equal(t, lost, filesBelow(t, dir), "nothing is made there")
		})
	}
}

func TestSettingsThatAreChangedWhileItTrainsAreSaid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	var warned []error
	mustTrain(t, dir, 4, func(training *Training) {
		training.SaveEvery, training.ShowEvery = 2, 1
		training.Warn = func(err error) { warned = append(warned, err) }
		training.Show = func(_ context.Context, _ *model.Store, step int64) error {
			if step == 3 {
				edit(t, filepath.Join(dir, configName), `"rate": 0.01`, `"rate": 0.02`)
			}
			return nil
		}
	})
	require.Len(t, warned, 1)
	requireLine(t, warned[0], configName+" was changed during the training, which goes on with what it held")
	run, err := Open(dir)
	require.NoError(t, err)
	_, _, err = run.Weights(nil)
	require.ErrorIs(t, err, ErrDamaged)
	edit(t, filepath.Join(dir, configName), `"rate": 0.02`, `"rate": 0.01`)
	_, state, err := run.Weights(nil)
	require.NoError(t, err)
	assert.EqualValues(t, 4, state.Step, "what was trained is saved")
}

func TestCheckpointsThatAreLostWhileItTrainsAreSaid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	var warned []error
	mustTrain(t, dir, 15, func(training *Training) {
		training.SaveEvery = 5
		training.Warn = func(err error) { warned = append(warned, err) }
		training.Watch = func(step int64, _ map[string]float64) error {
			if step == 7 {
				require.NoError(t, os.RemoveAll(filepath.Join(dir, checkpointsName)))
			}
			return nil
		}
	})
	require.Len(t, warned, 1)
	requireLine(t, warned[0], "step-00000005 was removed during the training, which goes on with what it knows")
	run, err := Open(dir)
	require.NoError(t, err)
	_, state, err := run.Weights(nil)
	require.NoError(t, err)
	assert.EqualValues(t, 15, state.Step)
}

func TestMetricsOfLostCheckpointsAreKept(t *testing.T) {
	start := func(steps int64) (dir string) {
		dir = filepath.Join(t.TempDir(), "run")
		mustTrain(t, dir, steps, nil)
		require.NoError(t, os.RemoveAll(filepath.Join(dir, checkpointsName)))
		return dir
	}
	for name, c := range map[string]struct {
		trained, steps, saveEvery int64
		warns, keeps              bool
	}{
		"beyond the first save":   {20, 30, 15, true, true},
		"to the last step":        {20, 20, 0, true, true},
		"as far as a killed one":  {20, 30, 20, false, true},
		"of few steps, as killed": {few, 30, 20, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := start(c.trained)
			before, err := os.ReadFile(filepath.Join(dir, metricsName))
			require.NoError(t, err)
			var warned []error
			summary := mustTrain(t, dir, c.steps, func(training *Training) {
				training.SaveEvery = c.saveEvery
				training.Warn = func(err error) { warned = append(warned, err) }
			})
			assert.Equal(t, c.steps, summary.Trained)
			if c.warns {
				require.Len(t, warned, 1)
				requireLine(t, warned[0], dir+" has no checkpoint, but metrics up to step 20: it is trained anew",
					"kept as metrics.jsonl.damaged")
			} else {
				assert.Empty(t, warned)
			}
			kept, err := os.ReadFile(filepath.Join(dir, metricsName+damagedSuffix))
			if !c.keeps {
				require.ErrorIs(t, err, os.ErrNotExist)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, before, kept)

			// What a killed training leaves next replaces no copy.
			require.NoError(t, os.RemoveAll(filepath.Join(dir, checkpointsName)))
			mustTrain(t, dir, c.steps+50, func(training *Training) { training.SaveEvery = c.steps })
			again, err := os.ReadFile(filepath.Join(dir, metricsName+damagedSuffix))
			require.NoError(t, err)
			assert.Equal(t, kept, again)
		})
	}
}

// filesBelow returns the paths of the files below a folder, which need not exist.
func filesBelow(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		files[path] = err == nil
		return nil
	})
	require.NoError(t, err)
	return files
}
