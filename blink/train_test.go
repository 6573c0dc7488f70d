package blink

import (
	"context"
	"image"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTrainingGoesOnAndIsUsed(t *testing.T) {
	config, err := Experiment.Preset("smoke-frozen")
	require.NoError(t, err)
	config.AverageDecay = 0.5
	dir, backend := t.TempDir(), openXLA(t)
	options := lab.TrainOptions{Backend: backend, Warn: func(err error) { t.Errorf("warned: %v", err) }}
	config.Steps = 1
	summary, err := Train(t.Context(), dir, config, options)
	require.NoError(t, err)
	assert.EqualValues(t, 1, summary.Trained)
	before := weightsOf(t, dir)
	config.Steps = 2
	summary, err = Train(t.Context(), dir, config, options)
	require.NoError(t, err)
	assert.EqualValues(t, 1, summary.Trained, "it goes on")
	assert.Positive(t, summary.Values[metricError])
	after := weightsOf(t, dir)
	assert.NotEqual(
		t, valuesOf(t, before["generator/frames/down1/weights"]), valuesOf(t, after["generator/frames/down1/weights"]),
	)
	assert.Equal(
		t, valuesOf(t, before["generator/video/down1/weights"]), valuesOf(t, after["generator/video/down1/weights"]),
		"the frozen network learned",
	)

	b, err := Open(backend, dir)
	require.NoError(t, err)
	defer b.Close()
	assert.EqualValues(t, 2, b.Step)
	clip, err := dataset.DrawnBlinks(1, 1, 48).Clip(t.Context(), 0)
	require.NoError(t, err)
	frames, err := b.Blink(t.Context(), clip.Frames[0], [][]image.Rectangle{clip.Eyes}, clip)
	require.NoError(t, err)
	require.Len(t, frames, Frames)
	around := dataset.EyeSquare(clip.Eyes[0]).Union(dataset.EyeSquare(clip.Eyes[1]))
	eachPixel(clip.Frames[0].Rect, func(x, y int) {
		if !image.Pt(x, y).In(around) && frames[5].RGBAAt(x, y) != clip.Frames[0].RGBAAt(x, y) {
			t.Errorf("a pixel far from the eyes changed: %d, %d", x, y)
		}
	})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.Evaluate(cancelled, dataset.DrawnBlinks(1, 1, 48), lab.EvaluateOptions{})
	assert.ErrorIs(t, err, context.Canceled)

	initial, err := Config{From: dir}.initial()
	require.NoError(t, err)
	assert.Equal(
		t, valuesOf(t, after["average/frames/down1/weights"]), valuesOf(t, initial["generator/frames/down1/weights"]),
		"a run from this one begins with its average",
	)
	assert.NotContains(t, initial, "generator/steps")
	_, err = Experiment.CurveFigure(dir, "content")
	assert.NoError(t, err)
	_, err = Experiment.CurveFigure(dir, "losses")
	assert.ErrorIs(t, err, lab.ErrLacks)
}

// weightsOf reads the newest checkpoint of a run.
func weightsOf(t *testing.T, dir string) lab.Weights {
	t.Helper()
	run, err := lab.Open(dir)
	require.NoError(t, err)
	weights, _, err := run.Weights(nil)
	require.NoError(t, err)
	return weights
}

// valuesOf copies a tensor.
func valuesOf(t *testing.T, x *tensors.Tensor) []float32 {
	t.Helper()
	require.NotNil(t, x)
	values, err := tensors.CopyFlatData[float32](x)
	require.NoError(t, err)
	return values
}

func TestTrainingStopsBeforeItBegins(t *testing.T) {
	config, err := Experiment.Preset("smoke")
	require.NoError(t, err)
	cases := map[string]struct {
		change func(*Config)
		says   string
	}{
		"a setting that cannot be": {func(c *Config) { c.Batch = 0 }, "batch is 0"},
		"a folder without blinks":  {func(c *Config) { c.Data = t.TempDir() }, "there is no folder of frames in it"},
		"from no run":              {func(c *Config) { c.From = t.TempDir() }, "from: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			changed := config
			c.change(&changed)
			_, err := Train(t.Context(), t.TempDir(), changed, lab.TrainOptions{})
			assert.ErrorContains(t, err, c.says)
		})
	}
}

func TestVideoGANTrainsAgainstADiscriminatorWithClippedWeights(t *testing.T) {
	config, err := Experiment.Preset("smoke-clipping")
	require.NoError(t, err)
	config.Steps = 1
	dir := t.TempDir()
	summary, err := Train(t.Context(), dir, config, lab.TrainOptions{Backend: openXLA(t)})
	require.NoError(t, err)
	for _, metric := range config.Metrics() {
		assert.Contains(t, summary.Values, metric)
	}
	for name, value := range weightsOf(t, dir) {
		switch name {
		case "discriminator/conv1/weights", "discriminator/score/weights":
			for _, w := range valuesOf(t, value) {
				assert.LessOrEqual(t, max(w, -w), float32(config.Clip)*1.0001, name)
			}
		}
	}
	_, err = Experiment.CurveFigure(dir, "losses")
	assert.NoError(t, err)
	_, won, err := lab.Won(dir, metricRanking)
	require.NoError(t, err)
	assert.False(t, won, "one step decides nothing")
}
