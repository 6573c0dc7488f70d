// Package bench times moelab beside its peers: the same mathematics on the same machine, in one run. The peers are Python
// programs that lie beside this file; they are never part of the product.
package bench

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/gan"
	"github.com/moelab/moelab/internal/venv"
	"github.com/moelab/moelab/lab"
)

//go:embed gan_torch.py
var torchScript []byte

//go:embed gan_jax.py
var jaxScript []byte

// peerPackages are what the peers run on. Newer versions of JAX want a newer Python.
var peerPackages = []string{"torch==2.15.0", "jax==0.10.2", "jaxlib==0.10.2", "numpy==2.2.6", "safetensors==0.6.2"}

// peers are the programs that are timed beside ours, with their arguments.
var peers = []struct {
	name   string
	script *[]byte
	args   []string
}{
	{"PyTorch", &torchScript, nil},
	{"PyTorch, channels last", &torchScript, []string{"channels_last"}},
	{"JAX", &jaxScript, nil},
}

// Result is what one program measured in one case.
type Result struct {
	Name    string        `json:"name"`
	Version string        `json:"version"`
	Median  time.Duration `json:"median"`
	Fastest time.Duration `json:"fastest"`
	// Losses are those of the first iteration: D, G, penalty.
	Losses []float64 `json:"losses"`
	// Ratio is moelab's median divided by this one: below 1, moelab is faster.
	Ratio float64 `json:"ratio"`
	// LossDifference is the largest relative difference of a loss from moelab's.
	LossDifference float64 `json:"loss_difference"`
}

// stepper runs one iteration of a program.
type stepper interface {
	step(ctx context.Context) (seconds float64, losses []float64, err error)
	close()
}

// Train times one iteration of a GAN, D's steps and G's, in moelab and in its peers: runs of each in turn after one that
// compiles. It makes the peers' virtual environment, which is some gigabytes large. The first result is moelab's.
func Train(ctx context.Context, backend compute.Backend, config gan.Config, runs int, log io.Writer) (results []Result, err error) {
	env, err := venv.Ensure(ctx, "bench", peerPackages, log)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "moelab-bench-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)

	ours, err := newOurs(backend, config, dir)
	if err != nil {
		return nil, err
	}
	steppers := []stepper{ours}
	results = []Result{{Name: "moelab", Version: backend.Description()}}
	defer func() {
		for _, s := range steppers {
			s.close()
		}
	}()
	for _, p := range peers {
		peer, version, err := startPeer(ctx, env, dir, *p.script, append([]string{ours.file}, p.args...))
		if err != nil {
			return nil, fmt.Errorf("start %s: %w", p.name, err)
		}
		steppers = append(steppers, peer)
		results = append(results, Result{Name: p.name, Version: version})
	}
	return results, alternate(ctx, steppers, results, runs, log)
}

// alternate runs the programs in turn and fills the results.
func alternate(ctx context.Context, steppers []stepper, results []Result, runs int, log io.Writer) error {
	times := make([][]float64, len(steppers))
	for run := range runs + 1 {
		for i, s := range steppers {
			seconds, losses, err := s.step(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", results[i].Name, err)
			}
			if run == 0 { // It compiled: only its losses count, which are of the weights that all begin with.
				results[i].Losses = losses
				continue
			}
			times[i] = append(times[i], seconds)
			fmt.Fprintf(log, "run %d of %d: %-24s %7.3f s\n", run, runs, results[i].Name, seconds)
		}
	}
	for i := range results {
		slices.Sort(times[i])
		results[i].Median = toDuration(median(times[i]))
		results[i].Fastest = toDuration(times[i][0])
		results[i].Ratio = results[0].Median.Seconds() / results[i].Median.Seconds()
		for j, loss := range results[i].Losses {
			want := results[0].Losses[j]
			results[i].LossDifference = max(results[i].LossDifference, math.Abs(loss-want)/math.Abs(want))
		}
	}
	return nil
}

// median is that of sorted values.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func toDuration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// ours is moelab's iteration.
type ours struct {
	exec   *model.Exec
	inputs []*tensors.Tensor
	file   string // Where the peers find the weights and the inputs.
}

// inputNames are those of an iteration's inputs in the case's file, in the order in which the program takes them.
var inputNames = []string{"pictures", "labels", "noise", "fake_labels", "uniform"}

// newOurs compiles the iteration and writes its weights and inputs to a file in dir.
func newOurs(backend compute.Backend, config gan.Config, dir string) (*ours, error) {
	network := gan.Networks[config.Network]
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(int64(config.Seed)); err != nil {
		return nil, err
	}
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, x []*graph.Node) []*graph.Node {
		inputs := gan.Inputs{Pictures: x[0], Labels: x[1], Noise: x[2], FakeLabels: x[3], Uniform: x[4]}
		return gan.Iteration(scope, config, network, inputs)
	})
	if err != nil {
		return nil, err
	}
	o := &ours{exec: exec, file: filepath.Join(dir, "case.safetensors")}
	if o.inputs, err = drawInputs(backend, config); err != nil {
		return nil, fmt.Errorf("draw the inputs: %w", err)
	}
	var inputShapes []shapes.Shape
	for _, input := range o.inputs {
		inputShapes = append(inputShapes, input.Shape())
	}
	if _, err := exec.Compile(inputShapes...); err != nil {
		return nil, fmt.Errorf("compile the iteration: %w", err)
	}
	if err := store.InitializeVariables(backend, nil); err != nil {
		return nil, fmt.Errorf("initialise the weights: %w", err)
	}
	return o, o.write(config, store)
}

// drawInputs draws the inputs of one iteration: portraits, and what is random.
func drawInputs(backend compute.Backend, config gan.Config) ([]*tensors.Tensor, error) {
	source, err := config.Batches(dataset.Drawn(config.Seed, 1000), 0, nil)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	real, err := source.Next(context.Background())
	if err != nil {
		return nil, err
	}
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(int64(config.Seed) + 1); err != nil {
		return nil, err
	}
	random, err := model.CallOnceN(backend, store, func(scope *model.Scope, pictures, labels *graph.Node) []*graph.Node {
		in := gan.DrawInputs(scope, config, pictures, labels)
		return []*graph.Node{in.Noise, in.FakeLabels, in.Uniform}
	}, real[0], real[1])
	return append(real, random...), err
}

// write saves the weights of the two networks, before any step, and the inputs.
func (o *ours) write(config gan.Config, store *model.Store) error {
	values := map[string]*tensors.Tensor{}
	for _, network := range []string{"generator", "discriminator"} {
		for v := range store.RootScope().At("%s", network).IterVariables() {
			path := strings.TrimPrefix(v.Path(), model.RootScopePath)
			if below := strings.TrimPrefix(path, network+"/"); isAdams(below) {
				continue
			}
			value, err := v.Value()
			if err != nil {
				return err
			}
			values[path] = value
		}
	}
	for i, name := range inputNames {
		values["inputs/"+name] = o.inputs[i]
	}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	return lab.WriteFile(o.file, func(w io.Writer) error {
		return lab.WriteSafetensors(w, values, map[string]string{"config": string(text)})
	})
}

// isAdams says whether a variable below a network is Adam's: its learning rate and its number of steps.
func isAdams(path string) bool {
	return strings.HasPrefix(path, optimizer.Scope+"/") || strings.HasPrefix(path, "adam_")
}

func (o *ours) step(context.Context) (float64, []float64, error) {
	arguments := make([]any, len(o.inputs))
	for i, input := range o.inputs {
		arguments[i] = input
	}
	start := time.Now()
	outputs, err := o.exec.Call(arguments...)
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

// peer is a Python program that runs an iteration for each line that it reads.
type peer struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
	stderr  *strings.Builder
}

// answer is a line that a peer writes.
type answer struct {
	Version string    `json:"version"`
	Device  string    `json:"device"`
	Seconds float64   `json:"seconds"`
	Losses  []float64 `json:"losses"`
}

// startPeer starts a peer and waits until it has read its case.
func startPeer(ctx context.Context, env *venv.Env, dir string, script []byte, args []string) (*peer, string, error) {
	file, err := os.CreateTemp(dir, "peer-*.py")
	if err != nil {
		return nil, "", err
	}
	if _, err := file.Write(script); err != nil {
		return nil, "", errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return nil, "", err
	}
	p := &peer{command: exec.CommandContext(ctx, env.Python(), append([]string{file.Name()}, args...)...), stderr: &strings.Builder{}}
	p.command.Stderr = p.stderr
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, "", err
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	p.stdout = bufio.NewReader(stdout)
	if err := p.command.Start(); err != nil {
		return nil, "", err
	}
	ready, err := p.read()
	return p, fmt.Sprintf("%s on %s", ready.Version, ready.Device), err
}

// read reads one answer.
func (p *peer) read() (answer, error) {
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		_ = p.command.Wait() // So that all of what it said is there.
		lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
		return answer{}, fmt.Errorf("the program ended: %s", lines[len(lines)-1])
	}
	var a answer
	return a, json.Unmarshal(line, &a)
}

func (p *peer) step(context.Context) (float64, []float64, error) {
	if _, err := io.WriteString(p.stdin, "step\n"); err != nil {
		return 0, nil, err
	}
	a, err := p.read()
	return a.Seconds, a.Losses, err
}

func (p *peer) close() {
	p.stdin.Close()
	_ = p.command.Wait() // It ends when its input does.
}
