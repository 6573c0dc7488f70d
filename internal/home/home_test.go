package home

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAProcessHasAHome(t *testing.T) {
	assert.NotEmpty(t, os.Getenv("HOME"))
	assert.NotEmpty(t, dir())
	assert.NotEqual(t, "/", dir())
}

func TestATemporaryHomeIsNobodyElses(t *testing.T) {
	in := t.TempDir()
	path := filepath.Join(in, "moelab-7")
	require.Equal(t, path, private(path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	assert.Equal(t, path, private(path), "it is there")

	for name, prepare := range map[string]func(path string) error{
		"a folder that others write to": func(path string) error {
			return os.Chmod(path, 0o777)
		},
		"a link": func(path string) error {
			return os.Symlink(t.TempDir(), path)
		},
		"a file": func(path string) error {
			return os.WriteFile(path, nil, 0o600)
		},
		"somebody's": func(path string) error {
			if os.Getuid() != 0 {
				t.Skip("only the superuser gives folders away")
			}
			return os.Chown(path, 12345, -1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.RemoveAll(path))
			if name != "a link" && name != "a file" {
				require.NoError(t, os.Mkdir(path, 0o700))
			}
			require.NoError(t, prepare(path))
			other := private(path)
			assert.NotEqual(t, path, other)
			assert.Equal(t, in, filepath.Dir(other))
			info, err := os.Lstat(other)
			require.NoError(t, err)
			assert.Equal(t, os.ModeDir|0o700, info.Mode())
		})
	}
	assert.Equal(t, os.DevNull, private(filepath.Join(in, "nowhere", "moelab-7")))
}
