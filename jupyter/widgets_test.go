package jupyter

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// publishAll publishes messages, given as types and contents, of the request "r".
func publishAll(t *testing.T, c *collector, messages ...string) {
	t.Helper()
	for i := 0; i < len(messages); i += 2 {
		m := &message{Header: header{Type: messages[i]}, Parent: header{ID: "r"}, Content: json.RawMessage(messages[i+1])}
		_, err := c.take(m)
		require.NoError(t, err)
	}
}

const (
	openOutput = `{"comm_id": "out", "target_name": "jupyter.widget", "data": {"state": {"_model_name": "OutputModel",
		"_model_module": "@jupyter-widgets/output", "_model_module_version": "1.0.0", "msg_id": "", "outputs": []}}}`
	captureOn  = `{"comm_id": "out", "data": {"method": "update", "state": {"msg_id": "r"}}}`
	captureOff = `{"comm_id": "out", "data": {"method": "update", "state": {"msg_id": ""}}}`
)

// textsOf returns the texts of the streams among outputs.
func textsOf(outputs []*Output) []string {
	var texts []string
	for _, o := range outputs {
		texts = append(texts, o.Text)
	}
	return texts
}

func TestOutputWidgetCapturesWhatIsPrintedInItsCell(t *testing.T) {
	c := newCollector(silent{})
	first, second := &Cell{Type: CodeCell}, &Cell{Type: CodeCell}
	c.begin(first)
	publishAll(t, c, "comm_open", openOutput, "stream", `{"name": "stdout", "text": "before"}`)
	c.end()
	c.begin(second)
	publishAll(t, c, "comm_msg", captureOn, "stream", `{"name": "stdout", "text": "in"}`,
		"stream", `{"name": "stdout", "text": "side"}`, "comm_msg", captureOff,
		"stream", `{"name": "stdout", "text": "after"}`)
	c.end()
	assert.Equal(t, []string{"before"}, textsOf(first.Outputs))
	assert.Equal(t, []string{"after"}, textsOf(second.Outputs))

	changed := c.widgets.takeChanged()
	require.Len(t, changed, 1, "the kernel must hear of it")
	assert.Empty(t, c.widgets.takeChanged())
	outputs := []any{map[string]any{"output_type": "stream", "name": "stdout", "text": "inside"}}
	data := changed[0].update()["data"].(map[string]any)
	assert.Equal(t, map[string]any{"outputs": outputs}, data["state"])

	publishAll(t, c, "comm_msg", captureOn, "clear_output", `{"wait": true}`,
		"stream", `{"name": "stdout", "text": "new"}`)
	assert.Equal(t, "new", changed[0].outputs()[0].(map[string]any)["text"])
	assert.Len(t, changed[0].outputs(), 1)
}

func TestWidgetsAreStoredWithTheirLastState(t *testing.T) {
	c := newCollector(silent{})
	c.begin(&Cell{Type: CodeCell})
	assert.Nil(t, c.widgets.metadata())
	open := `{"comm_id": "a", "target_name": "jupyter.widget", "data": {"state": {"_model_name": "IntSliderModel",
		"_model_module": "@jupyter-widgets/controls", "_model_module_version": "2.0.0", "value": 1, "max": 7}}}`
	publishAll(t, c, "comm_open", open,
		"comm_msg", `{"comm_id": "a", "data": {"method": "update", "state": {"value": 2}}}`,
		"comm_msg", `{"comm_id": "b", "data": {"state": {"x": 1}}}`)
	for _, data := range []string{"old", "new"} {
		_, err := c.take(&message{Header: header{Type: "comm_msg"}, Buffers: [][]byte{[]byte(data)},
			Content: json.RawMessage(`{"comm_id": "a", "data": {"state": {}, "buffer_paths": [["picture", 0]]}}`)})
		require.NoError(t, err)
	}
	got, err := json.Marshal(c.widgets.metadata())
	require.NoError(t, err)
	assert.JSONEq(t, `{"application/vnd.jupyter.widget-state+json": {"version_major": 2, "version_minor": 0, "state": {
		"a": {"model_name": "IntSliderModel", "model_module": "@jupyter-widgets/controls", "model_module_version": "2.0.0",
			"state": {"_model_name": "IntSliderModel", "_model_module": "@jupyter-widgets/controls",
				"_model_module_version": "2.0.0", "value": 2, "max": 7},
			"buffers": [{"data": "bmV3", "encoding": "base64", "path": ["picture", 0]}]}}}}`, string(got))
}

// withWidgets returns a notebook that shows the widget "top", with models given as JSON.
func withWidgets(t *testing.T, models string) *Notebook {
	t.Helper()
	nb, err := Decode([]byte(`{"nbformat": 4, "nbformat_minor": 5, "metadata": {"widgets": {
		"application/vnd.jupyter.widget-state+json": {"version_major": 2, "version_minor": 0, "state": ` + models + `}}},
		"cells": [{"cell_type": "code", "id": "a", "source": "", "execution_count": 1, "metadata": {}, "outputs": [
			{"output_type": "display_data", "metadata": {}, "data": {"text/plain": "as text",
				"application/vnd.jupyter.widget-view+json": {"model_id": "top", "version_major": 2}}}]}]}`))
	require.NoError(t, err)
	return nb
}

func TestPageShowsWidgetsWithTheirLastState(t *testing.T) {
	const bar = `"bar": {"model_name": "FloatProgressModel", "state": {"min": 10.0, "max": 60.0, "value": 60.0}}`
	const words = `"words": {"model_name": "LabelModel", "state": {"value": "100 % <b>"}}`
	const out = `"out": {"model_name": "OutputModel", "state": {"outputs": [
		{"output_type": "stream", "name": "stdout", "text": "inside"}]}}`
	box := func(children string) string {
		return `"top": {"model_name": "HBoxModel", "state": {"children": [` + children + `]}}`
	}
	row := `<div class="row"><div>100 % &lt;b&gt;</div><div><progress value="50" max="50"></progress></div></div>`
	inside := `<div class="output stdout"><pre>inside</pre></div>`
	for models, want := range map[string]string{
		"{" + box(`"IPY_MODEL_words", "IPY_MODEL_bar"`) + "," + bar + "," + words + "}": row,
		"{" + box(`"IPY_MODEL_out"`) + "," + out + "}":                                  inside,
		"{" + box(`"IPY_MODEL_top"`) + "}":                                              "<pre>as text</pre>",
		"{" + box(`"IPY_MODEL_none", 3, null`) + "}":                                    "<pre>as text</pre>",
		`{"top": {"model_name": "IntSliderModel", "state": {}}}`:                        "<pre>as text</pre>",
		`{"top": {"model_name": "IntProgressModel", "state": {"max": "much"}}}`:         "<pre>as text</pre>",
		`[]`: "<pre>as text</pre>",
	} {
		page, err := withWidgets(t, models).HTML(t.TempDir())
		require.NoError(t, err)
		assert.Contains(t, string(page), want, models)
		if !strings.Contains(want, "as text") {
			assert.NotContains(t, string(page), "as text", models)
		}
	}
}

func TestWidgetsOfEarlierRunsAreRemoved(t *testing.T) {
	nb := withWidgets(t, `{"old": {}}`)
	nb.clearOutputs(1)
	assert.NotContains(t, nb.Metadata, "widgets")
}
