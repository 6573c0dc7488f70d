package regular

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestOnlyRegularFilesOfSomeSizeAreRead(t *testing.T) {
	dir := t.TempDir()
	path, pipe, link, zero := filepath.Join(dir, "file"), filepath.Join(dir, "pipe"), filepath.Join(dir, "link"),
		filepath.Join(dir, "zero")
	require.NoError(t, os.WriteFile(path, []byte("text"), 0o644))
	require.NoError(t, unix.Mkfifo(pipe, 0o644))
	require.NoError(t, os.Symlink("file", link))
	require.NoError(t, os.Symlink("/dev/zero", zero))
	for _, good := range []string{path, link} {
		data, err := Read(good, 4)
		require.NoError(t, err)
		assert.Equal(t, "text", string(data))
	}
	for bad, says := range map[string]string{
		pipe: pipe + ": it is a pipe or a device", zero: "it is a pipe or a device", dir: "it is a folder",
	} {
		_, err := Read(bad, 4)
		assert.ErrorContains(t, err, says)
		_, err = Open(bad)
		assert.ErrorContains(t, err, says)
	}
	_, err := Read(path, 3)
	assert.ErrorContains(t, err, "it has 4 bytes, more than the 3")
	_, err = Read(filepath.Join(dir, "none"), 3)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
