package lab

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATailReadsUpToTheLineThatIsBeingWritten(t *testing.T) {
	var tail MetricsTail
	var steps []int64
	read := func(text string) {
		t.Helper()
		require.NoError(t, tail.Read(t.Context(), strings.NewReader(text), func() { steps = nil },
			func(m Metric) { steps = append(steps, m.Step) }))
		assert.EqualValues(t, strings.LastIndexByte(text, '\n')+1, tail.read)
	}
	read(metricLines(1, 2) + `{"step":3,`)
	assert.Equal(t, []int64{1, 2}, steps)
	read(metricLines(1, 3))
	assert.Equal(t, []int64{1, 2, 3}, steps)
	read(metricLines(3, 4))
	assert.Equal(t, []int64{3, 4}, steps, "another file")

	long := metricLines(3, 4) + strings.Repeat("x", 3*blockBytes)
	require.NoError(t, tail.Read(t.Context(), strings.NewReader(long), t.FailNow, func(Metric) { t.Fail() }))
	read(long + `{"step":9}` + "\n" + metricLines(5, 5))
	assert.Equal(t, []int64{3, 4, 5}, steps, "a line without end is passed over")
}
