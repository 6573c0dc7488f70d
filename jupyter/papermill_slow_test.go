//go:build slow

package jupyter

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/internal/venv"
)

// papermill installs papermill beside the kernel of the other tests.
func papermill(t *testing.T) *venv.Env {
	t.Helper()
	env, err := venv.Ensure(t.Context(), "papermill", append(slices.Clone(oraclePackages), "papermill==2.7.0"), os.Stderr)
	require.NoError(t, err)
	return env
}

// TestParametersWithoutATypeAreReadLikePapermills compares values of parameters whose type is not known. Where moelab
// differs, other is what it makes of the text.
func TestParametersWithoutATypeAreReadLikePapermills(t *testing.T) {
	type test struct {
		Flag  string `json:"flag"`
		Text  string `json:"text"`
		Ours  string `json:"ours"`
		other string
	}
	tests := []test{
		{Flag: "-p", Text: "3"}, {Flag: "-p", Text: "-3"}, {Flag: "-p", Text: "+3"}, {Flag: "-p", Text: "007"},
		{Flag: "-p", Text: "2_000"}, {Flag: "-p", Text: "1__0"}, {Flag: "-p", Text: "99999999999999999999"},
		{Flag: "-p", Text: "0.5"}, {Flag: "-p", Text: ".5"}, {Flag: "-p", Text: "5."}, {Flag: "-p", Text: "1e3"},
		{Flag: "-p", Text: "1e-4"}, {Flag: "-p", Text: "1e999"}, {Flag: "-p", Text: "-1E+5"}, {Flag: "-p", Text: "0x1p1"},
		{Flag: "-p", Text: "nan"}, {Flag: "-p", Text: "inf"}, {Flag: "-p", Text: "-Infinity"}, {Flag: "-p", Text: "True"},
		{Flag: "-p", Text: "False"}, {Flag: "-p", Text: "None"}, {Flag: "-p", Text: "none"}, {Flag: "-p", Text: "text"},
		{Flag: "-p", Text: ""}, {Flag: "-p", Text: "a b"}, {Flag: "-p", Text: "é\"'\\\n\u2028😀"},
		{Flag: "-p", Text: "1+1"},
		{Flag: "-p", Text: "true", other: "True"},
		{Flag: "-p", Text: "0x10", other: "16"},
		{Flag: "-p", Text: "[1, 2]", other: "[1, 2]"},
		{Flag: "-p", Text: `{"a": [1.5, null]}`, other: "{'a': [1.5, None]}"},

		{Flag: "-r", Text: "3"}, {Flag: "-r", Text: "None"}, {Flag: "-r", Text: "[1]"},

		{Flag: "-y", Text: "x: 3"}, {Flag: "-y", Text: "x: '3'"}, {Flag: "-y", Text: "x: 1.5"},
		{Flag: "-y", Text: "x: 1.0e+3"},
		{Flag: "-y", Text: "x: yes"}, {Flag: "-y", Text: "x: Off"}, {Flag: "-y", Text: "x: y"}, {Flag: "-y", Text: "x: true"},
		{Flag: "-y", Text: "x: ~"}, {Flag: "-y", Text: "x:"}, {Flag: "-y", Text: "x: .inf"}, {Flag: "-y", Text: "x: -.INF"},
		{Flag: "-y", Text: "x: .nan"}, {Flag: "-y", Text: "x: 2026-01-02"}, {Flag: "-y", Text: "x: 0x10"},
		{Flag: "-y", Text: "x: [1, a, 'b', [true, null]]"}, {Flag: "-y", Text: "x: {b: 1, a: {c: text}}"},
		{Flag: "-y", Text: "x: |\n  two\n  lines"}, {Flag: "-y", Text: "x: &a [1]"}, {Flag: "-y", Text: "x: !!str 3"},
		{Flag: "-y", Text: "x: 1e3", other: "1000.0"},      // YAML 1.1 has no such number.
		{Flag: "-y", Text: "x: {1: a}", other: "{1: 'a'}"}, // papermill makes all keys text.
		{Flag: "-y", Text: "x: 1:30", other: "'1:30'"},     // YAML 1.1 reads it as 90.
		{Flag: "-y", Text: "x: None", other: "None"},
	}
	for i, test := range tests {
		value := Argument(test.Text)
		switch test.Flag {
		case "-r":
			value = Text(test.Text)
		case "-y":
			values, err := ParseValues([]byte(test.Text))
			require.NoError(t, err, test.Text)
			value = values["x"]
		}
		var err error
		tests[i].Ours, err = pythonUnknown("x", value)
		require.NoError(t, err)
	}
	data, err := json.Marshal(tests)
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), papermill(t).Python(), "testdata/like_papermill.py")
	command.Stdin, command.Stderr = bytes.NewReader(data), os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	var results []struct{ Theirs, Ours string }
	require.NoError(t, json.Unmarshal(out, &results))
	for i, test := range tests {
		want := results[i].Theirs
		if test.other != "" {
			assert.NotEqual(t, want, test.other, "no difference any more: %s %q", test.Flag, test.Text)
			want = test.other
		}
		assert.Equal(t, want, results[i].Ours, "%s %q", test.Flag, test.Text)
	}
}

func TestAnExecutedNotebookIsLikePapermills(t *testing.T) {
	env := papermill(t)
	dir := t.TempDir()
	source, theirs := filepath.Join(dir, "source.ipynb"), filepath.Join(dir, "theirs.ipynb")
	nb := notebook("python3", "steps = 3\nname = 'a'", "print(steps, name, more)", "1/0", "never")
	nb.Cells[0].Metadata["tags"] = []any{parametersTag}
	nb.Metadata["language_info"] = map[string]any{"name": "python"}
	require.NoError(t, nb.Write(source))
	out, err := exec.CommandContext(t.Context(), env.Bin("papermill"), source, theirs, "-p", "steps", "5", "-p", "name",
		"b", "-p", "more", "0.5", "--report-mode").CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "Passed unknown parameter: more")

	require.NoError(t, nb.SetParameters(arguments{"steps": "5", "name": "b", "more": "0.5"}.values()))
	nb.HideCode()
	nb.RecordPaths(source, theirs)
	require.Error(t, Run(t.Context(), nb, Options{}))
	want, err := Read(theirs)
	require.NoError(t, err, "%s", out)
	want.Cells = slices.DeleteFunc(want.Cells, func(c *Cell) bool { return c.HasTag("papermill-error-cell-tag") })
	require.Len(t, nb.Cells, len(want.Cells))
	for i, c := range want.Cells {
		got := nb.Cells[i]
		assert.Equal(t, c.Tags(), got.Tags())
		assert.Equal(t, c.Metadata["jupyter"], got.Metadata["jupyter"])
		assert.Equal(t, c.state(), got.state())
		assert.Equal(t, printed(c), printed(got))
		assert.ElementsMatch(t, keys(c.Metadata[recordKey]), keys(got.Metadata[recordKey]))
		assert.ElementsMatch(t, keys(c.Metadata[timesKey]), keys(got.Metadata[timesKey]))
	}
	theirRecord, ourRecord := want.Metadata[recordKey].(map[string]any), nb.Metadata[recordKey].(map[string]any)
	for _, key := range []string{"input_path", "output_path", "exception"} {
		assert.Equal(t, theirRecord[key], ourRecord[key], key)
	}
	assert.Equal(t, theirRecord["parameters"], ourRecord["parameters"])
	assert.Subset(t, keys(theirRecord), keys(ourRecord))
}

func keys(m any) []string {
	object, _ := m.(map[string]any)
	return slices.Collect(maps.Keys(object))
}
