package lab

import (
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStripsAreListedByStep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a]*") // What a pattern would take for its own.
	assert.Empty(t, StripSteps(os.DirFS(dir)))
	for _, step := range []int64{1000, 50, 123_456_789} {
		require.NoError(t, SaveStrip(dir, step, []*image.RGBA{image.NewRGBA(image.Rect(0, 0, 4, 4))}))
	}
	for _, name := range []string{"step-7.png", "step-00000008.png.tmp", "other.png"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, stripsName, name), nil, 0o644))
	}
	steps := StripSteps(os.DirFS(dir))
	assert.Equal(t, []int64{50, 1000, 123_456_789}, steps)
	for _, step := range steps {
		assert.FileExists(t, filepath.Join(dir, StripName(step)))
	}
	labels, strips, err := ReadStrips(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"50", "1000", "123456789"}, labels)
	assert.Len(t, strips, 3)
	_, _, err = ReadStrips(t.TempDir())
	assert.ErrorIs(t, err, ErrNoStrips)
}
