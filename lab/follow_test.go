package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// metricLines returns lines of metrics.jsonl from one step to another.
func metricLines(from, to int) string {
	var lines strings.Builder
	for step := from; step <= to; step++ {
		fmt.Fprintf(&lines, `{"step":%d,"seconds":%d,"values":{"loss":%d}}`+"\n", step, step, step)
	}
	return lines.String()
}

func TestAFollowerReadsOnlyWhatIsNew(t *testing.T) {
	run, err := Create(filepath.Join(t.TempDir(), "run"), experiment(20))
	require.NoError(t, err)
	defer run.Close()
	f := Follow(run.Dir())
	look := func(changes bool, curve ...float64) {
		t.Helper()
		changed, err := f.Look()
		require.NoError(t, err)
		assert.Equal(t, changes, changed)
		assert.Equal(t, curve, f.Curve("loss"))
	}
	write := func(text string) {
		require.NoError(t, os.WriteFile(run.Path(metricsName), []byte(text), 0o644))
	}
	look(true)
	assert.Equal(t, InTraining, f.Status.Condition)
	write(metricLines(1, 3))
	look(true, 1, 2, 3)
	look(false, 1, 2, 3)
	assert.EqualValues(t, 3, f.Status.Step)

	// What was read is not read again: a change there goes unnoticed.
	write(strings.Replace(metricLines(1, 4), `"loss":1`, `"loss":7`, 1) + `{"step":5,"sec`)
	look(true, 1, 2, 3, 4)
	write(metricLines(1, 5))
	look(true, 1, 2, 3, 4, 5)

	for name, text := range map[string]string{
		"shorter":            metricLines(1, 2),
		"longer at once":     metricLines(3, 9),
		"other lengths":      "\n\n" + metricLines(1, 9),
		"damaged in between": metricLines(1, 2) + "}{\n" + metricLines(1, 3) + metricLines(4, 4),
	} {
		t.Run(name+", after another training", func(t *testing.T) {
			write(metricLines(1, 5))
			_, err := f.Look()
			require.NoError(t, err)
			write(text)
			_, err = f.Look()
			require.NoError(t, err)
			fresh := Follow(run.Dir())
			_, err = fresh.Look()
			require.NoError(t, err)
			assert.Equal(t, fresh.Curve("loss"), f.Curve("loss"))
		})
	}

	require.NoError(t, os.MkdirAll(run.Path(stripsName), 0o755))
	for _, step := range []int64{5, 10} {
		require.NoError(t, os.WriteFile(run.Path(StripName(step)), nil, 0o644))
	}
	require.NoError(t, os.WriteFile(run.Path(measuresName), []byte(`{"measures":{"FID":0.5}}`), 0o644))
	_, err = f.Look()
	require.NoError(t, err)
	assert.Equal(t, run.Path(StripName(10)), f.Picture)
	assert.Equal(t, map[string]float64{"FID": 0.5}, f.Measures)

	require.NoError(t, os.RemoveAll(run.Dir()))
	_, err = f.Look()
	require.ErrorIs(t, err, ErrNotARun)
}

func TestAFollowerSeesThePretraining(t *testing.T) {
	run, err := Create(filepath.Join(t.TempDir(), "run"), experiment(20))
	require.NoError(t, err)
	defer run.Close()
	f := Follow(run.Dir())
	_, err = f.Look()
	require.NoError(t, err)
	stage, err := Create(run.Path("pretrain"), experiment(7))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(stage.Path(metricsName), []byte(metricLines(1, 2)), 0o644))
	_, err = f.Look()
	require.NoError(t, err)
	assert.Equal(t, "pretrain", f.Stage)
	assert.EqualValues(t, 7, f.Status.Steps)
	assert.Equal(t, []float64{1, 2}, f.Curve("loss"))

	require.NoError(t, stage.Close())
	require.NoError(t, os.WriteFile(run.Path(metricsName), []byte(metricLines(1, 1)), 0o644))
	_, err = f.Look()
	require.NoError(t, err)
	assert.Empty(t, f.Stage)
	assert.EqualValues(t, 20, f.Status.Steps)
	assert.Equal(t, []float64{1}, f.Curve("loss"))
}

func TestACurveHasFewPoints(t *testing.T) {
	c := curve{each: 1}
	for i := range 4 * mostMeans {
		c.add(float64(i))
	}
	assert.Len(t, c.means, mostMeans/2)
	assert.Equal(t, 8, c.each)
	for i, mean := range c.means {
		assert.InDelta(t, 8*float64(i)+3.5, mean, 1e-9)
	}
}
