package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// ErrNotFinite is wrapped by the error of a training that met NaN or Inf.
var ErrNotFinite = errors.New("not a finite number")

// Source hands out the inputs of iterations, in an order that depends on nothing but where it starts.
type Source interface {
	// Next returns the inputs of the next iteration.
	Next(ctx context.Context) ([]*tensors.Tensor, error)
	// Close stops reading ahead.
	Close()
}

// Training says how a run is trained.
type Training struct {
	Backend compute.Backend
	// Steps is the number of iterations to reach, those of earlier parts of the run included.
	Steps int64
	// Iteration builds the graph of one iteration: it updates the variables of the scope and returns a scalar for each of
	// Metrics. Its inputs are what the source gives.
	Iteration func(scope *model.Scope, inputs []*graph.Node) []*graph.Node
	// Metrics are the names of the scalars. NaN or Inf in any of them stops the training.
	Metrics []string
	// Shown are the names of those that the progress shows, which has room for a few; nil: all.
	Shown []string
	// Open starts to read the data. The position of a fresh run is 0, and each iteration moves it by one.
	Open func(position int64) (Source, error)
	// Initial are the values that variables of a fresh run start with, by their paths without the leading slash, such as the weights that
	// an earlier training left. The others are drawn at random.
	Initial map[string]*tensors.Tensor
	// Fixed are variables that the model reads and never changes, by their paths, such as a pretrained network's weights. They are
	// not saved: every call gives them again.
	Fixed map[string]*tensors.Tensor
	// LogEvery is the number of steps between lines of metrics.jsonl; 0 stands for 1.
	LogEvery int64
	// SaveEvery is the number of steps between checkpoints; 0 saves at the end only.
	SaveEvery int64
	// Keep is the number of checkpoints that are kept; below 1 stands for 2.
	Keep int
	// Show, if set, is called every ShowEvery steps and after the last one, to draw something. It may run other programs on
	// the store's variables, but must not change them: the random generator's state is one of them.
	Show      func(ctx context.Context, store *model.Store, step int64) error
	ShowEvery int64
	// Watch, if set, sees the metrics of every step of this call, and returns an error where one should know how they go: it is told to Warn.
	Watch func(step int64, values map[string]float64) error
	// Progress is told how far the training is; see [NewProgress]. Nil: nobody is.
	Progress Progress
	// Warn is told what does not stop the training, such as a damaged checkpoint. Nil: nobody is.
	Warn func(error)
}

// Summary is what a training came to.
type Summary struct {
	// Step is the number of iterations that the run has now, Trained those that this call added.
	Step, Trained int64
	// Compile is the time until the first step could begin, Train that of the steps, waiting for data included.
	Compile, Train time.Duration
	// Values are the last metrics.
	Values map[string]float64
	// PeakBytes is the largest memory that the process used, in bytes; 0 where the system does not tell.
	PeakBytes int64
}

// StepTime is the mean duration of one iteration.
func (s Summary) StepTime() time.Duration {
	if s.Trained == 0 {
		return 0
	}
	return s.Train / time.Duration(s.Trained)
}

// Train trains a run of [Create] up to training.Steps, from its newest checkpoint if it has one: the numbers are then the
// same as if it had never stopped. Where ctx ends, the iteration in progress is finished and saved, and the error wraps
// the context's. At NaN or Inf it stops with the step and the name, and the last good checkpoint stays.
func Train(ctx context.Context, run *Run, training Training) (Summary, error) {
	t, err := newTrainer(run, training)
	if err != nil {
		return Summary{}, err
	}
	err = t.train(ctx)
	t.summary.PeakBytes = peakMemory()
	if closeErr := t.log.Close(); closeErr != nil {
		err = errors.Join(err, fmt.Errorf("close metrics: %w", closeErr))
	}
	return t.summary, err
}

// trainer is a training in progress.
type trainer struct {
	Training
	run      *Run
	store    *model.Store
	log      *metricsLog
	state    State
	saved    int64   // The step of the newest checkpoint; 0 where there is none.
	loaded   Weights // What the model has not asked for yet.
	exec     *model.Exec
	summary  Summary
	progress Progress
}

// newTrainer fills the store, from the newest checkpoint or from the seed.
func newTrainer(run *Run, training Training) (*trainer, error) {
	if run.lock == nil {
		return nil, fmt.Errorf("%s was opened for reading: train what Create returns", run.dir)
	}
	file, err := run.read()
	if err != nil {
		return nil, err
	}
	t := &trainer{Training: training, run: run, store: model.NewStore(), progress: training.Progress}
	t.LogEvery = max(t.LogEvery, 1)
	if t.Keep < 1 {
		t.Keep = 2
	}
	if t.progress == nil {
		t.progress = silent{}
	}
	if t.Warn == nil {
		t.Warn = func(error) {}
	}
	t.state, t.loaded, err = run.loadCheckpoint(t.Warn)
	switch {
	case errors.Is(err, errNothingTrained):
		if err := t.store.SetRNGStateFromSeed(int64(file.Seed)); err != nil {
			return nil, fmt.Errorf("seed the random generator: %w", err)
		}
		t.state = State{Seed: file.Seed}
		t.loaded = maps.Clone(Weights(training.Initial))
	case err != nil:
		return nil, err
	default:
		t.saved = t.state.Step
	}
	if t.loaded == nil {
		t.loaded = Weights{}
	}
	maps.Copy(t.loaded, training.Fixed)
	t.loaded.Into(t.store)
	if t.exec, err = model.NewExec(t.Backend, t.store, t.Iteration); err != nil {
		return nil, fmt.Errorf("prepare the iteration: %w", err)
	}
	t.log, err = run.openMetrics(t.state.MetricsBytes, t.Warn)
	return t, err
}

// train runs iterations until there are enough or something stops it.
func (t *trainer) train(ctx context.Context) (err error) {
	t.summary.Step = t.state.Step
	if t.state.Step >= t.Steps {
		return nil
	}
	source, err := t.Open(t.state.Position)
	if err != nil {
		return fmt.Errorf("open the data: %w", err)
	}
	defer source.Close()
	ahead := readAhead(ctx, t.Backend, source)
	defer ahead.stop()

	t.progress.Start(t.state.Step, t.Steps)
	defer func() { t.progress.Stop(err) }()
	if err := t.prepare(ctx, ahead); err != nil {
		return err
	}
	defer t.exec.Finalize()
	for t.state.Step < t.Steps {
		start := time.Now()
		inputs, err := ahead.next(ctx)
		if ctx.Err() != nil {
			return t.interrupted(ctx)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("read the data of step %d: %w", t.state.Step+1, err), t.save())
		}
		if err := t.step(inputs, start); err != nil {
			return err
		}
		if err := t.afterStep(ctx); err != nil {
			return err
		}
	}
	return t.save()
}

// prepare compiles the iteration and initialises the variables, which takes a while, without waiting for it where ctx ends.
func (t *trainer) prepare(ctx context.Context, ahead *ahead) error {
	start := time.Now()
	inputs, err := ahead.peek(ctx)
	if ctx.Err() != nil {
		return t.interrupted(ctx)
	}
	if err != nil {
		return fmt.Errorf("read the data of step %d: %w", t.state.Step+1, err)
	}
	inputShapes := make([]shapes.Shape, len(inputs))
	for i, input := range inputs {
		inputShapes[i] = input.Shape()
	}
	done := make(chan error, 1)
	go func() { done <- t.compile(inputShapes) }()
	select {
	case err := <-done:
		t.summary.Compile = time.Since(start)
		return err
	case <-ctx.Done():
		go func() { // XLA cannot be stopped while it compiles.
			<-done
			t.exec.Finalize()
		}()
		return t.interrupted(ctx)
	}
}

// compile compiles the iteration and initialises the variables that have no value yet.
func (t *trainer) compile(inputShapes []shapes.Shape) (err error) {
	defer func() {
		if r := recover(); r != nil { // This is a goroutine of its own: the program would end.
			err = fmt.Errorf("compile the iteration: %v", r)
		}
	}()
	if _, err := t.exec.Compile(inputShapes...); err != nil {
		if t.saved > 0 {
			return fmt.Errorf("compile the iteration for the weights of step %d: %w", t.saved, FitError(err))
		}
		return fmt.Errorf("compile the iteration: %w", FitError(err))
	}
	if err := t.loaded.CheckUsed(); err != nil {
		return err
	}
	defer returnMemory()
	if t.saved > 0 {
		return CheckComplete(t.store)
	}
	if err := t.store.InitializeVariables(t.Backend, nil); err != nil {
		return fmt.Errorf("initialise the variables: %w", err)
	}
	return nil
}

// step runs one iteration, whose time counts from start.
func (t *trainer) step(inputs []*tensors.Tensor, start time.Time) error {
	arguments := make([]any, len(inputs))
	for i, input := range inputs {
		arguments[i] = input
	}
	outputs, err := t.exec.Call(arguments...)
	if err != nil { // The variables' memory was lent to the program and may be lost: there is nothing to save.
		return fmt.Errorf("step %d: %w; %s", t.state.Step+1, err, t.kept())
	}
	values, err := t.values(outputs)
	if err != nil {
		return err
	}
	if err := finalize(append(inputs, outputs...)); err != nil {
		return fmt.Errorf("step %d: %w", t.state.Step+1, err)
	}
	t.state.Step++
	t.state.Position++
	for _, name := range t.Metrics {
		if v := values[name]; math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("step %d: %s is %v: %w; %s", t.state.Step, name, v, ErrNotFinite, t.kept())
		}
	}
	elapsed := time.Since(start)
	t.state.Seconds += elapsed.Seconds()
	t.summary.Train += elapsed
	t.summary.Trained++
	t.summary.Step, t.summary.Values = t.state.Step, values
	return nil
}

// values returns the metrics that an iteration computed.
func (t *trainer) values(outputs []*tensors.Tensor) (map[string]float64, error) {
	if len(outputs) != len(t.Metrics) {
		return nil, fmt.Errorf("the iteration returns %d values for %d metrics", len(outputs), len(t.Metrics))
	}
	values := make(map[string]float64, len(outputs))
	for i, name := range t.Metrics {
		if shape := outputs[i].Shape(); !shape.Equal(shapes.Make(dtypes.Float32)) {
			return nil, fmt.Errorf("the iteration returns %s for metric %s, not a scalar of type float32", shape, name)
		}
		values[name] = float64(tensors.ToScalar[float32](outputs[i]))
	}
	return values, nil
}

// finalize frees the memory of tensors on the device, which is not the garbage collector's.
func finalize(all []*tensors.Tensor) error {
	var errs []error
	for _, tensor := range all {
		errs = append(errs, tensor.FinalizeAll())
	}
	return errors.Join(errs...)
}

// afterStep logs, shows and saves where it is time.
func (t *trainer) afterStep(ctx context.Context) error {
	if t.due(t.LogEvery) {
		if err := t.log.append(Metric{Step: t.state.Step, Seconds: t.state.Seconds, Values: t.summary.Values}); err != nil {
			return err
		}
	}
	if t.Watch != nil {
		if err := t.Watch(t.state.Step, t.summary.Values); err != nil {
			t.Warn(err)
		}
	}
	if t.Show != nil && t.due(t.ShowEvery) {
		if err := t.Show(ctx, t.store, t.state.Step); err != nil && ctx.Err() == nil {
			return fmt.Errorf("show step %d: %w", t.state.Step, err)
		}
	}
	if t.due(t.SaveEvery) {
		if err := t.save(); err != nil {
			return err
		}
	}
	t.progress.Step(t.state.Step, t.shown())
	return nil
}

// shown are the metrics that the progress shows.
func (t *trainer) shown() map[string]float64 {
	if t.Shown == nil {
		return t.summary.Values
	}
	values := map[string]float64{}
	for _, name := range t.Shown {
		values[name] = t.summary.Values[name]
	}
	return values
}

// due says whether something that happens every n steps happens at this one. It always does at the last, where n is set.
func (t *trainer) due(n int64) bool {
	return n > 0 && (t.state.Step%n == 0 || t.state.Step == t.Steps)
}

// kept says which checkpoint a training that failed leaves.
func (t *trainer) kept() string {
	if t.saved == 0 {
		return "no checkpoint was saved before it"
	}
	return fmt.Sprintf("the checkpoint of step %d is kept", t.saved)
}

// interrupted saves and returns the error of a training that its context ended.
func (t *trainer) interrupted(ctx context.Context) error {
	if t.summary.Trained == 0 {
		return fmt.Errorf("stopped before step %d, nothing was trained: %w", t.state.Step+1, context.Cause(ctx))
	}
	if err := t.save(); err != nil {
		return err
	}
	return fmt.Errorf("stopped after step %d of %d, saved: train the same run again to go on: %w", t.state.Step, t.Steps, context.Cause(ctx))
}

// save writes a checkpoint, unless there is one of this step.
func (t *trainer) save() error {
	if t.state.Step == t.saved {
		return nil
	}
	if err := t.log.file.Sync(); err != nil {
		return fmt.Errorf("sync metrics: %w", err)
	}
	t.state.MetricsBytes = t.log.size
	if err := t.run.saveCheckpoint(t.store, t.Fixed, t.state, t.Keep); err != nil {
		return fmt.Errorf("%w; %s", err, t.kept())
	}
	t.saved = t.state.Step
	return nil
}
