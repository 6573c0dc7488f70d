//go:build slow

package xla

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/go-xla/pjrt"
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

// The pinned wheels, 2.0 GB, are there and go together: the plugin loads its libraries, and misses only a device.
func TestTheRealCUDAPluginLoads(t *testing.T) {
	dir := emptyMachine(t)
	path, err := InstallCUDA(t.Context(), os.Stderr)
	require.NoError(t, err)
	wheeltest.RequireFiles(t, dir, "nvidia")
	plugin, err := pjrt.GetPlugin(path)
	require.NoError(t, err)
	if !HasCUDA() {
		_, err = plugin.NewClient(nil)
		require.ErrorContains(t, err, "No visible GPU devices")
	}
}
