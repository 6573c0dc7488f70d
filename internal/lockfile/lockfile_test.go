package lockfile

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFolderIsLockedOnceAndNamesItsOwner(t *testing.T) {
	dir := t.TempDir()
	lock, _, err := Acquire(dir)
	require.NoError(t, err)
	require.NotNil(t, lock)
	second, owner, err := Acquire(dir)
	require.NoError(t, err)
	assert.Nil(t, second)
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("%d on %s", os.Getpid(), host), owner)

	require.NoError(t, lock.Unlock())
	lock, _, err = Acquire(dir)
	require.NoError(t, err)
	require.NotNil(t, lock, "it was given up")
	require.NoError(t, lock.Unlock())
	_, _, err = Acquire(filepath.Join(dir, "none"))
	assert.ErrorContains(t, err, "none")
}

func TestALinkIsNotWrittenThrough(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "precious")
	require.NoError(t, os.WriteFile(target, []byte("precious"), 0o644))
	require.NoError(t, os.Symlink(target, filepath.Join(dir, Name)))
	_, _, err := Acquire(dir)
	require.ErrorContains(t, err, Name+" is not a plain file: remove it")
	data, err := os.ReadFile(target)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(data))
}
