// Command recording trains, samples and measures small experiments with one build of moelab, and records the results:
// the metrics, and the hashes of the weights and of all other outputs. Two builds with equal recordings behave
// identically to the bit.
//
//	go run ./internal/recording -base f8f7cd0            # this working tree against a commit, on XLA
//	go run ./internal/recording -base f8f7cd0 -backend go
//	go run ./internal/recording -backend go -o FILE      # record only
//
// The recording of the pure-Go backend is the same on all amd64 machines; a test compares it with testdata/go.json.
// XLA's depends on the processor: record both builds on the same machine.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

// oldRuns holds runs of every kind from before the recording began.
const oldRuns = "internal/recording/testdata/runs"

func main() {
	base := flag.String("base", "", "commit to compare with; empty: only record")
	backend := flag.String("backend", "cpu", `backend of both builds: "cpu" (XLA) or "go"`)
	program := flag.String("program", "", "record this build of moelab instead of the working tree")
	out := flag.String("o", "", "file for the recording of this working tree, as JSON")
	quick := flag.Bool("quick", false, "skip the cases that are slow on the pure-Go backend")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *base, *program, *backend, *out, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

// run records this working tree, and compares the recording with that of a commit.
func run(ctx context.Context, base, program, backend, out string, quick bool) error {
	work, err := os.MkdirTemp("", "moelab-recording-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	var now recording
	if program != "" {
		now, err = record(ctx, program, filepath.Join(work, "now"), oldRuns, backend, quick)
	} else {
		now, err = recordTree(ctx, ".", filepath.Join(work, "now"), backend, quick)
	}
	if err != nil {
		return err
	}
	if out != "" {
		if err := now.save(out); err != nil {
			return err
		}
	}
	if base == "" {
		return nil
	}
	tree := filepath.Join(work, "tree")
	checkOut := exec.CommandContext(ctx, "git", "worktree", "add", "--detach", tree, base)
	if output, err := checkOut.CombinedOutput(); err != nil {
		return fmt.Errorf("check out %s: %w: %s", base, err, output)
	}
	//nolint:errcheck // The folder is removed anyway.
	defer exec.Command("git", "worktree", "remove", "--force", tree).Run()
	before, err := recordTree(ctx, tree, filepath.Join(work, "before"), backend, quick)
	if err != nil {
		return err
	}
	if differences := before.differences(now); len(differences) > 0 {
		return fmt.Errorf("differs from %s:\n  %s", base, strings.Join(differences, "\n  "))
	}
	fmt.Printf("%d cases, %d values: equal to %s\n", len(now), now.values(), base)
	return nil
}

// recordTree builds moelab from a source tree and records it in a folder that it creates.
func recordTree(ctx context.Context, tree, dir, backend string, quick bool) (recording, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "moelab")
	build := exec.CommandContext(ctx, "go", "build", "-C", tree, "-o", program, "./cmd/moelab")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build moelab in %s: %w: %s", tree, err, output)
	}
	return record(ctx, program, filepath.Join(dir, "work"), oldRuns, backend, quick)
}

// save writes a recording as JSON.
func (r recording) save(path string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// load reads a recording written by save.
func load(path string) (r recording, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return r, json.Unmarshal(text, &r)
}
