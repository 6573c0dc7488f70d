package realpath

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLinksAreFollowed(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Chdir(dir)
	require.NoError(t, os.MkdirAll("in/below", 0o755))
	require.NoError(t, os.Mkdir("in2", 0o755))
	require.NoError(t, os.Symlink(filepath.Join(dir, "in", "below"), "into"))
	require.NoError(t, os.Symlink("../in2", "in/out"))
	require.NoError(t, os.Symlink("nowhere", "in/dangling"))

	of, err := Of("into/new/file")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "in", "below", "new", "file"), of, "what is not there yet stays")
	for path, want := range map[string]bool{
		"in": true, "in/below": true, "in/new/file": true, "into": true, "in/below/../new": true, "in/dangling": true,
		".": false, "in2": false, "in/out": false, "in/out/new": false, "in/../in2": false, dir: false,
	} {
		contains, err := Contains("in", path)
		require.NoError(t, err)
		assert.Equal(t, want, contains, path)
	}
}
