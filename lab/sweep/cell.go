package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/moelab/moelab/internal/lockfile"
)

// grace is how long a training may take to save when the sweep is stopped.
const grace = 2 * time.Minute

// killing is how long the end of a task may take whose processes the system kills one after another.
const killing = time.Second

// commands returns the command lines after "moelab" that make a cell, one after another: a person gets the same with
// them.
func (s *Sweep) commands(cell Cell) ([][]string, error) {
	if s.spec.Notebook != "" {
		run, err := s.notebookArguments(cell)
		return [][]string{run}, err
	}
	train := []string{"train", s.spec.Train, "--preset", s.spec.Preset}
	for _, setting := range s.spec.assignments(cell) {
		train = append(train, "--set", setting)
	}
	dir := s.CellDir(cell)
	return [][]string{append(train, "--run", dir), {"eval", "--run", dir}}, nil
}

// runCell trains and measures a cell, each by a process of its own. An error is the sweep's; the cell's is in the
// result.
func (s *Sweep) runCell(ctx context.Context, cell Cell, options Options) (Result, error) {
	result := Result{Cell: cell}
	dir := s.CellDir(cell)
	log, err := os.OpenFile(s.logPath(cell), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return result, fmt.Errorf("open the cell's log: %w", err)
	}
	defer log.Close()
	if err := waitForLock(ctx, dir); err != nil {
		return result, err
	}
	commands, err := s.commands(cell)
	if err != nil {
		return result, err
	}
	start := time.Now()
	for _, arguments := range commands {
		arguments = append(arguments, options.Arguments...)
		fmt.Fprintf(log, "$ moelab %s\n", strings.Join(arguments, " ")) // A log that cannot be written is no harm.
		failed, err := runProcess(ctx, options.Program, arguments, log)
		if err != nil {
			return result, err
		}
		if failed != "" && isFull(s.dir) { // The other cells would fail too, and none has failed by itself.
			return result, fmt.Errorf("the disk of %s is full: make room, and the same command goes on: %s", s.dir, failed)
		}
		if failed != "" {
			result.Failed = failed
			break
		}
	}
	if s.spec.Notebook != "" {
		result.Seconds = time.Since(start).Seconds()
		err = result.readNotebook(s.executedPath(cell))
	} else {
		err = result.readRun(dir)
	}
	if err != nil && result.Failed == "" {
		result.Failed = err.Error()
	}
	result.Ended = time.Now().UTC().Truncate(time.Second)
	return result, nil
}

// waitForLock waits until a run directory is free: a process of a sweep that was killed may still save there.
func waitForLock(ctx context.Context, dir string) error {
	for {
		owner, held, err := lockfile.Owner(dir)
		if err != nil || !held {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for process %s, which trains in %s: %w", owner, dir, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// runProcess runs moelab to its end and returns the reason if it failed. When ctx ends it is asked to save.
func runProcess(ctx context.Context, program string, arguments []string, log io.Writer) (failed string, err error) {
	command := exec.CommandContext(ctx, program, arguments...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = grace
	command.SysProcAttr = child()
	last := &lastLine{}
	command.Stdout, command.Stderr = log, io.MultiWriter(log, last)
	err = command.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case !errors.As(err, &exit):
		return "", fmt.Errorf("start %s: %w", program, err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		reason := fmt.Sprintf("ended by the signal %q", status.Signal())
		if status.Signal() == syscall.SIGKILL {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(killing): // If this process is killed too, the cell has not failed.
			}
			reason += ": perhaps memory ran out"
		}
		return reason, nil
	}
	if text := last.text(); text != "" {
		return text, nil
	}
	return fmt.Sprintf("exit status %d", exit.ExitCode()), nil
}

// lastLine keeps the end of what is written to it.
type lastLine struct{ end []byte }

func (l *lastLine) Write(data []byte) (int, error) {
	const keep = 4096
	l.end = append(l.end, data...)
	l.end = bytes.Clone(l.end[max(len(l.end)-keep, 0):])
	return len(data), nil
}

// text returns the last line with text, without the name of the program.
func (l *lastLine) text() string {
	lines := strings.FieldsFunc(string(l.end), func(r rune) bool { return r == '\n' || r == '\r' })
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); line != "" {
			return strings.TrimPrefix(line, "moelab: ")
		}
	}
	return ""
}
