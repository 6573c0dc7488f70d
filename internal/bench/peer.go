package bench

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/moelab/moelab/internal/venv"
)

// scripts are the peers, and the modules that they import.
//
//go:embed *.py
var scripts embed.FS

// peerPackages are the packages of the peers. Newer versions of JAX need a newer Python.
var peerPackages = environment{
	"bench",
	[]string{"torch==2.15.0", "jax==0.10.2", "jaxlib==0.10.2", "numpy==2.2.6", "safetensors==0.6.2"},
}

// environment is a Python environment for peers, with its name and packages.
type environment struct {
	name     string
	packages []string
}

// ensure creates the environment if missing.
func (e environment) ensure(ctx context.Context, log io.Writer) (*venv.Env, error) {
	return venv.Ensure(ctx, e.name, e.packages, log)
}

// peerProgram is a program that is timed against ours, with its arguments.
type peerProgram struct {
	name, script string
	args         []string
	environment  environment
}

// peersOf returns the peers whose scripts begin with a name.
func peersOf(name string) []peerProgram {
	return []peerProgram{
		{"PyTorch", name + "_torch.py", nil, peerPackages},
		{"PyTorch, channels last", name + "_torch.py", []string{"channels_last"}, peerPackages},
		{"JAX", name + "_jax.py", nil, peerPackages},
	}
}

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

// start starts a peer, whose script is in dir, and waits until it has read its input file.
func (p peerProgram) start(ctx context.Context, dir, file string, log io.Writer) (*peer, string, error) {
	env, err := p.environment.ensure(ctx, log)
	if err != nil {
		return nil, "", err
	}
	arguments := append([]string{filepath.Join(dir, p.script), file}, p.args...)
	return startPeer(exec.CommandContext(ctx, env.Python(), arguments...))
}

// startPeer starts a program and waits until it reports that it is ready, and its version.
func startPeer(command *exec.Cmd) (*peer, string, error) {
	p := &peer{command: command, stderr: &strings.Builder{}}
	p.command.Stderr = p.stderr
	var err error
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

// writeScripts writes the peers and the modules that they import into a folder.
func writeScripts(dir string) error {
	entries, err := scripts.ReadDir(".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		text, err := scripts.ReadFile(entry.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, entry.Name()), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// read reads one answer.
func (p *peer) read() (answer, error) {
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		_ = p.command.Wait() // To get all of its output.
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
