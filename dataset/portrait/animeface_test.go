//go:build slow

package portrait_test

import (
	"encoding/csv"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/dataset/portrait"
)

func TestAMillionPortraitsAreDistinct(t *testing.T) {
	requireDistinct(t, 1_100_000)
}

// TestAnimefaceSeesFacesAndHairColours asks a detector that was trained on real anime; see check/animeface_check.py.
func TestAnimefaceSeesFacesAndHairColours(t *testing.T) {
	python := animefacePython(t)
	dir := t.TempDir()
	drawFolder(t, dir, 1, 200, 256)
	out, err := exec.CommandContext(t.Context(), python, "check/animeface_check.py", dir, "--misses").CombinedOutput()
	t.Logf("%s", out)
	require.NoError(t, err)
}

// animefacePython returns the python of a venv with the detector, made once under the user's cache folder.
func animefacePython(t *testing.T) string {
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	venv := filepath.Join(cache, "moelab", "animeface-2.0.3")
	python := filepath.Join(venv, "bin", "python")
	if exec.Command(python, "-c", "import animeface, PIL").Run() == nil {
		return python
	}
	run := func(name string, args ...string) {
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	run("python3", "-m", "venv", "--clear", venv)
	run(python, "-m", "pip", "install", "--quiet", "animeface==2.0.3", "pillow==11.0.0")
	return python
}

// drawFolder writes the layout of `moelab data draw`.
func drawFolder(t *testing.T, dir string, seed uint64, n, size int) {
	labels, err := os.Create(filepath.Join(dir, "labels.csv"))
	require.NoError(t, err)
	defer labels.Close()
	table := csv.NewWriter(labels)
	require.NoError(t, table.Write([]string{"file", "colour"}))
	for i := range n {
		p := portrait.At(seed, i)
		name := fmt.Sprintf("%s/%06d.png", p.Colour, i)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, p.Colour.String()), 0o755))
		f, err := os.Create(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, png.Encode(f, p.Draw(size)))
		require.NoError(t, f.Close())
		require.NoError(t, table.Write([]string{name, p.Colour.String()}))
	}
	table.Flush()
	require.NoError(t, table.Error())
}
