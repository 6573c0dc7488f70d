//go:build slow

package lab

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/moelab/moelab/internal/venv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// point is a step and a number at it.
type point struct {
	step  int64
	value float64
}

func (p *point) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&p.step, &p.value})
}

// The training has begun without event files, went on with them, was killed, and went on from an earlier checkpoint.
func TestTensorBoardReadsWhatARunHasLogged(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, eventsName, "events.out.tfevents.1.other")
	mustTrain(t, dir, 4, nil)
	require.NoError(t, os.Mkdir(filepath.Dir(foreign), 0o755))
	require.NoError(t, os.WriteFile(foreign, nil, 0o644))
	with := func(training *Training) {
		training.TensorBoard, training.ShowEvery = true, 4
		training.Show = func(_ context.Context, _ *model.Store, step int64) error {
			picture := image.NewRGBA(image.Rect(0, 0, 2, 2))
			for i := range picture.Pix {
				picture.Pix[i] = uint8(int64(i)*step) | 0x80
			}
			return SaveStrip(dir, step, []*image.RGBA{picture, picture})
		}
	}
	mustTrain(t, dir, 12, with)
	newest := filepath.Join(dir, checkpointsName, checkpointName(12))
	require.NoError(t, os.RemoveAll(newest)) // As if it had been killed before it saved.
	mustTrain(t, dir, 20, with)

	packages := []string{"tensorboard==2.20.0", "setuptools==80.9.0"}
	env, err := venv.Ensure(t.Context(), "tensorboard", packages, os.Stderr)
	require.NoError(t, err)
	script := filepath.Join("..", "internal", "tensorboard", "testdata", "read_events.py")
	command := exec.CommandContext(t.Context(), env.Python(), script, filepath.Dir(foreign))
	command.Stderr = os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	var read struct {
		Scalars map[string][]point
		Images  map[string][]struct {
			Step, Width, Height int64
			PNG                 string
		}
		Texts   map[string][]string
		Plugins map[string]string
	}
	require.NoError(t, json.Unmarshal(out, &read))

	want := map[string][]point{}
	for _, m := range outcomeOf(t, dir).Metrics {
		for name, value := range m.Values {
			want[name] = append(want[name], point{m.Step, value})
		}
	}
	assert.Equal(t, want, read.Scalars)
	require.Len(t, read.Images["samples"], 5-1, "the first part of the training has drawn none")
	for _, picture := range read.Images["samples"] {
		strip, err := os.ReadFile(filepath.Join(dir, StripName(picture.Step)))
		require.NoError(t, err)
		assert.Equal(t, base64.StdEncoding.EncodeToString(strip), picture.PNG)
		assert.Equal(t, []int64{4, 2}, []int64{picture.Width, picture.Height})
	}
	require.Len(t, read.Texts["settings"], 1)
	assert.Contains(t, read.Texts["settings"][0], "rate | `0.01`\n")
	assert.Equal(t, map[string]string{"settings": "text"}, read.Plugins)
	data, err := os.ReadFile(foreign)
	require.NoError(t, err)
	assert.Empty(t, data)
}
