//go:build slow

package jupyter

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/internal/venv"
)

// changingInWidgets matches ids of models, the times that a progress bar shows, and those of cells.
var changingInWidgets = regexp.MustCompile(`[0-9a-f]{32}|\[\d\d:\d\d.*?\]|ipykernel_\d+|\d{4}-\d\d-\d\dT[\d:.]+Z`)

// TestWidgetsEqualNbclients runs a notebook of widgets with nbclient, too. The outputs and the stored models must be
// the same.
func TestWidgetsEqualNbclients(t *testing.T) {
	packages := append(slices.Clone(oraclePackages), "ipywidgets==8.1.9", "tqdm==4.70.1")
	env, err := venv.Ensure(t.Context(), "jupyter-widgets", packages, os.Stderr)
	require.NoError(t, err)
	data := t.TempDir()
	t.Setenv("JUPYTER_PATH", data)
	require.NoError(t, writePythonKernel(data, "widgets", env))

	nb := notebook("widgets", `import ipywidgets as widgets
from IPython.display import display
out = widgets.Output()
slider = widgets.IntSlider(value=3, max=9)
display(slider, out)`, `with out:
    print("in the widget")
    display(widgets.HTML("<b>bold</b>"))
print("in the cell")
slider.value = 7`, `print(len(out.outputs), out.outputs[0]["text"])`, `from tqdm.auto import tqdm
for _ in tqdm(range(50)):
    pass`, `widgets.Image(value=b"\x89PNG", width=3)`, `other = widgets.Output()
display(other)
with other:
    with out:
        1 / 0
    print("outer")`, `@out.capture(clear_output=True)
def f():
    print("captured")
f()
print(len(out.outputs), "before the kernel hears of it")`, `print(len(out.outputs))`)
	dir := t.TempDir()
	source, theirs := filepath.Join(dir, "source.ipynb"), filepath.Join(dir, "theirs.ipynb")
	require.NoError(t, nb.Write(source))
	ask(t, "run", source, theirs, "widgets", dir)
	want, err := Read(theirs)
	require.NoError(t, err)
	require.NoError(t, Run(t.Context(), nb, Options{Dir: dir}))
	checkFormat(t, nb)

	assert.ElementsMatch(t, models(t, want), models(t, nb))
	assert.Greater(t, len(models(t, nb)), 10)
	page, err := nb.HTML(dir)
	require.NoError(t, err)
	assert.Contains(t, string(page), `<progress value="50" max="50">`, "the bar of tqdm is at its end")

	delete(want.Metadata, "widgets")
	delete(nb.Metadata, "widgets")
	removeRecord(nb)
	assert.Equal(t, changingInWidgets.ReplaceAllString(string(encoded(t, want)), ""),
		changingInWidgets.ReplaceAllString(string(encoded(t, nb)), ""))
}

// models returns the stored models of a notebook's widgets as JSON, without what changes from run to run.
func models(t *testing.T, nb *Notebook) []string {
	t.Helper()
	var all []string
	for _, model := range nb.widgetModels() {
		text, err := json.Marshal(model)
		require.NoError(t, err)
		all = append(all, changingInWidgets.ReplaceAllString(string(text), ""))
	}
	return all
}
