package main

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestExperimentsAreAsRecorded compares this state of the code with testdata/go.json, which was recorded before issue
// 22: the same trainings give the same weights to the bit, the same pictures and the same measures, and old runs can be
// continued.
func TestExperimentsAreAsRecorded(t *testing.T) {
	compareWithRecording(t, true)
}

// compareWithRecording records a build of the working tree on the pure-Go backend and compares it with
// testdata/go.json.
func compareWithRecording(t *testing.T, quick bool) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("recorded on amd64: other CPUs round some sums differently")
	}
	want, err := load(filepath.Join("testdata", "go.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "moelab")
	if output, err := exec.Command("go", "build", "-o", program, "../../cmd/moelab").CombinedOutput(); err != nil {
		t.Fatalf("build moelab: %v\n%s", err, output)
	}
	got, err := record(t.Context(), program, filepath.Join(dir, "work"), filepath.Join("testdata", "runs"), "go", quick)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 || got.values() < 100 {
		t.Fatalf("only %d cases with %d values were recorded", len(got), got.values())
	}
	for name := range want {
		if got[name] == nil {
			delete(want, name) // Skipped as slow.
		}
	}
	if differences := want.differences(got); len(differences) > 0 {
		t.Errorf("not as recorded:\n%s", strings.Join(differences, "\n"))
	}
}
