// Package venv creates Python virtual environments for programs that moelab runs but is not built from: JupyterLab, and
// the reference implementations for tests and benchmarks. An environment is created once and kept in the user's cache
// directory:
//
//	env, err := venv.Ensure(ctx, "oracle", []string{"numpy==2.2.6"}, os.Stderr)
//	out, err := exec.CommandContext(ctx, env.Python(), "-c", "import numpy; print(numpy.__version__)").Output()
package venv

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// Env is a finished virtual environment.
type Env struct{ dir string }

// Dir is the folder of the environment.
func (e *Env) Dir() string { return e.dir }

// Python is the path of the environment's interpreter.
func (e *Env) Python() string { return e.Bin("python") }

// Bin is the path of a program that a package of the environment installed.
func (e *Env) Bin(program string) string { return filepath.Join(e.dir, "bin", program) }

// marker is written last: a folder without it is the rest of an interrupted creation, and is made anew.
const marker = ".complete"

// Ensure returns the environment called name that holds packages, each pinned ("numpy==2.2.6"), and creates it with
// python3 and pip if missing. Its folder is os.UserCacheDir()/moelab/venv/<name>-<hash>; the hash covers the packages
// and python3's version, so another list makes another environment. pip's output goes to log, which may be nil.
//
// Two processes may call Ensure at once: one creates the environment and the other waits. An interrupted creation is
// redone.
func Ensure(ctx context.Context, name string, packages []string, log io.Writer) (*Env, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("venv %s: no cache directory: %w", name, err)
	}
	env, err := ensureIn(ctx, filepath.Join(cache, "moelab", "venv"), name, packages, log)
	if err != nil {
		return nil, fmt.Errorf("venv %s: %w", name, err)
	}
	return env, nil
}

func ensureIn(ctx context.Context, root, name string, packages []string, log io.Writer) (*Env, error) {
	if log == nil {
		log = io.Discard
	}
	for _, p := range packages {
		if !strings.Contains(p, "==") {
			return nil, fmt.Errorf("package %q is not pinned: write it as name==version", p)
		}
	}
	python, version, err := findPython(ctx)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, name+"-"+hash(version, packages))
	env := &Env{dir: dir}
	if env.complete() {
		return env, nil
	}

	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(dir + ".lock")
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return nil, fmt.Errorf("waiting for another process to make %s: %w", dir, err)
	}
	defer lock.Unlock()
	if env.complete() { // The process that we waited for made it.
		return env, nil
	}
	if err := env.create(ctx, python, packages, log); err != nil {
		return nil, err
	}
	return env, nil
}

func (e *Env) complete() bool {
	_, err := os.Stat(filepath.Join(e.dir, marker))
	return err == nil
}

// create makes the environment in place, since a virtual environment cannot be moved: its scripts hold its path.
func (e *Env) create(ctx context.Context, python string, packages []string, log io.Writer) error {
	if err := os.RemoveAll(e.dir); err != nil {
		return err
	}
	fmt.Fprintf(log, "making %s with %s\n", e.dir, strings.Join(packages, ", "))

	pip := []string{e.Python(), "-m", "pip"}
	if err := run(ctx, log, python, "-m", "venv", e.dir); err != nil {
		// Debian's python3 has no ensurepip without the package python3-venv; its own pip can install into the environment.
		if ctx.Err() != nil || run(ctx, log, python, "-m", "venv", "--clear", "--without-pip", e.dir) != nil {
			return err
		}
		pip = []string{python, "-m", "pip", "--python", e.Python()}
	}
	if len(packages) > 0 {
		args := append(pip[1:], "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")
		if err := run(ctx, log, pip[0], append(args, packages...)...); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(e.dir, marker), []byte(strings.Join(packages, "\n")+"\n"), 0o644)
}

// findPython returns the path of python3 and a string that changes when it is upgraded or replaced.
func findPython(ctx context.Context) (path, version string, err error) {
	path, err = exec.LookPath("python3")
	if err != nil {
		return "", "", fmt.Errorf("python3 is needed: install it, with pip: %w", err)
	}
	out, err := exec.CommandContext(ctx, path, "-c", "import sys; print(sys.version, sys.prefix)").Output()
	if err != nil {
		return "", "", fmt.Errorf("%s does not run: %w", path, err)
	}
	return path, string(out), nil
}

func hash(version string, packages []string) string {
	sorted := slices.Sorted(slices.Values(packages))
	sum := sha256.Sum256([]byte(version + strings.Join(sorted, "\n")))
	return hex.EncodeToString(sum[:6])
}

// run runs a program to its end with its output going to log. An error includes the last lines of it.
func run(ctx context.Context, log io.Writer, program string, args ...string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout = io.MultiWriter(log, &output)
	cmd.Stderr = cmd.Stdout
	// In a process group of its own, so that stopping pip also stops the compilers that it started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%s was stopped: %w", filepath.Base(program), context.Cause(ctx))
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%s %s: %w:\n%s", program, strings.Join(args, " "), err, lastLines(output.String(), 8))
	}
	return err
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
