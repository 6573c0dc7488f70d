package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/moelab/moelab/xla"
	"github.com/stretchr/testify/require"
)

// childEnv makes the test binary a child process of a test; its arguments are then the child's.
const childEnv = "MOELAB_LAB_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		if err := child(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is the main function of a child process.
func child(args []string) error {
	switch args[0] {
	case "notebook": // Shows a progress without a training.
		progress := NewProgress(os.Stderr)
		progress.Start(10, 20)
		progress.Step(11, map[string]float64{"<loss>": 0.5})
		progress.Step(20, map[string]float64{"<loss>": 0.25})
		progress.Stop(nil)
		return nil
	case "hold": // Holds a run until its input ends.
		run, err := Create(args[1], experiment(20))
		if err != nil {
			return err
		}
		fmt.Println("held")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return run.Close()
	case "hold elsewhere":
		return holdElsewhere(args[1], args[2], args[3])
	case "die": // Trains and kills itself after a step.
		step, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			return err
		}
		run, err := Create(args[1], experiment(20))
		if err != nil {
			return err
		}
		training := newTraining(20)
		training.Backend, err = backend()
		training.SaveEvery, training.ShowEvery = 5, 1
		training.Show = func(_ context.Context, _ *model.Store, now int64) error {
			if now == step {
				return syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			return nil
		}
		if err == nil {
			_, err = Train(context.Background(), run, training)
		}
		return err
	}
	return fmt.Errorf("no such child: %q", args)
}

// childCommand makes a command that runs the test binary as a child.
func childCommand(args ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), childEnv+"=1")
	command.Stderr = os.Stderr
	return command
}

// backend is the real one, opened once.
var backend = sync.OnceValues(func() (compute.Backend, error) {
	return xla.Open(context.Background(), xla.Options{Log: os.Stderr})
})

// testConfig is the configuration of the tests' experiment.
type testConfig struct {
	Rate  float64 `json:"rate"`
	Sizes []int   `json:"sizes"`
	Steps int64   `json:"steps"`
}

func experiment(steps int64) Experiment {
	return Experiment{Name: "regression", Config: testConfig{Rate: 0.01, Sizes: []int{3, 4}, Steps: steps}, Seed: 7}
}

// regression is the iteration of a small model: a hidden layer with dropout, so that each step draws from the random
// generator, trained with Adam, so that the optimiser has a state.
//
//	inputs: x [batch, 3], y [batch, 1]
func regression(scope *model.Scope, inputs []*Node) []*Node { return regressionOf(4)(scope, inputs) }

// regressionOf is regression with a hidden layer of a width.
func regressionOf(width int) func(scope *model.Scope, inputs []*Node) []*Node {
	return func(scope *model.Scope, inputs []*Node) []*Node {
		x, y := inputs[0], inputs[1]
		g := x.Graph()
		weights := scope.VariableWithShape("weights", shapes.Make(dtypes.Float32, 3, width)).NodeValue(g)
		out := scope.VariableWithShape("out", shapes.Make(dtypes.Float32, width, 1)).NodeValue(g)
		hidden := Tanh(Dot(x, weights).MatMul())
		hidden = Mul(hidden, AddScalar(scope.RandomUniform(g, hidden.Shape()), 0.5))
		loss := ReduceAllMean(Square(Sub(Dot(hidden, out).MatMul(), y)))
		optimizer.Adam().LearningRate(0.01).Done().UpdateGraph(scope, g, loss)
		return []*Node{loss, ReduceAllMax(Abs(weights))}
	}
}

// pointSource draws points; those of a position do not depend on where it starts.
type pointSource struct {
	position int64
	closed   bool
	// change, if set, changes the y of a position, or stops the reading.
	change func(position int64, y []float32) error
}

func (s *pointSource) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, uint64(s.position)))
	x, y := make([]float32, 8*3), make([]float32, 8)
	for i := range x {
		x[i] = rng.Float32()
		y[i/3] += x[i] * float32(i%3)
	}
	if s.change != nil {
		if err := s.change(s.position, y); err != nil {
			return nil, err
		}
	}
	s.position++
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, 8, 3), tensors.FromFlatDataAndDimensions(y, 8, 1)}, nil
}

func (s *pointSource) Close() { s.closed = true }

// newTraining trains the regression; its backend is not set.
func newTraining(steps int64) Training {
	return Training{
		Steps: steps, Iteration: regression, Metrics: []string{"loss", "largest"},
		Open: func(position int64) (Source, error) { return &pointSource{position: position}, nil },
	}
}

// train trains in a directory, as changed.
func train(t *testing.T, ctx context.Context, dir string, steps int64, change func(*Training)) (Summary, error) {
	t.Helper()
	training := newTraining(steps)
	var err error
	training.Backend, err = backend()
	require.NoError(t, err)
	training.Warn = func(err error) { t.Errorf("warned: %v", err) }
	if change != nil {
		change(&training)
	}
	run, err := Create(dir, experiment(steps))
	require.NoError(t, err)
	defer run.Close()
	return Train(ctx, run, training)
}

// mustTrain is train without an error.
func mustTrain(t *testing.T, dir string, steps int64, change func(*Training)) Summary {
	t.Helper()
	summary, err := train(t, t.Context(), dir, steps, change)
	require.NoError(t, err)
	require.Equal(t, steps, summary.Step)
	return summary
}

// outcome holds the results of a training that must be reproducible to the last bit.
type outcome struct {
	State   State
	Weights map[string]string
	Metrics []Metric
}

// outcomeOf reads the outcome of a training, without durations.
func outcomeOf(t *testing.T, dir string) outcome {
	t.Helper()
	run, err := Open(dir)
	require.NoError(t, err)
	state, weights, err := run.loadCheckpoint(func(err error) { t.Errorf("warned: %v", err) })
	require.NoError(t, err)
	o := outcome{State: state, Weights: map[string]string{}}
	o.State.Seconds, o.State.MetricsBytes, o.State.MetricsSHA256, o.State.SHA256 = 0, 0, "", ""
	for name, value := range weights {
		require.NoError(
			t, value.ConstBytes(func(data []byte) { o.Weights[name] = fmt.Sprintf("%s %x", value.Shape(), data) }),
		)
	}
	o.Metrics, err = run.Metrics()
	require.NoError(t, err)
	for i := range o.Metrics {
		o.Metrics[i].Seconds = 0
	}
	return o
}

// requireLine checks that an error is one line that contains all of the given parts.
func requireLine(t *testing.T, err error, parts ...string) {
	t.Helper()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\n")
	for _, part := range parts {
		require.ErrorContains(t, err, part)
	}
}

var errTest = errors.New("the test's error")

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// folders lists the names in a run's folder of checkpoints, including hidden ones.
func folders(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir + "/checkpoints")
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}

// logged returns what is logged during the test.
func logged(t *testing.T) *[]string {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	var said []string
	slog.SetDefault(slog.New(logTo{slog.DiscardHandler, &said}))
	return &said
}

// logTo is a handler that keeps the messages.
type logTo struct {
	slog.Handler
	said *[]string
}

func (l logTo) Enabled(context.Context, slog.Level) bool { return true }

func (l logTo) Handle(_ context.Context, record slog.Record) error {
	*l.said = append(*l.said, record.Message)
	return nil
}
