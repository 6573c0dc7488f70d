package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/moelab/moelab/measure"
	"github.com/moelab/moelab/nn"
	"github.com/moelab/moelab/plots"
)

// Kind is a kind of experiment, as in "gan", described once by its package. Code that works on runs of every kind uses
// it, so there is no other list of experiments. See [AnyKind] for the part that does not depend on the configuration.
type Kind[Config Configuration] struct {
	// Name is the kind's name in config.json.
	Name string
	// Title describes the kind in a few words.
	Title string
	// Stages are the names of the runs within a run, such as a pretraining: they are opened and read like the run itself.
	Stages []string
	// Presets are the named configurations, and Usual is the name of the default one.
	Presets map[string]Config
	Usual   string
	// Older has the values of settings that a run may lack because it predates them.
	Older Config
	// Curves are the diagrams of a run's metrics.
	Curves func(config Config) []Curve

	// Train trains a run, or resumes one; see [Train].
	Train func(ctx context.Context, dir string, config Config, options TrainOptions) (Summary, error)
	// Open opens the model of a run's newest checkpoint.
	Open func(backend compute.Backend, dir string) (Model, error)
	// Evaluate measures a run. Nil: the kind has no evaluation.
	Evaluate func(ctx context.Context, backend compute.Backend, dir string, options EvaluateOptions) (Evaluation, error)
	// Figures are the figures of a run that Open has opened, apart from its curves. Nil: none.
	Figures func(ctx context.Context, dir string, model Model, options FigureOptions) []Drawing
	// Network is the network of a run's newest checkpoint, for other programs. Nil: the kind has none for them.
	Network func(dir string) (Network, error)
}

// Configuration is the whole experiment: a struct with JSON tags that embeds [Schedule].
type Configuration interface {
	// Validate returns an error that names every invalid setting.
	Validate() error
	// Scheduled is that of [Schedule].
	Scheduled() Schedule
}

// Schedule are the settings that end every configuration.
type Schedule struct {
	// Steps is the number of iterations.
	Steps int64 `json:"steps"`
	// Seed determines everything random: weights, noise, drawn data, and the order of the data.
	Seed uint64 `json:"seed"`
}

// Scheduled implements [Configuration].
func (s Schedule) Scheduled() Schedule { return s }

// Check notes errors in the schedule.
func (s Schedule) Check(checks *Checks) {
	Between(checks, "steps", s.Steps, 0, MostSteps)
}

// Optimiser are the settings of Adam (Kingma & Ba 2015).
type Optimiser struct {
	LearningRate float64 `json:"learning_rate"`
	Beta1        float64 `json:"beta1"`
	Beta2        float64 `json:"beta2"`
}

// Check notes errors in the settings.
func (o Optimiser) Check(checks *Checks) {
	checks.That(o.LearningRate > 0, "learning_rate is %g: it must be positive", o.LearningRate)
	checks.That(o.Beta1 >= 0 && o.Beta1 < 1, "beta1 is %g: it must be in [0, 1)", o.Beta1)
	checks.That(o.Beta2 >= 0 && o.Beta2 < 1, "beta2 is %g: it must be in [0, 1)", o.Beta2)
}

// Adam returns the optimiser of a network.
func (o Optimiser) Adam(network string) optimizer.Interface {
	return nn.Adam(network, o.LearningRate, o.Beta1, o.Beta2)
}

// TrainOptions are options of a training that do not affect its numbers, which depend on the configuration alone.
type TrainOptions struct {
	Backend compute.Backend
	// SaveEvery is the number of steps between checkpoints; 0: at the end only. SampleEvery is the number of steps between
	// pictures of the same subjects in figures/progress; 0: none.
	SaveEvery, SampleEvery int64
	// TensorBoard writes event files; see [Training].
	TensorBoard bool
	// Progress and Warn follow the training; see [Training].
	Progress Progress
	Warn     func(error)
}

// Model is a trained model.
type Model interface {
	// Draw draws n pictures with the model: of the same subjects for the same seed, so that two runs can be compared.
	Draw(ctx context.Context, seed uint64, n int) ([]image.Image, error)
	// Close frees the compiled programs.
	Close()
}

// EvaluateOptions are the options of an evaluation.
type EvaluateOptions struct {
	// Number is the number of pictures to measure with; 0: the kind's default.
	Number int
	// Seed is the seed of pictures drawn for the evaluation; 0: the kind's default.
	Seed uint64
	// Data is the folder of real pictures. Empty: the run's, or drawn ones that no run is trained on.
	Data string
	// Truth is a folder of true results beside Data, for kinds that cannot tell them from it. Empty: none.
	Truth string
	// Cross measures every pair of a picture and what it follows, if the kind has such: not a few of them.
	Cross bool
	// Hard also measures drawn pictures of kinds that are known to be hard, if the kind has such.
	Hard bool
	// Features are the features by which sets of pictures are compared, if at all. The zero value: the kind's default.
	Features measure.Features
	// Progress and Warn follow the evaluation; see [Training].
	Progress Progress
	Warn     func(error)
}

// Evaluation is the measured quality of a run's model. Its String is a table.
type Evaluation interface {
	fmt.Stringer
	// Measures returns its numbers by name.
	Measures() map[string]float64
}

// Opens returns a package's own Open as a [Kind] has it.
func Opens[M Model](
	open func(backend compute.Backend, dir string) (M, error),
) func(backend compute.Backend, dir string) (Model, error) {
	return func(backend compute.Backend, dir string) (Model, error) { return open(backend, dir) }
}

// Evaluates returns a package's own Evaluate as a [Kind] has it.
func Evaluates[E Evaluation](
	evaluate func(ctx context.Context, backend compute.Backend, dir string, options EvaluateOptions) (E, error),
) func(ctx context.Context, backend compute.Backend, dir string, options EvaluateOptions) (Evaluation, error) {
	return func(ctx context.Context, backend compute.Backend, dir string, options EvaluateOptions) (Evaluation, error) {
		return evaluate(ctx, backend, dir, options)
	}
}

// FigureOptions are the options for drawing the figures of a run.
type FigureOptions struct {
	Backend compute.Backend
	// Seed is the seed of the pictures drawn for the figures.
	Seed uint64
}

// Drawing is a figure of a run. The error wraps [ErrLacks] if the run has nothing of that kind.
type Drawing struct {
	Name string
	Draw func() (*plots.Figure, error)
}

// ErrLacks is wrapped if a run lacks a figure's subject, such as a penalty when it is trained without one.
var ErrLacks = errors.New("there is nothing to draw")

// Preset returns a configuration by its name. The error lists the names.
func (k *Kind[Config]) Preset(name string) (Config, error) {
	config, ok := k.Presets[name]
	if !ok {
		return config, fmt.Errorf("there is no preset %q; there are %s", name, strings.Join(k.PresetNames(), ", "))
	}
	return clone(config), nil
}

// PresetNames lists the names of the presets.
func (k *Kind[Config]) PresetNames() []string { return slices.Sorted(maps.Keys(k.Presets)) }

// UsualPreset returns the name of the default preset.
func (k *Kind[Config]) UsualPreset() string { return cmp.Or(k.Usual, "laptop") }

// clone returns a copy that shares no slice.
func clone[Config any](config Config) (copied Config) {
	text, err := json.Marshal(config)
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	if err != nil {
		panic(err) // A preset is a struct with JSON tags: a mistake in the program.
	}
	return copied
}

// Read returns the configuration of a run. The error wraps [ErrNotARun] or [ErrOtherExperiment] if dir holds no run of
// this kind.
func (k *Kind[Config]) Read(dir string) (Config, error) {
	_, config, err := k.OpenRun(dir)
	return config, err
}

// OpenRun opens a run of this kind for reading; see [Kind.Read].
func (k *Kind[Config]) OpenRun(dir string) (*Run, Config, error) {
	config := clone(k.Older) // A copy, since JSON is decoded into existing slices.
	run := &Run{dir: dir}
	file, err := run.read()
	if err != nil {
		return nil, config, err
	}
	if !k.IsOf(file.Experiment) {
		return nil, config, fmt.Errorf("%w: %s is of a run of %q, not of %q", ErrOtherExperiment, run.Path(configName),
			file.Experiment, k.Name)
	}
	err = run.decode(file, &config)
	return run, config, err
}

// Parse reads a configuration from JSON.
func (k *Kind[Config]) Parse(text []byte) (Config, error) {
	config := clone(k.Older)
	err := json.Unmarshal(text, &config)
	return config, err
}

// IsOf reports whether a run is of this kind according to its config.json.
func (k *Kind[Config]) IsOf(experiment string) bool {
	return experiment == k.Name || slices.Contains(k.Stages, experiment)
}

// OpenModel reads the newest checkpoint of a run with valid settings.
func (k *Kind[Config]) OpenModel(dir string) (config Config, weights Weights, state State, err error) {
	run, config, err := k.OpenRun(dir)
	if err != nil {
		return config, nil, state, err
	}
	if err := config.Validate(); err != nil {
		return config, nil, state, fmt.Errorf("%w in %s: %w", ErrConfig, run.Path(configName), err)
	}
	weights, state, err = run.Weights(nil)
	return config, weights, state, err
}

// Create makes a run of this kind, or opens the existing one; see [Create].
func (k *Kind[Config]) Create(dir string, config Config) (*Run, error) {
	return k.CreateStage(dir, k.Name, config)
}

// Suits returns the error of [Kind.Create] if dir holds a run of something else, and writes nothing.
func (k *Kind[Config]) Suits(dir string, config Config) error {
	_, _, err := (&Run{dir: dir}).suits(Experiment{Name: k.Name, Config: config, Seed: config.Scheduled().Seed})
	return err
}

// CreateStage is [Kind.Create] for a run with the name of one of the stages.
func (k *Kind[Config]) CreateStage(dir, name string, config Config) (*Run, error) {
	return Create(dir, Experiment{Name: name, Config: config, Seed: config.Scheduled().Seed})
}

// Configure assembles a configuration: that of the run in dir if it exists and no preset is named, otherwise that of
// the preset, with settings changed as by [Assign]. change, which may be nil, is applied before those. The
// configuration is valid.
func (k *Kind[Config]) Configure(
	dir, preset string, change func(*Config), settings ...string,
) (config Config, err error) {
	config, err = k.Read(dir)
	isNew := errors.Is(err, ErrNotARun) // Or damaged, which Train reports.
	if err != nil && !isNew {
		return config, err
	}
	if isNew || preset != "" {
		if config, err = k.Preset(cmp.Or(preset, k.UsualPreset())); err != nil {
			return config, err
		}
	}
	if change != nil {
		change(&config)
	}
	for _, setting := range settings {
		if config, err = Assign(config, setting); err != nil {
			return config, err
		}
	}
	return config, config.Validate()
}

// AnyKind is a [Kind] with any type of configuration.
type AnyKind interface {
	// About returns the kind's name and title.
	About() (name, title string)
	IsOf(experiment string) bool
	// PresetNames lists the presets, and UsualPreset is the default one.
	PresetNames() []string
	UsualPreset() string
	// Prepare assembles a configuration as [Kind.Configure] does, and returns the function that trains it in dir. change
	// gets a pointer to the configuration. The error wraps [ErrNotOffered] if the kind has no Train.
	Prepare(dir, preset string, change func(config any), settings ...string) (Trainer, error)
	// OpenAny and EvaluateAny are the kind's Open and Evaluate. The error wraps [ErrNotOffered] if it has none.
	OpenAny(backend compute.Backend, dir string) (Model, error)
	EvaluateAny(ctx context.Context, backend compute.Backend, dir string, options EvaluateOptions) (Evaluation, error)
	// CurvesOf returns the kind's Curves for a run.
	CurvesOf(dir string) ([]Curve, error)
	// Drawings are the kind's figures of an opened run, and its curves.
	Drawings(ctx context.Context, dir string, model Model, options FigureOptions) ([]Drawing, error)
	// Export writes the kind's Network of a run to a file, in the format that the extension names: .onnx, or .safetensors
	// with the names of BasicSR. It returns the number of iterations that the weights were trained for. The error wraps
	// [ErrNotOffered] if there is no such network or format.
	Export(dir, path string) (step int64, err error)
}

// Trainer trains one experiment, or resumes it; see [Train].
type Trainer func(ctx context.Context, options TrainOptions) (Summary, error)

// ErrNotOffered is wrapped if a kind of experiment does not support an operation.
var ErrNotOffered = errors.New("that is not offered")

// About implements [AnyKind].
func (k *Kind[Config]) About() (name, title string) { return k.Name, k.Title }

// Prepare implements [AnyKind].
func (k *Kind[Config]) Prepare(dir, preset string, change func(config any), settings ...string) (Trainer, error) {
	if k.Train == nil {
		return nil, fmt.Errorf("train %s: %w for runs of %q", dir, ErrNotOffered, k.Name)
	}
	apply := func(config *Config) {
		if change != nil {
			change(config)
		}
	}
	config, err := k.Configure(dir, preset, apply, settings...)
	if err == nil {
		err = apartFromData(dir, config)
	}
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, options TrainOptions) (Summary, error) {
		return k.Train(ctx, dir, config, options)
	}, nil
}

// OpenAny implements [AnyKind].
func (k *Kind[Config]) OpenAny(backend compute.Backend, dir string) (Model, error) {
	if k.Open == nil {
		return nil, fmt.Errorf("open %s: %w for runs of %q", dir, ErrNotOffered, k.Name)
	}
	return k.Open(backend, dir)
}

// EvaluateAny implements [AnyKind].
func (k *Kind[Config]) EvaluateAny(
	ctx context.Context, backend compute.Backend, dir string, options EvaluateOptions,
) (Evaluation, error) {
	if k.Evaluate == nil {
		return nil, fmt.Errorf("measure %s: %w for runs of %q", dir, ErrNotOffered, k.Name)
	}
	evaluation, err := k.Evaluate(ctx, backend, dir, options)
	if err != nil {
		return nil, err
	}
	return evaluation, writeMeasures(dir, evaluation)
}

// CurvesOf implements [AnyKind].
func (k *Kind[Config]) CurvesOf(dir string) ([]Curve, error) {
	if k.Curves == nil {
		return nil, nil
	}
	config, err := k.Read(dir)
	if err != nil {
		return nil, err
	}
	return k.Curves(config), nil
}

// Drawings implements [AnyKind].
func (k *Kind[Config]) Drawings(
	ctx context.Context, dir string, model Model, options FigureOptions,
) (all []Drawing, err error) {
	curves, err := k.CurvesOf(dir)
	if err != nil {
		return nil, err
	}
	if k.Figures != nil && model != nil {
		all = k.Figures(ctx, dir, model, options)
	}
	for _, curve := range curves {
		all = append(all, Drawing{curve.Name, func() (*plots.Figure, error) { return curve.Figure(dir) }})
	}
	return all, nil
}

// CurveFigure draws one of the kind's curves of a run, by name. The error wraps [ErrLacks] if the run has none of that
// name.
func (k *Kind[Config]) CurveFigure(dir, name string) (*plots.Figure, error) {
	config, err := k.Read(dir)
	if err != nil {
		return nil, err
	}
	for _, curve := range k.Curves(config) {
		if curve.Name == name {
			return curve.Figure(dir)
		}
	}
	return nil, fmt.Errorf("draw the curve %q of %s: %w", name, dir, ErrLacks)
}
