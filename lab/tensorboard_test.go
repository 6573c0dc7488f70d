package lab

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEventFilesChangeNothingElse(t *testing.T) {
	want := uninterrupted(t)
	dir := t.TempDir()
	with := func(training *Training) { training.TensorBoard = true }
	mustTrain(t, dir, 8, with)
	mustTrain(t, dir, 20, with)
	assert.Equal(t, want, outcomeOf(t, dir))
	files, err := filepath.Glob(filepath.Join(dir, eventsName, "events.out.tfevents.*.moelab"))
	require.NoError(t, err)
	assert.Len(t, files, 2)
	mustTrain(t, dir, 20, with) // Nothing is left to train.
	assert.Equal(t, want, outcomeOf(t, dir))
}

func TestATrainingGoesOnWithoutItsEventFiles(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string, training *Training){
		"from the start": func(t *testing.T, dir string, _ *Training) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, eventsName), nil, 0o644))
		},
		"at a picture": func(_ *testing.T, dir string, training *Training) {
			training.ShowEvery = 3
			training.Show = func(_ context.Context, _ *model.Store, step int64) error {
				if err := os.MkdirAll(filepath.Join(dir, stripsName), 0o755); err != nil {
					return err
				}
				return os.WriteFile(filepath.Join(dir, StripName(step)), []byte("no picture"), 0o644)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			mustTrain(t, dir, 1, nil)
			var warnings []error
			summary := mustTrain(t, dir, 7, func(training *Training) {
				training.TensorBoard = true
				training.Warn = func(err error) { warnings = append(warnings, err) }
				spoil(t, dir, training)
			})
			assert.EqualValues(t, 7, summary.Step)
			require.Len(t, warnings, 1)
			assert.ErrorContains(t, warnings[0], "the training goes on without its event files")
		})
	}
}
