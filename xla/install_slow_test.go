//go:build slow

package xla

import (
	"path/filepath"
	"testing"

	"github.com/moelab/moelab/internal/wheel/wheeltest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The real plugin, some 60 to 100 MB, is downloaded by two processes into an empty home directory, and runs.
func TestTwoProcessesInstallTheRealPlugin(t *testing.T) {
	dir := emptyMachine(t)
	path := installTwice(t, "real")
	assert.Equal(t, CPUPlugin(), path)
	assert.Equal(t, dir, filepath.Dir(path))
	wheeltest.RequireFiles(t, dir, filepath.Base(path))
	backend, err := Open(t.Context(), Options{NoInstall: true})
	require.NoError(t, err)
	assert.Equal(t, "CPU", Platform(backend))
}
