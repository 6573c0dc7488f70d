package jupyter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimesAndStatesAreRecorded(t *testing.T) {
	nb := notebook("python3", "import time; time.sleep(0.2)", "1/0", "1/0", "never")
	nb.Cells[1].Metadata["tags"] = []any{"raises-exception"}
	require.Error(t, Run(t.Context(), nb, Options{}))
	checkFormat(t, nb)
	var states []string
	for _, c := range nb.Cells {
		states = append(states, c.state())
	}
	assert.Equal(t, []string{"completed", "completed", "failed", "pending"}, states)

	record := nb.Cells[0].Metadata[recordKey].(map[string]any)
	assert.Greater(t, record["duration"], 0.2)
	start, err := time.Parse(time.RFC3339Nano, record["start_time"].(string))
	require.NoError(t, err)
	end, err := time.Parse(time.RFC3339Nano, record["end_time"].(string))
	require.NoError(t, err)
	assert.InDelta(t, end.Sub(start).Seconds(), record["duration"], 1e-3)
	assert.WithinDuration(t, time.Now(), start, time.Minute)
	assert.Equal(t, true, nb.Metadata[recordKey].(map[string]any)["exception"])

	var first, last time.Time
	for _, key := range []string{"iopub.status.busy", "iopub.execute_input", "iopub.status.idle"} {
		text, _ := nb.Cells[0].Metadata[timesKey].(map[string]any)[key].(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err, key)
		assert.False(t, at.Before(last), key)
		if first.IsZero() {
			first = at
		}
		last = at
	}
	assert.InDelta(t, last.Sub(first).Seconds(), record["duration"], 0.19, "by the clock of the kernel")
	assert.NotContains(t, nb.Cells[3].Metadata, timesKey)
}

func TestRunsGoOnFromACell(t *testing.T) {
	nb := notebook(KernelName, "!echo shell\nimport \"fmt\"\nvar start = 1\n\n%%\nfmt.Println(\"first\")",
		"func twice(x int) int { return 2 * x }", "%%\nfmt.Println(twice(start))\nos.Exit(1)", "%%\nfmt.Println(\"last\")")
	require.Error(t, Run(t.Context(), nb, Options{}))
	assert.Equal(t, "shell\nfirst\n", printed(nb.Cells[0]))

	fixed := notebook(KernelName, nb.Cells[0].Source, nb.Cells[1].Source, "%%\nfmt.Println(twice(start))",
		nb.Cells[3].Source)
	assert.Equal(t, 3, fixed.KeepOutputs(nb, len(fixed.Cells)+1), "a cell was changed")
	nb.Cells[0].Outputs[0].Text = "kept\n"
	require.NoError(t, Run(t.Context(), fixed, Options{From: 3}))
	assert.Equal(t, "kept\n", printed(fixed.Cells[0]))
	assert.Equal(t, "2\n", printed(fixed.Cells[2]))
	assert.Equal(t, "last\n", printed(fixed.Cells[3]))
	assert.Equal(t, 4, *fixed.Cells[3].ExecutionCount)
	checkFormat(t, fixed)
	assert.Equal(t, 5, notebook(KernelName, fixed.Cells[0].Source, fixed.Cells[1].Source, fixed.Cells[2].Source,
		fixed.Cells[3].Source).KeepOutputs(fixed, 5), "all is done")

	python := notebook("python3", "x = 1; print('lost')", "y = 2", "print(y); x")
	python.Cells[1].Metadata["tags"] = []any{"setup"}
	err := Run(t.Context(), python, Options{From: 3})
	assert.ErrorContains(t, err, "cell 3 failed: NameError: name 'x' is not defined")
	assert.Equal(t, "2\n", printed(python.Cells[2]))
	assert.ErrorIs(t, Run(t.Context(), python, Options{From: 4}), ErrNoCell)
}

func TestReportsShowNoCode(t *testing.T) {
	nb := notebook("python3", "secret = 1")
	nb.Cells[0].Outputs = []*Output{{Type: StreamOutput, Name: "stdout", Text: "shown"}}
	nb.HideCode()
	page, err := nb.HTML("")
	require.NoError(t, err)
	assert.NotContains(t, string(page), "secret")
	assert.Contains(t, string(page), "shown")
	assert.Equal(t, map[string]any{"source_hidden": true}, nb.Cells[0].Metadata["jupyter"])
	checkFormat(t, nb)
}
