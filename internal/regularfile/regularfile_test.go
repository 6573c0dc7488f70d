package regularfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyRegularFilesUpToALimitAreRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(at("file"), []byte("text"), 0o644))
	require.NoError(t, os.WriteFile(at("empty"), nil, 0o644))
	require.NoError(t, os.Symlink("file", at("link")))
	require.NoError(t, os.Symlink("/dev/zero", at("endless")))
	require.NoError(t, syscall.Mkfifo(at("pipe"), 0o644))
	for name, want := range map[string]string{"file": "text", "link": "text", "empty": ""} {
		data, err := Read(at(name), 4)
		require.NoError(t, err, name)
		assert.Equal(t, want, string(data), name)
	}
	for name, want := range map[string]error{
		"pipe": ErrOther, "endless": ErrOther, ".": ErrOther, "none": fs.ErrNotExist, "none/file": fs.ErrNotExist,
	} {
		_, err := Read(at(name), 4)
		assert.ErrorIs(t, err, want, name)
		assert.ErrorContains(t, err, at(name))
		assert.ErrorAs(t, err, new(*fs.PathError), "callers may leave out the path")
	}
	_, err := Read(at("file"), 3)
	assert.ErrorIs(t, err, ErrTooLarge)
	_, err = Read("/proc/self/status", 3)
	assert.ErrorIs(t, err, ErrTooLarge, "its size is said to be 0")
}
