package gan

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A judge can be made again at any time. It must not block an evaluation with the advice to restore it.
func TestADamagedJudgeIsTrainedAgain(t *testing.T) {
	backend := backendOf(t, openXLA)
	set := dataset.Drawn(1, 90)
	config := JudgeConfig{
		Size: 8, Classes: dataset.Classes(set), Batch: 9, LearningRate: 1e-3, Schedule: lab.Schedule{Steps: 2, Seed: 1},
	}
	dir := filepath.Join(t.TempDir(), "judge")
	weights := filepath.Join(dir, "checkpoints", "step-00000002", "weights.safetensors")
	train := func() []byte {
		judge, err := TrainJudge(t.Context(), backend, dir, config, set, nil)
		require.NoError(t, err)
		judge.Close()
		data, err := os.ReadFile(weights)
		require.NoError(t, err)
		return data
	}
	want := train()
	for _, path := range []string{weights, filepath.Join(dir, "config.json")} {
		require.NoError(t, os.Truncate(path, 50))
		assert.Equal(t, want, train(), "%s is damaged", filepath.Base(path))
	}
}
