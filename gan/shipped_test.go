package gan

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ship regenerates the shipped weights: go test ./gan -run ShippedGenerator -ship RUN.
var ship = flag.String("ship", "", "run whose generator becomes the shipped one")

func TestShippedGeneratorDrawsTheColoursThatItIsAskedFor(t *testing.T) {
	if *ship != "" {
		require.NoError(t, Ship(*ship, "shipped.safetensors"))
		t.Skip("the shipped weights are written: test them without -ship")
	}
	assert.Less(t, len(shippedWeights), 5<<20)
	backend := backendOf(t, openXLA)
	sampler, err := OpenShipped(backend)
	require.NoError(t, err)
	defer sampler.Close()
	config := sampler.Config
	assert.Equal(t, preset(t, "shipped"), config, "the preset makes it again")
	set, err := config.OpenData(t.Context(), nil)
	require.NoError(t, err)
	judge, err := TrainJudge(t.Context(), backend, filepath.Join(t.TempDir(), "judge"), config.judgeConfig(), set, nil)
	require.NoError(t, err)
	defer judge.Close()
	labels := make([]int, 90)
	for i := range labels {
		labels[i] = i % len(config.Classes)
	}
	portraits, err := sampler.Sample(t.Context(), config.DrawNoise(2, len(labels)), labels)
	require.NoError(t, err)
	confusion, err := judge.confusion(t.Context(), portraits, labels)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, confusion.Accuracy(), 0.9)
}

func TestShippingKeepsWhatAGeneratorDraws(t *testing.T) {
	trained := trainedRun(t)
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	require.NoError(t, Ship(trained.dir, path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	config := trained.sampler.Config
	sampler, err := openWeights(backendOf(t, openXLA), data)
	require.NoError(t, err)
	defer sampler.Close()
	assert.Equal(t, config, sampler.Config)
	labels := []int{0, 4, 8}
	noise := config.DrawNoise(3, len(labels))
	want, err := trained.sampler.Sample(t.Context(), noise, labels)
	require.NoError(t, err)
	got, err := sampler.Sample(t.Context(), noise, labels)
	require.NoError(t, err)
	for i := range want {
		for j := range want[i].Pix {
			assert.InDelta(t, want[i].Pix[j], got[i].Pix[j], 1, "16 bits do no harm")
		}
	}
}
