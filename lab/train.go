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

// ErrNotFinite is wrapped by the error of a training that produced NaN or Inf.
var ErrNotFinite = errors.New("not a finite number")

// Source provides the inputs of iterations, in an order that depends only on where it starts.
type Source interface {
	// Next returns the inputs of the next iteration.
	Next(ctx context.Context) ([]*tensors.Tensor, error)
	// Close stops reading ahead.
	Close()
}

// Training describes how to train a run.
type Training struct {
	Backend compute.Backend
	// Steps is the number of iterations to reach, those of earlier parts of the run included.
	Steps int64
	// Iteration builds the graph of one iteration: it updates the variables of the scope and returns a scalar for each of
	// Metrics. Its inputs come from the source.
	Iteration func(scope *model.Scope, inputs []*graph.Node) []*graph.Node
	// Metrics are the names of the scalars. NaN or Inf in any of them stops the training.
	Metrics []string
	// Shown are the names of the metrics in the progress, which has room for a few; nil: all.
	Shown []string
	// Open starts to read the data. The position of a fresh run is 0, and each iteration advances it by one.
	Open func(position int64) (Source, error)
	// Initial are the initial values of variables of a fresh run, by path without the leading slash, such as the weights
	// of an earlier training. The others are drawn at random.
	Initial map[string]*tensors.Tensor
	// Fixed are variables that the model reads and never changes, by path, such as a pretrained network's weights. They
	// are not saved: every call has to pass them.
	Fixed map[string]*tensors.Tensor
	// LogEvery is the number of steps between lines of metrics.jsonl; 0 means 1.
	LogEvery int64
	// SaveEvery is the number of steps between checkpoints; 0 saves at the end only.
	SaveEvery int64
	// Keep is the number of checkpoints to keep; below 1 means 2.
	Keep int
	// Show, if set, is called every ShowEvery steps and after the last one, to draw something. It may run other programs
	// on the store's variables, but must not change them: the random generator's state is one of them.
	Show      func(ctx context.Context, store *model.Store, step int64) error
	ShowEvery int64
	// After, if set, is called after every step of this call, before it is shown or saved: it may change the variables, in
	// ways that a program cannot.
	After func(store *model.Store, step int64) error
	// TensorBoard writes what is logged, and the strips that Show saves, to event files in the run's folder tensorboard.
	TensorBoard bool
	// Watch, if set, gets the metrics of every step of this call. Its error, if any, goes to Warn.
	Watch func(step int64, values map[string]float64) error
	// Progress follows the training; see [NewProgress]. It may be nil.
	Progress Progress
	// Warn gets errors that do not stop the training, such as a damaged checkpoint. It may be nil.
	Warn func(error)
}

// Summary sums up a training.
type Summary struct {
	// Step is the run's number of iterations, Trained the number that this call added.
	Step, Trained int64
	// Compile is the time until the first step could begin, Train that of the steps, including waiting for data.
	Compile, Train time.Duration
	// Values are the last metrics.
	Values map[string]float64
	// PeakBytes is the process's peak memory in bytes; 0 if the system does not report it.
	PeakBytes int64
}

// StepTime is the mean duration of one iteration.
func (s Summary) StepTime() time.Duration {
	if s.Trained == 0 {
		return 0
	}
	return s.Train / time.Duration(s.Trained)
}

// Train trains a run of [Create] up to training.Steps, from its newest checkpoint, if any: the numbers are then the
// same as if it had never stopped. When ctx ends, the current iteration is finished and saved, and the error wraps the
// context's. At NaN or Inf it stops with an error that names the step and the metric, and the last good checkpoint
// stays.
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
	if closeErr := t.events.Close(); closeErr != nil {
		t.Warn(fmt.Errorf("close an event file of %s: %w", run.dir, closeErr))
	}
	return t.summary, err
}

// trainer is a training in progress.
type trainer struct {
	Training
	run      *Run
	store    *model.Store
	log      *metricsLog
	events   *eventLog // nil without TensorBoard.
	state    State
	saved    int64        // The step of the newest checkpoint; 0 if there is none.
	loaded   Weights      // Those the model has not asked for yet.
	have     shapesByPath // Of all loaded weights.
	exec     *model.Exec
	summary  Summary
	progress Progress
}

// newTrainer fills the store, from the newest checkpoint or from the seed.
func newTrainer(run *Run, training Training) (*trainer, error) {
	if run.lock == nil {
		return nil, fmt.Errorf("%s was opened for reading: train the run that Create returns", run.dir)
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
	case errors.Is(err, ErrNothingTrained):
		if err := t.store.SetRNGStateFromSeed(int64(file.Seed)); err != nil {
			return nil, fmt.Errorf("seed the random generator: %w", err)
		}
		if err := run.keepMetrics(t.SaveEvery, t.Steps, t.Warn); err != nil {
			return nil, err
		}
		t.state = State{}
		t.loaded = maps.Clone(Weights(training.Initial))
	case err != nil:
		return nil, err
	default:
		t.saved = t.state.Step
		// What an interrupted save has left.
		if err := errors.Join(run.removeUnfinished(), run.prune(t.saved, t.Keep)); err != nil {
			return nil, fmt.Errorf("tidy the checkpoints of %s: %w", run.dir, err)
		}
	}
	t.state.Seed, t.state.Config = file.Seed, file.Config
	if t.loaded == nil {
		t.loaded = Weights{}
	}
	maps.Copy(t.loaded, training.Fixed)
	t.have = t.loaded.shapes()
	t.loaded.Into(t.store)
	if t.exec, err = model.NewExec(t.Backend, t.store, t.Iteration); err != nil {
		return nil, fmt.Errorf("prepare the iteration: %w", err)
	}
	if t.log, err = run.openMetrics(t.state, t.Warn); err != nil {
		return nil, err
	}
	if t.TensorBoard {
		t.events = run.openEvents(t.state, t.Warn)
	}
	return t, nil
}

// train runs iterations up to the last step, or until an error or the context stops it.
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

// prepare compiles the iteration and initialises the variables, which takes a while; if ctx ends it returns at once.
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
		if r := recover(); r != nil { // In a goroutine of its own a panic would end the program.
			err = fmt.Errorf("compile the iteration: %v", r)
		}
	}()
	if _, err := t.exec.Compile(inputShapes...); err != nil {
		err = misfit(err, t.Backend, t.have, t.Iteration, inputShapes)
		if t.saved > 0 {
			return fmt.Errorf("compile the iteration for the weights of step %d: %w", t.saved, err)
		}
		return fmt.Errorf("compile the iteration: %w", err)
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

// step runs one iteration, timed from start.
func (t *trainer) step(inputs []*tensors.Tensor, start time.Time) error {
	arguments := make([]any, len(inputs))
	for i, input := range inputs {
		arguments[i] = input
	}
	outputs, err := t.exec.Call(arguments...)
	if err != nil { // The variables were donated to the program and may be lost: there is nothing to save.
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

// finalize frees the memory of tensors on the device, which the garbage collector does not manage.
func finalize(all []*tensors.Tensor) error {
	var errs []error
	for _, tensor := range all {
		errs = append(errs, tensor.FinalizeAll())
	}
	return errors.Join(errs...)
}

// afterStep logs, shows and saves when due.
func (t *trainer) afterStep(ctx context.Context) error {
	if t.After != nil {
		if err := t.After(t.store, t.state.Step); err != nil {
			return fmt.Errorf("after step %d: %w; %s", t.state.Step, err, t.kept())
		}
	}
	if t.due(t.LogEvery) {
		m := Metric{Step: t.state.Step, Seconds: t.state.Seconds, Values: t.summary.Values}
		if err := t.log.append(m); err != nil {
			return err
		}
		t.events.scalars(m)
	}
	if t.Watch != nil {
		if err := t.Watch(t.state.Step, t.summary.Values); err != nil {
			t.Warn(err)
		}
	}
	if t.Show != nil && t.due(t.ShowEvery) {
		if err := t.check(); err != nil { // Or it would make parts of the directory anew.
			return fmt.Errorf("after step %d: %w; %s", t.state.Step, err, t.kept())
		}
		if err := t.Show(ctx, t.store, t.state.Step); err != nil && ctx.Err() == nil {
			return fmt.Errorf("show step %d: %w", t.state.Step, err)
		}
		t.events.picture(t.state.Step)
	}
	if t.due(t.SaveEvery) {
		if err := t.save(); err != nil {
			return err
		}
	}
	t.progress.Step(t.state.Step, t.shown())
	return nil
}

// shown returns the metrics for the progress.
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

// due reports whether something that happens every n steps happens at this one. With n set, it always does at the last.
func (t *trainer) due(n int64) bool {
	return n > 0 && (t.state.Step%n == 0 || t.state.Step == t.Steps)
}

// kept describes the checkpoint that a failed training leaves.
func (t *trainer) kept() string {
	if t.saved == 0 {
		return "no checkpoint was saved before it"
	}
	return fmt.Sprintf("the checkpoint of step %d is kept", t.saved)
}

// interrupted saves, and returns the error of a training whose context ended.
func (t *trainer) interrupted(ctx context.Context) error {
	if t.summary.Trained == 0 {
		return fmt.Errorf("stopped before step %d, nothing was trained: %w", t.state.Step+1, context.Cause(ctx))
	}
	if err := t.save(); err != nil {
		return err
	}
	return fmt.Errorf(
		"stopped after step %d of %d, saved: train the same run again to go on: %w", t.state.Step, t.Steps,
		context.Cause(ctx),
	)
}

// check returns an error unless the run directory and its files are those of the training's beginning.
func (t *trainer) check() error {
	if err := t.run.check(); err != nil {
		return err
	}
	return isStill(t.run.Path(metricsName), t.log.file)
}

// save writes a checkpoint, unless this step has one.
func (t *trainer) save() error {
	if t.state.Step == t.saved {
		return nil
	}
	if err := t.check(); err != nil {
		return fmt.Errorf("save checkpoint of step %d: %w; %s", t.state.Step, err, t.kept())
	}
	if err := t.run.checkConfig(); err != nil { // What was trained is not to be lost for that.
		t.Warn(err)
	}
	if path := t.run.Path(checkpointsName, checkpointName(t.saved)); t.saved > 0 && !exists(path) {
		t.Warn(fmt.Errorf("%s was removed during the training, which goes on with what it knows", path))
	}
	if err := t.log.file.Sync(); err != nil {
		return fmt.Errorf("sync metrics: %w", err)
	}
	t.state.MetricsBytes, t.state.MetricsSHA256 = t.log.size, t.log.checksum()
	if err := t.run.saveCheckpoint(t.store, t.Fixed, t.state, t.Keep); err != nil {
		return fmt.Errorf("%w; %s", err, t.kept())
	}
	t.saved = t.state.Step
	return nil
}
