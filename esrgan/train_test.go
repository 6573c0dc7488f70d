package esrgan

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/moelab/moelab/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTrainingPretrainsThenPlaysAndGoesOn(t *testing.T) {
	config, err := Experiment.Preset("smoke")
	require.NoError(t, err)
	config.AverageDecay = 0.9
	dir, backend := t.TempDir(), openXLA(t)
	options := lab.TrainOptions{Backend: backend, SampleEvery: 1, Warn: func(err error) { t.Errorf("warned: %v", err) }}

	config.Steps = 1
	summary, err := Train(t.Context(), dir, config, options)
	require.NoError(t, err)
	assert.EqualValues(t, 1, summary.Trained)
	for _, metric := range []string{metricD, metricG, metricPixel, metricPerceptual} {
		assert.Positive(t, summary.Values[metric], metric)
	}
	steps, _, err := lab.ReadMetric(filepath.Join(dir, pretrainDir), metricPixel)
	require.NoError(t, err)
	assert.Len(t, steps, int(config.PretrainSteps))
	pretrained := weightsOf(t, filepath.Join(dir, pretrainDir))
	assert.NotContains(t, pretrained, "discriminator/conv1/weights")

	config.Steps = 2
	summary, err = Train(t.Context(), dir, config, options)
	require.NoError(t, err)
	assert.EqualValues(t, 1, summary.Trained, "it goes on, and does not pretrain again")
	for _, figure := range []func(string) error{
		func(dir string) error { _, err := Experiment.CurveFigure(dir, "losses"); return err },
		func(dir string) error { _, err := Experiment.CurveFigure(dir, "distances"); return err },
		func(dir string) error { _, err := ProgressFigure(dir); return err },
	} {
		assert.NoError(t, figure(dir))
	}

	stages, err := OpenStages(backend, dir)
	require.NoError(t, err)
	require.Len(t, stages, 2)
	var means []float64
	for _, stage := range stages {
		defer stage.Close()
		grey := slices.Repeat([]float32{0.2, 0.5, 0.8}, 16*16)
		large, err := stage.Upscale(t.Context(), Pixels{16, 16, grey}, TileOptions{})
		require.NoError(t, err)
		assert.Equal(t, [2]int{64, 64}, [2]int{large.Width, large.Height})
		mean := 0.0
		for _, v := range large.RGB {
			mean += float64(v) / float64(len(large.RGB))
		}
		means = append(means, mean)
	}
	checkpoints, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*", "weights.safetensors"))
	require.NoError(t, err)
	require.NotEmpty(t, checkpoints)
	for _, path := range checkpoints {
		require.NoError(t, os.Truncate(path, 100))
	}
	_, err = Open(backend, dir)
	require.ErrorIs(t, err, lab.ErrDamaged, "the pretraining is another network, and nobody would know")

	assert.NotEqual(t, means[0], means[1], "G has not changed after the pretraining")
	assert.Less(t, math.Abs(means[0]-means[1]), 0.5, "G did not begin where the pretraining ended")
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

func TestTrainingStopsBeforeItBegins(t *testing.T) {
	config, err := Experiment.Preset("smoke")
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the test's reason"))
	_, err = Train(ctx, t.TempDir(), config, lab.TrainOptions{Backend: openXLA(t)})
	require.ErrorContains(t, err, "the test's reason")

	config.VGG = filepath.Join(t.TempDir(), "none.onnx")
	_, err = Train(t.Context(), t.TempDir(), config, lab.TrainOptions{Backend: openXLA(t)})
	require.ErrorContains(t, err, "none.onnx")
	config.Crop = 33
	_, err = Train(t.Context(), t.TempDir(), config, lab.TrainOptions{Backend: openXLA(t)})
	require.ErrorContains(t, err, "crop is 33")
}

func TestPresetsAreValidAndSettingsNamed(t *testing.T) {
	for _, name := range Experiment.PresetNames() {
		config, err := Experiment.Preset(name)
		require.NoError(t, err)
		require.NoError(t, config.Validate(), name)
		config.UseVGG("none")
		require.NoError(t, config.Validate(), "%s without VGG16", name)
		config, err = lab.Assign(config, "blocks=3")
		require.NoError(t, err)
		assert.Equal(t, 3, config.Blocks)
		_, err = lab.Assign(config, "block=3")
		require.ErrorContains(t, err, "there is no setting")
	}
	config, err := Experiment.Preset("smoke")
	require.NoError(t, err)
	for setting, says := range map[string]string{
		"batch=1000000000000":             "batch is 1000000000000: it must be from 1 to 4096",
		"blocks=1000000000":               "blocks is",
		"channels=1000000000":             "channels is",
		"growth=1000000000":               "growth is",
		"discriminator_channels=10000000": "discriminator_channels is",
		"drawn=100000000000":              "drawn is",
		"crop=1000000000":                 "crop is",
		"pretrain_steps=1000000000001":    "pretrain_steps is",
		"layer_weights=[-1, 1]":           "a weight of layer_weights is -1",
		`weights={"adversarial": -1}`:     "adversarial of weights is -1: it must be from 0 to 1000000",
		`pretrain={"pixel": 0}`:           "the weights of G's losses in pretrain are all 0",
	} {
		changed, err := lab.Assign(config, setting)
		require.NoError(t, err, setting)
		require.ErrorContains(t, changed.Validate(), says)
		assert.NotContains(t, changed.Validate().Error(), "\n", setting)
		assert.NotContains(t, changed.Validate().Error(), "{", "no text of Go's")
	}
	_, err = lab.Assign(config, `weights={"foo": 1}`)
	require.ErrorContains(t, err, `setting weights cannot be {"foo": 1}: it is now {"adversarial":0.005,`)
	_, err = Experiment.Preset("huge")
	require.ErrorContains(t, err, "laptop-srgan")
}
