package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A metric of several runs has the axis that their kind's own curve of it has.
func TestMetricsAreLogarithmicWhereTheKindsCurvesAre(t *testing.T) {
	curves := []Curve{{Metrics: []string{"D", "G"}}, {Log: true, Metrics: []string{"penalty"}}}
	assert.True(t, DrawnLog("penalty", curves))
	assert.False(t, DrawnLog("D", curves))
	assert.False(t, DrawnLog("variety", curves), "no curve has it")

	dir := filepath.Join(t.TempDir(), "run")
	run, err := Create(dir, Experiment{Name: "test", Config: struct{}{}})
	require.NoError(t, err)
	require.NoError(t, run.Close())
	lines := `{"step":1,"seconds":1,"values":{"penalty":1}}
{"step":2,"seconds":2,"values":{"penalty":1000}}
`
	require.NoError(t, os.WriteFile(run.Path("metrics.jsonl"), []byte(lines), 0o644))
	draw := func(log bool) string {
		figure, err := MetricFigure("penalty", log, []string{dir}, []string{"run"})
		require.NoError(t, err)
		var text strings.Builder
		require.NoError(t, figure.WriteSVG(&text))
		return text.String()
	}
	assert.Contains(t, draw(true), ">10<")
	assert.NotContains(t, draw(false), ">10<")
}
