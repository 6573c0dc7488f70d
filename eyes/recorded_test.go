package eyes

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // The pure-Go backend: its results do not depend on the machine.
	"github.com/moelab/moelab/lab"
)

// TestOldRunGoesOnAsRecorded resumes a run from before issue 22. The hash is that of the code at the time.
func TestOldRunGoesOnAsRecorded(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the recording is of amd64: other processors round some sums otherwise")
	}
	const want = "0d65d39c0de142429086eb257ab470c64daa6110f9d3dd29d047811018460685"
	archive, err := zip.OpenReader(filepath.Join("..", "internal", "recording", "testdata", "runs", "eyes.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, archive); err != nil {
		t.Fatal(err)
	}
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		t.Fatal(err)
	}
	config, weights, state, err := Experiment.OpenModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	if step := state.Step; step != 20 || len(weights) == 0 {
		t.Errorf("the run has %d weights of step %d, not of step 20", len(weights), step)
	}
	config.Steps = 25
	if _, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: backend}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "checkpoints", "step-00000025", "weights.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != want {
		t.Errorf("the weights of step 25 have the hash %s, not %s", got, want)
	}
	finder, err := Open(backend, dir)
	if err != nil {
		t.Fatal(err)
	}
	finder.Close()
}
