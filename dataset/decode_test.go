package dataset

import (
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/moelab/moelab/internal/venv"
)

// fixtures is a folder of what testdata/make_fixtures.py makes: pictures of every kind, written by Pillow.
func fixtures(t testing.TB) string {
	t.Helper()
	makeFixtures.Do(func() {
		env, err := venv.Ensure(t.Context(), "pillow", []string{"pillow==11.0.0"}, os.Stderr)
		require.NoError(t, err)
		dir := filepath.Join(testDir, "fixtures")
		out, err := exec.CommandContext(t.Context(), env.Python(), "testdata/make_fixtures.py", dir).CombinedOutput()
		require.NoError(t, err, "%s", out)
	})
	return filepath.Join(testDir, "fixtures")
}

var (
	makeFixtures sync.Once
	testDir      string // Lives as long as the tests of this package.
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dataset")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	testDir = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

func TestEveryFormatReadsAsPillowReadsIt(t *testing.T) {
	type golden struct {
		File string
		Size int
		RGB  []int
	}
	dir := fixtures(t)
	data, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	require.NoError(t, err)
	var all []golden
	require.NoError(t, json.Unmarshal(data, &all))
	require.Greater(t, len(all), 40)

	// Pillow and Go round chroma and alpha differently. Where chroma is subsampled, libjpeg and libwebp smooth it as they
	// enlarge it, and Go does not.
	subsampled := []string{"subsampled.jpg", "lossy.webp", "alpha.webp", "animated_alpha.webp"}
	for _, want := range all {
		t.Run(fmt.Sprintf("%s/%d", want.File, want.Size), func(t *testing.T) {
			d, err := decodeFile(filepath.Join(dir, want.File))
			require.NoError(t, err)
			picture := d.upright(want.Size)
			require.Equal(t, image.Rect(0, 0, want.Size, want.Size), picture.Rect)
			worst, sum := 0.0, 0.0
			for i, v := range want.RGB {
				off := math.Abs(float64(picture.Pix[i/3*4+i%3]) - float64(v))
				worst = max(worst, off)
				sum += off
			}
			mean := sum / float64(len(want.RGB))
			worstAllowed, meanAllowed := 1.0, 0.4
			if slices.Contains(subsampled, want.File) {
				worstAllowed, meanAllowed = 6, 1
			}
			t.Logf("largest difference %.0f, mean %.3f", worst, mean)
			assert.LessOrEqual(t, worst, worstAllowed)
			assert.LessOrEqual(t, mean, meanAllowed)
		})
	}
}
